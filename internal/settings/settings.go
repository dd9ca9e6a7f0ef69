// Package settings reads the PREVIEW_* environment variables that manager and gateway share. Every setting has a
// default and bounds; a bad value is an error that names the variable, the value and the bounds.
package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// Settings of an installation. Durations are given in whole seconds in the environment.
type Settings struct {
	// Enabled allows launches.
	Enabled bool
	// PortMin and PortMax bound the ports of previews, inclusive.
	PortMin, PortMax int32
	// SessionTimeout stops an instance without traffic or viewers, MaxUptime any instance.
	SessionTimeout, MaxUptime time.Duration
	// MemoryLimitMB is the memory limit in MiB of instances and runtimes that set none.
	MemoryLimitMB int32
	// MemoryLimitMaxMB is the highest limit in MiB that an instance may ask for.
	MemoryLimitMaxMB int32
	// StartupTimeout is the time an application has, from the assignment, to accept connections.
	StartupTimeout time.Duration
	// PodStartTimeout is the time a pod has to be scheduled, pulled and started.
	PodStartTimeout time.Duration
	// TTLAfterFinished keeps stopped and failed instances for that long.
	TTLAfterFinished time.Duration
	// StopGrace is the time an application has to end after SIGTERM.
	StopGrace time.Duration
	// MaxPerUser bounds the live previews of one user, LaunchesPerMinute the launches.
	MaxPerUser, LaunchesPerMinute int32
	// SweepInterval is the time between two searches for pods that no instance owns.
	SweepInterval time.Duration

	// Namespace is where the gateway creates instances.
	Namespace string
	// WatchNamespaces are the namespaces that the manager serves; none means all.
	WatchNamespaces []string
	// PodNamespace is the namespace that manager and gateway run in.
	PodNamespace string
	// PodName is the pod that the manager runs in; empty outside a cluster.
	PodName string
	// BaseURLTemplate makes the URL of an instance from {host}, {port}, {name} and {namespace}.
	BaseURLTemplate string
	// ClusterDomain ends the DNS names of Services.
	ClusterDomain string
	// EgressBlockedCIDRs are address ranges that previews may not reach.
	EgressBlockedCIDRs []netip.Prefix

	// DatabasePath is the SQLite file, DatabaseURL the PostgreSQL database that is used in its place unless it is empty.
	DatabasePath, DatabaseURL string
	// GenerationsURL is the product's PostgreSQL database, in whose table GenerationsTable generations are read unless it is
	// empty.
	GenerationsURL, GenerationsTable string
	// LogRetention and LogRetentionMB bound the logs of ended previews in the store.
	LogRetention   time.Duration
	LogRetentionMB int32
	// RunRetention and RunRetentionCount bound the records of ended previews in the store.
	RunRetention      time.Duration
	RunRetentionCount int32
	// RunnerKeyFile holds the key from which the secrets of runners are derived.
	RunnerKeyFile string
	// SessionKeyFile holds the key that signs session tokens, JWTSecretFile the HS256 secret of bearer tokens.
	SessionKeyFile, JWTSecretFile string
	// JWTAudience is required in bearer tokens, JWTIssuer too unless it is empty.
	JWTAudience, JWTIssuer string
	// JWTAlgorithms are the signature algorithms of bearer tokens. Keys of those that are not HS* come from JWKSURL or
	// OIDCIssuer, over TLS that JWKSCAFile may vouch for.
	JWTAlgorithms                   []string
	JWKSURL, OIDCIssuer, JWKSCAFile string
	// JWTUserClaim and JWTRoleClaim name the claims with the user id and the role.
	JWTUserClaim, JWTRoleClaim string
	// CORSOrigins may call the gateway from a browser.
	CORSOrigins []string

	// GatewayAddress is where the gateway listens.
	GatewayAddress string
	// RequestTimeout bounds a proxied request.
	RequestTimeout time.Duration
	// CodeCacheMB bounds the projects that the manager keeps packed in memory.
	CodeCacheMB int32
	// MaxResponseMB bounds its answer.
	MaxResponseMB int32
	// LaunchWait bounds how long a launch waits, IdempotencyTTL how long its answer is remembered.
	LaunchWait, IdempotencyTTL time.Duration
	// MaxRequests and MaxUploads are served at once, MaxStreams are open at once, MaxStreamsPerUser of one user.
	MaxRequests, MaxUploads, MaxStreams, MaxStreamsPerUser int32
	// GatewayServiceAccount is the service account whose tokens the manager requests for the gateway; empty turns
	// that off. GatewayTokenFile is where they are written and read.
	GatewayServiceAccount, GatewayTokenFile string
	// TracingEndpoint is where spans are sent; empty turns tracing off. TracingSamplePercent of the traces that begin here
	// are recorded; TracingTrustParent lets clients say which trace a request belongs to.
	TracingEndpoint      string
	TracingSamplePercent int32
	TracingTrustParent   bool
	// KubeCAFile verifies the API server for the gateway, which has no service account volume.
	KubeCAFile string
}

// Load reads every setting with lookup, which is os.LookupEnv outside tests. The error names all bad settings at once.
func Load(lookup func(string) (string, bool)) (Settings, error) {
	var s Settings
	var errs []error
	for _, d := range Definitions() {
		raw, ok := lookup(d.Name)
		if !ok {
			raw = d.Default
		}
		if err := d.set(&s, raw); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.shown(raw), err))
		}
	}
	if err := s.check(); err != nil {
		errs = append(errs, err)
	}
	return s, errors.Join(errs...)
}

// shown is the setting as an error quotes it.
func (d *Definition) shown(raw string) string {
	if d.Name == databaseURL || d.Name == generationsURL {
		return d.Name
	}
	return fmt.Sprintf("%s=%q", d.Name, raw)
}

// check holds the rules that concern more than one setting.
func (s *Settings) check() error {
	switch {
	case s.PortMin > s.PortMax:
		return fmt.Errorf("PREVIEW_PORT_MIN=%d must not exceed PREVIEW_PORT_MAX=%d", s.PortMin, s.PortMax)
	case s.PortMin <= runnerapi.ControlPort && runnerapi.ControlPort <= s.PortMax:
		return fmt.Errorf("PREVIEW_PORT_MIN=%d to PREVIEW_PORT_MAX=%d must not contain %d, the runner's control port",
			s.PortMin, s.PortMax, runnerapi.ControlPort)
	case s.MemoryLimitMB > s.MemoryLimitMaxMB:
		return fmt.Errorf("PREVIEW_MEMORY_LIMIT_MB=%d must not exceed PREVIEW_MEMORY_LIMIT_MAX_MB=%d", s.MemoryLimitMB, s.MemoryLimitMaxMB)
	case s.SessionTimeout > s.MaxUptime:
		return fmt.Errorf("PREVIEW_SESSION_TIMEOUT=%d must not exceed PREVIEW_MAX_UPTIME=%d",
			int(s.SessionTimeout.Seconds()), int(s.MaxUptime.Seconds()))
	}
	return nil
}
