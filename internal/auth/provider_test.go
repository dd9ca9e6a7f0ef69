package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

const (
	jwksURL = "https://id.example/keys"
	issuer  = "https://id.example/tenant"
)

// privateKeys are one of each kind, by the key id they get.
var privateKeys = sync.OnceValue(func() map[string]crypto.Signer {
	curve := func(c elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			panic(err)
		}
		return k
	}
	return map[string]crypto.Signer{
		"rsa": rsaKey(2048), "p256": curve(elliptic.P256()), "p384": curve(elliptic.P384()), "p521": curve(elliptic.P521()),
		"ed25519": newEd25519(),
	}
})

func rsaKey(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func newEd25519() ed25519.PrivateKey {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// keyOf is the key id of the kind of key that each algorithm uses.
var keyOf = map[string]string{
	"RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa",
	"ES256": "p256", "ES384": "p384", "ES512": "p521", "EdDSA": "ed25519",
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwk is the JWK of a public key with further members.
func jwk(public crypto.PublicKey, members map[string]any) map[string]any {
	m := map[string]any{}
	switch k := public.(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(k.N.Bytes()), "AQAB"
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		half := len(point) / 2
		m["kty"], m["crv"], m["x"], m["y"] = "EC", k.Params().Name, b64(point[1:1+half]), b64(point[1+half:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", b64(k)
	}
	maps.Copy(m, members)
	return m
}

func jwks(keys ...map[string]any) string {
	set, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return string(set)
}

// allKeys is the set of privateKeys.
func allKeys() string {
	var keys []map[string]any
	for _, id := range slices.Sorted(maps.Keys(privateKeys())) {
		keys = append(keys, jwk(privateKeys()[id].Public(), map[string]any{"kid": id}))
	}
	return jwks(keys...)
}

// provider answers as an identity provider, from memory.
type provider struct {
	mu      sync.Mutex
	answers map[string]string
	down    bool
	hanging bool
	// gate holds answers back until it is closed; underway are those held back, or hanging.
	gate     chan struct{}
	underway int
	requests []string
	// redirects are places that lead to others; header and status are those of all answers.
	redirects map[string]string
	header    http.Header
	status    int
}

func newProvider(answers map[string]string) *provider { return &provider{answers: answers} }

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r.URL.String())
	if gate := p.gate; p.hanging || gate != nil {
		p.underway++
		p.mu.Unlock()
		select {
		case <-gate:
		case <-r.Context().Done():
		}
		p.mu.Lock()
		p.underway--
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
	}
	if p.down {
		return nil, errors.New("connection refused")
	}
	body, found := p.answers[r.URL.String()]
	status, header := http.StatusOK, p.header.Clone()
	switch to, moved := p.redirects[r.URL.String()]; {
	case moved:
		status, header = http.StatusFound, http.Header{"Location": {to}}
	case !found:
		status = http.StatusNotFound
	case p.status != 0:
		status = p.status
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: header, Request: r,
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

func (p *provider) change(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

// keySetOptions accept the tokens of a provider.
func keySetOptions(p *provider, algorithms ...string) Options {
	opts := options()
	opts.Secret, opts.Algorithms, opts.JWKSURL, opts.HTTPClient = nil, algorithms, jwksURL, &http.Client{Transport: p}
	return opts
}

// open returns a verifier that has read its keys.
func open(t testing.TB, opts Options) *Verifier {
	t.Helper()
	v, err := NewVerifier(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v
}

// signRaw signs a header and a payload as they are.
func signRaw(t testing.TB, alg string, key any, header, payload string) string {
	t.Helper()
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	signature, err := jwt.GetSigningMethod(alg).Sign(input, key)
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(signature)
}

// token signs claims with the key of its algorithm; a nil in header deletes, as in claims.
func token(t testing.TB, alg string, header, claims map[string]any) string {
	t.Helper()
	h := map[string]any{"alg": alg}
	var key any = []byte(strings.Repeat("s", 64))
	if id := keyOf[alg]; id != "" {
		h["kid"], key = id, privateKeys()[id]
	}
	maps.Copy(h, header)
	maps.DeleteFunc(h, func(_ string, v any) bool { return v == nil })
	rawHeader, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(valid(claims))
	if err != nil {
		t.Fatal(err)
	}
	return signRaw(t, alg, key, string(rawHeader), string(payload))
}

// oversized is a body that is larger than any that is read.
func oversized() string {
	return `{"keys":[],"padding":"` + string(bytes.Repeat([]byte("x"), maxDocumentBytes)) + `"}`
}
