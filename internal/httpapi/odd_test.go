package httpapi

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/test/support"
)

// allMethods are those of HTTP but CONNECT, which names no path, and one that nobody knows.
var allMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"}

// Every route with every method that it does not have: 405 with what it has, and no body for HEAD.
func TestEveryRouteWithEveryMethod(t *testing.T) {
	h := newHarness(t, nil)
	methods := map[string][]string{}
	for _, route := range h.api.engine.Routes() {
		path := strings.NewReplacer(":generation_id", "gen", ":file", "start.js").Replace(route.Path)
		methods[path] = append(methods[path], route.Method)
	}
	for path, has := range methods {
		slices.Sort(has)
		for _, method := range allMethods {
			if slices.Contains(has, method) {
				continue
			}
			a := h.rawAnswer(method, "Host: gateway\r\n", path)
			allow := strings.Split(a.header.Get("Allow"), ", ")
			slices.Sort(allow)
			if a.status != http.StatusMethodNotAllowed || !slices.Equal(allow, has) || a.header.Get("X-Request-Id") == "" {
				t.Errorf("%s %s: %d, Allow %v, want %v", method, path, a.status, allow, has)
			}
			switch {
			case method == "HEAD" && len(a.body) > 0:
				t.Errorf("HEAD %s: body %q", path, a.body)
			case method != "HEAD" && a.slug() != "method-not-allowed":
				t.Errorf("%s %s: %s", method, path, a.body)
			}
		}
	}
	for _, method := range allMethods {
		a := h.rawAnswer(method, "Host: gateway\r\n", "/nope")
		if a.status != http.StatusNotFound || method != "HEAD" && a.slug() != "route-not-found" || method == "HEAD" && len(a.body) > 0 {
			t.Errorf("%s on no route: %d %s", method, a.status, a.body)
		}
	}
}

// rawAnswer sends a request without a body as it stands.
func (h *harness) rawAnswer(method, header, target string) answer {
	h.t.Helper()
	return h.exchange(method, fmt.Sprintf("%s %s HTTP/1.1\r\n%sConnection: close\r\n\r\n", method, target, header))
}

// Incidents 10, 15, 16, 24 and 25: what nobody sends in earnest. It is refused, by us or by the server before us, and
// never our fault: the only 5xx are what RFC 9110 and 9112 have the server say of codings and versions that it does not
// know. And none of it opens a route.
func TestIncidentOddRequests(t *testing.T) {
	h := newServed(t)
	h.stored("gen", "alice")
	bearer := "Authorization: Bearer " + h.token("alice", auth.RoleUser) + "\r\n"
	get := func(target, header string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: gateway\r\n" + header + "Connection: close\r\n\r\n"
	}
	put := func(header, body string) string {
		return "PUT " + base + "gen HTTP/1.1\r\nHost: gateway\r\n" + bearer + "Content-Type: application/json\r\n" + header + "Connection: close\r\n\r\n" + body
	}
	const good = `{"project_id":"p","files":{"main.py":"a"}}`
	tests := map[string]struct {
		request string
		status  int
		// ours is set when the answer is a problem; what the server refuses before us, it refuses in plain text.
		ours bool
	}{
		"bad escape":                  {get(base+"%zz", bearer), 400, false},
		"bad escape at the end":       {get(base+"gen%", bearer), 400, false},
		"NUL":                         {get(base+"gen%00", bearer), 400, true},
		"raw NUL":                     {get(base+"gen\x00", bearer), 400, false},
		"escaped line break":          {get(base+"gen%0d%0aX: y", bearer), 400, false},
		"overlong UTF-8":              {get(base+"%c0%af", bearer), 400, true},
		"escaped backslash":           {get(base+"gen%5c..%5cx", bearer), 400, true},
		"URL of 60 KiB":               {get(base+strings.Repeat("a", 60<<10), bearer), 400, true},
		"URL of 70 KiB":               {get(base+strings.Repeat("a", 70<<10), bearer), 431, false},
		"query of 60 KiB":             {get(base+"gen?"+strings.Repeat("a=b&", 15<<10), bearer), 200, false},
		"12,000 query parameters":     {get(base+"gen/preview/logs/stream?"+strings.Repeat("a&", 12000), bearer), 400, true},
		"path of a proxy":             {get("/proxy/3001@evil", bearer), 404, true},
		"path of a proxy, escaped":    {get("/proxy/3001%40evil/", bearer), 404, true},
		"host in the path":            {get("//evil.example/x", bearer), 404, true},
		"absolute form":               {get("http://evil.example"+base+"gen", bearer), 200, false},
		"absolute form of a file":     {get("file:///etc/passwd", bearer), 404, true},
		"asterisk":                    {get("*", bearer), 404, true},
		"no slash":                    {get("api", bearer), 400, false},
		"space before the colon":      {get(base+"gen", strings.Replace(bearer, ":", " :", 1)), 400, false},
		"folded header":               {get(base+"gen", "X: a\r\n b\r\n"+bearer), 200, false},
		"header without a colon":      {get(base+"gen", "X\r\n"+bearer), 400, false},
		"NUL in a header":             {get(base+"gen", "X: a\x00b\r\n"+bearer), 400, false},
		"two hosts":                   {get(base+"gen", "Host: other\r\n"+bearer), 400, false},
		"no host":                     {"GET " + base + "gen HTTP/1.1\r\n" + bearer + "\r\n", 400, false},
		"no version":                  {"GET " + base + "gen\r\n\r\n", 400, false},
		"HTTP/3.0":                    {"GET " + base + "gen HTTP/3.0\r\nHost: gateway\r\n\r\n", 505, false},
		"TLS":                         {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, false},
		"CONNECT":                     {"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n", 404, true},
		"length negative":             {put("Content-Length: -1\r\n", good), 400, false},
		"length in words":             {put("Content-Length: ten\r\n", good), 400, false},
		"length with a sign":          {put("Content-Length: +42\r\n", good), 400, false},
		"length beyond 64 bits":       {put("Content-Length: 99999999999999999999\r\n", good), 400, false},
		"two lengths":                 {put("Content-Length: 42\r\nContent-Length: 43\r\n", good), 400, false},
		"list of lengths":             {put("Content-Length: 42, 42\r\n", good), 400, false},
		"length and chunked":          {put("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "2a\r\n"+good+"\r\n0\r\n\r\n"), 200, false},
		"chunked twice":               {put("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501, false},
		"chunked and identity":        {put("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), 501, false},
		"chunked with a tab":          {put("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"), 400, false},
		"unknown coding":              {put("Transfer-Encoding: gzip\r\n", good), 501, false},
		"chunk of no size":            {put("Transfer-Encoding: chunked\r\n", "zz\r\n"+good+"\r\n0\r\n\r\n"), 400, true},
		"chunk of too large a size":   {put("Transfer-Encoding: chunked\r\n", "ffffffffffffffff0\r\nx\r\n0\r\n\r\n"), 400, true},
		"expects what nobody does":    {put("Expect: the-unexpected\r\nContent-Length: 0\r\n", ""), 417, false},
		"WebSocket of another origin": {get(base+"gen/preview/status", "Origin: https://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"), 401, true},
		"HTTP/2 by upgrade":           {get(base+"gen", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\n"), 401, true},
		"HTTP/2 by prior knowledge":   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := h.exchange("GET", tt.request)
			if a.status != tt.status {
				t.Errorf("%d, want %d: %.200s", a.status, tt.status, a.body)
			}
			if a.header.Get("Location") != "" || a.header.Get("Upgrade") != "" {
				t.Errorf("header %v", a.header)
			}
			if tt.ours {
				h.checkProblem(call{method: "GET", path: name}, a)
			}
		})
	}
}

// Incident 13: there is no WebSocket to open, from whatever origin; also not where a bearer token is shown.
func TestIncidentNothingIsUpgraded(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	for _, c := range ownedRoutes(h) {
		if strings.HasSuffix(c.path, "/stream") {
			continue
		}
		c.token = h.token("alice", auth.RoleUser)
		c.header = map[string]string{
			"Origin": "https://evil.example", "Connection": "Upgrade", "Upgrade": "websocket",
			"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
		}
		if a := h.do(c); a.status == http.StatusSwitchingProtocols || a.status >= 500 || a.header.Get("Upgrade") != "" {
			t.Errorf("%s %s: %d %v", c.method, c.path, a.status, a.header)
		}
	}
}

// exchange writes a request as it stands and reads the answer to it.
func (h *harness) exchange(method, text string) answer {
	h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	h.must(err)
	defer conn.Close()
	h.must(conn.SetDeadline(time.Now().Add(support.Patience)))
	// The server may answer, and close, before it has read everything.
	_, _ = io.WriteString(conn, text)
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	h.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	h.must(err)
	return answer{response.StatusCode, response.Header, body}
}
