package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

var allAlgorithms = append([]string{"HS256", "HS384", "HS512"}, keyAlgorithms...)

// mixed accepts all algorithms, of one issuer.
func mixed(p *provider) Options {
	opts := keySetOptions(p, allAlgorithms...)
	opts.Secret, opts.Issuer = []byte(strings.Repeat("s", 64)), issuer
	return opts
}

// Incident 23: exp, nbf, aud, iss, kid, alg.
func TestMatrix(t *testing.T) {
	header := func(changes map[string]any) [2]map[string]any { return [2]map[string]any{changes, nil} }
	claim := func(name string, value any) [2]map[string]any { return [2]map[string]any{nil, {name: value}} }
	good := map[string][2]map[string]any{
		"as it should be":         {},
		"several audiences":       claim("aud", []string{"other", "preview-operator"}),
		"ends in a second":        claim("exp", now.Add(time.Second).Unix()),
		"valid from now":          claim("nbf", now.Unix()),
		"fraction of a second":    claim("exp", float64(now.Unix())+1.5),
		"another type":            header(map[string]any{"typ": "at+jwt"}),
		"unknown claims":          claim("groups", []string{"a"}),
		"an unknown header":       header(map[string]any{"x": "y"}),
		"email of no concern":     claim("email_verified", false),
		"a role in another case":  claim("Role", "admin"),
		"a subject in other case": claim("SUB", "mallory"),
	}
	bad := map[string][2]map[string]any{
		"aud missing":            claim("aud", nil),
		"aud empty":              claim("aud", ""),
		"aud an empty list":      claim("aud", []string{}),
		"aud other":              claim("aud", "other"),
		"aud a prefix":           claim("aud", "preview"),
		"aud a number":           claim("aud", 1),
		"aud a list of numbers":  claim("aud", []any{1, "preview-operator"}),
		"iss missing":            claim("iss", nil),
		"iss empty":              claim("iss", ""),
		"iss with a slash":       claim("iss", issuer+"/"),
		"iss a prefix":           claim("iss", "https://id.example"),
		"iss a list":             claim("iss", []string{issuer}),
		"exp missing":            claim("exp", nil),
		"exp past":               claim("exp", now.Add(-time.Second).Unix()),
		"exp now":                claim("exp", now.Unix()),
		"exp negative":           claim("exp", -1),
		"exp text":               claim("exp", "2099-01-01"),
		"exp in milliseconds":    claim("exp", now.Add(time.Hour).UnixMilli()*1000),
		"exp beyond reason":      claim("exp", 1e300),
		"nbf in a second":        claim("nbf", now.Add(time.Second).Unix()),
		"nbf text":               claim("nbf", "now"),
		"nbf beyond reason":      claim("nbf", 1e300),
		"crit":                   header(map[string]any{"crit": []string{"exp"}}),
		"crit unencoded payload": header(map[string]any{"crit": []string{"b64"}, "b64": true}),
		"crit empty":             header(map[string]any{"crit": []string{}}),
		"kid a number":           header(map[string]any{"kid": 7}),
		"kid empty":              header(map[string]any{"kid": ""}),
		"kid too long":           header(map[string]any{"kid": strings.Repeat("k", maxKeyIDBytes+1)}),
		"sub missing":            claim("sub", nil),
		"sub empty":              claim("sub", ""),
		"sub a number":           claim("sub", 7),
		"sub a list":             claim("sub", []string{"alice"}),
		"sub no user id":         claim("sub", "a/b"),
		"role unknown":           claim("role", "root"),
		"role a number":          claim("role", 1),
		"role a list of numbers": claim("role", []any{1}),
		"role an object":         claim("role", map[string]any{"admin": true}),
		"oversized":              claim("pad", strings.Repeat("x", MaxTokenBytes)),
	}
	v := open(t, mixed(newProvider(map[string]string{jwksURL: allKeys()})))
	make := func(t *testing.T, alg string, change [2]map[string]any) string {
		claims := map[string]any{"iss": issuer}
		maps.Copy(claims, change[1])
		return token(t, alg, change[0], claims)
	}
	for _, alg := range allAlgorithms {
		for name, change := range good {
			t.Run(alg+" "+name, func(t *testing.T) {
				got, err := v.Verify(make(t, alg, change))
				if err != nil || got.UserID != "alice" || got.Role != RoleUser {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
		for name, change := range bad {
			t.Run(alg+" "+name, func(t *testing.T) {
				if got, err := v.Verify(make(t, alg, change)); !errors.Is(err, ErrUnauthenticated) {
					t.Errorf("got %+v, %v, want ErrUnauthenticated", got, err)
				}
			})
		}
	}
}

// Each algorithm is verified with keys of its own kind, whatever key the token names.
func TestAlgorithmsAndKeys(t *testing.T) {
	v := open(t, mixed(newProvider(map[string]string{jwksURL: allKeys()})))
	for alg, own := range keyOf {
		for id := range privateKeys() {
			t.Run(alg+" "+id, func(t *testing.T) {
				_, err := v.Verify(token(t, alg, map[string]any{"kid": id}, map[string]any{"iss": issuer}))
				if (err == nil) != (id == own) || err != nil && !errors.Is(err, ErrUnauthenticated) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// The library takes ECDSA keys of any curve for each algorithm.
func TestCurves(t *testing.T) {
	v := open(t, mixed(newProvider(map[string]string{jwksURL: allKeys()})))
	forge := func(alg string, hash crypto.Hash, id string, half int) string {
		input := b64([]byte(`{"alg":"`+alg+`","kid":"`+id+`"}`)) + "." + strings.Split(token(t, "ES256", nil, map[string]any{"iss": issuer}), ".")[1]
		h := hash.New()
		h.Write([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, privateKeys()[id].(*ecdsa.PrivateKey), h.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		signature := append(r.FillBytes(make([]byte, half)), s.FillBytes(make([]byte, half))...)
		return input + "." + b64(signature)
	}
	if _, err := v.Verify(forge("ES256", crypto.SHA256, "p256", 32)); err != nil {
		t.Fatalf("the forger: %v", err)
	}
	for name, forged := range map[string]string{
		"ES384 by P-256": forge("ES384", crypto.SHA384, "p256", 48),
		"ES512 by P-256": forge("ES512", crypto.SHA512, "p256", 66),
		"ES512 by P-384": forge("ES512", crypto.SHA512, "p384", 66),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := v.Verify(forged); !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Base64 leaves unused bits in the last character of a part; a token must have one spelling only.
func TestATokenHasOneSpelling(t *testing.T) {
	v := open(t, keySetOptions(newProvider(map[string]string{jwksURL: allKeys()}), "RS256"))
	good := token(t, "RS256", nil, nil)
	accepted := 0
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=\n" {
		if _, err := v.Verify(good[:len(good)-1] + string(c)); err == nil {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d spellings of one token are accepted, want 1", accepted)
	}
}

// Only what is on the list is accepted, though there is a key for everything.
func TestAllowList(t *testing.T) {
	for _, allowed := range allAlgorithms {
		opts := mixed(newProvider(map[string]string{jwksURL: allKeys()}))
		opts.Algorithms, opts.Issuer = []string{allowed}, ""
		if isSymmetric(allowed) {
			opts.JWKSURL = ""
		}
		v := open(t, opts)
		for _, alg := range allAlgorithms {
			t.Run(allowed+" "+alg, func(t *testing.T) {
				_, err := v.Verify(token(t, alg, nil, nil))
				if (err == nil) != (alg == allowed) || err != nil && !errors.Is(err, ErrUnauthenticated) {
					t.Errorf("got %v", err)
				}
			})
		}
		none := signRaw(t, "none", jwt.UnsafeAllowNoneSignatureType, `{"alg":"none"}`, `{"sub":"alice","aud":"preview-operator","exp":4000000000}`)
		if _, err := v.Verify(none); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("%s: alg none: got %v", allowed, err)
		}
	}
}

// Incident 23: what is public never serves as a secret, though HS256 and RS256 are both allowed.
func TestIncidentAlgorithmConfusion(t *testing.T) {
	public := privateKeys()["rsa"].Public().(*rsa.PublicKey)
	pkix, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	encode := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	oct := []byte(strings.Repeat("o", 64))
	p := newProvider(map[string]string{jwksURL: jwks(
		jwk(public, map[string]any{"kid": "rsa"}),
		map[string]any{"kty": "oct", "kid": "oct", "k": b64(oct)},
	)})
	v := open(t, mixed(p))
	tests := map[string][]byte{
		"PKIX PEM": encode("PUBLIC KEY", pkix), "PKIX PEM without the last newline": []byte(strings.TrimSpace(string(encode("PUBLIC KEY", pkix)))),
		"PKIX DER": pkix, "PKCS1 PEM": encode("RSA PUBLIC KEY", pkcs1), "PKCS1 DER": pkcs1,
		"modulus": public.N.Bytes(), "modulus in base64": []byte(b64(public.N.Bytes())), "modulus in decimals": []byte(public.N.String()),
		"the key set": []byte(p.answers[jwksURL]), "a symmetric key of the set": oct, "nothing": {},
	}
	for name, key := range tests {
		for _, id := range []string{"rsa", "oct", "other"} {
			t.Run(name+" "+id, func(t *testing.T) {
				forged := sign(t, jwt.SigningMethodHS256, key, map[string]any{"kid": id}, valid(jwt.MapClaims{"iss": issuer}))
				if _, err := v.Verify(forged); !errors.Is(err, jwt.ErrTokenSignatureInvalid) {
					t.Errorf("got %v, want an invalid signature", err)
				}
			})
		}
	}
}

// Keys and addresses of keys in a token are a stranger's.
func TestKeysInTokensAreIgnored(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: allKeys()})
	stranger := rsaKey(2048)
	theirs := jwk(stranger.Public(), map[string]any{"kid": "rsa"})
	p.answers["https://evil.example/keys"] = jwks(theirs)
	v := open(t, keySetOptions(p, "RS256"))
	for name, header := range map[string]map[string]any{
		"jwk":                {"kid": "rsa", "jwk": theirs},
		"jku":                {"kid": "rsa", "jku": "https://evil.example/keys"},
		"jku and new kid":    {"kid": "theirs", "jku": "https://evil.example/keys"},
		"x5u":                {"kid": "rsa", "x5u": "https://evil.example/keys"},
		"x5c":                {"kid": "rsa", "x5c": []string{"MIIB"}},
		"kid that is a URL":  {"kid": "https://evil.example/keys"},
		"kid that is a path": {"kid": "../../../../dev/null"},
		"nothing":            {"kid": "rsa"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := v.Verify(sign(t, jwt.SigningMethodRS256, stranger, header, valid(nil))); !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("got %v", err)
			}
		})
	}
	p.change(func() {
		if asked := slices.DeleteFunc(p.requests, func(u string) bool { return u == jwksURL }); len(asked) > 0 {
			t.Errorf("%q were asked", asked)
		}
	})
	if _, err := v.Verify(token(t, "RS256", map[string]any{"jku": "https://evil.example/keys", "jwk": theirs}, nil)); err != nil {
		t.Errorf("a good token with such headers: %v", err)
	}
}

func TestDuplicateNames(t *testing.T) {
	v := open(t, keySetOptions(newProvider(map[string]string{jwksURL: allKeys()}), "ES256"))
	const header, rest = `{"alg":"ES256","kid":"p256"}`, `"aud":"preview-operator","exp":4000000000}`
	for name, tt := range map[string]struct {
		header, payload string
		valid           bool
	}{
		"none":                  {header, `{"sub":"alice",` + rest, true},
		"inner names":           {header, `{"sub":"alice","a":{"sub":"x","sub":"y"},` + rest, true},
		"sub":                   {header, `{"sub":"bob","sub":"alice",` + rest, false},
		"sub, escaped":          {header, `{"sub":"bob","\u0073ub":"alice",` + rest, false},
		"role":                  {header, `{"sub":"alice","role":"","role":"admin",` + rest, false},
		"one of no concern":     {header, `{"sub":"alice","a":1,"a":1,` + rest, false},
		"alg in the header":     {`{"alg":"none","alg":"ES256","kid":"p256"}`, `{"sub":"alice",` + rest, false},
		"kid in the header":     {`{"alg":"ES256","kid":"x","kid":"p256"}`, `{"sub":"alice",` + rest, false},
		"payload null":          {header, `null`, false},
		"payload a list":        {header, `[{"sub":"alice"}]`, false},
		"payload followed":      {header, `{"sub":"alice",` + rest + `{}`, false},
		"payload not JSON":      {header, `sub=alice`, false},
		"payload nested deeply": {header, `{"sub":"alice","a":` + strings.Repeat("[", 4000) + strings.Repeat("]", 1000), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(signRaw(t, "ES256", privateKeys()["p256"], tt.header, tt.payload))
			if tt.valid != (err == nil) || err != nil && !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("got %v, want valid: %v", err, tt.valid)
			}
		})
	}
}

func TestUserAndRoleClaims(t *testing.T) {
	hour := now.Add(time.Hour)
	tests := map[string]struct {
		user, role string
		claims     map[string]any
		want       *Principal
	}{
		"user of another claim":      {user: "email", claims: map[string]any{"email": "a@example.com"}, want: &Principal{UserID: "a@example.com", Expires: hour}},
		"verified email":             {user: "email", claims: map[string]any{"email": "a@example.com", "email_verified": true}, want: &Principal{UserID: "a@example.com", Expires: hour}},
		"email that is not verified": {user: "email", claims: map[string]any{"email": "a@example.com", "email_verified": false}},
		"email verified in words":    {user: "email", claims: map[string]any{"email": "a@example.com", "email_verified": "true"}},
		"no user claim, but sub":     {user: "email"},
		"user claim of another type": {user: "uid", claims: map[string]any{"uid": []string{"alice"}}},
		"role of another claim":      {role: "https://us.example/roles", claims: map[string]any{"https://us.example/roles": "admin", "role": "service"}, want: &Principal{UserID: "alice", Role: RoleAdmin, Expires: hour}},
		"no role claim, but role":    {role: "roles", claims: map[string]any{"role": "admin"}, want: &Principal{UserID: "alice", Expires: hour}},
		"empty role":                 {claims: map[string]any{"role": ""}, want: &Principal{UserID: "alice", Expires: hour}},
		"list: empty":                {claims: map[string]any{"role": []string{}}, want: &Principal{UserID: "alice", Expires: hour}},
		"list: unknown":              {claims: map[string]any{"role": []string{"root", "Admin"}}, want: &Principal{UserID: "alice", Expires: hour}},
		"list: service":              {claims: map[string]any{"role": []string{"dev", "service"}}, want: &Principal{UserID: "alice", Role: RoleService, Expires: hour}},
		"list: admin last":           {claims: map[string]any{"role": []string{"service", "admin"}}, want: &Principal{UserID: "alice", Role: RoleAdmin, Expires: hour}},
		"list: admin first":          {claims: map[string]any{"role": []string{"admin", "service", "x"}}, want: &Principal{UserID: "alice", Role: RoleAdmin, Expires: hour}},
		"list: not of strings":       {claims: map[string]any{"role": []any{"admin", nil}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opts := keySetOptions(newProvider(map[string]string{jwksURL: allKeys()}), "EdDSA")
			opts.UserClaim, opts.RoleClaim = tt.user, tt.role
			got, err := open(t, opts).Verify(token(t, "EdDSA", nil, tt.claims))
			if tt.want == nil {
				if !errors.Is(err, ErrUnauthenticated) {
					t.Errorf("got %+v, %v, want ErrUnauthenticated", got, err)
				}
				return
			}
			if diff := cmp.Diff(*tt.want, got, cmp.Transformer("utc", time.Time.UTC)); err != nil || diff != "" {
				t.Errorf("%v, principal (-want +got):\n%s", err, diff)
			}
		})
	}
}

// Beside an OIDC issuer, tokens of our own keep their own issuer, and neither can carry the other's.
func TestIssuersOfSecretAndKeys(t *testing.T) {
	p := newProvider(map[string]string{
		issuer + "/.well-known/openid-configuration": `{"issuer":"` + issuer + `","jwks_uri":"` + jwksURL + `"}`,
		jwksURL: allKeys(),
	})
	opts := mixed(p)
	opts.JWKSURL, opts.OIDCIssuer, opts.Issuer = "", issuer, "us"
	v := open(t, opts)
	for name, tt := range map[string]struct {
		alg   string
		iss   any
		valid bool
	}{
		"provider's own":          {"RS256", issuer, true},
		"provider's as ours":      {"RS256", "us", false},
		"provider's with a slash": {"RS256", issuer + "/", false},
		"provider's with none":    {"RS256", nil, false},
		"ours":                    {"HS256", "us", true},
		"ours as the provider's":  {"HS256", issuer, false},
		"ours with none":          {"HS256", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := v.Verify(token(t, tt.alg, nil, map[string]any{"iss": tt.iss})); tt.valid != (err == nil) {
				t.Errorf("got %v, want valid: %v", err, tt.valid)
			}
		})
	}
	minted, err := Mint(Options{Secret: opts.Secret, Audience: opts.Audience, Issuer: "us", Now: opts.Now}, Principal{UserID: "alice"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(minted); err != nil {
		t.Errorf("a minted token: %v", err)
	}
}

func TestMintUsesTheConfiguredClaims(t *testing.T) {
	opts := options()
	opts.UserClaim, opts.RoleClaim = "uid", "roles"
	minted, err := Mint(opts, Principal{UserID: "alice", Role: RoleAdmin}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := newVerifier(t, opts).Verify(minted); err != nil || got.UserID != "alice" || got.Role != RoleAdmin {
		t.Errorf("got %+v, %v", got, err)
	}
	opts.Algorithms, opts.JWKSURL, opts.HTTPClient = []string{"RS256"}, jwksURL, http.DefaultClient
	if _, err := Mint(opts, Principal{UserID: "alice"}, time.Hour); err == nil || !strings.Contains(err.Error(), "HS256") {
		t.Errorf("minted where no verifier would take it: %v", err)
	}
}
