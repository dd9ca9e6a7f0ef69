package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/test/support"
)

const demo = base + "shop-alice"

// launches plays a launch: what was stored has the version v1, and the launch answers with the version.
func (g *gateway) launches(status int, version string, then object) {
	g.answers("PUT "+demo, http.StatusCreated, object{"id": "shop-alice", "version": "v1", "files": 1})
	g.answers("POST "+demo+"/preview/launch", status, object{"id": "uid-shop-alice", "version": version, "status": "starting", "session_token": sessionCanary})
	g.answers("GET "+demo+"/preview/status", http.StatusOK, then)
	g.answers("DELETE "+demo+"/preview", http.StatusNoContent, nil)
}

func TestLaunch(t *testing.T) {
	g := newGateway(t)
	g.launches(http.StatusCreated, "v1", state("shop-alice", "running", nil))
	var files map[string][]byte
	g.on("PUT "+demo, func(w http.ResponseWriter, r *http.Request) {
		var err error
		if files, _, err = archive.Read(r.Context(), r.Body, archive.DefaultLimits()); err != nil {
			t.Error(err)
		}
		answer(t, w, http.StatusCreated, object{"version": "v1"})
	})
	var prefer, body string
	g.on("POST "+demo+"/preview/launch", func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		prefer, body = r.Header.Get("Prefer"), string(data)
		answer(t, w, http.StatusCreated, object{"id": "uid-shop-alice", "version": "v1", "status": "running", "session_token": sessionCanary})
	})
	dir := folder(t, "shop", map[string]string{"main.py": "app = 1", ".git/HEAD": "x", ".gitignore": "*.log", "a.log": "x"})
	r := g.run("launch", dir, "--project", "p1", "--entrypoint", "main:app", "--env", "A=b=c", "--env", "E=", "--timeout", "60s")
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	contains(t, "output", r.out, "shop-alice is running (0s)\n", "kubectl preview request GET / --id shop-alice\n", "kubectl preview logs -f shop-alice\n",
		"http://pod-1.previews.svc:3001", "  start       warm\n", "2026-01-02 03:33:20")
	contains(t, "progress", r.errOut, "packing "+dir+" (0s)\n", "storing 2 files as shop-alice (0s)\n", "launching shop-alice (0s)\n")
	if diff := cmp.Diff(map[string][]byte{"main.py": []byte("app = 1"), ".gitignore": []byte("*.log")}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if want := `{"project_id":"p1","timeout":60,"entrypoint":"main:app","env":{"A":"b=c","E":""}}`; body != want || prefer != "wait=25" {
		t.Errorf("body %s, Prefer %q", body, prefer)
	}
	if diff := cmp.Diff([]string{"PUT " + demo + "?project_id=p1", "POST " + demo + "/preview/launch", "GET " + demo + "/preview/status"}, g.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestLaunchShowsWhatHappens(t *testing.T) {
	g := newGateway(t)
	g.launches(http.StatusCreated, "v1", nil)
	var looks atomic.Int32
	g.on("GET "+demo+"/preview/status", func(w http.ResponseWriter, _ *http.Request) {
		now := []object{{"reason": "PodPending"}, {"reason": "NewReason"}, {"status": "running", "reason": "Serving"}}
		answer(t, w, http.StatusOK, state("shop-alice", "starting", now[min(int(looks.Add(1))-1, 2)]))
	})
	r := g.run("launch", folder(t, "shop", map[string]string{"main.py": ""}), "-o", "json")
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	contains(t, "progress", r.errOut, "shop-alice is starting: its pod starts (0s)\n", "shop-alice is starting: NewReason (0s)\n")
	contains(t, "output", r.out, "{\n", `"status": "running"`, `"reason": "Serving"`)
}

func TestLaunchOfOtherFilesReplacesWhatRuns(t *testing.T) {
	tests := map[string]struct {
		version string
		args    []string
		want    []string
	}{
		"the same files":  {"v1", nil, []string{"PUT " + demo, "POST " + demo + "/preview/launch", "GET " + demo + "/preview/status"}},
		"without version": {"", nil, []string{"PUT " + demo, "POST " + demo + "/preview/launch", "GET " + demo + "/preview/status"}},
		"other files": {"v0", nil, []string{
			"PUT " + demo, "POST " + demo + "/preview/launch", "DELETE " + demo + "/preview", "POST " + demo + "/preview/launch", "GET " + demo + "/preview/status",
		}},
		"on request": {"v1", []string{"--restart"}, []string{
			"PUT " + demo, "DELETE " + demo + "/preview", "POST " + demo + "/preview/launch", "GET " + demo + "/preview/status",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.launches(http.StatusOK, tt.version, state("shop-alice", "running", nil))
			r := g.run(append([]string{"launch", folder(t, "shop", map[string]string{"main.py": ""})}, tt.args...)...)
			if r.code != 0 {
				t.Fatalf("%+v", r)
			}
			if diff := cmp.Diff(tt.want, g.seen()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			contains(t, "message", r.errOut, "shop-alice had been launched with these files before; --restart")
		})
	}
}

func TestLaunchThatFails(t *testing.T) {
	g := newGateway(t)
	g.launches(http.StatusCreated, "v1", state("shop-alice", "failed", object{
		"failure": object{"reason": "ImportError", "message": "no module named x\x1b[31m\nsecond line", "exit_code": 1, "at": "2026-01-02T03:04:05Z"},
	}))
	var events []string
	for i := range 30 {
		events = append(events, logLine(i, "ERROR", fmt.Sprintf("line %d.", i), ""))
	}
	events = append(events, logLine(30, "INFO", "ended: the port is free again", `,"source":"system"`))
	g.streams("shop-alice", append(events, logEnd)...)
	for name, args := range map[string][]string{"text": nil, "json": {"-o", "json"}} {
		t.Run(name, func(t *testing.T) {
			r := g.run(append([]string{"launch", folder(t, "shop", map[string]string{"main.py": ""})}, args...)...)
			if r.code != exitFailed {
				t.Errorf("exit code %d", r.code)
			}
			contains(t, "message", r.errOut, "shop-alice has failed: ImportError (exit code 1)\n  no module named x\\x1b[31m\n  second line\n", "  line 10.\n", "  line 29.\n")
			if strings.Contains(r.errOut, "line 9.") || strings.Contains(r.errOut, "ended") {
				t.Errorf("more than the last %d lines of the application: %s", lastLines, r.errOut)
			}
			if args == nil && r.out != "" || args != nil && !strings.Contains(r.out, `"status": "failed"`) {
				t.Errorf("output %q", r.out)
			}
		})
	}
}

func TestLaunchWithoutWaiting(t *testing.T) {
	for _, flag := range []string{"--no-wait", "--wait=false"} {
		g := newGateway(t)
		g.launches(http.StatusCreated, "v1", state("shop-alice", "starting", nil))
		g.on("POST "+demo+"/preview/launch", func(w http.ResponseWriter, r *http.Request) {
			if prefer := r.Header.Get("Prefer"); prefer != "" {
				t.Errorf("Prefer: %s", prefer)
			}
			answer(t, w, http.StatusCreated, object{"id": "uid-shop-alice", "version": "v1", "status": "starting"})
		})
		r := g.run("launch", folder(t, "shop", map[string]string{"main.py": ""}), flag)
		if r.code != 0 || !strings.HasPrefix(r.out, "shop-alice is starting") {
			t.Errorf("%s: %+v", flag, r)
		}
	}
}

func TestInterruptedLaunchLeavesThePreview(t *testing.T) {
	g := newGateway(t)
	g.launches(http.StatusCreated, "v1", state("shop-alice", "starting", nil))
	ctx, cancel := context.WithCancel(t.Context())
	g.on("POST "+demo+"/preview/launch", func(_ http.ResponseWriter, r *http.Request) {
		// The server notices that a client goes only once the body has been read.
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		cancel()
		<-r.Context().Done()
	})
	i := g.with()
	i.ctx = ctx
	r := i.run("launch", folder(t, "shop", map[string]string{"main.py": ""}))
	if r.code != exitInterrupted {
		t.Errorf("exit code %d", r.code)
	}
	contains(t, "message", r.errOut, "shop-alice goes on starting; to stop it: kubectl preview stop shop-alice\n")
	for _, call := range g.seen() {
		if strings.HasPrefix(call, "DELETE") {
			t.Errorf("it was stopped: %s", call)
		}
	}
}

func TestLaunchIsTriedAgainWhenTheGatewaySaysSo(t *testing.T) {
	g := newGateway(t)
	g.launches(http.StatusCreated, "v1", state("shop-alice", "running", nil))
	var tries atomic.Int32
	g.on("POST "+demo+"/preview/launch", func(w http.ResponseWriter, _ *http.Request) {
		if tries.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			problem(w, http.StatusServiceUnavailable, "launch-delayed", "The preview was not taken up in time", "")
			return
		}
		answer(t, w, http.StatusOK, object{"id": "uid-shop-alice", "version": "v1", "status": "running"})
	})
	r := g.run("launch", folder(t, "shop", map[string]string{"main.py": ""}))
	if r.code != 0 || tries.Load() != 2 {
		t.Errorf("%d tries, %+v", tries.Load(), r)
	}
	contains(t, "progress", r.errOut, "The preview was not taken up in time; trying again in 1s")
}

func TestLaunchesThatCannotBe(t *testing.T) {
	full := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "10")
		problem(w, http.StatusServiceUnavailable, "no-free-port", "Every preview port is taken", "stop a preview")
	}
	other := state("shop-alice", "running", object{"id": "another"})
	tests := map[string]struct {
		routes map[string]http.HandlerFunc
		state  object
		want   []string
	}{
		"somebody else's id": {
			routes: map[string]http.HandlerFunc{"PUT " + demo: func(w http.ResponseWriter, _ *http.Request) {
				problem(w, http.StatusForbidden, "forbidden", "The generation belongs to another user", "")
			}},
			want: []string{"belongs to another user", "choose another id than shop-alice with --id"},
		},
		"no port": {routes: map[string]http.HandlerFunc{"POST " + demo + "/preview/launch": full}, want: []string{"Every preview port is taken: stop a preview"}},
		"deleted meanwhile": {
			routes: map[string]http.HandlerFunc{"GET " + demo + "/preview/status": func(w http.ResponseWriter, _ *http.Request) {
				problem(w, http.StatusNotFound, "preview-not-found", "The generation has no preview", "")
			}},
			want: []string{"shop-alice was deleted while it started"},
		},
		"launched anew meanwhile": {state: other, want: []string{"launched anew by somebody else"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.launches(http.StatusCreated, "v1", tt.state)
			for route, do := range tt.routes {
				g.on(route, do)
			}
			r := g.run("launch", folder(t, "shop", map[string]string{"main.py": ""}))
			if r.code != exitFailed {
				t.Errorf("exit code %d", r.code)
			}
			contains(t, "message", r.errOut, tt.want...)
		})
	}
	t.Run("nothing is sent of a folder that cannot be packed", func(t *testing.T) {
		g := newGateway(t)
		r := g.run("launch", folder(t, "shop", map[string]string{"big": strings.Repeat("x", 2<<20+1)}))
		if r.code != exitFailed || len(g.seen()) > 0 {
			t.Errorf("%+v, calls %v", r, g.seen())
		}
		contains(t, "message", r.errOut, "big has more than 2097152 bytes")
	})
}

func TestHintsReachTheSamePreview(t *testing.T) {
	g := newGateway(t)
	g.launches(http.StatusCreated, "v1", state("shop-alice", "running", nil))
	dir := folder(t, "shop", map[string]string{"main.py": "", "token": bearer + "\n"})
	i := g.with()
	i.env = nil
	r := i.run("launch", dir, "--gateway", g.server.URL, "--token-file", dir+"/token", "-n", "it's")
	contains(t, "output", r.out, "kubectl preview open shop-alice -n 'it'\\''s' --gateway "+g.server.URL+" --token-file "+dir+"/token\n")
	// The harness looks for the token itself.
	r = i.run("launch", dir, "--gateway", g.server.URL, "--token", bearer)
	contains(t, "output", r.out, "kubectl preview open shop-alice --gateway "+g.server.URL+"\n")
}

func TestIDs(t *testing.T) {
	long := strings.Repeat("x", 200)
	tests := map[string]struct{ dir, user, want string }{
		"plain":           {"/a/bookstore", "alice", "bookstore-alice"},
		"mail address":    {"/a/shop", "alice@example.com", "shop-alice-example.com"},
		"spaces and more": {"/a/My  Shöp (new)!", "a|b", "My-Sh-p-new-a-b"},
		"ends":            {"/a/.hidden_", "-x-", "hidden-x"},
		"no user":         {"/a/shop", "", "shop"},
		"long folder":     {"/a/" + long, "bob", long[:124] + "-bob"},
		"long both":       {"/a/" + long, long, long[:63] + "-" + long[:64]},
		"only other":      {"/a/日本", "bob", ""},
		"root":            {"/", "bob", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := idOf(tt.dir, tt.user)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestProgressOnATerminal(t *testing.T) {
	tests := map[string]struct {
		columns int
		text    string
		want    string
	}{
		"fits":            {80, "launching a", "launching a (1.5s)"},
		"just fits":       {20, "launching ab", "launching ab (1.5s)"},
		"too long":        {20, "launching äbcde", "launching ä… (1.5s)"},
		"no room":         {5, "launching a", "launching a (1.5s)"},
		"width not known": {0, "launching a", "launching a (1.5s)"},
		"escapes":         {80, "launching \x1b[2J", "launching \\x1b[2J (1.5s)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out support.Buffer
			now := testTime
			a := &app{
				IOStreams: genericiooptions.IOStreams{ErrOut: &out}, errIsTerminal: true, columns: func() int { return tt.columns },
				now: func() time.Time { return now },
			}
			p := a.newProgress()
			p.mu.Lock()
			now = now.Add(1500 * time.Millisecond)
			p.mu.Unlock()
			p.say("%s", tt.text)
			p.say("%s", tt.text)
			p.close()
			// It may have been painted anew in between.
			for _, painted := range strings.Split(strings.Trim(out.String(), "\r\x1b[K"), "\r\x1b[K") {
				if painted != tt.want {
					t.Errorf("painted %q, want %q", painted, tt.want)
				}
			}
			if !strings.HasSuffix(out.String(), "\r\x1b[K") {
				t.Errorf("the line stays: %q", out.String())
			}
		})
	}
}

func TestProgressInPlainLines(t *testing.T) {
	var out support.Buffer
	a := &app{IOStreams: genericiooptions.IOStreams{ErrOut: &out}, now: func() time.Time { return testTime }}
	p := a.newProgress()
	for _, text := range []string{"one", "one", "two", "one"} {
		p.say("%s", text)
	}
	p.close()
	if want := "one (0s)\ntwo (0s)\none (0s)\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
