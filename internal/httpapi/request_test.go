package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/test/support"
)

// proxied sends an envelope to the preview of generation gen.
func proxied(h *harness, user, previewToken string, envelope any) answer {
	h.t.Helper()
	return h.do(call{
		method: "POST", path: base + "gen/preview/request", token: h.token(user, auth.RoleUser), body: envelope,
		header: map[string]string{"X-Preview-Token": previewToken, "Cookie": "gateway-cookie=canary", "X-Request-Id": "the-id"},
	})
}

// application is a real server on loopback that remembers what it was asked.
func application(t *testing.T, handler http.HandlerFunc) (address string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), asked
}

func TestRequestCarriesEverything(t *testing.T) {
	h := newHarness(t, nil)
	var seen *http.Request
	var body []byte
	address, _ := application(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		body, _ = io.ReadAll(r.Body)
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header()["X-Many"] = []string{"1", "2"}
		w.Header()["Date"] = nil
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "<script>ü</script>")
	})
	token := h.runs("gen", "alice", address).SessionToken
	tests := map[string]struct {
		envelope    string
		uri         string
		body        string
		contentType string
	}{
		"string body":          {`{"method":"POST","path":"/a%2Fb","query":{"q":["1","2"]},"headers":{"X-A":["1","2"]},"body":"é\u0000"}`, "/a%2Fb?q=1&q=2", "é\x00", ""},
		"JSON body":            {`{"method":"POST","path":"/","headers":{"X-A":["1","2"]},"body":{"a": 1.0, "a":2}}`, "/", `{"a": 1.0, "a":2}`, "application/json"},
		"JSON body, own type":  {`{"method":"POST","path":"/","headers":{"X-A":["1","2"],"content-type":"application/ld+json"},"body":[1]}`, "/", `[1]`, "application/ld+json"},
		"whole surrogates":     {`{"method":"POST","path":"/","headers":{"X-A":["1","2"]},"body":"\ud83d\ude00\ufffd"}`, "/", "😀\ufffd", ""},
		"half, as it is sent":  {`{"method":"POST","path":"/","headers":{"X-A":["1","2"]},"body":["\ud83d"]}`, "/", `["\ud83d"]`, "application/json"},
		"number body":          {`{"method":"POST","path":"/","headers":{"X-A":["1","2"]},"body":12345678901234567890}`, "/", `12345678901234567890`, "application/json"},
		"binary body":          {`{"method":"PUT","path":"/","headers":{"X-A":["1","2"]},"body":null,"body_base64":"/wA="}`, "/", "\xff\x00", ""},
		"no body":              {`{"method":"DELETE","path":"/x","headers":{"X-A":["1","2"]}}`, "/x", "", ""},
		"own authorization":    {`{"method":"GET","path":"/","headers":{"X-A":["1","2"],"Authorization":"Bearer its-own","Cookie":"its=own"}}`, "/", "", ""},
		"hop-by-hop left out":  {`{"method":"GET","path":"/","headers":{"X-A":["1","2"],"Connection":"x-hop","X-Hop":"1","Host":"evil.example"}}`, "/", "", ""},
		"token in the headers": {`{"method":"GET","path":"/","headers":{"X-A":["1","2"],"x-preview-token":"leaked"}}`, "/", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := decode[requestReply](h, proxied(h, "alice", token, tt.envelope), http.StatusOK)
			want := requestReply{
				StatusCode: 201, Body: "<script>ü</script>", BodyEncoding: "utf-8", SetCookie: []string{"a=1", "b=2"},
				Headers: map[string]string{"set-cookie": "a=1, b=2", "x-many": "1, 2", "content-length": "19", "content-type": "text/html; charset=utf-8"},
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(requestReply{}, "ElapsedMS")); diff != "" {
				t.Errorf("reply (-want +got):\n%s", diff)
			}
			if seen.RequestURI != tt.uri || string(body) != tt.body || seen.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("the application got %s %q %v", seen.RequestURI, body, seen.Header)
			}
			if diff := cmp.Diff([]string{"1", "2"}, seen.Header["X-A"]); diff != "" {
				t.Errorf("X-A (-want +got):\n%s", diff)
			}
			checkNothingOfOurs(t, name, seen)
		})
	}
}

// Incident 11: the application must not see what opened the gateway.
func checkNothingOfOurs(t *testing.T, name string, seen *http.Request) {
	t.Helper()
	own := map[string]string{}
	if name == "own authorization" {
		own = map[string]string{"Authorization": "Bearer its-own", "Cookie": "its=own"}
	}
	for _, header := range []string{"Authorization", "Cookie", "X-Preview-Token", "X-Request-Id", "X-Hop", "X-Forwarded-For", "Accept-Encoding", "User-Agent"} {
		if got := seen.Header.Get(header); got != own[header] {
			t.Errorf("incident 11: the application got %s: %q", header, got)
		}
	}
	if strings.Contains(seen.Host, "evil") {
		t.Errorf("Host: %q", seen.Host)
	}
}

func TestBinaryAnswer(t *testing.T) {
	h := newHarness(t, nil)
	address, _ := application(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0x89, 'P', 'N', 'G', 0xff}) })
	token := h.runs("gen", "alice", address).SessionToken
	got := decode[requestReply](h, proxied(h, "alice", token, `{"method":"GET","path":"/"}`), http.StatusOK)
	if body, err := base64.StdEncoding.DecodeString(got.Body); err != nil || string(body) != "\x89PNG\xff" || got.BodyEncoding != "base64" {
		t.Errorf("got %+v", got)
	}
}

// Incidents 10, 15 and 16: nothing in the envelope chooses where the request goes. No bad envelope is sent at all.
func TestIncidentBadEnvelopesAreNotSent(t *testing.T) {
	h := newHarness(t, nil)
	address, asked := application(t, func(http.ResponseWriter, *http.Request) {})
	token := h.runs("gen", "alice", address).SessionToken
	tests := map[string]struct {
		envelope string
		field    string
	}{
		"other host":              {`{"method":"GET","path":"//evil.example/"}`, "path"},
		"backslash":               {`{"method":"GET","path":"/\\evil.example"}`, "path"},
		"user info":               {`{"method":"GET","path":"@evil.example"}`, "path"},
		"port and user info":      {`{"method":"GET","path":"3001:80@x"}`, "path"},
		"absolute":                {`{"method":"GET","path":"http://evil.example/"}`, "path"},
		"line break":              {`{"method":"GET","path":"/\r\nHost: evil.example"}`, "path"},
		"no path":                 {`{"method":"GET"}`, "path"},
		"no method":               {`{"path":"/"}`, "method"},
		"CONNECT":                 {`{"method":"CONNECT","path":"/"}`, "method"},
		"target of its own":       {`{"method":"GET","path":"/","host":"evil.example"}`, "host"},
		"port of its own":         {`{"method":"GET","path":"/","port":22}`, "port"},
		"query number":            {`{"method":"GET","path":"/","query":{"limit":10}}`, "query.limit"},
		"query null":              {`{"method":"GET","path":"/","query":{"limit":null}}`, "query.limit"},
		"query list with null":    {`{"method":"GET","path":"/","query":{"limit":["1",null]}}`, "query.limit[1]"},
		"query twice":             {`{"method":"GET","path":"/","query":{"a":"1","a":"2"}}`, "query.a"},
		"header list of lists":    {`{"method":"GET","path":"/","headers":{"A":[["x"]]}}`, "headers.A"},
		"header name":             {`{"method":"GET","path":"/","headers":{"A B":"x"}}`, "headers"},
		"header value":            {`{"method":"GET","path":"/","headers":{"A":"x\r\nB: y"}}`, "headers.A"},
		"half a surrogate":        {`{"method":"GET","path":"/","body":"\ud83d"}`, "body"},
		"two bodies":              {`{"method":"GET","path":"/","body":"a","body_base64":"YQ=="}`, "body_base64"},
		"bad base64":              {`{"method":"GET","path":"/","body_base64":"*"}`, "body_base64"},
		"method in another case":  {`{"Method":"GET","method":"GET","path":"/"}`, "Method"},
		"method twice":            {`{"method":"GET","method":"POST","path":"/"}`, "method"},
		"empty":                   {``, "Content-Type"},
		"body that is not closed": {`{"method":"GET","path":"/","body":{"a":1}`, "body"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var body any = tt.envelope
			if tt.envelope == "" {
				body = nil
			}
			if a := proxied(h, "alice", token, body); a.field() != tt.field || a.status != http.StatusBadRequest && a.status != http.StatusUnsupportedMediaType {
				t.Errorf("%d, field %q, want %q: %s", a.status, a.field(), tt.field, a.body)
			}
		})
	}
	if asked.Load() != 0 {
		t.Errorf("the application was asked %d times", asked.Load())
	}
}

func TestPreviewTokens(t *testing.T) {
	h := newHarness(t, nil)
	address, asked := application(t, func(http.ResponseWriter, *http.Request) {})
	token := h.runs("gen", "alice", address).SessionToken
	h.stored("other", "alice")
	other := decode[launchReply](h, h.do(launchCall(h, "other", "alice", nil)), http.StatusCreated).SessionToken
	admin := decode[launchReply](h, h.do(call{method: "POST", path: base + "gen/preview/launch", token: h.token("root", auth.RoleAdmin)}), http.StatusOK).SessionToken
	envelope := `{"method":"GET","path":"/"}`
	for name, bad := range map[string]string{
		"none": "", "garbage": "x", "bearer": h.token("alice", auth.RoleUser), "of another preview": other, "of another user": admin, "cut": token[:len(token)-1],
	} {
		if a := proxied(h, "alice", bad, envelope); a.status != http.StatusForbidden || a.slug() != "invalid-preview-token" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("the application was asked %d times", asked.Load())
	}
	if a := proxied(h, "alice", token, envelope); a.status != http.StatusOK {
		t.Errorf("the good token: %d %s", a.status, a.body)
	}

	// The store is not needed for that.
	whole := h.api.store
	h.api.store = noStore{GenerationStore: whole, err: errors.New("the store was asked")}
	for user, good := range map[string]string{"alice": token, "root": admin} {
		role := map[string]auth.Role{"root": auth.RoleAdmin}[user]
		a := h.do(call{
			method: "POST", path: base + "gen/preview/request", token: h.token(user, role), body: envelope,
			header: map[string]string{"X-Preview-Token": good},
		})
		if a.status != http.StatusOK {
			t.Errorf("%s without the store: %d %s", user, a.status, a.body)
		}
	}
	// Who is no administrator any more is asked about the owner again.
	h.api.store = whole
	if a := proxied(h, "root", admin, envelope); a.slug() != "forbidden" {
		t.Errorf("the token of a former administrator: %d %s", a.status, a.body)
	}

	// A token dies with its preview.
	h.cluster.setStatus(t, instanceName("gen"), ended(v1alpha1.PhaseStopped, v1alpha1.ReasonStopRequested))
	decode[launchReply](h, h.do(launchCall(h, "gen", "alice", nil)), http.StatusCreated)
	if a := proxied(h, "alice", token, envelope); a.slug() != "invalid-preview-token" {
		t.Errorf("the predecessor's token: %d %s", a.status, a.body)
	}
}

func TestRequestFailures(t *testing.T) {
	nobody := support.FreeAddress(t)
	release := make(chan struct{})
	slow, _ := application(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	large, _ := application(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20+1)) })
	broken, _ := application(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	tests := map[string]struct {
		address string
		change  func(*v1alpha1.PreviewInstance)
		status  int
		slug    string
		// detail has to be part of what the client is told.
		detail string
		// asked is set when the application was asked, so that there is a time to tell.
		asked bool
	}{
		"refused":   {nobody, nil, 502, "application-refused", "nothing listens on the application's port", true},
		"timeout":   {slow, nil, 504, "application-timeout", "within 500ms", true},
		"too large": {large, nil, 502, "response-too-large", "exceeds 1048576 bytes", true},
		"broken":    {broken, nil, 502, "application-broken", "broke", true},
		"starting":  {nobody, func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStarting }, 409, "preview-not-running", "look at its status", false},
		"stopping":  {nobody, func(p *v1alpha1.PreviewInstance) { p.Status.Phase = v1alpha1.PhaseStopping }, 409, "preview-not-running", "look at its status", false},
		"stopped":   {nobody, ended(v1alpha1.PhaseStopped, ""), 409, "preview-not-running", "launch it again", false},
		"failed":    {nobody, ended(v1alpha1.PhaseFailed, v1alpha1.ReasonOOMKilled), 409, "preview-not-running", "launch it again", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			token := h.runs("gen", "alice", tt.address).SessionToken
			if tt.change != nil {
				h.cluster.setStatus(t, instanceName("gen"), tt.change)
				h.sees("gen", func(p *v1alpha1.PreviewInstance) bool { return p.Status.Phase != v1alpha1.PhaseRunning })
			}
			a := proxied(h, "alice", token, `{"method":"GET","path":"/"}`)
			var p Problem
			h.must(json.Unmarshal(a.body, &p))
			if a.status != tt.status || a.slug() != tt.slug || !strings.Contains(p.Detail, tt.detail) || (p.ElapsedMS != nil) != tt.asked {
				t.Errorf("%d %s", a.status, a.body)
			}
			if tt.slug == "application-timeout" && *p.ElapsedMS == 0 {
				t.Error("elapsed_ms is 0, though a time-out was waited for")
			}
		})
	}
}

// A client that goes away is neither our error nor the application's: 499 in the log, and nobody to tell.
func TestRequestsOfClientsThatGo(t *testing.T) {
	h := newHarness(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	address, _ := application(t, func(http.ResponseWriter, *http.Request) { cancel(); <-release })
	t.Cleanup(func() { close(release) })
	token := h.runs("gen", "alice", address).SessionToken
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+base+"gen/preview/request", strings.NewReader(`{"method":"GET","path":"/"}`))
	h.must(err)
	request.Header.Set("Authorization", "Bearer "+h.token("alice", auth.RoleUser))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Preview-Token", token)
	if response, err := h.http.Do(request); err == nil {
		_ = response.Body.Close()
		t.Fatalf("answered with %d", response.StatusCode)
	}
	support.Eventually(h.t, "the request is logged", func() bool { return strings.Contains(h.log.String(), `"status":499`) })
	if !strings.Contains(h.log.String(), `"problem":"client-gone"`) {
		t.Errorf("the log:\n%s", h.log)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxRequests = 1 })
	address, _ := application(t, func(http.ResponseWriter, *http.Request) {})
	token := h.runs("gen", "alice", address).SessionToken
	release, err := h.api.requests.acquire(t.Context())
	h.must(err)
	if a := proxied(h, "alice", token, `{"method":"GET","path":"/"}`); a.status != http.StatusServiceUnavailable || a.slug() != "busy" {
		t.Errorf("%d %s", a.status, a.body)
	}
	release()
	if a := proxied(h, "alice", token, `{"method":"GET","path":"/","body":"`+strings.Repeat("a", maxEnvelopeBytes)+`"}`); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// Traffic is recorded in the background, at most once a minute for each preview.
func TestTrafficIsRecordedAsActivity(t *testing.T) {
	h := newHarness(t, nil)
	address, _ := application(t, func(http.ResponseWriter, *http.Request) {})
	launch := h.runs("gen", "alice", address)
	send := func() { proxied(h, "alice", launch.SessionToken, `{"method":"GET","path":"/"}`) }
	patch := func(at string) string {
		return `{"metadata":{"annotations":{"` + v1alpha1.AnnotationLastActivity + `":"` + at + `"},"uid":"` + launch.ID + `"}}`
	}
	h.clock.advance(activityEvery)
	for range 5 {
		send()
	}
	support.Eventually(h.t, "the first activity is written", func() bool { return len(h.cluster.seenPatches()) == 1 })
	h.clock.advance(59 * time.Second)
	send()
	h.clock.advance(time.Second)
	send()
	support.Eventually(h.t, "the second activity is written", func() bool { return len(h.cluster.seenPatches()) == 2 })
	if diff := cmp.Diff([]string{patch("2026-01-02T03:05:05Z"), patch("2026-01-02T03:06:05Z")}, h.cluster.seenPatches()); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
}

// A write that failed is made up for by the next use.
func TestFailedActivityIsWrittenByTheNextUse(t *testing.T) {
	h := newHarness(t, nil)
	address, _ := application(t, func(http.ResponseWriter, *http.Request) {})
	token := h.runs("gen", "alice", address).SessionToken
	h.clock.advance(activityEvery)
	h.cluster.setFailure("patch", io.ErrUnexpectedEOF)
	proxied(h, "alice", token, `{"method":"GET","path":"/"}`)
	support.Eventually(h.t, "the failure is logged", func() bool { return strings.Contains(h.log.String(), "writing the activity of a preview failed") })
	h.cluster.setFailure("patch", nil)
	proxied(h, "alice", token, `{"method":"GET","path":"/"}`)
	support.Eventually(h.t, "the activity is written", func() bool { return len(h.cluster.seenPatches()) == 1 })
}

// Whoever saw a preview run at the API server can send it a request before the gateway's cache knows.
func TestRequestsDoNotWaitForTheCache(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*v1alpha1.PreviewInstance)
		status int
	}{
		"behind":           {func(*v1alpha1.PreviewInstance) {}, http.StatusOK},
		"of a former life": {func(pvi *v1alpha1.PreviewInstance) { pvi.UID = "former" }, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			address, _ := application(t, func(http.ResponseWriter, *http.Request) {})
			token := h.runs("gen", "alice", address).SessionToken
			h.sees("gen", func(pvi *v1alpha1.PreviewInstance) bool { return pvi.Status.Phase == v1alpha1.PhaseRunning })
			cached, err := h.api.instances.Cached(instanceName("gen"))
			h.must(err)
			stale := cached.DeepCopy()
			stale.Status.Phase = v1alpha1.PhaseStarting
			tt.change(stale)
			h.must(h.api.instances.informer.GetStore().Update(stale))
			if a := proxied(h, "alice", token, `{"method":"GET","path":"/"}`); a.status != tt.status {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}
