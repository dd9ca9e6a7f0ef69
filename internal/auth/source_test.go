package auth

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// refused returns why a verifier cannot judge tokens, after its first reading.
func refused(t *testing.T, opts Options) error {
	t.Helper()
	v, err := NewVerifier(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	v.keys.mu.Lock()
	ended, over := v.keys.ended, v.keys.err != nil || !v.keys.readAt.IsZero()
	v.keys.mu.Unlock()
	if !over {
		<-ended
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	return v.Ready(done)
}

func TestDiscovery(t *testing.T) {
	const place = issuer + "/.well-known/openid-configuration"
	tests := map[string]struct {
		issuer   string
		document string
		want     string
	}{
		"as it should be":          {issuer, `{"issuer":"` + issuer + `","jwks_uri":"` + jwksURL + `","x":1}`, ""},
		"keys on another host":     {issuer, `{"issuer":"` + issuer + `","jwks_uri":"https://keys.example/k"}`, ""},
		"issuer with a slash":      {issuer + "/", `{"issuer":"` + issuer + `/","jwks_uri":"` + jwksURL + `"}`, ""},
		"another issuer":           {issuer, `{"issuer":"https://evil.example","jwks_uri":"` + jwksURL + `"}`, "its issuer is"},
		"issuer with slash inside": {issuer, `{"issuer":"` + issuer + `/","jwks_uri":"` + jwksURL + `"}`, "its issuer is"},
		"issuer in another case":   {issuer, `{"issuer":"` + strings.ToUpper(issuer) + `","jwks_uri":"` + jwksURL + `"}`, "its issuer is"},
		"no issuer":                {issuer, `{"jwks_uri":"` + jwksURL + `"}`, "its issuer is"},
		"no keys":                  {issuer, `{"issuer":"` + issuer + `"}`, "its jwks_uri"},
		"keys by http":             {issuer, `{"issuer":"` + issuer + `","jwks_uri":"http://id.example/keys"}`, "its jwks_uri must begin with https"},
		"keys on our loopback":     {issuer, `{"issuer":"` + issuer + `","jwks_uri":"http://127.0.0.1:1/keys"}`, "as the issuer does"},
		"keys in a file":           {issuer, `{"issuer":"` + issuer + `","jwks_uri":"file:///etc/passwd"}`, "its jwks_uri"},
		"keys with a password":     {issuer, `{"issuer":"` + issuer + `","jwks_uri":"https://a:b@id.example/keys"}`, "user name"},
		"too large":                {issuer, oversized(), "more than 262144 bytes"},
		"a page":                   {issuer, "<html>", "discovery document"},
		"a list":                   {issuer, "[]", "discovery document"},
		"none":                     {issuer + "/other", "", "Not Found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opts := keySetOptions(newProvider(map[string]string{place: tt.document, jwksURL: allKeys(), "https://keys.example/k": allKeys()}), "RS256")
			opts.JWKSURL, opts.OIDCIssuer = "", tt.issuer
			switch err := refused(t, opts); {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (!errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want ErrUnavailable with %q", err, tt.want)
			}
		})
	}
}

// Over real connections: redirects, certificates, sizes.
func TestReadingFromServers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("another host was asked")
		_, _ = w.Write([]byte(allKeys()))
	}))
	defer elsewhere.Close()
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(allKeys())) }
	mux.HandleFunc("/keys", answer)
	mux.Handle("/moved", http.RedirectHandler("/keys", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(elsewhere.URL+"/keys", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/large-header", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("x", 2*maxHeaderBytes))
		answer(w, r)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for chunk := []byte(strings.Repeat(" ", 64<<10)); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	plain, secure := httptest.NewServer(mux), httptest.NewUnstartedServer(mux)
	// That a client refuses its certificate is what a test wants, and nothing to print.
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer plain.Close()
	defer secure.Close()
	mux.Handle("/downgrade", http.RedirectHandler(plain.URL+"/keys", http.StatusFound))

	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))

	tests := map[string]struct{ url, ca, want string }{
		"http on loopback":             {plain.URL + "/keys", "", ""},
		"http on localhost":            {strings.Replace(plain.URL, "127.0.0.1", "localhost", 1) + "/keys", "", ""},
		"https with the CA":            {secure.URL + "/keys", ca, ""},
		"https without the CA":         {secure.URL + "/keys", "", "certificate"},
		"redirect within":              {plain.URL + "/moved", "", ""},
		"redirect to another host":     {plain.URL + "/away", "", "another host"},
		"redirect from https to http":  {secure.URL + "/downgrade", ca, "another host"},
		"redirects for ever":           {plain.URL + "/loop", "", "redirects"},
		"body without end":             {plain.URL + "/endless", "", "more than 262144 bytes"},
		"header beyond what is read":   {plain.URL + "/large-header", "", "header"},
		"nothing there":                {plain.URL + "/none", "", "404"},
		"nobody there, but loopback":   {"http://[::1]:1/keys", "", "refused"},
		"another port of the loopback": {"http://127.0.0.1:1/keys", "", "refused"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opts := options()
			opts.Algorithms, opts.JWKSURL, opts.CAFile = []string{"RS256"}, tt.url, tt.ca
			switch err := refused(t, opts); {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (!errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want ErrUnavailable with %q", err, tt.want)
			}
		})
	}
	for name, path := range map[string]string{"missing": filepath.Join(folder, "none"), "no PEM": write("text", "hello")} {
		opts := options()
		opts.Algorithms, opts.JWKSURL, opts.CAFile = []string{"RS256"}, plain.URL, path
		if _, err := NewVerifier(opts); err == nil || !strings.Contains(err.Error(), "CA file") {
			t.Errorf("CA file %s: got %v", name, err)
		}
	}
}

// A host is the same only by the same scheme and port.
func TestRedirects(t *testing.T) {
	for name, tt := range map[string]struct {
		to   string
		want string
	}{
		"within the host":        {"https://id.example/moved", ""},
		"by a path":              {"/moved", ""},
		"to http":                {"http://id.example/moved", "another host"},
		"to another port":        {"https://id.example:8443/moved", "another host"},
		"to a longer name":       {"https://id.example.evil.example/moved", "another host"},
		"to a name inside of it": {"https://keys.id.example/moved", "another host"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(map[string]string{jwksURL: ""})
			p.redirects = map[string]string{jwksURL: tt.to}
			for _, host := range []string{"https://id.example", "http://id.example", "https://id.example:8443", "https://id.example.evil.example", "https://keys.id.example"} {
				p.answers[host+"/moved"] = allKeys()
			}
			switch err := refused(t, keySetOptions(p, "RS256")); {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestOptionsOfKeySetsAreChecked(t *testing.T) {
	rs := []string{"RS256"}
	tests := map[string]struct {
		change func(*Options)
		want   string
	}{
		"unknown algorithm":         {func(o *Options) { o.Algorithms = []string{"RS265"} }, `"RS265" is not one of`},
		"none":                      {func(o *Options) { o.Algorithms = []string{"HS256", "none"} }, `"none" is not one of`},
		"algorithm in another case": {func(o *Options) { o.Algorithms = []string{"rs256"} }, "is not one of"},
		"empty algorithm":           {func(o *Options) { o.Algorithms = []string{""} }, "is not one of"},
		"keys nowhere":              {func(o *Options) { o.Algorithms = []string{"ES256"} }, "ES256 needs the keys"},
		"HS256 without secret":      {func(o *Options) { o.Algorithms, o.Secret, o.JWKSURL = []string{"RS256", "HS256"}, nil, jwksURL }, "0 bytes, at least 32"},
		"HS384 with a short secret": {func(o *Options) { o.Algorithms = []string{"HS384"} }, "32 bytes, at least 48"},
		"HS512 with a short secret": {func(o *Options) { o.Algorithms = []string{"HS512"} }, "32 bytes, at least 64"},
		"keys that nothing uses":    {func(o *Options) { o.JWKSURL = jwksURL }, "none of the JWT algorithms"},
		"issuer that nothing uses":  {func(o *Options) { o.OIDCIssuer = issuer }, "none of the JWT algorithms"},
		"CA that nothing uses":      {func(o *Options) { o.CAFile = "ca.pem" }, "none of the JWT algorithms"},
		"both places":               {func(o *Options) { o.Algorithms, o.JWKSURL, o.OIDCIssuer = rs, jwksURL, issuer }, "both a JWKS URL and an OIDC issuer"},
		"issuers that differ":       {func(o *Options) { o.Algorithms, o.OIDCIssuer, o.Issuer = rs, issuer, "us" }, "is not the OIDC issuer"},
		"CA for a given client": {func(o *Options) {
			o.Algorithms, o.JWKSURL, o.CAFile, o.HTTPClient = rs, jwksURL, "x", http.DefaultClient
		}, "given HTTP client"},
		"http":                        {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "http://id.example/keys" }, "must begin with https://"},
		"http to a loopback look":     {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "http://localhost.evil.example/keys" }, "must begin with https://"},
		"http to 127.0.0.1.evil":      {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "http://127.0.0.1.evil.example/" }, "must begin with https://"},
		"http to all addresses":       {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "http://0.0.0.0/keys" }, "must begin with https://"},
		"another scheme":              {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "ftp://localhost/keys" }, "must begin with https://"},
		"no host":                     {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "https:///keys" }, "of the form"},
		"no scheme":                   {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "id.example/keys" }, "of the form"},
		"no URL":                      {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "https://a:secret@h ost/" }, "is not a URL"},
		"password":                    {func(o *Options) { o.Algorithms, o.JWKSURL = rs, "https://a:b@id.example/" }, "user name or password"},
		"fragment":                    {func(o *Options) { o.Algorithms, o.JWKSURL = rs, jwksURL+"#x" }, "fragment"},
		"URL too long":                {func(o *Options) { o.Algorithms, o.JWKSURL = rs, jwksURL+strings.Repeat("x", maxURLBytes) }, "at most 2048"},
		"issuer by http":              {func(o *Options) { o.Algorithms, o.OIDCIssuer = rs, "http://id.example" }, "OIDC issuer must begin with https://"},
		"issuer with a query":         {func(o *Options) { o.Algorithms, o.OIDCIssuer = rs, issuer+"?a=b" }, "no query"},
		"user claim with its meaning": {func(o *Options) { o.UserClaim = "exp" }, "cannot be exp"},
		"role claim with its meaning": {func(o *Options) { o.RoleClaim = "iss" }, "cannot be iss"},
		"one claim for both":          {func(o *Options) { o.UserClaim = "role" }, `are both "role"`},
		"claim name too long":         {func(o *Options) { o.RoleClaim = strings.Repeat("r", maxClaimNameBytes+1) }, "at most 256"},
		"no audience":                 {func(o *Options) { o.Algorithms, o.JWKSURL, o.Audience = rs, jwksURL, "" }, "audience is empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opts := options()
			tt.change(&opts)
			v, err := NewVerifier(opts)
			if err == nil {
				v.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if _, err := Mint(opts, Principal{UserID: "alice"}, time.Hour); err == nil {
				t.Error("Mint takes them")
			}
		})
	}
}
