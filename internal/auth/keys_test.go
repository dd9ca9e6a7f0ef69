package auth

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"maps"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// A key set with keys that are of no use has those that are.
func TestUnusableKeysArePassedOver(t *testing.T) {
	rsaPublic := func() map[string]any { return jwk(privateKeys()["rsa"].Public(), nil) }
	with := func(m map[string]any, changes map[string]any) map[string]any { maps.Copy(m, changes); return m }
	ec := func() map[string]any { return jwk(privateKeys()["p256"].Public(), nil) }
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	n := privateKeys()["rsa"].Public().(*rsa.PublicKey).N
	weak := &rsa.PublicKey{N: new(big.Int).Rsh(n, 1), E: 65537}
	strong := &rsa.PublicKey{N: new(big.Int).Lsh(n, maxRSABits-minRSABits+1), E: 65537}

	tests := map[string]map[string]any{
		"of RSA with 2047 bits":      jwk(weak, nil),
		"of RSA with 8193 bits":      jwk(strong, nil),
		"of RSA without exponent":    with(rsaPublic(), map[string]any{"e": ""}),
		"of RSA with exponent 1":     with(rsaPublic(), map[string]any{"e": "AQ"}),
		"of RSA with huge exponent":  with(rsaPublic(), map[string]any{"e": b64([]byte(strings.Repeat("\xff", 16)))}),
		"for encryption":             with(rsaPublic(), map[string]any{"use": "enc"}),
		"for an unknown use":         with(rsaPublic(), map[string]any{"use": "x"}),
		"for signing alone":          with(rsaPublic(), map[string]any{"key_ops": []string{"sign"}}),
		"for wrapping":               with(rsaPublic(), map[string]any{"alg": "RSA-OAEP"}),
		"for HS256":                  with(rsaPublic(), map[string]any{"alg": "HS256"}),
		"for none":                   with(rsaPublic(), map[string]any{"alg": "none"}),
		"for another kind":           with(rsaPublic(), map[string]any{"alg": "ES256"}),
		"of Ed25519 for RSA":         jwk(privateKeys()["ed25519"].Public(), map[string]any{"alg": "RS256"}),
		"for another curve":          with(ec(), map[string]any{"alg": "ES384"}),
		"of another curve by name":   with(ec(), map[string]any{"crv": "P-384"}),
		"of secp256k1":               with(ec(), map[string]any{"crv": "secp256k1"}),
		"not on its curve":           with(ec(), map[string]any{"y": b64(make([]byte, 32))}),
		"of X25519":                  {"kty": "OKP", "crv": "X25519", "x": b64(x25519.PublicKey().Bytes())},
		"of Ed448":                   {"kty": "OKP", "crv": "Ed448", "x": b64(make([]byte, 57))},
		"of Ed25519, cut":            {"kty": "OKP", "crv": "Ed25519", "x": b64(make([]byte, 31))},
		"symmetric":                  {"kty": "oct", "k": b64([]byte("secret"))},
		"private":                    with(ec(), map[string]any{"d": b64(make([]byte, 32))}),
		"of an unknown type":         {"kty": "AKP", "pub": "AA"},
		"without type":               {"n": "AA", "e": "AQAB"},
		"with members of wrong type": {"kty": "RSA", "n": 5},
		"with a number for its kid":  with(rsaPublic(), map[string]any{"kid": 5}),
		"null":                       nil,
	}
	for name, unusable := range tests {
		t.Run(name, func(t *testing.T) {
			good := jwk(privateKeys()["ed25519"].Public(), map[string]any{"kid": "good"})
			keys, reasons, err := parseKeys([]byte(jwks(unusable, good)))
			if err != nil || len(keys) != 1 || keys[0].id != "good" || len(reasons) != 1 {
				t.Errorf("got %d keys, reasons %v, %v", len(keys), reasons, err)
			}
		})
	}
}

// Members that say what a key is for are honoured, and those that say nothing of it ignored.
func TestMembersOfKeys(t *testing.T) {
	member := func(m map[string]any) map[string]any {
		maps.Copy(m, map[string]any{"kid": "rsa"})
		return jwk(privateKeys()["rsa"].Public(), m)
	}
	second := jwk(privateKeys()["p256"].Public(), map[string]any{"kid": "rsa"})
	otherKey := rsaKey(2048).Public()
	other := jwk(otherKey, map[string]any{"kid": "other"})
	twin := jwk(rsaKey(2048).Public(), map[string]any{"kid": "rsa"})
	const kid = "rsa"
	tests := map[string]struct {
		set   string
		alg   string
		kid   any
		valid bool
	}{
		"own alg":                               {jwks(member(map[string]any{"alg": "RS256"})), "RS256", kid, true},
		"another alg of its type":               {jwks(member(map[string]any{"alg": "RS256"})), "RS384", kid, false},
		"another padding":                       {jwks(member(map[string]any{"alg": "RS256"})), "PS256", kid, false},
		"use sig":                               {jwks(member(map[string]any{"use": "sig"})), "PS256", kid, true},
		"key_ops verify":                        {jwks(member(map[string]any{"key_ops": []string{"verify"}})), "RS512", kid, true},
		"certificates that cannot be read":      {jwks(member(map[string]any{"x5c": []string{"?"}, "x5t": "?", "x5u": "http://evil.example"})), "RS256", kid, true},
		"two types of one kid":                  {jwks(second, member(map[string]any{})), "RS256", kid, true},
		"two keys of one kid":                   {jwks(twin, member(map[string]any{})), "RS256", kid, true},
		"no kid, one key":                       {jwks(member(map[string]any{})), "RS256", nil, true},
		"no kid, one key for the algorithm":     {jwks(member(map[string]any{}), second), "RS256", nil, true},
		"no kid, two keys for the algorithm":    {jwks(member(map[string]any{}), other), "RS256", nil, false},
		"no kid, the other for another":         {jwks(member(map[string]any{"alg": "RS256"}), jwk(otherKey, map[string]any{"alg": "RS512"})), "RS256", nil, true},
		"kid in another case":                   {jwks(member(map[string]any{})), "RS256", "RSA", false},
		"kid with a space":                      {jwks(member(map[string]any{})), "RS256", "rsa ", false},
		"kid of another key":                    {jwks(member(map[string]any{}), other), "RS256", "other", false},
		"a kid, and a key that has none":        {jwks(jwk(privateKeys()["rsa"].Public(), nil)), "RS256", kid, false},
		"neither token nor key have an id":      {jwks(jwk(privateKeys()["rsa"].Public(), nil)), "RS256", nil, true},
		"no kid, one key of each type":          {allKeys(), "RS256", nil, true},
		"no kid, no key for it":                 {jwks(second), "RS256", nil, false},
		"base64 with padding, as some issue it": {strings.Replace(jwks(second), `"x":"`+second["x"].(string), `"x":"`+second["x"].(string)+`=`, 1), "ES256", kid, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := open(t, keySetOptions(newProvider(map[string]string{jwksURL: tt.set}), keyAlgorithms...))
			_, err := v.Verify(token(t, tt.alg, map[string]any{"kid": tt.kid}, nil))
			if tt.valid != (err == nil) || err != nil && !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("got %v, want valid: %v", err, tt.valid)
			}
		})
	}
}

// The examples of RFC 7515 (A.2 to A.4) and A.1 by its secret: their signatures are good, their audience is missing.
func TestVectorsOfRFC7515(t *testing.T) {
	const payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	secret := []byte{
		3, 35, 53, 75, 43, 15, 165, 188, 131, 126, 6, 101, 119, 123, 166, 143, 90, 179, 40, 230, 240, 84, 201, 40, 169, 15, 132, 178, 210, 80, 46,
		191, 211, 251, 90, 146, 210, 6, 71, 239, 150, 138, 180, 195, 119, 98, 61, 34, 61, 46, 33, 114, 5, 46, 79, 8, 192, 205, 154, 245, 103, 208, 128, 163,
	}
	set := `{"keys":[
		{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
		{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`
	opts := keySetOptions(newProvider(map[string]string{jwksURL: set}), "HS256", "RS256", "ES256")
	opts.Secret = secret
	v := open(t, opts)
	for name, vector := range map[string][2]string{
		"A.1": {"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
		"A.2": {"eyJhbGciOiJSUzI1NiJ9", "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
		"A.3": {"eyJhbGciOiJFUzI1NiJ9", "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := v.Verify(vector[0] + "." + payload + "." + vector[1]); !errors.Is(err, jwt.ErrTokenRequiredClaimMissing) || !errors.Is(err, ErrUnauthenticated) {
				t.Errorf("got %v, want a missing audience", err)
			}
			changed := "A" + vector[1][1:]
			if _, err := v.Verify(vector[0] + "." + payload + "." + changed); !errors.Is(err, jwt.ErrTokenSignatureInvalid) {
				t.Errorf("with another signature: got %v", err)
			}
		})
	}
}

// RFC 8037 (A.4): the payload is no JSON, so the key set is asked itself.
func TestVectorOfRFC8037(t *testing.T) {
	keys, _, err := parseKeys([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	signature, err := jwt.NewParser().DecodeSegment("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
	if err != nil {
		t.Fatal(err)
	}
	if err := jwt.SigningMethodEdDSA.Verify("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", signature, keys[0].public); err != nil {
		t.Error(err)
	}
}
