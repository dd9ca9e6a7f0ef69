package proxy

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Incidents 10 and 15: crafted paths that name another host, or are redirected to one. Each is refused before anything
// is dialled, or sent as it stands to the one host that status names.
func TestIncidentCraftedPaths(t *testing.T) {
	refused := map[string]string{
		"empty":                        "",
		"no slash":                     "users",
		"another host":                 "//evil.example/",
		"another host, three slashes":  "///evil.example/",
		"backslash host":               `/\evil.example`,
		"two backslashes":              `\\evil.example`,
		"backslash later":              `/a\b`,
		"absolute URL":                 "http://evil.example/",
		"scheme only":                  "javascript:alert(1)",
		"user info":                    "@evil.example/",
		"port and user info":           ":80@evil.example/",
		"port of another preview":      "3001:80@x",
		"asterisk":                     "*",
		"query first":                  "?a=b",
		"fragment":                     "/a#b",
		"space":                        "/a b",
		"smuggled header":              "/a HTTP/1.1\r\nHost: evil.example",
		"line feed":                    "/a\nb",
		"NUL":                          "/a\x00",
		"tab":                          "/a\tb",
		"DEL":                          "/a\x7f",
		"raw UTF-8":                    "/ä",
		"broken escape":                "/%zz",
		"escape at the end":            "/%",
		"escape cut":                   "/%4",
		"longer than the limit":        "/" + strings.Repeat("a", MaxTargetBytes),
		"fullwidth solidus, unescaped": "/\uff0f/evil.example",
	}
	for name, path := range refused {
		t.Run("refused: "+name, func(t *testing.T) {
			_, err := NewRequest(Envelope{Method: http.MethodGet, Path: path})
			var field *FieldError
			if !errors.As(err, &field) || field.Field != "path" {
				t.Errorf("%q: got %v, want a FieldError of path", path, err)
			}
		})
	}
	carried := []string{
		"/", "/users/@me", "/proxy/3001@evil", "/%40", "/a%2Fb", "/a%2fb", "/%2F%2Fevil.example", "/%5Cevil.example",
		"/a//b", "/a/../b", "/./a", "/a;v=1", "/a:b", "/a%00", "/{id}", "/a|b", `/"x"`, "/a?x=1&x=2", "/a?", "/?q=%20+%2B",
		"/a?next=//evil.example", "/" + strings.Repeat("a", MaxTargetBytes-1),
	}
	for _, path := range carried {
		request, err := NewRequest(Envelope{Method: http.MethodGet, Path: path})
		if err != nil || request.target != path {
			t.Errorf("%q became %q, %v, want it as it stands", path, request.target, err)
		}
	}
}

func TestQuery(t *testing.T) {
	tests := map[string]struct {
		path  string
		query map[string][]string
		want  string
	}{
		"none":               {"/a", nil, "/a"},
		"one":                {"/a", map[string][]string{"limit": {"10"}}, "/a?limit=10"},
		"sorted, lists":      {"/a", map[string][]string{"b": {"2", "1"}, "a": {""}}, "/a?a=&b=2&b=1"},
		"escaped":            {"/a", map[string][]string{"ä&": {"= /+"}}, "/a?%C3%A4%26=%3D+%2F%2B"},
		"after that of path": {"/a?x=%7e", map[string][]string{"y": {"1"}}, "/a?x=%7e&y=1"},
		"line break":         {"/a", map[string][]string{"a": {"\r\nHost: evil"}}, "/a?a=%0D%0AHost%3A+evil"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			request, err := NewRequest(Envelope{Method: http.MethodGet, Path: tt.path, Query: tt.query})
			if err != nil || request.target != tt.want {
				t.Errorf("got %q, %v, want %q", request.target, err, tt.want)
			}
		})
	}
	many := map[string][]string{"a": make([]string, 20000)}
	if _, err := NewRequest(Envelope{Method: http.MethodGet, Path: "/", Query: many}); err == nil {
		t.Error("incident 25: 20,000 query parameters were accepted")
	}
}

// Incident 25: header fields of the connection that reach the next hop, hidden behind Connection or odd spelling.
func TestIncidentHopByHopHeaders(t *testing.T) {
	request, err := NewRequest(Envelope{Method: http.MethodGet, Path: "/", Header: map[string][]string{
		"connection":          {"close, X-Secret-Hop", "x-other-hop"},
		"X-Secret-Hop":        {"1"},
		"X-Other-Hop":         {"1"},
		"Keep-Alive":          {"timeout=5"},
		"Proxy-Authorization": {"Basic x"},
		"Proxy-Connection":    {"keep-alive"},
		"TE":                  {"trailers"},
		"Trailer":             {"X"},
		"Transfer-Encoding":   {"chunked"},
		"UPGRADE":             {"websocket"},
		"Expect":              {"100-continue"},
		"content-length":      {"999"},
		"HOST":                {"evil.example"},
		"x-preview-token":     {"secret"},
		"x-custom":            {"a", "b"},
		"Authorization":       {"Bearer of the application"},
		"Cookie":              {"its=own"},
		"X-Forwarded-For":     {"1.2.3.4"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"X-Custom": {"a", "b"}, "Authorization": {"Bearer of the application"}, "Cookie": {"its=own"}, "X-Forwarded-For": {"1.2.3.4"},
	}
	if diff := cmp.Diff(want, request.header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestRefusedHeadersAndMethods(t *testing.T) {
	tests := map[string]struct {
		envelope Envelope
		field    string
	}{
		"space before the colon (GO-2022-0212)": {Envelope{Method: "GET", Path: "/", Header: map[string][]string{"Host ": {"x"}}}, "headers"},
		"empty name":                            {Envelope{Method: "GET", Path: "/", Header: map[string][]string{"": {"x"}}}, "headers"},
		"line break in a name":                  {Envelope{Method: "GET", Path: "/", Header: map[string][]string{"A\r\nB": {"x"}}}, "headers"},
		"line break in a value":                 {Envelope{Method: "GET", Path: "/", Header: map[string][]string{"A": {"x\r\nB: y"}}}, "headers.A"},
		"NUL in a value":                        {Envelope{Method: "GET", Path: "/", Header: map[string][]string{"A": {"\x00"}}}, "headers.A"},
		"too many":                              {Envelope{Method: "GET", Path: "/", Header: map[string][]string{"A": make([]string, MaxHeaders+1)}}, "headers"},
		"too large":                             {Envelope{Method: "GET", Path: "/", Header: map[string][]string{"A": {strings.Repeat("a", MaxHeaderBytes)}}}, "headers"},
		"no method":                             {Envelope{Path: "/"}, "method"},
		"lower case method":                     {Envelope{Method: "get", Path: "/"}, "method"},
		"CONNECT":                               {Envelope{Method: "CONNECT", Path: "/"}, "method"},
		"TRACE":                                 {Envelope{Method: "TRACE", Path: "/"}, "method"},
		"smuggled method":                       {Envelope{Method: "GET / HTTP/1.1\r\n\r\nGET", Path: "/"}, "method"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewRequest(tt.envelope)
			var field *FieldError
			if !errors.As(err, &field) || field.Field != tt.field {
				t.Errorf("got %v, want a FieldError of %s", err, tt.field)
			}
		})
	}
}
