package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/client"
	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/test/support"
)

func TestCommandLinesThatMeanNothing(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"unknown command":          {[]string{"lauch"}, `there is no command "lauch"; did you mean launch?`},
		"unknown flag":             {[]string{"ls", "--nope"}, "unknown flag: --nope"},
		"no folder":                {[]string{"launch"}, "DIR is missing"},
		"two folders":              {[]string{"launch", "a", "b"}, `unexpected argument "b"`},
		"request without path":     {[]string{"request", "GET"}, "PATH is missing"},
		"argument of ls":           {[]string{"ls", "x"}, `unexpected argument "x"`},
		"unknown format":           {[]string{"ls", "-o", "yaml"}, "-o yaml: must be json or wide"},
		"format of logs":           {[]string{"logs", "a", "-o", "wide"}, "-o wide: must be json"},
		"level of logs":            {[]string{"logs", "a", "--level", "INFO,fatal"}, "--level FATAL: must be one of DEBUG, INFO, WARNING, ERROR"},
		"source of logs":           {[]string{"logs", "a", "--source", "kubelet"}, "--source kubelet: must be subprocess or system"},
		"since of logs":            {[]string{"logs", "a", "--since", "yesterday"}, "--since yesterday: must be a duration as 10m"},
		"since in the future":      {[]string{"logs", "a", "--since", "-1m"}, "--since -1m: must be a duration as 10m"},
		"timeout too short":        {[]string{"launch", ".", "--timeout", "100ms"}, "--timeout 100ms: must be whole seconds from 1s to 10m"},
		"timeout too long":         {[]string{"launch", ".", "--timeout", "11m"}, "--timeout 11m0s"},
		"timeout of half a second": {[]string{"launch", ".", "--timeout", "1500ms"}, "--timeout 1.5s"},
		"timeout without unit":     {[]string{"launch", ".", "--timeout", "30"}, "--timeout"},
		"variable without value":   {[]string{"launch", ".", "--env", "A"}, "--env: must be NAME=VALUE"},
		"variable without name":    {[]string{"launch", ".", "--env", "=a"}, "--env: must be NAME=VALUE"},
		"variable given twice":     {[]string{"launch", ".", "--env", "A=1", "--env", "A=2"}, "--env A: the variable is given twice"},
		"header without colon":     {[]string{"request", "GET", "/", "-H", "X"}, "-H: must be 'Name: value'"},
		"query without value":      {[]string{"request", "GET", "/", "--query", "x"}, `--query "x": must be name=value`},
		"two tokens":               {[]string{"ls", "--token", "a", "--token-file", "b"}, "give either --token or --token-file"},
		"user of a given token":    {[]string{"ls", "--user", "bob"}, "--user is for a token that is made here"},
		"port that is none":        {[]string{"open", "a", "--port", "70000"}, "--port"},
		"wait and not":             {[]string{"launch", ".", "--wait", "--no-wait"}, "give either --wait or --no-wait"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			r := g.run(tt.args...)
			if r.code != exitUsage || r.out != "" || len(g.seen()) > 0 {
				t.Errorf("%+v, calls %v", r, g.seen())
			}
			contains(t, "message", r.errOut, "error: ", tt.want, "--help'")
		})
	}
}

func TestHelp(t *testing.T) {
	g := newGateway(t)
	for _, command := range []string{"", "launch", "logs", "request", "endpoints", "ls", "status", "stop", "open"} {
		r := g.run(strings.Fields(command + " --help")...)
		if r.code != 0 {
			t.Errorf("%s: %+v", command, r)
		}
		contains(t, command, r.out, "Examples:\n  kubectl preview ")
	}
	r := g.run("completion", "bash")
	contains(t, "completion", r.out, "kubectl-preview")
}

func TestRequest(t *testing.T) {
	body := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(body, []byte{0xff, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	reply := object{"status_code": 201, "headers": object{"b": "2", "a": "1"}, "set_cookie": []string{"s=1", "t=2"}, "body": "caf\u00e9", "body_encoding": "utf-8", "elapsed_ms": 7}
	tests := map[string]struct {
		args    []string
		in      string
		want    object
		wantOut string
	}{
		"plain": {[]string{"get", "/x?y=1"}, "", object{"method": "GET", "path": "/x?y=1"}, "café"},
		"everything": {
			[]string{"POST", "/x", "--query", "q=1", "--query", "q=a=b", "-H", "X-A: 1", "-H", "x-b:2", "-d", `{"a":1}`, "-i"}, "",
			object{
				"method": "POST", "path": "/x", "query": object{"q": []any{"1", "a=b"}}, "body_base64": "eyJhIjoxfQ==",
				"headers": object{"X-A": []any{"1"}, "x-b": []any{"2"}, "Content-Type": []any{"application/json"}},
			},
			"HTTP 201 Created (7 ms)\na: 1\nb: 2\nset-cookie: s=1\nset-cookie: t=2\n\ncafé",
		},
		"text": {
			[]string{"POST", "/", "-d", "hello"}, "",
			object{"method": "POST", "path": "/", "body_base64": "aGVsbG8=", "headers": object{"Content-Type": []any{"text/plain; charset=utf-8"}}}, "café",
		},
		"own type": {
			[]string{"POST", "/", "-d", "{}", "-H", "content-type: text/x"}, "",
			object{"method": "POST", "path": "/", "body_base64": "e30=", "headers": object{"content-type": []any{"text/x"}}}, "café",
		},
		"file": {
			[]string{"PUT", "/", "-d", "@" + body}, "",
			object{"method": "PUT", "path": "/", "body_base64": "/wA=", "headers": object{"Content-Type": []any{"application/octet-stream"}}}, "café",
		},
		"standard input": {
			[]string{"PUT", "/", "-d", "-"}, "in",
			object{"method": "PUT", "path": "/", "body_base64": "aW4=", "headers": object{"Content-Type": []any{"text/plain; charset=utf-8"}}}, "café",
		},
		"empty body": {[]string{"POST", "/", "-d", ""}, "", object{"method": "POST", "path": "/"}, "café"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.running("shop", nil)
			var got object
			g.on("POST "+base+"shop/preview/request", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Preview-Token") != sessionCanary {
					t.Error("without session token")
				}
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				answer(t, w, http.StatusOK, reply)
			})
			i := g.with()
			i.in = strings.NewReader(tt.in)
			r := i.run(append([]string{"request", "--id", "shop"}, tt.args...)...)
			if r.code != 0 || r.out != tt.wantOut || r.errOut != "" {
				t.Errorf("%+v, want output %q", r, tt.wantOut)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("envelope (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnswersOfApplications(t *testing.T) {
	bytes := object{"status_code": 200, "body": "/wA=", "body_encoding": "base64"}
	missing := object{"status_code": 404, "body": "no\x1b[2J", "body_encoding": "utf-8", "headers": object{"x": "\x1b[31m"}}
	tests := map[string]struct {
		reply    object
		args     []string
		terminal bool
		code     int
		out      string
		errOut   []string
	}{
		"bytes":                      {reply: bytes, out: "\xff\x00"},
		"bytes on a terminal":        {reply: bytes, terminal: true, errOut: []string{"2 bytes that are no text"}},
		"escapes":                    {reply: missing, out: "no\x1b[2J"},
		"escapes on a terminal":      {reply: missing, terminal: true, args: []string{"-i"}, out: "HTTP 404 Not Found (0 ms)\nx: \\x1b[31m\n\nno\\x1b[2J\n"},
		"404 with --fail":            {reply: missing, args: []string{"--fail"}, code: exitHTTP, out: "no\x1b[2J", errOut: []string{"the application answered 404"}},
		"404 without":                {reply: missing, out: "no\x1b[2J"},
		"399 with --fail":            {reply: object{"status_code": 399, "body": "x"}, args: []string{"--fail"}, out: "x"},
		"400 with --fail":            {reply: object{"status_code": 400, "body": "x"}, args: []string{"--fail"}, code: exitHTTP, out: "x"},
		"as JSON":                    {reply: object{"status_code": 200, "body": "x"}, args: []string{"-o", "json"}, out: "{\n  \"body\": \"x\",\n  \"status_code\": 200\n}\n"},
		"nothing":                    {reply: object{"status_code": 204, "body": ""}, terminal: true},
		"line ends on a terminal":    {reply: object{"status_code": 200, "body": "a\r\nb\r\n"}, terminal: true, out: "a\nb\n"},
		"direction of text":          {reply: object{"status_code": 200, "body": "a\u202eb"}, terminal: true, out: "a\\u202eb\n"},
		"text of another direction":  {reply: object{"status_code": 200, "body": "שלום"}, terminal: true, out: "שלום\n"},
		"as JSON fails with --fail":  {reply: object{"status_code": 500}, args: []string{"-o", "json", "--fail"}, code: exitHTTP, out: "{\n  \"status_code\": 500\n}\n"},
		"replacement is a character": {reply: object{"status_code": 200, "body": "\ufffd"}, terminal: true, out: "\ufffd\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.running("shop", tt.reply)
			i := g.with()
			i.outIsTerminal = tt.terminal
			r := i.run(append([]string{"request", "GET", "/", "--id", "shop"}, tt.args...)...)
			if r.code != tt.code || r.out != tt.out {
				t.Errorf("%+v, want code %d and output %q", r, tt.code, tt.out)
			}
			contains(t, "message", r.errOut, tt.errOut...)
		})
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	g := newGateway(t)
	g.running("shop", nil)
	g.on("POST "+base+"shop/preview/request", func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusGatewayTimeout, "application-timeout", "The application did not answer in time", "")
	})
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, make([]byte, maxRequestBody+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"time-out":  {[]string{"GET", "/"}, "error: The application did not answer in time (HTTP 504, request r1)\n"},
		"no file":   {[]string{"GET", "/", "-d", "@" + big + "x"}, "no such file"},
		"too large": {[]string{"GET", "/", "-d", "@" + big}, "-d: the body has more than 8388608 bytes, the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.run(append([]string{"request", "--id", "shop"}, tt.args...)...)
			if r.code != exitFailed || !strings.Contains(r.errOut, tt.want) {
				t.Errorf("%+v, want %q", r, tt.want)
			}
		})
	}
}

func TestWhichPreviewIsMeant(t *testing.T) {
	reply := object{"status_code": 200, "body": "ok"}
	tests := map[string]struct {
		list []object
		args []string
		want string
		err  string
	}{
		"the only live one":   {[]object{state("a", "running", nil), state("b", "failed", nil)}, nil, "a", ""},
		"none":                {[]object{state("b", "stopped", nil)}, nil, "", "you have no live preview: launch one"},
		"two":                 {[]object{state("b", "running", nil), state("a", "starting", nil)}, nil, "", "you have 2 live previews, name one with --id: a, b"},
		"twice the same":      {[]object{state("a", "running", nil), state("a", "running", nil)}, nil, "a", ""},
		"exact":               {[]object{state("shop", "running", nil), state("shop-alice", "running", nil)}, []string{"--id", "shop"}, "shop", ""},
		"beginning":           {[]object{state("shop-alice", "running", nil), state("chat", "running", nil)}, []string{"--id", "shop-"}, "shop-alice", ""},
		"beginning of two":    {[]object{state("shop-b", "running", nil), state("shop-a", "running", nil)}, []string{"--id", "sho"}, "", "sho is the beginning of 2 ids, give more of the one you mean: shop-a, shop-b"},
		"beginning of none":   {[]object{state("chat", "running", nil)}, []string{"--id", "sho"}, "", "sho: There is no such generation"},
		"of somebody else's":  {[]object{state("foreign-mine", "running", nil)}, []string{"--id", "foreign"}, "foreign-mine", ""},
		"somebody else's own": {nil, []string{"--id", "foreign"}, "", "foreign: The generation belongs to another user"},
		"without preview":     {[]object{state("idle-2", "running", nil)}, []string{"--id", "idle"}, "", "The generation has no preview"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			for _, id := range []string{"a", "b", "shop", "shop-alice", "foreign-mine"} {
				if name != "beginning" || id != "shop" {
					g.running(id, reply)
				}
			}
			g.on("GET "+base+"foreign/preview/status", func(w http.ResponseWriter, _ *http.Request) {
				problem(w, http.StatusForbidden, "forbidden", "The generation belongs to another user", "")
			})
			g.on("GET "+base+"idle/preview/status", func(w http.ResponseWriter, _ *http.Request) {
				problem(w, http.StatusNotFound, "preview-not-found", "The generation has no preview", "")
			})
			g.on("GET "+base+"shop-/preview/status", func(w http.ResponseWriter, _ *http.Request) {
				problem(w, http.StatusBadRequest, "invalid-request", "The request is not valid", "")
			})
			g.lists(tt.list...)
			r := g.run(append([]string{"request", "GET", "/"}, tt.args...)...)
			if tt.err != "" {
				if r.code != exitFailed || !strings.Contains(r.errOut, tt.err) {
					t.Errorf("%+v, want %q", r, tt.err)
				}
				return
			}
			calls := g.seen()
			if want := "POST " + base + tt.want + "/preview/request"; r.code != 0 || calls[len(calls)-1] != want {
				t.Errorf("%+v, calls %v, want %s", r, calls, want)
			}
		})
	}
}

func TestList(t *testing.T) {
	failed := state("broken", "failed", object{
		"port": nil, "base_url": nil, "started_at": nil, "uptime_seconds": 0, "user_id": "bob", "project_id": "",
		"failure": object{"reason": "Import\tError\x1b[31m"},
	})
	tests := map[string]struct {
		args []string
		want string
	}{
		"plain": {nil, "ID       STATUS    PORT   UPTIME   AGE\nbroken   failed    -      -        60s\nshop     running   3001   45s      60s\n"},
		"all": {[]string{"--all"}, "ID       USER    STATUS    PORT   UPTIME   AGE\nbroken   bob     failed    -      -        60s\n" +
			"shop     alice   running   3001   45s      60s\n"},
		"wide": {[]string{"-o", "wide"}, "ID       STATUS    PORT   UPTIME   AGE   PROJECT   ENDS IN   REASON                 URL\n" +
			"broken   failed    -      -        60s   -         -         Import Error\\x1b[31m   -\n" +
			"shop     running   3001   45s      60s   shop      29m       -                      http://pod-1.previews.svc:3001\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.lists(state("shop", "running", nil), failed)
			r := g.run(append([]string{"ls"}, tt.args...)...)
			if diff := cmp.Diff(tt.want, r.out); r.code != 0 || diff != "" {
				t.Errorf("%+v (-want +got):\n%s", r, diff)
			}
			want := "GET " + listPath + "?limit=100&user_id=alice"
			if name == "all" {
				want = "GET " + listPath + "?limit=100"
			}
			if diff := cmp.Diff([]string{want}, g.seen()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("state", func(t *testing.T) {
		g := newGateway(t)
		g.lists()
		r := g.run("ls", "--status", "running")
		if r.code != 0 || r.out != "" || !strings.Contains(r.errOut, "There are no previews.") || !strings.Contains(g.seen()[0], "status=running") {
			t.Errorf("%+v, calls %v", r, g.seen())
		}
	})
	t.Run("JSON", func(t *testing.T) {
		g := newGateway(t)
		g.lists(object{"generation_id": "a", "new": 1})
		r := g.run("ls", "-o", "json")
		var got object
		if err := json.Unmarshal([]byte(r.out), &got); err != nil {
			t.Fatalf("%v: %+v", err, r)
		}
		if diff := cmp.Diff(object{"previews": []any{object{"generation_id": "a", "new": 1.0}}, "count": 1.0}, got); diff != "" {
			t.Errorf("document (-want +got):\n%s", diff)
		}
	})
	t.Run("whose the token is was read wrongly", func(t *testing.T) {
		g := newGateway(t)
		g.on("GET "+listPath, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("user_id") {
				problem(w, http.StatusForbidden, "role-required", "Only an administrator may do this", "")
				return
			}
			answer(t, w, http.StatusOK, object{"previews": []object{state("shop", "running", nil)}})
		})
		if r := g.run("ls"); r.code != 0 || !strings.Contains(r.out, "shop") {
			t.Errorf("%+v", r)
		}
	})
}

func TestStatus(t *testing.T) {
	g := newGateway(t)
	g.answers("GET "+base+"shop/preview/status", http.StatusOK, state("shop", "failed", object{
		"reason": "OOMKilled", "memory_usage_mb": 128, "cpu_usage_percent": 2.5, "restarts": 2, "health": "unknown", "base_url": "http://a\x1b[2J",
		"start":      object{"kind": "cold", "interpreter": "fresh", "reason": "NoWarmPod", "message": "every warm pod was taken\x07"},
		"stopped_at": "2026-01-02T03:04:00Z", "failure": object{"reason": "OOMKilled", "message": "one\ntwo\x07", "exit_code": 137, "at": "2026-01-02T03:04:00Z"},
	}))
	r := g.run("status", "shop")
	want := `Id:         shop
User:       alice
Project:    shop
Status:     failed
Reason:     OOMKilled
Health:     unknown
Port:       3001
URL:        http://a\x1b[2J
Start:      cold, fresh interpreter: every warm pod was taken\a
Memory:     128 MiB
CPU:        2.5 %
Created:    2026-01-02 03:03:05
Started:    2026-01-02 03:03:20
Uptime:     45s
Stopped:    2026-01-02 03:04:00
Restarts:   2
Failure:    OOMKilled
Exit code:  137
Failed:     2026-01-02 03:04:00
Message:
  one
  two\a
`
	if diff := cmp.Diff(want, r.out); r.code != 0 || diff != "" {
		t.Errorf("%+v (-want +got):\n%s", r, diff)
	}
	if r := g.run("status", "shop", "-o", "json"); !json.Valid([]byte(r.out)) || !strings.Contains(r.out, `"exit_code": 137`) {
		t.Errorf("%+v", r)
	}
}

func TestEndpoints(t *testing.T) {
	g := newGateway(t)
	g.running("shop", nil)
	g.answers("GET "+base+"shop/preview/endpoints", http.StatusOK, object{"count": 2, "endpoints": []object{
		{"method": "GET", "path": "/books", "summary": "List\nbooks", "description": "All of them", "tags": []string{"books", "public"}, "source": "both", "file": "app/a.py", "line": 12},
		{"method": "POST", "path": "/books/\x1b[2J", "summary": "", "deprecated": true},
	}})
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"plain": {nil, "METHOD   PATH             SUMMARY\nGET      /books           List books\nPOST     /books/\\x1b[2J   (deprecated)\n"},
		"wide": {[]string{"-o", "wide"}, "METHOD   PATH             SUMMARY        TAGS            SOURCE   FILE          DESCRIPTION\n" +
			"GET      /books           List books     books, public   both     app/a.py:12   All of them\nPOST     /books/\\x1b[2J   (deprecated)   -               -        -             -\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.run(append([]string{"endpoints", "shop"}, tt.args...)...)
			if diff := cmp.Diff(tt.want, r.out); r.code != 0 || diff != "" {
				t.Errorf("%+v (-want +got):\n%s", r, diff)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		g.running("idle", nil)
		g.answers("GET "+base+"idle/preview/endpoints", http.StatusOK, object{"endpoints": []object{}, "diagnostics": []object{{"code": "no-document", "message": "404\x1b[2J"}}})
		if r := g.run("endpoints", "idle"); r.code != 0 || r.out != "" || r.errOut != "idle: 404\\x1b[2J\nNo endpoints of idle are known.\n" {
			t.Errorf("%+v", r)
		}
	})
	if r := g.run("endpoints", "shop", "-o", "json"); r.code != 0 || !strings.Contains(r.out, `"count": 2`) {
		t.Errorf("%+v", r)
	}
	g.answers("GET "+base+"shop/preview/endpoints", http.StatusOK, object{"count": 0, "endpoints": []object{}, "diagnostics": []object{
		{"code": "c", "message": "computed when it runs", "file": "a.py", "line": 3},
	}})
	if r := g.run("endpoints", "shop", "--source", "static"); r.code != 0 || r.errOut != "a.py:3: computed when it runs\nNo endpoints of shop are known.\n" {
		t.Errorf("%+v", r)
	}
	if calls := g.seen(); calls[len(calls)-1] != "GET "+base+"shop/preview/endpoints?source=static" {
		t.Errorf("asked %v", calls)
	}
	if r := g.run("endpoints", "shop", "--source", "all"); r.code != exitUsage {
		t.Errorf("%+v", r)
	}
}

// A stored generation has endpoints before it has ever been launched.
func TestEndpointsWithoutPreview(t *testing.T) {
	g := newGateway(t)
	g.on("GET "+base+"stored/preview/status", func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusNotFound, client.KindPreviewNotFound, "There is no preview", "launch it")
	})
	g.answers("GET "+base+"stored/preview/endpoints", http.StatusOK, object{"count": 1, "endpoints": []object{{"method": "GET", "path": "/"}}})
	if r := g.run("endpoints", "stored"); r.code != 0 || r.out != "METHOD   PATH   SUMMARY\nGET      /      -\n" {
		t.Errorf("%+v", r)
	}
	if r := g.run("endpoints", "never"); r.code != exitFailed || r.out != "" {
		t.Errorf("%+v", r)
	}
}

// A folder needs no gateway.
func TestEndpointsOfAFolder(t *testing.T) {
	dir := t.TempDir()
	support.WriteFiles(t, dir, map[string]string{"shop/main.py": "", "shop/.gitignore": "*.txt", "shop/a.txt": "", "shop/node_modules/a.js": "", "empty/x": ""})
	t.Chdir(dir)
	g := newGateway(t)
	read := func(_ context.Context, files map[string][]byte, options endpoints.Options) endpoints.Result {
		result := endpoints.Result{Endpoints: []endpoints.Endpoint{}, Diagnostics: []endpoints.Diagnostic{}}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if strings.HasSuffix(name, "main.py") {
				result.Endpoints = append(result.Endpoints, endpoints.Endpoint{Method: "GET", Path: "/" + name, Summary: "List", Tags: []string{"t"}, File: name, Line: 2, Source: "static"})
				result.Count++
			}
		}
		result.Say(endpoints.Diagnostic{Code: "c", Message: fmt.Sprintf("%d files, %s", len(files), options.Timeout)})
		return result
	}
	for name, tt := range map[string]struct {
		args        []string
		out, errOut string
	}{
		"table": {[]string{"shop"}, "METHOD   PATH       SUMMARY\nGET      /main.py   List\n", "shop: 2 files, 1m0s\n"},
		"wide": {
			[]string{"./shop", "-o", "wide"}, "METHOD   PATH       SUMMARY   TAGS   SOURCE   FILE        DESCRIPTION\nGET      /main.py   List      t      static   main.py:2   -\n",
			"./shop: 2 files, 1m0s\n",
		},
		"json": {[]string{"shop", "-o", "json"}, `{
  "endpoints": [
    {
      "path": "/main.py",
      "method": "GET",
      "summary": "List",
      "description": "",
      "tags": [
        "t"
      ],
      "file": "main.py",
      "line": 2,
      "source": "static"
    }
  ],
  "count": 1,
  "source": "static",
  "diagnostics": [
    {
      "code": "c",
      "message": "2 files, 1m0s"
    }
  ]
}
`, ""},
		"none":         {[]string{"empty"}, "", "empty: 1 files, 1m0s\nNo endpoints of empty are known.\n"},
		"none as json": {[]string{"empty", "-o", "json"}, "{\n  \"endpoints\": [],\n  \"count\": 0,\n  \"source\": \"none\",\n  \"diagnostics\": [\n    {\n      \"code\": \"c\",\n      \"message\": \"1 files, 1m0s\"\n    }\n  ]\n}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			i := g.with()
			i.discover = read
			r := i.run(append([]string{"endpoints"}, tt.args...)...)
			if diff := cmp.Diff(tt.out, r.out) + cmp.Diff(tt.errOut, r.errOut); r.code != 0 || diff != "" {
				t.Errorf("code %d (-want +got):\n%s", r.code, diff)
			}
		})
	}
	if r := g.run("endpoints", "./missing"); r.code != exitFailed || !strings.Contains(r.errOut, "missing") {
		t.Errorf("%+v", r)
	}
	if calls := g.seen(); len(calls) != 0 {
		t.Errorf("the gateway was asked: %v", calls)
	}
	// The id of a generation goes before when it is said where its endpoints are to be from.
	g.running("shop", nil)
	g.answers("GET "+base+"shop/preview/endpoints", http.StatusOK, object{"endpoints": []object{}})
	if r := g.run("endpoints", "shop", "--source", "live"); r.code != 0 || r.errOut != "No endpoints of shop are known.\n" {
		t.Errorf("%+v", r)
	}
}

func TestStop(t *testing.T) {
	const preview = base + "shop/preview"
	tests := map[string]struct {
		args []string
		// gone plays a preview that is collected at once.
		gone  bool
		calls []string
		out   string
	}{
		"waits": {nil, false, []string{"GET " + preview + "/status", "DELETE " + preview, "GET " + preview + "/status"}, "shop is stopped\n"},
		"not":   {[]string{"--no-wait"}, false, []string{"GET " + preview + "/status", "DELETE " + preview}, "shop is stopping\n"},
		"gone":  {nil, true, []string{"GET " + preview + "/status", "DELETE " + preview, "GET " + preview + "/status"}, "shop is stopped\n"},
		"deletes": {
			[]string{"--delete"}, false,
			[]string{"GET " + preview + "/status", "DELETE " + preview, "GET " + preview + "/status", "DELETE " + base + "shop"}, "shop is deleted\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			var stopped, looks atomic.Int32
			g.on("GET "+preview+"/status", func(w http.ResponseWriter, _ *http.Request) {
				switch {
				case stopped.Load() == 0:
					answer(t, w, http.StatusOK, state("shop", "running", nil))
				case looks.Add(1) == 1:
					answer(t, w, http.StatusOK, state("shop", "stopping", nil))
				case tt.gone:
					problem(w, http.StatusNotFound, "preview-not-found", "The generation has no preview", "")
				default:
					answer(t, w, http.StatusOK, state("shop", "stopped", nil))
				}
			})
			g.on("DELETE "+preview, func(w http.ResponseWriter, _ *http.Request) { stopped.Store(1); w.WriteHeader(http.StatusNoContent) })
			g.answers("DELETE "+base+"shop", http.StatusNoContent, nil)
			r := g.run(append([]string{"stop", "shop"}, tt.args...)...)
			if r.code != 0 || r.out != tt.out {
				t.Errorf("%+v, want %q", r, tt.out)
			}
			if diff := cmp.Diff(tt.calls, g.seen()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("deletes what has no preview", func(t *testing.T) {
		g := newGateway(t)
		g.on("GET "+preview+"/status", func(w http.ResponseWriter, _ *http.Request) {
			problem(w, http.StatusNotFound, "preview-not-found", "The generation has no preview", "")
		})
		g.answers("DELETE "+base+"shop", http.StatusNoContent, nil)
		if r := g.run("stop", "shop", "--delete", "-o", "json"); r.code != 0 || r.out != "{\n  \"generation_id\": \"shop\",\n  \"status\": \"deleted\"\n}\n" {
			t.Errorf("%+v", r)
		}
	})
}

func TestLogs(t *testing.T) {
	events := []string{
		logLine(1, "INFO", "started", ""), logLine(2, "WARNING", "care\x1b[2Jful", ""), logLine(3, "ERROR", "first ", `,"partial":true`),
		logLine(4, "ERROR", "half", ""), "event: gap\ndata: {\"lost\":12}\n\n", "event: gap\ndata: {\"lost\":null}\n\n", logLine(5, "DEBUG", "<b>", ""), logEnd,
	}
	plainText := "03:04:05.123 INFO    started\n03:04:05.123 WARNING care\x1b[2Jful\n03:04:05.123 ERROR   first half\n--- 12 lines are missing here ---\n" +
		"--- an unknown number of lines is missing here ---\n03:04:05.123 DEBUG   <b>\n"
	at := "\x1b[90m03:04:05.123\x1b[0m "
	tests := map[string]struct {
		args     []string
		env      map[string]string
		terminal bool
		want     string
	}{
		"no terminal": {nil, nil, false, plainText},
		"chosen":      {[]string{"--level", "debug", "--grep", "<B>"}, nil, false, strings.Join(strings.SplitAfter(plainText, "\n")[3:], "")},
		"terminal": {nil, nil, true, at + "INFO    started\n" + at + "\x1b[33mWARNING\x1b[0m care\\x1b[2Jful\n" + at + "\x1b[31mERROR  \x1b[0m first half\n" +
			"\x1b[33m--- 12 lines are missing here ---\x1b[0m\n\x1b[33m--- an unknown number of lines is missing here ---\x1b[0m\n" + at + "\x1b[90mDEBUG  \x1b[0m <b>\n"},
		"NO_COLOR":      {nil, map[string]string{"NO_COLOR": "1"}, true, strings.ReplaceAll(plainText, "\x1b", "\\x1b")},
		"dumb terminal": {nil, map[string]string{"TERM": "dumb"}, true, strings.ReplaceAll(plainText, "\x1b", "\\x1b")},
		"JSON": {[]string{"-o", "json"}, nil, true, `{"id":"1-0","timestamp":"2026-01-02T03:04:05.123Z","level":"INFO","message":"started","source":"subprocess"}
{"id":"2-0","timestamp":"2026-01-02T03:04:05.123Z","level":"WARNING","message":"care\u001b[2Jful","source":"subprocess"}
{"id":"3-0","timestamp":"2026-01-02T03:04:05.123Z","level":"ERROR","message":"first ","source":"subprocess","partial":true}
{"id":"4-0","timestamp":"2026-01-02T03:04:05.123Z","level":"ERROR","message":"half","source":"subprocess"}
{"id":"4-0","gap":{"lost":12}}
{"id":"4-0","gap":{"lost":null}}
{"id":"5-0","timestamp":"2026-01-02T03:04:05.123Z","level":"DEBUG","message":"<b>","source":"subprocess"}
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.running("shop", nil)
			g.streams("shop", events...)
			i := g.with()
			i.outIsTerminal = tt.terminal
			for key, value := range tt.env {
				i.env[key] = value
			}
			r := i.run(append([]string{"logs", "shop", "-f"}, tt.args...)...)
			if diff := cmp.Diff(tt.want, r.out); r.code != 0 || diff != "" {
				t.Errorf("%+v (-want +got):\n%s", r, diff)
			}
		})
	}
	t.Run("what is stored", func(t *testing.T) {
		g := newGateway(t)
		g.running("shop", nil)
		var queries []string
		g.on("GET "+base+"shop/preview/logs", func(w http.ResponseWriter, r *http.Request) {
			queries = append(queries, r.URL.RawQuery)
			answer(t, w, http.StatusOK, object{
				"lines":       []object{{"id": 12, "timestamp": "2026-01-02T03:04:05.123Z", "level": "INFO", "message": "started", "source": "system"}},
				"next_cursor": nil,
				"run":         object{"id": "run", "lines_missing": nil, "missing_from": "2026-01-02T03:04:05Z"},
			})
		})
		r := g.run("logs", "shop")
		want := "03:04:05.123 INFO    [system] started\n--- an unknown number of lines is missing, the first of them from about 2026-01-02 03:04:05 ---\n"
		if diff := cmp.Diff(want, r.out); r.code != 0 || diff != "" {
			t.Errorf("%+v (-want +got):\n%s", r, diff)
		}
		r = g.run("logs", "shop", "--level", "error,Warning", "--source", "system", "--grep", "a b", "--since", "2026-01-02T03:04:05.5Z", "--since-id", "7", "-o", "json")
		want = `{"id":"12","timestamp":"2026-01-02T03:04:05.123Z","level":"INFO","message":"started","source":"system"}
{"gap":{"lost":null,"from":"2026-01-02T03:04:05Z"}}
`
		if diff := cmp.Diff(want, r.out); r.code != 0 || diff != "" {
			t.Errorf("%+v (-want +got):\n%s", r, diff)
		}
		wantQueries := []string{"limit=1000", "cursor=7&level=ERROR&level=WARNING&limit=1000&q=a+b&since=2026-01-02T03%3A04%3A05.5Z&source=system"}
		if diff := cmp.Diff(wantQueries, queries); diff != "" {
			t.Errorf("queries (-want +got):\n%s", diff)
		}
	})
	t.Run("after an id, over a cut", func(t *testing.T) {
		g := newGateway(t)
		g.running("shop", nil)
		var after []string
		g.on("GET "+base+"shop/preview/logs/stream", func(w http.ResponseWriter, r *http.Request) {
			after = append(after, r.Header.Get("Last-Event-ID"))
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "retry: 1\n\n"+logLine(len(after), "INFO", fmt.Sprint("line ", len(after)), ""))
			if len(after) == 2 {
				fmt.Fprint(w, "event: end\ndata: {\"reason\":\"ended\"}\n\n")
			}
		})
		r := g.run("logs", "shop", "-f", "--since-id", "0-7")
		if diff := cmp.Diff([]string{"0-7", "1-0"}, after); r.code != 0 || diff != "" {
			t.Errorf("%+v, Last-Event-ID (-want +got):\n%s", r, diff)
		}
		contains(t, "output", r.out, "line 1\n", "line 2\n")
		contains(t, "message", r.errOut, "the stream was cut")
	})
}

func TestWhoIsAsking(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(bearer+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, []byte(strings.Repeat(canary, 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		env  map[string]string
		code int
		want string
	}{
		"environment":           {nil, nil, 0, ""},
		"flag before it":        {[]string{"--token", bearer}, map[string]string{"PREVIEW_TOKEN": "wrong"}, 0, ""},
		"file before it":        {[]string{"--token-file", file}, map[string]string{"PREVIEW_TOKEN": "wrong"}, 0, ""},
		"wrong token":           {[]string{"--token", "wrong-" + canary}, nil, exitFailed, "A valid bearer token is needed (HTTP 401, request r1): the token has expired"},
		"token with line break": {[]string{"--token", "a\n" + canary}, nil, exitFailed, "the bearer token contains a space, line break"},
		"no file":               {[]string{"--token-file", file + "x"}, nil, exitFailed, "--token-file: open"},
		"large file":            {[]string{"--token-file", large}, nil, exitFailed, "more than 16384 bytes, which no token has"},
		"no gateway's address":  {[]string{"--gateway", "here"}, nil, exitFailed, "--gateway or PREVIEW_GATEWAY: the gateway's address must begin with http://"},
		"secret in the address": {[]string{"--gateway", "http://u:" + canary + "@h"}, nil, exitFailed, "must have no user"},
		"no cluster": {[]string{"--kubeconfig", file + "x"}, map[string]string{"PREVIEW_TOKEN": ""}, exitFailed,
			"set --gateway and --token-file, or name a cluster: the kubeconfig cannot be used"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.lists()
			i := g.with()
			for key, value := range tt.env {
				i.env[key] = value
			}
			r := i.run(append([]string{"ls"}, tt.args...)...)
			if r.code != tt.code || !strings.Contains(r.errOut, tt.want) {
				t.Errorf("%+v, want code %d and %q", r, tt.code, tt.want)
			}
		})
	}
}

func TestIDsAreCompleted(t *testing.T) {
	g := newGateway(t)
	g.lists(state("b", "running", nil), state("a", "failed", nil))
	if r := g.run("__complete", "logs", ""); r.code != 0 || !strings.HasPrefix(r.out, "a\nb\n:4\n") {
		t.Errorf("%+v", r)
	}
	if r := g.run("__complete", "ls", "--status", "st"); r.code != 0 || !strings.Contains(r.out, "starting\n") {
		t.Errorf("%+v", r)
	}
}

func TestInterrupted(t *testing.T) {
	g := newGateway(t)
	i := g.with()
	ctx, cancel := contextOf(t)
	i.ctx = ctx
	g.on("GET "+listPath, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	if r := i.run("ls"); r.code != exitInterrupted || !strings.Contains(r.errOut, "interrupted") {
		t.Errorf("%+v", r)
	}
}
