package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/MicahParks/jwkset"
)

const (
	// maxKeys bounds a key set. Providers have two to ten.
	maxKeys = 100
	// Below minRSABits a key can be factored; above maxRSABits a stranger's token costs us too much time.
	minRSABits, maxRSABits = 2048, 8192
)

// key is a usable key of a key set.
type key struct {
	id string
	// alg is the only algorithm it may be used with; empty for every one that fits its type.
	alg    string
	public crypto.PublicKey
}

// fits reports whether a token of an algorithm may be verified with the key. The library would take an ECDSA key of
// any curve.
func (k key) fits(alg string) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		return alg == map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}[public.Params().Name]
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// parseKeys reads a JWK set. Keys that are of no use to us are passed over, as RFC 7517 (section 5) says, and the
// reasons returned; a set without a usable key is one of an issuer that has none.
func parseKeys(body []byte) (keys []key, unusable []error, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, nil, fmt.Errorf("not a JWK set: %w", err)
	}
	switch {
	case set.Keys == nil:
		return nil, nil, errors.New("not a JWK set: it has no keys member")
	case len(set.Keys) > maxKeys:
		return nil, nil, fmt.Errorf("the JWK set has %d keys, at most %d are accepted", len(set.Keys), maxKeys)
	}
	for i, raw := range set.Keys {
		k, err := parseKey(raw)
		if err != nil {
			unusable = append(unusable, fmt.Errorf("key %d: %w", i, err))
			continue
		}
		keys = append(keys, k)
	}
	return keys, unusable, nil
}

func parseKey(raw json.RawMessage) (key, error) {
	var m jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &m); err != nil {
		return key{}, err
	}
	switch {
	case m.USE != "" && m.USE != jwkset.UseSig:
		return key{}, fmt.Errorf("its use is %q", m.USE)
	case len(m.KEYOPS) > 0 && !slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify):
		return key{}, fmt.Errorf("its key_ops are %q", m.KEYOPS)
	case m.D != "" || m.K != "":
		return key{}, errors.New("it is a private or symmetric key, which everybody could read")
	}
	// The key itself is what we trust, by where we read it; certificates would only add ways to fail.
	m.X5U, m.X5C, m.X5T, m.X5TS256 = "", nil, "", ""
	jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return key{}, err
	}
	k := key{id: m.KID, alg: m.ALG.String(), public: jwk.Key()}
	if public, ok := k.public.(*rsa.PublicKey); ok {
		if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return key{}, fmt.Errorf("it has %d bits, %d to %d are accepted", bits, minRSABits, maxRSABits)
		}
	}
	if !slices.ContainsFunc(keyAlgorithms, k.fits) {
		return key{}, fmt.Errorf("no algorithm that is %q uses a key of type %s %s", m.ALG, m.KTY, m.CRV)
	}
	return k, nil
}
