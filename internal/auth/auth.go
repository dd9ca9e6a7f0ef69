// Package auth verifies the bearer tokens of the HTTP API: JSON Web Tokens signed with HMAC-SHA-256.
package auth

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MinSecretBytes is the least length of the secret: that of the hash, so that guessing the secret is no easier
	// than forging a signature.
	MinSecretBytes = 32
	// MaxTokenBytes bounds a token. Ours have some 300 bytes.
	MaxTokenBytes = 8 << 10
)

// ErrUnauthenticated is what Verify fails with, whatever the reason: the wrapped detail is for logs and tests, and
// clients learn no more than that the token is not valid.
var ErrUnauthenticated = errors.New("bearer token is not valid")

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
	// UserID is the token's subject. It fits spec.userID of a PreviewInstance.
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

// Options configure a Verifier.
type Options struct {
	// Secret of at least MinSecretBytes.
	Secret []byte
	// Audience that tokens must carry.
	Audience string
	// Issuer that tokens must carry; empty accepts any.
	Issuer string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

func (o *Options) validate() error {
	if len(o.Secret) < MinSecretBytes {
		return fmt.Errorf("auth: the JWT secret has %d bytes, at least %d are needed", len(o.Secret), MinSecretBytes)
	}
	if o.Audience == "" {
		return errors.New("auth: the JWT audience is empty")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	secret []byte
	parser *jwt.Parser
}

// NewVerifier returns a Verifier that accepts HS256 alone. Time claims have no leeway: whoever issues tokens for a host
// with another clock can date them back.
func NewVerifier(opts Options) (*Verifier, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	rules := []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithAudience(opts.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(opts.Now),
	}
	if opts.Issuer != "" {
		rules = append(rules, jwt.WithIssuer(opts.Issuer))
	}
	return &Verifier{secret: opts.Secret, parser: jwt.NewParser(rules...)}, nil
}

// claims of our tokens. Those not listed are ignored.
type claims struct {
	jwt.RegisteredClaims
	Role Role `json:"role,omitempty"`
}

// Verify returns the principal of a token. Every error wraps ErrUnauthenticated.
func (v *Verifier) Verify(token string) (Principal, error) {
	if len(token) > MaxTokenBytes {
		return Principal{}, fmt.Errorf("%w: it has %d bytes, at most %d are accepted", ErrUnauthenticated, len(token), MaxTokenBytes)
	}
	var c claims
	parsed, err := v.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return v.secret, nil })
	if err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	// RFC 7515: extensions that are marked critical and not understood make a token invalid. The library ignores them.
	if _, critical := parsed.Header["crit"]; critical {
		return Principal{}, fmt.Errorf("%w: it has critical header parameters", ErrUnauthenticated)
	}
	if !ValidUserID(c.Subject) {
		return Principal{}, fmt.Errorf("%w: its subject is no user id", ErrUnauthenticated)
	}
	switch c.Role {
	case RoleUser, RoleService, RoleAdmin:
	default:
		return Principal{}, fmt.Errorf("%w: its role is unknown", ErrUnauthenticated)
	}
	return Principal{UserID: c.Subject, Role: c.Role, Expires: c.ExpiresAt.Time}, nil
}

// Mint makes a token that a Verifier with the same options accepts for ttl. It is for development and tests;
// in production the product's own identity service issues tokens.
func Mint(opts Options, p Principal, ttl time.Duration) (string, error) {
	if err := opts.validate(); err != nil {
		return "", err
	}
	if !ValidUserID(p.UserID) {
		return "", fmt.Errorf("auth: %q is no user id: it must have 1 to 128 characters and match %s", p.UserID, userIDPattern)
	}
	now := opts.Now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   p.UserID,
			Audience:  jwt.ClaimStrings{opts.Audience},
			Issuer:    opts.Issuer,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
		Role: p.Role,
	}).SignedString(opts.Secret)
}
