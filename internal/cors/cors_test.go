package cors

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t testing.TB, list ...string) Policy {
	t.Helper()
	p, err := Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// request has an Origin header for each of the given ones.
func request(method string, origins ...string) *http.Request {
	r := httptest.NewRequest(method, "/api/v1/previews", nil)
	for _, origin := range origins {
		r.Header.Add("Origin", origin)
	}
	return r
}

func preflight(origins ...string) *http.Request {
	r := request(http.MethodOptions, origins...)
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
	return r
}

func TestApply(t *testing.T) {
	const app = "https://app.example"
	vary := http.Header{"Vary": {"Origin"}}
	simple := http.Header{
		"Vary":                             {"Origin"},
		"Access-Control-Allow-Origin":      {app},
		"Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Expose-Headers":    {"X-Request-Id, Location, Retry-After, Preference-Applied, Link, Idempotency-Replayed"},
	}
	answer := http.Header{
		"Vary":                             {"Origin"},
		"Access-Control-Allow-Origin":      {app},
		"Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Allow-Methods":     {"GET, HEAD, POST, PUT, DELETE"},
		"Access-Control-Allow-Headers":     {"Authorization, Content-Type, X-Preview-Token, X-Request-Id, Idempotency-Key, Prefer, Last-Event-ID, Accept"},
		"Access-Control-Max-Age":           {"600"},
	}
	toAny := func(h http.Header) http.Header {
		h = h.Clone()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Del("Access-Control-Allow-Credentials")
		return h
	}
	options := request(http.MethodOptions, app)
	get := preflight(app)
	get.Method = http.MethodGet

	tests := map[string]struct {
		list      []string
		request   *http.Request
		want      http.Header
		preflight bool
	}{
		"listed":                           {[]string{"https://other.example", app}, request("GET", app), simple, false},
		"listed, with a method of its own": {[]string{app}, request("DELETE", app), simple, false},
		"listed, preflight":                {[]string{app}, preflight(app), answer, true},
		"listed, OPTIONS":                  {[]string{app}, options, simple, false},
		"listed, GET that asks like one":   {[]string{app}, get, simple, false},
		"not listed":                       {[]string{app}, request("GET", "https://evil.example"), vary, false},
		"not listed, preflight":            {[]string{app}, preflight("https://evil.example"), vary, false},
		"no origin":                        {[]string{app}, request("GET"), vary, false},
		"no origin, preflight":             {[]string{app}, preflight(), vary, false},
		"empty origin":                     {[]string{app}, request("GET", ""), vary, false},
		"two origins":                      {[]string{app}, request("GET", app, app), vary, false},
		"two origins in one header":        {[]string{app}, request("GET", app+", "+app), vary, false},
		"nothing configured":               {nil, request("GET", app), http.Header{}, false},
		"nothing configured, preflight":    {nil, preflight(app), http.Header{}, false},
		"any":                              {[]string{"*"}, request("GET", app), toAny(simple), false},
		"any, preflight":                   {[]string{"*"}, preflight(app), toAny(answer), true},
		"any, no origin":                   {[]string{"*"}, request("GET"), vary, false},
		"any, empty origin":                {[]string{"*"}, request("GET", ""), vary, false},
		"any, two origins":                 {[]string{"*"}, request("GET", app, app), vary, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := http.Header{}
			if preflight := parse(t, tt.list...).Apply(got, tt.request); preflight != tt.preflight {
				t.Errorf("preflight: %v", preflight)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

// What else the answer depends on stays.
func TestVaryIsAdded(t *testing.T) {
	h := http.Header{"Vary": {"Accept"}}
	parse(t, "https://app.example").Apply(h, request("GET"))
	if diff := cmp.Diff([]string{"Accept", "Origin"}, h["Vary"]); diff != "" {
		t.Errorf("Vary (-want +got):\n%s", diff)
	}
}

// Incident 16: origins that look like one on the list.
func TestIncidentOriginsThatOnlyLookAlike(t *testing.T) {
	list := []string{"https://app.example", "http://localhost:5173", "https://xn--bcher-kva.example", "http://192.0.2.1:8080", "https://[2001:db8::1]"}
	for _, origin := range list {
		h := http.Header{}
		parse(t, list...).Apply(h, request("GET", origin))
		if h.Get("Access-Control-Allow-Origin") != origin {
			t.Fatalf("%s itself is not allowed", origin)
		}
	}
	alike := []string{
		// prefixes and suffixes
		"https://app.example.evil.example", "https://app.examplee", "https://app.exampl", "https://evilapp.example", "https://evil-app.example",
		"https://evil.app.example", "https://example", "https://app", "https://app.example/", "https://app.example/x", "https://app.example?", "https://app.example#",
		"https://appXexample", "https://app.example%00", "https://app.example\x00.evil.example", "https://app.example\t", " https://app.example", "https://app.example ",
		// trailing dot and case
		"https://app.example.", "https://APP.example", "HTTPS://app.example", "https://App.Example", "http://LOCALHOST:5173",
		// ports and schemes
		"https://app.example:443", "https://app.example:80", "https://app.example:8443", "https://app.example:", "http://app.example", "http://app.example:443",
		"http://localhost", "http://localhost:51730", "http://localhost:517", "http://localhost:05173", "https://localhost:5173", "ws://app.example", "wss://app.example",
		"app.example", "//app.example", "://app.example", "https:app.example", "https:/app.example", "https:\\\\app.example",
		// user names
		"https://app.example@evil.example", "https://evil.example@app.example", "https://app.example:443@evil.example", "https://@app.example",
		// null and its kin
		"null", "Null", "*", "file://", "data:", "about:blank", "undefined", "https://", "http://", "https://null",
		// other writings of one host
		"https://bücher.example", "https://b\u00fccher.example", "https://xn--BCHER-kva.example", "https://xn--bcher-kva.example.evil.example",
		"https://xn--app-example", "https://ａｐｐ.example", "https://app。example", "https://аpp.example",
		"http://192.0.2.1", "http://192.0.2.01:8080", "http://3221225985:8080", "http://0xc0000201:8080", "http://192.0.513:8080",
		"https://[2001:DB8::1]", "https://[2001:db8:0::1]", "https://[2001:db8::1%25eth0]", "https://2001:db8::1", "http://127.0.0.1:5173", "http://[::1]:5173",
	}
	for _, origin := range alike {
		t.Run(fmt.Sprintf("%q", origin), func(t *testing.T) {
			for name, r := range map[string]*http.Request{"request": request("GET", origin), "preflight": preflight(origin)} {
				h := http.Header{}
				if parse(t, list...).Apply(h, r) || len(h) != 1 {
					t.Errorf("%s: headers %v", name, h)
				}
			}
		})
	}
}

func TestParse(t *testing.T) {
	tests := map[string]struct {
		list []string
		want []string
	}{
		"empty":                   {nil, nil},
		"as browsers write it":    {[]string{"https://app.example"}, []string{"https://app.example"}},
		"upper case":              {[]string{"HTTPS://App.EXAMPLE"}, []string{"https://app.example"}},
		"the scheme's own ports":  {[]string{"https://app.example:443", "http://app.example:80"}, []string{"http://app.example", "https://app.example"}},
		"the other scheme's port": {[]string{"https://app.example:80", "http://app.example:443"}, []string{"http://app.example:443", "https://app.example:80"}},
		"other ports":             {[]string{"http://localhost:5173", "http://localhost:65535"}, []string{"http://localhost:5173", "http://localhost:65535"}},
		"twice":                   {[]string{"https://app.example", "https://APP.example:443"}, []string{"https://app.example"}},
		"punycode":                {[]string{"https://XN--bcher-kva.example"}, []string{"https://xn--bcher-kva.example"}},
		"underscore and digits":   {[]string{"https://my_app.1a.example"}, []string{"https://my_app.1a.example"}},
		"IPv4":                    {[]string{"http://192.0.2.1"}, []string{"http://192.0.2.1"}},
		"IPv6":                    {[]string{"http://[2001:DB8:0:0::1]:8080", "https://[::1]"}, []string{"http://[2001:db8::1]:8080", "https://[::1]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(parse(t, tt.list...).origins))); diff != "" {
				t.Errorf("origins (-want +got):\n%s", diff)
			}
		})
	}
	if p := parse(t, "*"); !p.any {
		t.Error("* is not any origin")
	}
}

func TestParseRefuses(t *testing.T) {
	long := make([]string, MaxOrigins+1)
	for i := range long {
		long[i] = fmt.Sprintf("https://%d.example", i)
	}
	tests := map[string]struct {
		list []string
		want string
	}{
		"* among others":          {[]string{"https://app.example", "*"}, "must be alone"},
		"* twice":                 {[]string{"*", "*"}, "must be alone"},
		"too many":                {long, "101 origins, at most 100"},
		"empty":                   {[]string{""}, "must begin with http"},
		"blanks":                  {[]string{" https://app.example"}, "is not of the form"},
		"null":                    {[]string{"null"}, "must begin with http"},
		"wildcard in the host":    {[]string{"https://*.example"}, "no host name"},
		"wildcard for the port":   {[]string{"http://localhost:*"}, "is not of the form"},
		"wildcard for the scheme": {[]string{"*://app.example"}, "is not of the form"},
		"no scheme":               {[]string{"app.example"}, "must begin with http"},
		"no scheme, with port":    {[]string{"localhost:5173"}, "must begin with http"},
		"another scheme":          {[]string{"ftp://app.example"}, "must begin with http"},
		"no host":                 {[]string{"https://"}, "no host"},
		"a port alone":            {[]string{"https://:443"}, "no host name"},
		"a slash":                 {[]string{"https://app.example/"}, "not even a slash"},
		"a path":                  {[]string{"https://app.example/app"}, "nothing behind"},
		"a query":                 {[]string{"https://app.example?a"}, "nothing behind"},
		"an empty query":          {[]string{"https://app.example?"}, "nothing behind"},
		"a fragment":              {[]string{"https://app.example#a"}, "nothing behind"},
		"an empty fragment":       {[]string{"https://app.example#"}, "nothing behind"},
		"a user":                  {[]string{"https://app.example@evil.example"}, "user name"},
		"an empty user":           {[]string{"https://@app.example"}, "user name"},
		"port zero":               {[]string{"https://app.example:0"}, `port "0"`},
		"port with a zero":        {[]string{"https://app.example:0443"}, `port "0443"`},
		"port too large":          {[]string{"https://app.example:65536"}, `port "65536"`},
		"port missing":            {[]string{"https://app.example:"}, `port ""`},
		"Unicode":                 {[]string{"https://Bücher.example"}, `browsers send "xn--bcher-kva.example"`},
		"Unicode that is no name": {[]string{"https://a☃\u200db.example"}, "Unicode"},
		"trailing dot":            {[]string{"https://app.example."}, "no host name"},
		"two dots":                {[]string{"https://app..example"}, "no host name"},
		"a dash first":            {[]string{"https://-app.example"}, "no host name"},
		"a dash last":             {[]string{"https://app-.example"}, "no host name"},
		"a long label":            {[]string{"https://" + strings.Repeat("a", 64) + ".example"}, "no host name"},
		"a long origin":           {[]string{"https://" + strings.Repeat("a.", 140) + "example"}, "at most 270"},
		"a short IPv4 address":    {[]string{"http://127.1"}, "neither a host name nor an IPv4 address"},
		"IPv4 as a number":        {[]string{"http://2130706433"}, "neither a host name nor an IPv4 address"},
		"IPv4 in hexadecimals":    {[]string{"http://0x7f000001"}, "neither a host name nor an IPv4 address"},
		"IPv4 in octals":          {[]string{"http://127.0.0.01"}, "neither a host name nor an IPv4 address"},
		"IPv4 too large":          {[]string{"http://127.0.0.256"}, "neither a host name nor an IPv4 address"},
		"IPv6 with a zone":        {[]string{"http://[fe80::1%25eth0]"}, "not an IPv6 address"},
		"IPv6 of an IPv4 address": {[]string{"http://[::ffff:127.0.0.1]"}, "not an IPv6 address"},
		"IPv4 in brackets":        {[]string{"http://[127.0.0.1]"}, "is not of the form"},
		"a name in brackets":      {[]string{"http://[app.example]"}, "is not of the form"},
		"a comma list":            {[]string{"https://a.example,https://b.example"}, "nothing behind"},
		"the good and the bad":    {[]string{"https://app.example", "null"}, `origin "null"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(tt.list)
			if err == nil || !strings.HasPrefix(err.Error(), "cors: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %+v, %v, want an error with %q", p, err, tt.want)
			}
		})
	}
}

// Whatever is accepted as configuration is written as a browser writes it: parsing it again changes nothing, and a page
// of that origin is allowed.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"https://app.example", "HTTP://LOCALHOST:80", "https://[::1]:1", "http://192.0.2.1", "*", "null", "https://Bücher.example", "https://a@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := Parse([]string{raw})
		if err != nil || p.any {
			return
		}
		for origin := range p.origins {
			again := parse(t, origin)
			h := http.Header{}
			again.Apply(h, request("GET", origin))
			if h.Get("Access-Control-Allow-Origin") != origin || strings.ToLower(origin) != origin {
				t.Errorf("%q became %q, which is not stable", raw, origin)
			}
		}
	})
}
