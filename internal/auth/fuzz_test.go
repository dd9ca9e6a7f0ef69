package auth

import (
	"errors"
	"strings"
	"testing"
)

// Whatever arrives, Verify accepts nothing but what was signed, and fails with one of its two sentinels.
func FuzzVerify(f *testing.F) {
	v := open(f, mixed(newProvider(map[string]string{jwksURL: allKeys()})))
	signed := map[string]bool{}
	for _, alg := range allAlgorithms {
		good := token(f, alg, nil, map[string]any{"iss": issuer})
		content, _, _ := strings.Cut(good, "."+good[strings.LastIndexByte(good, '.')+1:])
		signed[content] = true
		f.Add(good)
		f.Add(strings.Replace(good, alg, "none", 1))
		f.Add(good[:len(good)-3])
	}
	f.Add(token(f, "RS256", map[string]any{"kid": "other"}, nil))
	f.Add(token(f, "HS256", map[string]any{"crit": []string{"b64"}}, nil))
	f.Add("..")
	f.Add(b64([]byte(`{"alg":"ES256","kid":"p256"}`)) + "." + b64([]byte("null")) + "." + b64(make([]byte, 64)))
	f.Fuzz(func(t *testing.T, token string) {
		_, err := v.Verify(token)
		switch {
		case err == nil && !signed[token[:max(0, strings.LastIndexByte(token, '.'))]]:
			t.Errorf("accepted %q, which was not signed", token)
		case err != nil && errors.Is(err, ErrUnauthenticated) == errors.Is(err, ErrUnavailable):
			t.Errorf("got %v, want one of the sentinels", err)
		}
	})
}
