package runner

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/test/support"
)

func newTestServer(t *testing.T) (*Runner, *httptest.Server, runnerapi.Secret) {
	t.Helper()
	secret, err := runnerapi.DeriveSecret(bytes.Repeat([]byte{1}, 32), "previews", "pod")
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Options{SecretHash: secret.Hash(), PodUID: "uid", CgroupDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r.server().Handler)
	t.Cleanup(server.Close)
	return r, server, secret
}

func request(t *testing.T, method, url, authorization, contentType, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// Every route by every kind of caller. Incident: an in-pod agent that took code from anybody.
func TestRoutesNeedTheSecret(t *testing.T) {
	r, server, secret := newTestServer(t)
	support.WriteFiles(t, r.options.CgroupDir, v2(""))
	observer, err := runnerapi.ObserverToken(secret.Hash(), "uid")
	if err != nil {
		t.Fatal(err)
	}
	health, err := runnerapi.HealthToken(secret.Hash(), "uid")
	if err != nil {
		t.Fatal(err)
	}
	nonce := `{"nonce":"` + strings.Repeat("ab", 32) + `"}`
	for _, test := range []struct {
		method, path, body string
		// The status without any token, with the secret, and with the observer token.
		stranger, manager, observer int
	}{
		{"POST", runnerapi.PathHello, nonce, 200, 200, 200},
		{"POST", runnerapi.PathHello, `{"nonce":"ab"}`, 400, 400, 400},
		{"POST", runnerapi.PathHello, `{"nonce":"` + strings.Repeat("a", runnerapi.MaxHelloBytes) + `"}`, 413, 413, 413},
		{"POST", runnerapi.PathHello, "", 400, 400, 400},
		{"GET", runnerapi.PathHello, "", 405, 405, 405},
		{"POST", runnerapi.PathAssignment, "", 401, 400, 401},
		{"GET", runnerapi.PathAssignment, "", 405, 405, 405},
		{"POST", runnerapi.PathStage, "", 401, 400, 401},
		{"GET", runnerapi.PathStage, "", 405, 405, 405},
		{"POST", runnerapi.PathRun, "", 401, 400, 401},
		{"POST", runnerapi.PathRun, `{"id":"nothing of that name"}`, 401, 409, 401},
		{"POST", runnerapi.PathRun, strings.Repeat(" ", runnerapi.MaxRunBytes) + "{}", 401, 413, 401},
		{"GET", runnerapi.PathRun, "", 405, 405, 405},
		{"GET", runnerapi.PathState, "", 401, 200, 401},
		{"GET", runnerapi.PathUsage, "", 401, 401, 200},
		{"POST", runnerapi.PathUsage, "", 405, 405, 405},
		{"GET", runnerapi.PathJournal, "", 401, 400, 401},
		{"GET", runnerapi.PathJournal + "?after=-1", "", 401, 400, 401},
		{"GET", runnerapi.PathJournal + "?after=1", "", 401, 416, 401},
		{"POST", runnerapi.PathJournal, "", 405, 405, 405},
		{"POST", runnerapi.PathJournalAck, `{"seq":0}`, 401, 400, 401},
		{"POST", runnerapi.PathJournalAck, "", 401, 400, 401},
		{"POST", runnerapi.PathJournalAck, strings.Repeat(" ", runnerapi.MaxAckBytes) + "{}", 401, 413, 401},
		{"GET", runnerapi.PathJournalAck, "", 405, 405, 405},
		{"POST", runnerapi.PathState, "", 405, 405, 405},
		{"GET", runnerapi.PathHealthz, "", 200, 200, 200},
		{"GET", runnerapi.PathReadyz, "", 503, 503, 503},
		{"GET", "/", "", 404, 404, 404},
		{"GET", "/debug/pprof/", "", 404, 404, 404},
		{"GET", "/metrics", "", 404, 404, 404},
	} {
		for authorization, want := range map[string]int{
			"":                               test.stranger,
			"Bearer ":                        test.stranger,
			"Bearer x":                       test.stranger,
			"Bearer " + secret.Hash():        test.stranger,
			"Basic " + string(secret):        test.stranger,
			string(secret):                   test.stranger,
			"Bearer " + string(secret) + "0": test.stranger,
			"Bearer " + string(secret):       test.manager,
			"Bearer " + observer:             test.observer,
			"Bearer " + observer[1:]:         test.stranger,
			observer:                         test.stranger,
			"Bearer " + health:               test.stranger,
		} {
			if got, body := request(t, test.method, server.URL+test.path, authorization, "application/json", test.body); got != want {
				t.Errorf("%s %s as %.12q: status %d (%s), want %d", test.method, test.path, authorization, got, body, want)
			}
		}
	}
}

func TestStateBeforeAnAssignment(t *testing.T) {
	r, server, secret := newTestServer(t)
	if _, body := request(t, "GET", server.URL+runnerapi.PathState, "Bearer "+string(secret), "", ""); !strings.Contains(body, `"state":"idle"`) {
		t.Errorf("got %s", body)
	}
	r.fail(failf(runnerapi.ReasonStartupFailed, "no Python"))
	if _, body := request(t, "GET", server.URL+runnerapi.PathState, "Bearer "+string(secret), "", ""); !strings.Contains(body, `"reason":"StartupFailed"`) {
		t.Errorf("got %s", body)
	}
}

func TestReadyz(t *testing.T) {
	r, server, _ := newTestServer(t)
	ask := func(query string) int {
		status, _ := request(t, "GET", server.URL+runnerapi.PathReadyz+query, "", "", "")
		return status
	}
	if got := ask(""); got != http.StatusServiceUnavailable {
		t.Errorf("status %d before anything is loaded", got)
	}
	waited := make(chan int)
	go func() { waited <- ask("?" + runnerapi.QueryWait) }()
	r.usable.finish()
	if got := <-waited; got != http.StatusOK {
		t.Errorf("status %d after waiting for a usable runner", got)
	}
	if got := ask(""); got != http.StatusServiceUnavailable {
		t.Errorf("status %d before everything is loaded", got)
	}
	r.preloaded.finish()
	if got := ask(""); got != http.StatusOK {
		t.Errorf("status %d of a ready runner", got)
	}
}

// A request that waits must not hold up the end of a runner.
func TestReadyzEndsWithTheRunner(t *testing.T) {
	r, server, _ := newTestServer(t)
	go r.fail(failf(runnerapi.ReasonStartupFailed, "no Python"))
	if got, _ := request(t, "GET", server.URL+runnerapi.PathReadyz+"?"+runnerapi.QueryWait, "", "", ""); got != http.StatusServiceUnavailable {
		t.Errorf("status %d of a failed runner", got)
	}
}

// form makes a multipart body of name, content, name, content, …
func form(t *testing.T, parts ...string) (contentType, body string) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for i := 0; i < len(parts); i += 2 {
		part, err := w.CreateFormField(parts[i])
		if err == nil {
			_, err = io.WriteString(part, parts[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), out.String()
}

func TestMalformedAssignments(t *testing.T) {
	assignment := runnerapi.Assignment{ID: "id", Port: 3001, StartupTimeoutSeconds: 30, Limits: runnerapi.ArchiveLimits(archive.DefaultLimits())}
	encode := func(a runnerapi.Assignment) string {
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	good := encode(assignment)
	assignment.Archive = &runnerapi.RemoteArchive{URL: "https://example.org", SHA256: strings.Repeat("ab", 32)}
	remote := encode(assignment)
	_, server, secret := newTestServer(t)
	for name, test := range map[string]struct {
		parts []string
		cut   int
		want  int
	}{
		"nothing":           {nil, 0, 400},
		"code first":        {[]string{"code", "x", "assignment", good}, 0, 400},
		"no code":           {[]string{"assignment", good}, 0, 400},
		"code and archive":  {[]string{"assignment", remote, "code", "x"}, 0, 400},
		"another part":      {[]string{"assignment", good, "virus", "x"}, 0, 400},
		"no JSON":           {[]string{"assignment", "hello", "code", "x"}, 0, 400},
		"invalid":           {[]string{"assignment", "{}", "code", "x"}, 0, 400},
		"large assignment":  {[]string{"assignment", strings.Repeat(" ", runnerapi.MaxAssignmentBytes+1), "code", "x"}, 0, 413},
		"cut in the middle": {[]string{"assignment", good, "code", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}, 80, 400},
	} {
		contentType, body := form(t, test.parts...)
		body = body[:len(body)-test.cut]
		for _, path := range []string{runnerapi.PathAssignment, runnerapi.PathStage} {
			status, message := request(t, "POST", server.URL+path, "Bearer "+string(secret), contentType, body)
			if status != test.want {
				t.Errorf("%s to %s: status %d (%s), want %d", name, path, status, message, test.want)
			}
		}
	}
	// None of them took the pod.
	if _, body := request(t, "GET", server.URL+runnerapi.PathState, "Bearer "+string(secret), "", ""); !strings.Contains(body, `"state":"idle"`) {
		t.Errorf("state is %s", body)
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := limitConnections(inner)
	defer listener.Close()
	accepted := make(chan net.Conn, maxConnections+1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	for range maxConnections + 1 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	first := <-accepted
	for range maxConnections - 1 {
		defer (<-accepted).Close()
	}
	select {
	case <-accepted:
		t.Fatal("one connection too many was accepted")
	default:
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	_ = first.Close() // gives back one place only
	defer (<-accepted).Close()
}
