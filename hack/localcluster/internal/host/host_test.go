package host

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for name, wantErr := range map[string]bool{
		"preview": false, "a": false, "test-1": false,
		"": true, "Upper": true, "-dash": true, "dash-": true, "a/b": true, "..": true, strings.Repeat("a", 41): true,
	} {
		if _, err := New(Options{Name: name, StateDir: "state"}); (err != nil) != wantErr {
			t.Errorf("New(%q): error = %v, want one: %t", name, err, wantErr)
		}
	}
}

func TestReadRecord(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		content string
		want    *record
	}{
		"whole":           {content: `{"subnet":3,"runc":"/usr/sbin/runc"}`, want: &record{Subnet: 3, Runc: "/usr/sbin/runc"}},
		"cut off":         {content: `{"subnet":3,`},
		"empty":           {content: ``},
		"impossible plan": {content: `{"subnet":1000}`},
		"something else":  {content: `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &Cluster{dir: t.TempDir()}
			if err := os.WriteFile(c.path(recordFile), []byte(tc.content), 0o644); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, c.readRecord()); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProcessAlive(t *testing.T) {
	t.Parallel()
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	another, reused, earlier := self, self, self
	another.PID = 0
	reused.Started = "1"
	earlier.Boot = "another boot"
	for name, tc := range map[string]struct {
		process process
		want    bool
	}{
		"this very process":              {process: self, want: true},
		"none":                           {process: another},
		"its id, given to somebody else": {process: reused},
		"its id and time, after a boot":  {process: earlier},
	} {
		if got := tc.process.alive(); got != tc.want {
			t.Errorf("%s: alive = %t, want %t", name, got, tc.want)
		}
	}
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	const rest = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20"
	for name, tc := range map[string]struct {
		stat, started, state string
		wantErr              bool
	}{
		"plain":                  {stat: "17 (sleep) S" + rest, started: "4242", state: "S"},
		"a name made to confuse": {stat: "17 (a) Z 1 (b) R" + rest, started: "4242", state: "R"},
		"cut off":                {stat: "17 (sleep) S 1 2", wantErr: true},
		"empty":                  {wantErr: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started, state, err := parseStat(tc.stat)
			if (err != nil) != tc.wantErr || started != tc.started || state != tc.state {
				t.Errorf("got %q, %q, %v; want %q, %q", started, state, err, tc.started, tc.state)
			}
		})
	}
}

func TestParseCgroupMounts(t *testing.T) {
	t.Parallel()
	const mounts = `proc /proc proc rw 0 0
tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
`
	got, err := parseCgroupMounts(strings.NewReader(mounts))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"}, got); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
}

func TestRemoveCgroup(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "localcluster1")
	if err := os.MkdirAll(filepath.Join(root, "kubepods", "burstable", "pod1"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // The second time nothing is there.
		if err := removeCgroup(root); err != nil {
			t.Fatal(err)
		}
	}
	if exists(root) {
		t.Error("the cgroup is still there")
	}
}

func TestInheritCPUs(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	child := filepath.Join(parent, "child")
	if err := os.Mkdir(child, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := inheritCPUs(child); err != nil {
		t.Fatalf("a hierarchy without cpuset: %v", err)
	}
	if err := os.WriteFile(filepath.Join(parent, "cpuset.cpus"), []byte("0-1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := inheritCPUs(child); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(child, "cpuset.cpus")); err != nil || string(got) != "0-1\n" {
		t.Errorf("cpuset.cpus = %q, %v", got, err)
	}
}

func TestHasAll(t *testing.T) {
	t.Parallel()
	const table = `REF                          TYPE                                       DIGEST   STATUS         SIZE            UNPACKED
docker.io/library/a:1        application/vnd.oci.image.manifest.v1+json sha256:a complete (3/3) 1.0 MiB/1.0 MiB true
docker.io/library/torn:1     application/vnd.oci.image.manifest.v1+json sha256:t incomplete (2/3) 1.0 MiB/2.0 MiB false
docker.io/library/packed:1   application/vnd.oci.image.manifest.v1+json sha256:p complete (3/3) 1.0 MiB/1.0 MiB false
`
	for name, tc := range map[string]struct {
		images map[string]string
		want   bool
	}{
		"the same digest": {images: map[string]string{"docker.io/library/a:1": "sha256:a"}, want: true},
		"another digest":  {images: map[string]string{"docker.io/library/a:1": "sha256:b"}},
		"not there":       {images: map[string]string{"docker.io/library/b:1": "sha256:a"}},
		"one of two":      {images: map[string]string{"docker.io/library/a:1": "sha256:a", "docker.io/library/b:1": "sha256:a"}},
		"cut off":         {images: map[string]string{"docker.io/library/torn:1": "sha256:t"}},
		"never unpacked":  {images: map[string]string{"docker.io/library/packed:1": "sha256:p"}},
	} {
		if got := hasAll(table, tc.images); got != tc.want {
			t.Errorf("%s: hasAll = %t, want %t", name, got, tc.want)
		}
	}
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	vpn, used := netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.200.0.0/16")
	got := narrow([]netip.Prefix{vpn, used})
	if diff := cmp.Diff([]netip.Prefix{used}, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestLockOfARemovedCluster(t *testing.T) {
	t.Parallel()
	c, err := New(Options{Name: "test", StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := c.lock()
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() {
		second, err := c.lock()
		if err == nil {
			second()
		}
		waited <- err
	}()
	// As down does: the file is gone before the lock is.
	if err := os.Remove(c.lockPath()); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	if !exists(c.lockPath()) {
		t.Error("the second holder has the lock of a file that is gone")
	}
}

func TestPollStopsAtAFinalError(t *testing.T) {
	t.Parallel()
	hopeless := errors.New("hopeless")
	began := time.Now()
	err := poll(context.Background(), time.Hour, func() error { return finalError{hopeless} })
	if !errors.Is(err, hopeless) || time.Since(began) > time.Minute {
		t.Errorf("error = %v after %s", err, time.Since(began))
	}
}
