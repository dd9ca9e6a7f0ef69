package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxClaimNameBytes bounds the names of the user and the role claim; some providers use URLs.
const maxClaimNameBytes = 256

// secretBytes are the HMAC algorithms, with the least length of their secret (RFC 7518, section 3.2).
var secretBytes = map[string]int{"HS256": MinSecretBytes, "HS384": 48, "HS512": 64}

// keyAlgorithms are those verified with a key set.
var keyAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Options configure a Verifier.
type Options struct {
	// Algorithms that tokens may be signed with; HS256 when empty. HS256, HS384 and HS512 need Secret; RS, PS and ES with
	// 256, 384 and 512, and EdDSA, need JWKSURL or OIDCIssuer.
	Algorithms []string
	// Secret of the HS algorithms, as long as their hash at least: 32, 48 or 64 bytes.
	Secret []byte
	// JWKSURL is where the key set of the other algorithms is read.
	JWKSURL string
	// OIDCIssuer is an alternative to JWKSURL: its discovery document says where the key set is. Tokens verified
	// with these keys must then carry exactly this issuer.
	OIDCIssuer string
	// CAFile holds PEM certificates of roots to trust beside the system's when the key set is read. It is read once.
	CAFile string
	// Audience that tokens must carry.
	Audience string
	// Issuer that tokens must carry; empty accepts any. Beside OIDCIssuer it counts for the HS algorithms alone.
	Issuer string
	// UserClaim holds the user id; sub when empty. Choose one whose values the issuer never gives to somebody else.
	UserClaim string
	// RoleClaim holds a role or a list of them, of which the highest known counts; role when empty.
	RoleClaim string
	// Now is the clock of the tokens; time.Now when nil.
	Now func() time.Time
	// HTTPClient reads the key set, within the same bounds, instead of one of its own. For tests.
	HTTPClient *http.Client
	// Logger is told when the key set cannot be read or has unusable keys; nil for nobody.
	Logger *slog.Logger
}

func (o *Options) validate() error {
	if len(o.Algorithms) == 0 {
		o.Algorithms = []string{jwt.SigningMethodHS256.Alg()}
	}
	for _, check := range []func() error{o.validateAlgorithms, o.validateKeySet, o.validateClaims} {
		if err := check(); err != nil {
			return err
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

func (o *Options) validateAlgorithms() error {
	for _, alg := range o.Algorithms {
		need, symmetric := secretBytes[alg]
		switch {
		case symmetric && len(o.Secret) < need:
			return fmt.Errorf("auth: the JWT secret has %d bytes, at least %d are needed for %s", len(o.Secret), need, alg)
		case symmetric:
		case !slices.Contains(keyAlgorithms, alg):
			return fmt.Errorf("auth: JWT algorithm %q is not one of HS256, HS384, HS512, %s", alg, strings.Join(keyAlgorithms, ", "))
		case o.JWKSURL == "" && o.OIDCIssuer == "":
			return fmt.Errorf("auth: JWT algorithm %s needs the keys of a JWKS URL or an OIDC issuer", alg)
		}
	}
	return nil
}

func (o *Options) validateKeySet() error {
	switch {
	case o.JWKSURL != "" && o.OIDCIssuer != "":
		return errors.New("auth: both a JWKS URL and an OIDC issuer are set; the issuer says itself where its keys are")
	case !o.usesKeys() && (o.JWKSURL != "" || o.OIDCIssuer != "" || o.CAFile != ""):
		return fmt.Errorf("auth: a JWKS URL, OIDC issuer or CA file is set, but none of the JWT algorithms %q uses it; name one of %s",
			o.Algorithms, strings.Join(keyAlgorithms, ", "))
	case o.CAFile != "" && o.HTTPClient != nil:
		return errors.New("auth: a CA file has no effect on a given HTTP client")
	case o.OIDCIssuer != "" && o.Issuer != "" && o.Issuer != o.OIDCIssuer && !slices.ContainsFunc(o.Algorithms, isSymmetric):
		return fmt.Errorf("auth: the JWT issuer %q is not the OIDC issuer %q, and counts for HS algorithms only, of which none is allowed",
			o.Issuer, o.OIDCIssuer)
	}
	if o.JWKSURL != "" {
		if _, err := checkURL(o.JWKSURL); err != nil {
			return fmt.Errorf("auth: JWKS URL %w", err)
		}
	}
	if o.OIDCIssuer != "" {
		u, err := checkURL(o.OIDCIssuer)
		if err != nil {
			return fmt.Errorf("auth: OIDC issuer %w", err)
		}
		if u.RawQuery != "" || u.ForceQuery {
			return errors.New("auth: OIDC issuer must have no query")
		}
	}
	return nil
}

func (o *Options) validateClaims() error {
	if o.Audience == "" {
		return errors.New("auth: the JWT audience is empty")
	}
	if o.UserClaim == "" {
		o.UserClaim = "sub"
	}
	if o.RoleClaim == "" {
		o.RoleClaim = "role"
	}
	for what, name := range map[string]string{"user": o.UserClaim, "role": o.RoleClaim} {
		switch {
		case len(name) > maxClaimNameBytes:
			return fmt.Errorf("auth: the name of the JWT %s claim has %d bytes, at most %d are accepted", what, len(name), maxClaimNameBytes)
		case slices.Contains([]string{"aud", "exp", "iat", "iss", "nbf"}, name):
			return fmt.Errorf("auth: the JWT %s claim cannot be %s, which has a meaning of its own", what, name)
		}
	}
	if o.UserClaim == o.RoleClaim {
		return fmt.Errorf("auth: the JWT user claim and role claim are both %q", o.UserClaim)
	}
	return nil
}

func (o *Options) allows(alg string) bool { return slices.Contains(o.Algorithms, alg) }

func (o *Options) usesKeys() bool {
	return slices.ContainsFunc(o.Algorithms, func(alg string) bool { return !isSymmetric(alg) })
}

func isSymmetric(alg string) bool { return secretBytes[alg] != 0 }
