// Package session makes and checks session tokens, the secrets that clients show as X-Preview-Token to use a preview.
// A token is signed and names the preview's UID, the user and its end, so that it is checked from memory and dies with
// its preview: a preview launched again has another UID.
package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// MinKeyBytes is the least length of the key.
	MinKeyBytes = 32
	// MaxTokenBytes bounds a token: a UID, a user id of at most 128 characters and a time, encoded.
	MaxTokenBytes = 1 << 10

	// version prefixes tokens, and is signed with them, so that their form can change.
	version = "pvs1"
)

// ErrInvalid is what Check fails with, whatever the reason: clients learn no more than that the token is not valid.
var ErrInvalid = errors.New("session token is not valid")

// Grant is what a token stands for.
type Grant struct {
	// InstanceUID is the UID of the PreviewInstance.
	InstanceUID string `json:"i"`
	// UserID is the user who may use it.
	UserID string `json:"u"`
	// Expires is when the token ends, to the second.
	Expires time.Time `json:"-"`
}

// payload is Grant as it is signed.
type payload struct {
	Grant
	Expires int64 `json:"e"`
}

// Signer makes and checks tokens. It is safe for concurrent use.
type Signer struct {
	key []byte
	now func() time.Time
}

// NewSigner takes a key of at least MinKeyBytes and a clock.
func NewSigner(key []byte, now func() time.Time) (*Signer, error) {
	if len(key) < MinKeyBytes {
		return nil, fmt.Errorf("session: the key has %d bytes, at least %d are needed", len(key), MinKeyBytes)
	}
	return &Signer{key: key, now: now}, nil
}

// Issue makes the token of a grant.
func (s *Signer) Issue(g Grant) (string, error) {
	if g.InstanceUID == "" || g.UserID == "" {
		return "", errors.New("session: a grant needs an instance UID and a user id")
	}
	body, err := json.Marshal(payload{Grant: g, Expires: g.Expires.Unix()})
	if err != nil {
		return "", fmt.Errorf("session: %w", err)
	}
	encoded := base64.RawURLEncoding.EncodeToString(body)
	token := version + "." + encoded + "." + base64.RawURLEncoding.EncodeToString(s.sign(encoded))
	if len(token) > MaxTokenBytes {
		return "", fmt.Errorf("session: the token would have %d bytes, at most %d are accepted", len(token), MaxTokenBytes)
	}
	return token, nil
}

// Check reports whether a token lets a user use the instance of that UID now. Every error wraps ErrInvalid; its detail
// is for logs.
func (s *Signer) Check(token, instanceUID, userID string) error {
	if len(token) > MaxTokenBytes {
		return fmt.Errorf("%w: longer than %d bytes", ErrInvalid, MaxTokenBytes)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] != version {
		return fmt.Errorf("%w: not of the form %s.<payload>.<signature>", ErrInvalid, version)
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || !hmac.Equal(signature, s.sign(parts[1])) {
		return fmt.Errorf("%w: signature", ErrInvalid)
	}
	var p payload
	body, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("%w: payload", ErrInvalid)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return fmt.Errorf("%w: payload", ErrInvalid)
	}
	switch {
	case p.InstanceUID == "" || p.InstanceUID != instanceUID:
		return fmt.Errorf("%w: of another instance", ErrInvalid)
	case p.UserID == "" || p.UserID != userID:
		return fmt.Errorf("%w: of another user", ErrInvalid)
	case s.now().Unix() >= p.Expires:
		return fmt.Errorf("%w: expired", ErrInvalid)
	}
	return nil
}

func (s *Signer) sign(encoded string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("preview-session\n" + version + "\n" + encoded))
	return mac.Sum(nil)
}
