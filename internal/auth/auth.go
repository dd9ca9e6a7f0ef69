// Package auth verifies the bearer tokens of the HTTP API: JSON Web Tokens signed with a shared secret, or with the keys
// of an identity provider. See docs/adr/0006-identity-providers.md.
package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MinSecretBytes is the least length of the secret: that of the hash of HS256, so that guessing the secret is no
	// easier than forging a signature. HS384 and HS512 need 48 and 64 bytes.
	MinSecretBytes = 32
	// MaxTokenBytes bounds a token. Ours have some 300 bytes.
	MaxTokenBytes = 8 << 10
	// maxKeyIDBytes bounds the kid of a token.
	maxKeyIDBytes = 256
)

var (
	// ErrUnauthenticated is what Verify fails with when the token is at fault, whatever the reason: the wrapped detail
	// is for logs and tests, and clients learn no more than that the token is not valid.
	ErrUnauthenticated = errors.New("bearer token is not valid")
	// ErrUnavailable is what Verify fails with when the keys to judge a token by could not be read: the same token may
	// be valid a moment later, so clients are to be told to try again and not to log in again.
	ErrUnavailable = errors.New("the keys of the identity provider are not available")
)

// Role is what a token may do beyond its own user's generations.
type Role string

const (
	// RoleUser may use its own generations and previews.
	RoleUser Role = ""
	// RoleService is a back end that stores, reads and deletes generations on behalf of users.
	RoleService Role = "service"
	// RoleAdmin may use every user's generations and previews.
	RoleAdmin Role = "admin"
)

// Principal is who sent a request.
type Principal struct {
	// UserID is the token's user claim. It fits spec.userID of a PreviewInstance.
	UserID string
	Role   Role
	// Expires is when the token ends; streams opened with it end then too.
	Expires time.Time
}

// userIDPattern is that of spec.userID in api/v1alpha1.
var userIDPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._@|:-]*[A-Za-z0-9])?$`)

// ValidUserID reports whether an id can be that of a user: 1 to 128 characters that spec.userID accepts.
func ValidUserID(id string) bool {
	return len(id) <= 128 && userIDPattern.MatchString(id)
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	secret []byte
	parser *jwt.Parser
	// keys is nil when no algorithm needs a key set.
	keys      *keySet
	userClaim string
	roleClaim string
	// secretIssuer and keysIssuer are the issuers that tokens must carry by what they are signed with; empty for any.
	secretIssuer, keysIssuer string
}

// NewVerifier returns a Verifier and, when a key set is configured, begins to read it in the background; Close ends that.
// It does not wait for the keys: until they were read, tokens that need them are refused with ErrUnavailable.
// Time claims have no leeway: whoever issues tokens for a host with another clock can date them back.
func NewVerifier(opts Options) (*Verifier, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	v := &Verifier{
		secret: opts.Secret,
		parser: jwt.NewParser(
			jwt.WithValidMethods(opts.Algorithms),
			jwt.WithAudience(opts.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(opts.Now),
		),
		userClaim: opts.UserClaim, roleClaim: opts.RoleClaim,
		secretIssuer: opts.Issuer, keysIssuer: opts.Issuer,
	}
	if opts.OIDCIssuer != "" {
		v.keysIssuer = opts.OIDCIssuer
	}
	if opts.usesKeys() {
		source, err := newSource(opts)
		if err != nil {
			return nil, err
		}
		v.keys = newKeySet(source.read, opts.Now, opts.Logger)
	}
	return v, nil
}

// Ready waits until tokens can be judged, which is at once without a key set, or until ctx is done: it then fails with
// ErrUnavailable and the reason. With a context that is done already it tells how things are.
func (v *Verifier) Ready(ctx context.Context) error {
	if v.keys == nil {
		return nil
	}
	return v.keys.ready(ctx)
}

// Close ends the reading of keys, and returns when it has ended. Verify goes on with the keys that were read.
func (v *Verifier) Close() {
	if v.keys != nil {
		v.keys.close()
	}
}

// Verify returns the principal of a token. Every error wraps ErrUnauthenticated or ErrUnavailable. It takes at most
// unknownKeyWait, for the first tokens signed with a new key, and else does not wait.
func (v *Verifier) Verify(token string) (Principal, error) {
	if len(token) > MaxTokenBytes {
		return Principal{}, fmt.Errorf("%w: it has %d bytes, at most %d are accepted", ErrUnauthenticated, len(token), MaxTokenBytes)
	}
	var c claims
	parsed, err := v.parser.ParseWithClaims(token, &c, v.key)
	switch {
	case errors.Is(err, ErrUnavailable):
		return Principal{}, err
	case err != nil:
		return Principal{}, fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	principal, err := v.principal(parsed, c)
	if err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	return principal, nil
}

// key returns what a token of an allowed algorithm is verified with. The secret is for HMAC alone and the key set for
// all else, so no public key can ever serve as a secret.
func (v *Verifier) key(token *jwt.Token) (any, error) {
	id, given := token.Header["kid"]
	name, _ := id.(string)
	if given && (name == "" || len(name) > maxKeyIDBytes) {
		return nil, fmt.Errorf("its kid is not a string of 1 to %d bytes", maxKeyIDBytes)
	}
	if _, symmetric := token.Method.(*jwt.SigningMethodHMAC); symmetric {
		return v.secret, nil
	}
	return v.keys.find(token.Method.Alg(), name)
}

// principal checks what the library does not in a token whose signature and times are good.
func (v *Verifier) principal(token *jwt.Token, c claims) (Principal, error) {
	// RFC 7515: extensions that are marked critical and not understood make a token invalid. The library ignores them.
	if _, critical := token.Header["crit"]; critical {
		return Principal{}, errors.New("it has critical header parameters")
	}
	header, _, _ := strings.Cut(token.Raw, ".")
	raw, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return Principal{}, err
	}
	if err := uniqueNames(raw); err != nil {
		return Principal{}, fmt.Errorf("its header: %w", err)
	}
	issuer := v.keysIssuer
	if _, symmetric := token.Method.(*jwt.SigningMethodHMAC); symmetric {
		issuer = v.secretIssuer
	}
	if c.MapClaims["iss"] != issuer && issuer != "" {
		return Principal{}, errors.New("it has another issuer")
	}
	user, err := c.user(v.userClaim)
	if err != nil {
		return Principal{}, err
	}
	role, err := c.role(v.roleClaim)
	if err != nil {
		return Principal{}, err
	}
	expires, err := c.GetExpirationTime()
	if err != nil {
		return Principal{}, err
	}
	return Principal{UserID: user, Role: role, Expires: expires.Time}, nil
}

// Mint makes a token that a Verifier with the same options accepts for ttl. It is for development and tests, and signs
// with HS256 alone; in production the product's own identity service issues tokens.
func Mint(opts Options, p Principal, ttl time.Duration) (string, error) {
	if err := opts.validate(); err != nil {
		return "", err
	}
	if !opts.allows(jwt.SigningMethodHS256.Alg()) {
		return "", fmt.Errorf("auth: tokens are made with HS256, which is not among the algorithms %q", opts.Algorithms)
	}
	if !ValidUserID(p.UserID) {
		return "", fmt.Errorf("auth: %q is no user id: it must have 1 to 128 characters and match %s", p.UserID, userIDPattern)
	}
	now := opts.Now()
	c := jwt.MapClaims{
		opts.UserClaim: p.UserID,
		"aud":          opts.Audience,
		"iat":          now.Unix(),
		"exp":          now.Add(ttl).Unix(),
	}
	if opts.Issuer != "" {
		c["iss"] = opts.Issuer
	}
	if p.Role != RoleUser {
		c[opts.RoleClaim] = string(p.Role)
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(opts.Secret)
}
