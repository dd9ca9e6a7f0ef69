package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func load(env map[string]string) (Settings, error) {
	return Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}

func TestLoadDefaults(t *testing.T) {
	s, err := load(nil)
	if err != nil {
		t.Fatal(err)
	}
	type documented struct {
		PortMin, PortMax, MemoryLimitMB           int32
		SessionTimeout, MaxUptime, StartupTimeout time.Duration
	}
	want := documented{3001, 3100, 512, 30 * time.Minute, time.Hour, 30 * time.Second}
	got := documented{s.PortMin, s.PortMax, s.MemoryLimitMB, s.SessionTimeout, s.MaxUptime, s.StartupTimeout}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("documented defaults (-want +got):\n%s", diff)
	}
	for _, cidr := range []string{"169.254.0.0/16", "10.0.0.0/8", "fe80::/10", "fc00::/7"} {
		found := false
		for _, p := range s.EgressBlockedCIDRs {
			found = found || p.String() == cidr
		}
		if !found {
			t.Errorf("%s is not blocked by default", cidr)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"not a number":       {map[string]string{"PREVIEW_PORT_MIN": "many"}, []string{"PREVIEW_PORT_MIN", `"many"`, "1024 to 65535"}},
		"too large":          {map[string]string{"PREVIEW_STARTUP_TIMEOUT": "601"}, []string{"PREVIEW_STARTUP_TIMEOUT", "1 to 600"}},
		"overflow":           {map[string]string{"PREVIEW_MEMORY_LIMIT_MB": "99999999999"}, []string{"PREVIEW_MEMORY_LIMIT_MB"}},
		"empty range":        {map[string]string{"PREVIEW_PORT_MIN": "4000", "PREVIEW_PORT_MAX": "3500"}, []string{"PREVIEW_PORT_MIN=4000", "PREVIEW_PORT_MAX=3500"}},
		"control port":       {map[string]string{"PREVIEW_PORT_MIN": "2000"}, []string{"2999"}},
		"idle beyond uptime": {map[string]string{"PREVIEW_SESSION_TIMEOUT": "7200"}, []string{"PREVIEW_SESSION_TIMEOUT", "PREVIEW_MAX_UPTIME"}},
		"not a CIDR":         {map[string]string{"PREVIEW_EGRESS_BLOCKED_CIDRS": "10.0.0.0"}, []string{"PREVIEW_EGRESS_BLOCKED_CIDRS", "10.0.0.0"}},
		"not a URL":          {map[string]string{"PREVIEW_BASE_URL_TEMPLATE": "ftp://x"}, []string{"PREVIEW_BASE_URL_TEMPLATE"}},
		"not a table":        {map[string]string{"PREVIEW_GENERATIONS_TABLE": "a; DROP TABLE b"}, []string{"PREVIEW_GENERATIONS_TABLE", "DROP", "schema.name"}},
		"no table":           {map[string]string{"PREVIEW_GENERATIONS_TABLE": ""}, []string{"PREVIEW_GENERATIONS_TABLE", "schema.name"}},
		"two at once":        {map[string]string{"PREVIEW_PORT_MIN": "1", "PREVIEW_PORT_MAX": "x"}, []string{"PREVIEW_PORT_MIN", "PREVIEW_PORT_MAX"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(tc.env)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not name %q", err, part)
				}
			}
		})
	}
}

func TestErrorsDoNotQuoteSecrets(t *testing.T) {
	for _, name := range []string{"PREVIEW_DATABASE_URL", "PREVIEW_GENERATIONS_URL"} {
		_, err := load(map[string]string{name: "mysql://preview:canary@db/preview"})
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "canary") {
			t.Errorf("error %v", err)
		}
	}
}

func TestReadKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	secret := strings.Repeat("s", 40)
	for name, tc := range map[string]struct {
		content string
		ok      bool
	}{
		"trimmed":   {secret + "\n", true},
		"too short": {"short", false},
		"empty":     {"", false},
		"too long":  {strings.Repeat("s", maxKeyBytes+1), false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			key, err := ReadKeyFile(path)
			if (err == nil) != tc.ok {
				t.Fatalf("ReadKeyFile() = %v", err)
			}
			if tc.ok && string(key) != secret {
				t.Errorf("key has %d bytes, want %d", len(key), len(secret))
			}
			if err != nil && strings.Contains(err.Error(), "short\"") {
				t.Error("the error quotes the key")
			}
		})
	}
}
