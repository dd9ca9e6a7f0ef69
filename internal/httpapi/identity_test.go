package httpapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/test/support"
)

// identityProvider serves one key over TLS.
type identityProvider struct {
	server *httptest.Server
	key    *ecdsa.PrivateKey
	// down makes it answer as one that is.
	down atomic.Bool
}

func newIdentityProvider(t *testing.T) *identityProvider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	set, err := json.Marshal(map[string]any{"keys": []map[string]string{
		{"kty": "EC", "crv": "P-256", "kid": "one", "x": encode(point[1:33]), "y": encode(point[33:])},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := &identityProvider{key: key}
	p.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if p.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write(set)
	}))
	t.Cleanup(p.server.Close)
	return p
}

// caFile is what to trust the provider by.
func (p *identityProvider) caFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.crt")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (p *identityProvider) token(t *testing.T, keyID, user string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"uid": user, "aud": "preview-operator", "exp": testTime.Add(time.Hour).Unix(),
	})
	token.Header["kid"] = keyID
	signed, err := token.SignedString(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// Without the keys nobody can say whether a token is good: that is our fault, and not the client's. Once they were read,
// the provider may go.
func TestTokensOfAnIdentityProvider(t *testing.T) {
	provider := newIdentityProvider(t)
	provider.down.Store(true)
	clock := &testClock{now: testTime}
	verifier, err := auth.NewVerifier(auth.Options{
		Algorithms: []string{"ES256"}, JWKSURL: provider.server.URL + "/keys", CAFile: provider.caFile(t),
		Audience: "preview-operator", UserClaim: "uid", Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(verifier.Close)
	h := newHarness(t, func(o *Options) { o.Verifier = verifier })
	known, unknown := provider.token(t, "one", "alice"), provider.token(t, "two", "alice")
	get := func(token string) answer { return h.do(call{method: "GET", path: base + "gen", token: token}) }
	unavailable := func(what string, a answer) {
		t.Helper()
		if a.status != http.StatusServiceUnavailable || a.slug() != "unavailable" {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}

	unavailable("readiness before the keys were read", h.do(call{method: "GET", path: "/readyz"}))
	before := get(known)
	unavailable("a token before the keys were read", before)
	if before.header.Get("Retry-After") == "" || before.header.Get("WWW-Authenticate") != "" {
		t.Errorf("header %v", before.header)
	}
	if a := get(h.token("alice", auth.RoleUser)); a.status != http.StatusUnauthorized {
		t.Errorf("a token of an algorithm that is off: %d %s", a.status, a.body)
	}

	provider.down.Store(false)
	support.Eventually(h.t, "the keys are read", func() bool { return h.do(call{method: "GET", path: "/readyz"}).status == http.StatusOK })
	if a := h.do(call{method: "PUT", path: base + "gen", token: known, body: `{"project_id":"p","files":{"main.py":"a"}}`}); a.status != http.StatusCreated {
		t.Fatalf("a token of the provider: %d %s", a.status, a.body)
	}
	if a := get(unknown); a.status != http.StatusUnauthorized {
		t.Errorf("a key that does not exist: %d %s", a.status, a.body)
	}

	provider.down.Store(true)
	clock.advance(time.Minute)
	unavailable("a key that may be new, without the provider", get(unknown))
	if a := get(known); a.status != http.StatusOK {
		t.Errorf("a known key, without the provider: %d %s", a.status, a.body)
	}
	if a := h.do(call{method: "GET", path: "/readyz"}); a.status != http.StatusOK {
		t.Errorf("readiness without the provider: %d %s", a.status, a.body)
	}
	if strings.Contains(h.log.String(), known) {
		t.Error("the token is in the log")
	}

	// The keys are too old to judge by after a day; that alone makes no gateway unready.
	clock.advance(25 * time.Hour)
	unavailable("a known key, a day later", get(known))
	if a := h.do(call{method: "GET", path: "/readyz"}); a.status != http.StatusOK {
		t.Errorf("readiness a day later: %d %s", a.status, a.body)
	}
}
