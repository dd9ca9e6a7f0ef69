package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Definition describes one environment variable.
type Definition struct {
	// Name of the variable, Default when it is not set, Bounds in words, and Help: what it affects.
	Name, Default, Bounds, Help string

	set func(*Settings, string) error
}

// defaultBlockedCIDRs are the ranges that are not the public internet: a preview must reach neither the cluster nor
// the cloud's metadata services (incident 7), in either address family.
const defaultBlockedCIDRs = "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24," +
	"192.168.0.0/16,198.18.0.0/15,224.0.0.0/4,240.0.0.0/4," +
	"::/127,64:ff9b::/96,64:ff9b:1::/48,fc00::/7,fe80::/10,ff00::/8"

// Definitions lists every setting in the order of the reference.
func Definitions() []Definition {
	return []Definition{
		integer("PREVIEW_PORT_MIN", 3001, 1024, 65535, "lowest port of previews", func(s *Settings) *int32 { return &s.PortMin }),
		integer("PREVIEW_PORT_MAX", 3100, 1024, 65535, "highest port of previews; the range is the most previews that run at once", func(s *Settings) *int32 { return &s.PortMax }),
		seconds("PREVIEW_SESSION_TIMEOUT", 1800, 1, 604800, "seconds without traffic or viewers after which a preview is stopped", func(s *Settings) *time.Duration { return &s.SessionTimeout }),
		seconds("PREVIEW_MAX_UPTIME", 3600, 1, 604800, "seconds after which any preview is stopped", func(s *Settings) *time.Duration { return &s.MaxUptime }),
		integer("PREVIEW_MEMORY_LIMIT_MB", 512, 64, 16384, "memory limit in MiB of instances and runtimes that set none", func(s *Settings) *int32 { return &s.MemoryLimitMB }),
		integer("PREVIEW_MEMORY_LIMIT_MAX_MB", 2048, 64, 16384, "highest memory limit in MiB that an instance may ask for", func(s *Settings) *int32 { return &s.MemoryLimitMaxMB }),
		seconds("PREVIEW_STARTUP_TIMEOUT", 30, 1, 600, "seconds an application has, from the assignment, to accept connections", func(s *Settings) *time.Duration { return &s.StartupTimeout }),
		seconds("PREVIEW_POD_START_TIMEOUT", 300, 1, 3600, "seconds a pod has to be scheduled, pulled and started", func(s *Settings) *time.Duration { return &s.PodStartTimeout }),
		seconds("PREVIEW_TTL_AFTER_FINISHED", 3600, 0, 604800, "seconds that stopped and failed instances are kept", func(s *Settings) *time.Duration { return &s.TTLAfterFinished }),
		text("PREVIEW_NAMESPACE", "previews", 1, 63, "namespace in which the gateway creates instances", func(s *Settings) *string { return &s.Namespace }),
		{"PREVIEW_WATCH_NAMESPACES", "previews", "comma-separated names; empty for all", "namespaces that the manager serves", setNamespaces},
		text("PREVIEW_POD_NAMESPACE", "preview-system", 1, 63, "namespace that manager and gateway run in", func(s *Settings) *string { return &s.PodNamespace }),
		text("PREVIEW_POD_NAME", "", 0, 253, "pod that the manager runs in: a container that restarts there takes over its own leadership at once", func(s *Settings) *string { return &s.PodName }),
		{"PREVIEW_BASE_URL_TEMPLATE", "http://{host}:{port}", "http or https URL of at most 1024 characters", "URL of a preview, made from {host}, {port}, {name} and {namespace}", setBaseURLTemplate},
		text("PREVIEW_CLUSTER_DOMAIN", "cluster.local", 1, 253, "DNS domain of the cluster", func(s *Settings) *string { return &s.ClusterDomain }),
		{"PREVIEW_EGRESS_BLOCKED_CIDRS", defaultBlockedCIDRs, "comma-separated CIDRs", "address ranges that previews may not reach; add the cluster's own if they are public", setBlockedCIDRs},
		text("PREVIEW_DATABASE_PATH", "/var/lib/preview/preview.db", 1, 4096, "SQLite file of the store", func(s *Settings) *string { return &s.DatabasePath }),
		text("PREVIEW_RUNNER_KEY_FILE", "/etc/preview/keys/runner-key", 1, 4096, "file with the manager's key, at least 32 bytes", func(s *Settings) *string { return &s.RunnerKeyFile }),
		text("PREVIEW_SESSION_KEY_FILE", "/etc/preview/keys/session-key", 1, 4096, "file with the key that signs session tokens, at least 32 bytes", func(s *Settings) *string { return &s.SessionKeyFile }),
		text("PREVIEW_JWT_SECRET_FILE", "/etc/preview/keys/jwt-secret", 1, 4096, "file with the HS256 secret of bearer tokens, at least 32 bytes", func(s *Settings) *string { return &s.JWTSecretFile }),
		text("PREVIEW_JWT_AUDIENCE", "preview-operator", 1, 255, "audience that bearer tokens must carry", func(s *Settings) *string { return &s.JWTAudience }),
		text("PREVIEW_JWT_ISSUER", "", 0, 255, "issuer that bearer tokens must carry; empty accepts any", func(s *Settings) *string { return &s.JWTIssuer }),
		text("PREVIEW_GATEWAY_ADDRESS", ":8080", 1, 255, "address that the gateway listens on", func(s *Settings) *string { return &s.GatewayAddress }),
		seconds("PREVIEW_REQUEST_TIMEOUT", 10, 1, 300, "seconds that a proxied request may take", func(s *Settings) *time.Duration { return &s.RequestTimeout }),
		text("PREVIEW_GATEWAY_SERVICE_ACCOUNT", "preview-gateway", 0, 253, "service account whose tokens the manager requests for the gateway; empty turns that off", func(s *Settings) *string { return &s.GatewayServiceAccount }),
		text("PREVIEW_GATEWAY_TOKEN_FILE", "/run/preview/gateway-token/token", 1, 4096, "file through which the gateway gets those tokens", func(s *Settings) *string { return &s.GatewayTokenFile }),
		text("PREVIEW_KUBE_CA_FILE", "", 0, 4096, "certificate authority of the API server for the gateway; empty uses the usual configuration", func(s *Settings) *string { return &s.KubeCAFile }),
	}
}

func integer(name string, def, lowest, highest int32, help string, field func(*Settings) *int32) Definition {
	return Definition{name, strconv.Itoa(int(def)), fmt.Sprintf("%d to %d", lowest, highest), help, func(s *Settings, raw string) error {
		v, err := parseInt(raw, lowest, highest)
		*field(s) = v
		return err
	}}
}

func seconds(name string, def, lowest, highest int32, help string, field func(*Settings) *time.Duration) Definition {
	return Definition{name, strconv.Itoa(int(def)), fmt.Sprintf("%d to %d", lowest, highest), help, func(s *Settings, raw string) error {
		v, err := parseInt(raw, lowest, highest)
		*field(s) = time.Duration(v) * time.Second
		return err
	}}
}

func text(name, def string, shortest, longest int, help string, field func(*Settings) *string) Definition {
	return Definition{name, def, fmt.Sprintf("%d to %d characters", shortest, longest), help, func(s *Settings, raw string) error {
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
