package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

var (
	secret = []byte(strings.Repeat("s", MinSecretBytes))
	now    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

func options() Options {
	return Options{Secret: secret, Audience: "preview-operator", Now: func() time.Time { return now }}
}

func newVerifier(t *testing.T, opts Options) *Verifier {
	t.Helper()
	v, err := NewVerifier(opts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// valid returns claims that are accepted, changed by the given ones; nil deletes one.
func valid(changes jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "alice", "aud": "preview-operator", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix()}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t *testing.T, method jwt.SigningMethod, key any, header map[string]any, c jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	maps.Copy(token.Header, header)
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestVerify(t *testing.T) {
	hour := now.Add(time.Hour)
	tests := map[string]struct {
		claims jwt.MapClaims
		issuer string
		want   Principal
	}{
		"user":              {valid(nil), "", Principal{UserID: "alice", Expires: hour}},
		"service":           {valid(jwt.MapClaims{"role": "service"}), "", Principal{UserID: "alice", Role: RoleService, Expires: hour}},
		"admin":             {valid(jwt.MapClaims{"role": "admin"}), "", Principal{UserID: "alice", Role: RoleAdmin, Expires: hour}},
		"several audiences": {valid(jwt.MapClaims{"aud": []string{"other", "preview-operator"}}), "", Principal{UserID: "alice", Expires: hour}},
		"not before now":    {valid(jwt.MapClaims{"nbf": now.Unix()}), "", Principal{UserID: "alice", Expires: hour}},
		"issuer":            {valid(jwt.MapClaims{"iss": "us"}), "us", Principal{UserID: "alice", Expires: hour}},
		"longest user id":   {valid(jwt.MapClaims{"sub": strings.Repeat("a", 128)}), "", Principal{UserID: strings.Repeat("a", 128), Expires: hour}},
		"user id of an OIDC provider": {
			valid(jwt.MapClaims{"sub": "auth0|5f7c8ec7c33c6c004bbafe82"}), "",
			Principal{UserID: "auth0|5f7c8ec7c33c6c004bbafe82", Expires: hour},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opts := options()
			opts.Issuer = tt.issuer
			got, err := newVerifier(t, opts).Verify(sign(t, jwt.SigningMethodHS256, secret, nil, tt.claims))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Transformer("utc", time.Time.UTC)); diff != "" {
				t.Errorf("principal (-want +got):\n%s", diff)
			}
		})
	}
}

// Incidents 12, 23 and 26: audience not verified, tokens without end, algorithm confusion, allocation by the header.
func TestIncidentTokensThatMustBeRefused(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)})
	hs256 := func(c jwt.MapClaims) string { return sign(t, jwt.SigningMethodHS256, secret, nil, c) }
	good := hs256(valid(nil))
	parts := strings.Split(good, ".")
	raw := func(header string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + parts[1] + "." + parts[2]
	}

	tests := map[string]string{
		"empty":                           "",
		"not a token":                     "letmein",
		"two parts":                       parts[0] + "." + parts[1],
		"four parts":                      good + ".x",
		"alg none":                        sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, valid(nil)),
		"alg none with our signature":     raw(`{"alg":"none","typ":"JWT"}`),
		"alg in another case":             raw(`{"alg":"hs256","typ":"JWT"}`),
		"no alg":                          raw(`{"typ":"JWT"}`),
		"alg of another type":             raw(`{"alg":["HS256"]}`),
		"RS256":                           sign(t, jwt.SigningMethodRS256, key, nil, valid(nil)),
		"RS256 public key as secret":      sign(t, jwt.SigningMethodHS256, public, nil, valid(nil)),
		"HS512 with our secret":           sign(t, jwt.SigningMethodHS512, secret, nil, valid(nil)),
		"another secret":                  sign(t, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), nil, valid(nil)),
		"signature cut":                   good[:len(good)-2],
		"signature empty":                 parts[0] + "." + parts[1] + ".",
		"claims of another token":         parts[0] + "." + strings.Split(hs256(valid(jwt.MapClaims{"sub": "bob"})), ".")[1] + "." + parts[2],
		"critical extension":              sign(t, jwt.SigningMethodHS256, secret, map[string]any{"crit": []string{"exp"}}, valid(nil)),
		"expired":                         hs256(valid(jwt.MapClaims{"exp": now.Add(-time.Second).Unix()})),
		"expires now":                     hs256(valid(jwt.MapClaims{"exp": now.Unix()})),
		"no expiry":                       hs256(valid(jwt.MapClaims{"exp": nil})),
		"expiry zero":                     hs256(valid(jwt.MapClaims{"exp": 0})),
		"expiry in words":                 hs256(valid(jwt.MapClaims{"exp": "tomorrow"})),
		"not yet valid":                   hs256(valid(jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()})),
		"no audience":                     hs256(valid(jwt.MapClaims{"aud": nil})),
		"empty audience":                  hs256(valid(jwt.MapClaims{"aud": ""})),
		"wrong audience":                  hs256(valid(jwt.MapClaims{"aud": "other"})),
		"audience that begins alike":      hs256(valid(jwt.MapClaims{"aud": "preview-operator.evil.example"})),
		"audience in another case":        hs256(valid(jwt.MapClaims{"aud": "Preview-Operator"})),
		"no subject":                      hs256(valid(jwt.MapClaims{"sub": nil})),
		"empty subject":                   hs256(valid(jwt.MapClaims{"sub": ""})),
		"subject too long":                hs256(valid(jwt.MapClaims{"sub": strings.Repeat("a", 129)})),
		"subject with a newline":          hs256(valid(jwt.MapClaims{"sub": "alice\n"})),
		"subject with a slash":            hs256(valid(jwt.MapClaims{"sub": "alice/../bob"})),
		"subject of another type":         hs256(valid(jwt.MapClaims{"sub": 42})),
		"unknown role":                    hs256(valid(jwt.MapClaims{"role": "root"})),
		"role of another type":            hs256(valid(jwt.MapClaims{"role": true})),
		"huge":                            hs256(valid(jwt.MapClaims{"pad": strings.Repeat("a", MaxTokenBytes)})),
		"a million dots (CVE-2025-30204)": strings.Repeat(".", 1_000_000),
	}
	verifier := newVerifier(t, options())
	if _, err := verifier.Verify(good); err != nil {
		t.Fatalf("the token that the others are made from: %v", err)
	}
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := verifier.Verify(token); !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("got %+v, %v, want ErrUnauthenticated", got, err)
			}
		})
	}
}

func TestIssuer(t *testing.T) {
	opts := options()
	opts.Issuer = "us"
	for name, iss := range map[string]any{"missing": nil, "empty": "", "other": "them", "begins alike": "us.evil.example"} {
		t.Run(name, func(t *testing.T) {
			token := sign(t, jwt.SigningMethodHS256, secret, nil, valid(jwt.MapClaims{"iss": iss}))
			if _, err := newVerifier(t, opts).Verify(token); !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("got %v, want ErrUnauthenticated", err)
			}
		})
	}
}

func TestMint(t *testing.T) {
	opts := options()
	opts.Issuer = "us"
	want := Principal{UserID: "alice@example.com", Role: RoleService, Expires: now.Add(time.Hour)}
	token, err := Mint(opts, want, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got, err := newVerifier(t, opts).Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("utc", time.Time.UTC)); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	if _, err := Mint(opts, Principal{UserID: "no spaces"}, time.Hour); err == nil {
		t.Error("a token was minted for a user id that no verifier accepts")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	tests := map[string]struct {
		opts Options
		want string
	}{
		"short secret": {Options{Secret: secret[:31], Audience: "a"}, "31 bytes"},
		"no audience":  {Options{Secret: secret}, "audience"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := NewVerifier(tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
