package settings

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// folder is a settings folder and what was logged about it.
type folder struct {
	t    *testing.T
	dir  string
	log  bytes.Buffer
	live *Live
}

func newFolder(t *testing.T, files map[string]string) *folder {
	t.Helper()
	f := &folder{t: t, dir: t.TempDir()}
	f.write(files)
	live, err := Open(func(name string) (string, bool) {
		env := map[string]string{dirVariable: f.dir, "PREVIEW_MAX_UPTIME": "4000", "PREVIEW_PORT_MAX": "3010"}
		v, ok := env[name]
		return v, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	f.live = live
	return f
}

func (f *folder) write(files map[string]string) {
	f.t.Helper()
	for name, value := range files {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(value), 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *folder) look() { f.live.look(slog.New(slog.NewTextHandler(&f.log, nil))) }

func TestFolderGoesBeforeTheEnvironment(t *testing.T) {
	f := newFolder(t, map[string]string{"PREVIEW_MAX_UPTIME": "5000\n", "unrelated": "x"})
	s := f.live.Current()
	if s.MaxUptime != 5000*time.Second || s.PortMax != 3010 {
		t.Errorf("MaxUptime %s, PortMax %d", s.MaxUptime, s.PortMax)
	}
}

func TestLiveSettingsAreTakenUp(t *testing.T) {
	f := newFolder(t, map[string]string{"PREVIEW_ENABLED": "true"})
	changes := 0
	f.live.OnChange(func(s Settings) {
		changes++
		if s.Enabled {
			t.Error("told of the old settings")
		}
	})
	f.look()
	f.write(map[string]string{"PREVIEW_ENABLED": "false"})
	f.look()
	f.look()
	if f.live.Current().Enabled || changes != 1 {
		t.Errorf("Enabled %v after %d changes", f.live.Current().Enabled, changes)
	}
}

func TestSettingsThatNeedARestartStay(t *testing.T) {
	f := newFolder(t, map[string]string{"PREVIEW_PORT_MIN": "3002"})
	for _, uptime := range []string{"3700", "3800"} {
		f.write(map[string]string{"PREVIEW_PORT_MIN": "3005", "PREVIEW_MAX_UPTIME": uptime})
		f.look()
	}
	s := f.live.Current()
	if s.PortMin != 3002 || s.MaxUptime != 3800*time.Second {
		t.Errorf("PortMin %d, MaxUptime %s", s.PortMin, s.MaxUptime)
	}
	if !strings.Contains(f.log.String(), "PREVIEW_PORT_MIN") {
		t.Errorf("nobody was told: %s", f.log.String())
	}
}

func TestBadChangesAreReportedOnceAndIgnored(t *testing.T) {
	f := newFolder(t, map[string]string{"PREVIEW_SESSION_TIMEOUT": "100"})
	for name, bad := range map[string]map[string]string{
		"not a number":       {"PREVIEW_SESSION_TIMEOUT": "soon"},
		"beyond the uptime":  {"PREVIEW_SESSION_TIMEOUT": "9000"},
		"too large a file":   {"PREVIEW_CORS_ORIGINS": strings.Repeat("x", maxFileBytes+1)},
		"neither true false": {"PREVIEW_ENABLED": "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			f.write(bad)
			f.log.Reset()
			f.look()
			if got := f.live.Current(); got.SessionTimeout != 100*time.Second || !got.Enabled {
				t.Errorf("SessionTimeout %s, Enabled %v", got.SessionTimeout, got.Enabled)
			}
			for name := range bad {
				if !strings.Contains(f.log.String(), name) {
					t.Errorf("the log does not name %s: %s", name, f.log.String())
				}
			}
			f.write(map[string]string{"PREVIEW_SESSION_TIMEOUT": "100", "PREVIEW_CORS_ORIGINS": "", "PREVIEW_ENABLED": "true"})
			f.look()
		})
	}
}

func TestOpenRefusesAFolderThatIsNotThere(t *testing.T) {
	_, err := Open(func(name string) (string, bool) {
		return filepath.Join(t.TempDir(), "none"), name == dirVariable
	})
	if err == nil || !strings.Contains(err.Error(), dirVariable) {
		t.Errorf("error %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	f := newFolder(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.live.Run(ctx, slog.New(slog.DiscardHandler))
	}()
	cancel()
	<-done
}
