package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/internal/store"
)

// Definition describes one environment variable.
type Definition struct {
	// Name of the variable, Default when it is not set, Bounds in words, and Help: what it affects.
	Name, Default, Bounds, Help string
	// Live is set when a change in PREVIEW_SETTINGS_DIR is taken up without a restart.
	Live bool

	set func(*Settings, string) error
}

// defaultBlockedCIDRs are the ranges that are not the public internet: a preview must reach neither the cluster nor
// the cloud's metadata services (incident 7), in either address family.
const defaultBlockedCIDRs = "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24," +
	"192.168.0.0/16,198.18.0.0/15,224.0.0.0/4,240.0.0.0/4," +
	"::/127,64:ff9b::/96,64:ff9b:1::/48,fc00::/7,fe80::/10,ff00::/8"

// The settings that are secrets.
const (
	databaseURL    = "PREVIEW_DATABASE_URL"
	generationsURL = "PREVIEW_GENERATIONS_URL"
)

// Definitions lists every setting in the order of the reference.
func Definitions() []Definition {
	return []Definition{
		live(Definition{"PREVIEW_ENABLED", "true", "true or false", "false refuses launches with 503 and lets instances made with kubectl wait; what runs goes on", false, setEnabled}),
		integer("PREVIEW_PORT_MIN", 3001, 1024, 65535, "lowest port of previews", func(s *Settings) *int32 { return &s.PortMin }),
		integer("PREVIEW_PORT_MAX", 3100, 1024, 65535, "highest port of previews; the range is the most previews that run at once", func(s *Settings) *int32 { return &s.PortMax }),
		live(seconds("PREVIEW_SESSION_TIMEOUT", 1800, 1, 604800, "seconds without traffic or viewers after which a preview is stopped; use is recorded once a minute, so a preview that is used lives at least 90 s longer", func(s *Settings) *time.Duration { return &s.SessionTimeout })),
		live(seconds("PREVIEW_MAX_UPTIME", 3600, 1, 604800, "seconds after which any preview is stopped", func(s *Settings) *time.Duration { return &s.MaxUptime })),
		live(integer("PREVIEW_MEMORY_LIMIT_MB", 512, 64, 16384, "memory limit in MiB of instances and runtimes that set none", func(s *Settings) *int32 { return &s.MemoryLimitMB })),
		live(integer("PREVIEW_MEMORY_LIMIT_MAX_MB", 2048, 64, 16384, "highest memory limit in MiB that an instance may ask for", func(s *Settings) *int32 { return &s.MemoryLimitMaxMB })),
		live(seconds("PREVIEW_STARTUP_TIMEOUT", 30, 1, 600, "seconds an application has, from the assignment, to accept connections", func(s *Settings) *time.Duration { return &s.StartupTimeout })),
		live(seconds("PREVIEW_POD_START_TIMEOUT", 300, 1, 3600, "seconds a pod has to be scheduled, pulled and started", func(s *Settings) *time.Duration { return &s.PodStartTimeout })),
		live(seconds("PREVIEW_TTL_AFTER_FINISHED", 3600, 0, 604800, "seconds that stopped and failed instances are kept", func(s *Settings) *time.Duration { return &s.TTLAfterFinished })),
		seconds("PREVIEW_STOP_GRACE", 10, 1, 120, "seconds that an application has to end after SIGTERM before it is killed", func(s *Settings) *time.Duration { return &s.StopGrace }),
		live(integer("PREVIEW_MAX_PER_USER", 20, 1, 10000, "previews of one user that may be live at once; a further launch gets 429", func(s *Settings) *int32 { return &s.MaxPerUser })),
		live(integer("PREVIEW_LAUNCHES_PER_MINUTE", 60, 1, 100000, "launches of one user per minute and gateway; a further one gets 429", func(s *Settings) *int32 { return &s.LaunchesPerMinute })),
		seconds("PREVIEW_SWEEP_INTERVAL", 60, 1, 86400, "seconds between two searches for pods, ports and handovers that no instance owns", func(s *Settings) *time.Duration { return &s.SweepInterval }),
		text("PREVIEW_NAMESPACE", "previews", 1, 63, "namespace in which the gateway creates instances", func(s *Settings) *string { return &s.Namespace }),
		{"PREVIEW_WATCH_NAMESPACES", "previews", "comma-separated names; empty for all", "namespaces that the manager serves", false, setNamespaces},
		text("PREVIEW_POD_NAMESPACE", "preview-system", 1, 63, "namespace that manager and gateway run in", func(s *Settings) *string { return &s.PodNamespace }),
		text("PREVIEW_POD_NAME", "", 0, 253, "pod that the manager runs in: a container that restarts there takes over its own leadership at once", func(s *Settings) *string { return &s.PodName }),
		{"PREVIEW_BASE_URL_TEMPLATE", "http://{host}:{port}", "http or https URL of at most 1024 characters", "URL of a preview, made from {host}, {port}, {name} and {namespace}", false, setBaseURLTemplate},
		text("PREVIEW_CLUSTER_DOMAIN", "cluster.local", 1, 253, "DNS domain of the cluster", func(s *Settings) *string { return &s.ClusterDomain }),
		{"PREVIEW_EGRESS_BLOCKED_CIDRS", defaultBlockedCIDRs, "comma-separated CIDRs", "address ranges that previews may not reach; add the cluster's own if they are public", false, setBlockedCIDRs},
		text("PREVIEW_DATABASE_PATH", "/var/lib/preview/preview.db", 1, 4096, "SQLite file of the store", func(s *Settings) *string { return &s.DatabasePath }),
		{databaseURL, "", "empty, or postgres://user:password@host:port/database of at most 4096 characters", "PostgreSQL database of the store, in place of the file; a secret", false, setPostgres(func(s *Settings) *string { return &s.DatabaseURL })},
		{generationsURL, "", "empty, or postgres://user:password@host:port/database of at most 4096 characters", "PostgreSQL database in which the product keeps the generations, which are then read there and never stored or deleted; a secret", false, setPostgres(func(s *Settings) *string { return &s.GenerationsURL })},
		{"PREVIEW_GENERATIONS_TABLE", "generations", "name or schema.name of letters, digits, _ and $", "table or view of that database with the columns id, user_id, project_id and output_files", false, setGenerationsTable},
		live(seconds("PREVIEW_LOG_RETENTION", 604800, 60, 31536000, "seconds that the log of an ended preview is kept in the store", func(s *Settings) *time.Duration { return &s.LogRetention })),
		live(integer("PREVIEW_LOG_RETENTION_MB", 1024, 1, 1048576, "MiB that logs take in the store before those of the previews that ended first are removed", func(s *Settings) *int32 { return &s.LogRetentionMB })),
		live(seconds("PREVIEW_RUN_RETENTION", 7776000, 60, 315360000, "seconds that the record of an ended preview is kept in the store, or longer while its log is", func(s *Settings) *time.Duration { return &s.RunRetention })),
		live(integer("PREVIEW_RUN_RETENTION_COUNT", 100000, 1, 10000000, "records of previews in the store before those that ended first, and have no log any more, are removed", func(s *Settings) *int32 { return &s.RunRetentionCount })),
		text("PREVIEW_RUNNER_KEY_FILE", "/etc/preview/keys/runner-key", 1, 4096, "file with the manager's key, at least 32 bytes", func(s *Settings) *string { return &s.RunnerKeyFile }),
		text("PREVIEW_SESSION_KEY_FILE", "/etc/preview/keys/session-key", 1, 4096, "file with the key that signs session tokens, at least 32 bytes", func(s *Settings) *string { return &s.SessionKeyFile }),
		text("PREVIEW_JWT_SECRET_FILE", "/etc/preview/keys/jwt-secret", 1, 4096, "file with the HS256 secret of bearer tokens, at least 32 bytes", func(s *Settings) *string { return &s.JWTSecretFile }),
		text("PREVIEW_JWT_AUDIENCE", "preview-operator", 1, 255, "audience that bearer tokens must carry", func(s *Settings) *string { return &s.JWTAudience }),
		text("PREVIEW_JWT_ISSUER", "", 0, 255, "issuer that bearer tokens must carry; empty accepts any", func(s *Settings) *string { return &s.JWTIssuer }),
		{"PREVIEW_JWT_ALGORITHMS", "HS256", "comma-separated names of RFC 7518 and 8037", "signature algorithms that bearer tokens may have; HS* are verified with the secret, all others with the keys of PREVIEW_JWKS_URL or PREVIEW_OIDC_ISSUER", false, setJWTAlgorithms},
		text("PREVIEW_JWKS_URL", "", 0, 2048, "https URL of the keys (JWKS) that verify bearer tokens", func(s *Settings) *string { return &s.JWKSURL }),
		text("PREVIEW_OIDC_ISSUER", "", 0, 2048, "https URL of the OpenID Connect issuer whose keys verify bearer tokens, and which they must name", func(s *Settings) *string { return &s.OIDCIssuer }),
		text("PREVIEW_JWKS_CA_FILE", "", 0, 4096, "file with certificate authorities for those URLs, beside the system's", func(s *Settings) *string { return &s.JWKSCAFile }),
		text("PREVIEW_JWT_USER_CLAIM", "sub", 1, 255, "claim with the user id", func(s *Settings) *string { return &s.JWTUserClaim }),
		text("PREVIEW_JWT_ROLE_CLAIM", "role", 1, 255, "claim with the role, a name or a list of them", func(s *Settings) *string { return &s.JWTRoleClaim }),
		live(Definition{"PREVIEW_CORS_ORIGINS", "", "comma-separated origins such as https://app.example.com", "origins whose pages may call the gateway from a browser", false, setCORSOrigins}),
		text("PREVIEW_GATEWAY_ADDRESS", ":8080", 1, 255, "address that the gateway listens on", func(s *Settings) *string { return &s.GatewayAddress }),
		integer("PREVIEW_CODE_CACHE_MB", 64, 0, 4096, "MiB of packed projects that the manager keeps in memory for the next launch of the same version", func(s *Settings) *int32 { return &s.CodeCacheMB }),
		seconds("PREVIEW_REQUEST_TIMEOUT", 10, 1, 300, "seconds that a proxied request may take", func(s *Settings) *time.Duration { return &s.RequestTimeout }),
		integer("PREVIEW_MAX_RESPONSE_MB", 10, 1, 64, "MiB that the answer to a proxied request may have", func(s *Settings) *int32 { return &s.MaxResponseMB }),
		seconds("PREVIEW_LAUNCH_WAIT", 30, 1, 300, "seconds that a launch waits for a port, and the longest that Prefer: wait is honoured for", func(s *Settings) *time.Duration { return &s.LaunchWait }),
		seconds("PREVIEW_IDEMPOTENCY_TTL", 86400, 60, 604800, "seconds that the answer to an Idempotency-Key is remembered", func(s *Settings) *time.Duration { return &s.IdempotencyTTL }),
		integer("PREVIEW_MAX_REQUESTS", 64, 1, 4096, "proxied requests that one gateway serves at once, with up to 30 MiB each", func(s *Settings) *int32 { return &s.MaxRequests }),
		integer("PREVIEW_MAX_UPLOADS", 4, 1, 256, "generations that one gateway takes at once, with up to 40 MiB each", func(s *Settings) *int32 { return &s.MaxUploads }),
		integer("PREVIEW_MAX_STREAMS", 512, 1, 65536, "log streams of one gateway", func(s *Settings) *int32 { return &s.MaxStreams }),
		integer("PREVIEW_MAX_STREAMS_PER_USER", 16, 1, 65536, "log streams of one user and gateway", func(s *Settings) *int32 { return &s.MaxStreamsPerUser }),
		text("PREVIEW_SETTINGS_DIR", "", 0, 4096, "folder with a file for each setting, named after it, which goes before the environment; empty for none", func(*Settings) *string { return new(string) }),
		text("PREVIEW_GATEWAY_SERVICE_ACCOUNT", "preview-gateway", 0, 253, "service account whose tokens the manager requests for the gateway; empty turns that off", func(s *Settings) *string { return &s.GatewayServiceAccount }),
		text("PREVIEW_GATEWAY_TOKEN_FILE", "/run/preview/gateway-token/token", 1, 4096, "file through which the gateway gets those tokens", func(s *Settings) *string { return &s.GatewayTokenFile }),
		{"PREVIEW_TRACING_ENDPOINT", "", "http, https, grpc or grpcs URL of at most 2048 characters", "OTLP receiver that manager and gateway send traces to: http(s)://host:4318 over HTTP, grpc(s)://host:4317 over gRPC; empty turns tracing off", false, setTracingEndpoint},
		integer("PREVIEW_TRACING_SAMPLE_PERCENT", 100, 0, 100, "per cent of the requests that are traced", func(s *Settings) *int32 { return &s.TracingSamplePercent }),
		{"PREVIEW_TRACING_TRUST_PARENT", "false", "true or false", "true continues the traces that requests name (traceparent) and false, for clients are strangers, begins new ones that link to those", false, setTrustParent},
		text("PREVIEW_KUBE_CA_FILE", "", 0, 4096, "certificate authority of the API server for the gateway; empty uses the usual configuration", func(s *Settings) *string { return &s.KubeCAFile }),
	}
}

// live marks a setting whose change needs no restart.
func live(d Definition) Definition {
	d.Live = true
	return d
}

func integer(name string, def, lowest, highest int32, help string, field func(*Settings) *int32) Definition {
	return Definition{name, strconv.Itoa(int(def)), fmt.Sprintf("%d to %d", lowest, highest), help, false, func(s *Settings, raw string) error {
		v, err := parseInt(raw, lowest, highest)
		*field(s) = v
		return err
	}}
}

func seconds(name string, def, lowest, highest int32, help string, field func(*Settings) *time.Duration) Definition {
	return Definition{name, strconv.Itoa(int(def)), fmt.Sprintf("%d to %d", lowest, highest), help, false, func(s *Settings, raw string) error {
		v, err := parseInt(raw, lowest, highest)
		*field(s) = time.Duration(v) * time.Second
		return err
	}}
}

func text(name, def string, shortest, longest int, help string, field func(*Settings) *string) Definition {
	return Definition{name, def, fmt.Sprintf("%d to %d characters", shortest, longest), help, false, func(s *Settings, raw string) error {
		if len(raw) < shortest || len(raw) > longest {
			return fmt.Errorf("must have %d to %d characters", shortest, longest)
		}
		*field(s) = raw
		return nil
	}}
}

func parseInt(raw string, lowest, highest int32) (int32, error) {
	v, err := strconv.ParseInt(raw, 10, 32)
	if err != nil || int32(v) < lowest || int32(v) > highest {
		return 0, fmt.Errorf("must be a whole number from %d to %d", lowest, highest)
	}
	return int32(v), nil
}

func setEnabled(s *Settings, raw string) error {
	s.Enabled = raw == "true"
	if raw != "true" && raw != "false" {
		return errors.New("must be true or false")
	}
	return nil
}

// setTracingEndpoint accepts nothing that could be a secret: what the receiver wants to see is given to OpenTelemetry's own
// variable OTEL_EXPORTER_OTLP_HEADERS.
func setTracingEndpoint(s *Settings, raw string) error {
	if s.TracingEndpoint = raw; raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > 2048 || u.Hostname() == "":
		return errors.New("must be a URL such as http://collector:4318, of at most 2048 characters")
	case !slices.Contains([]string{"http", "https", "grpc", "grpcs"}, u.Scheme):
		return errors.New("must begin with http://, https://, grpc:// or grpcs://")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("must have neither user, query nor fragment")
	case strings.HasPrefix(u.Scheme, "grpc") && (u.Path != "" || u.Port() == ""):
		return errors.New("must have a port and no path with grpc:// and grpcs://")
	}
	return nil
}

func setTrustParent(s *Settings, raw string) error {
	s.TracingTrustParent = raw == "true"
	if raw != "true" && raw != "false" {
		return errors.New("must be true or false")
	}
	return nil
}

func setJWTAlgorithms(s *Settings, raw string) error {
	s.JWTAlgorithms = splitList(raw)
	if len(s.JWTAlgorithms) == 0 {
		return errors.New("must name at least one algorithm, for example HS256 or ES256")
	}
	return nil
}

func setCORSOrigins(s *Settings, raw string) error {
	s.CORSOrigins = splitList(raw)
	return nil
}

func setPostgres(field func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, raw string) error {
		if raw != "" && (len(raw) > 4096 || !strings.HasPrefix(raw, "postgres://") && !strings.HasPrefix(raw, "postgresql://")) {
			return errors.New("must begin with postgres:// or postgresql:// and have at most 4096 characters")
		}
		*field(s) = raw
		return nil
	}
}

func setGenerationsTable(s *Settings, raw string) error {
	s.GenerationsTable = raw
	return store.CheckProductTable(raw)
}

func setNamespaces(s *Settings, raw string) error {
	s.WatchNamespaces = splitList(raw)
	return nil
}

func setBaseURLTemplate(s *Settings, raw string) error {
	if len(raw) > 1024 || !strings.HasPrefix(raw, "http://") && !strings.HasPrefix(raw, "https://") {
		return errors.New("must be a URL that begins with http:// or https:// and has at most 1024 characters")
	}
	s.BaseURLTemplate = raw
	return nil
}

func setBlockedCIDRs(s *Settings, raw string) error {
	for _, item := range splitList(raw) {
		prefix, err := netip.ParsePrefix(item)
		if err != nil {
			return fmt.Errorf("%q is not a CIDR such as 10.0.0.0/8", item)
		}
		s.EgressBlockedCIDRs = append(s.EgressBlockedCIDRs, prefix.Masked())
	}
	return nil
}

func splitList(raw string) []string {
	return strings.FieldsFunc(raw, func(r rune) bool { return r == ',' || r == ' ' })
}
