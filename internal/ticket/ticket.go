// Package ticket makes and redeems one-time tickets, which open the log stream of a preview for a browser's EventSource: it
// cannot send headers, and a bearer token must not be part of a URL. A ticket lives for seconds and is good for one
// request, so what a log or a history keeps of it opens nothing.
package ticket

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
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
	// MaxTicketBytes bounds a ticket: ids of at most 128 characters each, a role and times, encoded.
	MaxTicketBytes = 1 << 10
	// Lifetime is how long a ticket can be redeemed, if the bearer it was made with does not end before.
	Lifetime = 30 * time.Second

	// version prefixes tickets, and is signed with them, so that their form can change.
	version = "pvt1"
)

// ErrInvalid is what Redeem fails with, whatever the reason: clients learn no more than that the ticket is not valid.
// Its detail, and the error of the Burner which it may wrap too, are for logs.
var ErrInvalid = errors.New("ticket is not valid")

// Reasons for which a ticket is not valid, for metrics and logs.
const (
	// ReasonForged: it is not one of ours, or was changed.
	ReasonForged = "forged"
	// ReasonOtherInstance: it is for another instance.
	ReasonOtherInstance = "other-instance"
	// ReasonExpired: it, or the bearer that it was made with, has ended.
	ReasonExpired = "expired"
	// ReasonUsed: it was used before.
	ReasonUsed = "used"
	// ReasonUnknown: whether it was used cannot be found out.
	ReasonUnknown = "unknown"
)

// refusal is an ErrInvalid with its reason.
type refusal struct {
	reason string
	detail error
}

func (r *refusal) Error() string { return fmt.Sprintf("%v: %v", ErrInvalid, r.detail) }

func (r *refusal) Unwrap() []error { return []error{ErrInvalid, r.detail} }

func refuse(reason, detail string) error { return &refusal{reason, errors.New(detail)} }

// ReasonOf returns why Redeem has failed, ReasonForged for an error that is not its own.
func ReasonOf(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.reason
	}
	return ReasonForged
}

// Burner remembers tickets that were used. It is shared by all gateways of an installation.
type Burner interface {
	// BurnTicket notes that the ticket of an id is used, and reports whether this is the first time. Of calls that run at
	// once, one is the first. An id needs to be remembered until it expires, and a little longer where the gateways'
	// clocks differ from that of the Burner.
	BurnTicket(ctx context.Context, id string, expires time.Time) (first bool, err error)
}

// Grant is what a ticket stands for: what its bearer may do, with the one instance.
type Grant struct {
	UserID string `json:"u"`
	// Role is that of the bearer token, which decides what the user may see.
	Role string `json:"r,omitempty"`
	// BearerExpires is when the bearer token ends, to the millisecond; a stream opened with the ticket ends then too.
	BearerExpires time.Time `json:"-"`
	// InstanceUID is the UID of the PreviewInstance.
	InstanceUID  string `json:"i"`
	GenerationID string `json:"g"`
}

// payload is Grant as it is signed, with Unix times in milliseconds.
type payload struct {
	Grant
	ID            string `json:"t"`
	Expires       int64  `json:"e"`
	BearerExpires int64  `json:"b"`
}

// Desk makes and redeems tickets. It is safe for concurrent use.
type Desk struct {
	key    []byte
	burner Burner
}

// NewDesk takes a key of at least MinKeyBytes, which may be that of the session tokens: neither's signatures are good for
// the other.
func NewDesk(key []byte, burner Burner) (*Desk, error) {
	if len(key) < MinKeyBytes {
		return nil, fmt.Errorf("ticket: the key has %d bytes, at least %d are needed", len(key), MinKeyBytes)
	}
	if burner == nil {
		return nil, errors.New("ticket: there is no burner")
	}
	return &Desk{key: key, burner: burner}, nil
}

// Issue makes a ticket, and tells when it ends.
func (d *Desk) Issue(g Grant, now time.Time) (ticket string, expires time.Time, err error) {
	if g.UserID == "" || g.InstanceUID == "" || g.GenerationID == "" {
		return "", time.Time{}, errors.New("ticket: a grant needs a user id, an instance UID and a generation id")
	}
	expires = now.Add(Lifetime).Truncate(time.Millisecond)
	if g.BearerExpires.Before(expires) {
		expires = g.BearerExpires.Truncate(time.Millisecond)
	}
	if !now.Before(expires) {
		return "", time.Time{}, errors.New("ticket: the bearer has expired")
	}
	body, err := json.Marshal(payload{Grant: g, ID: rand.Text(), Expires: expires.UnixMilli(), BearerExpires: g.BearerExpires.UnixMilli()})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("ticket: %w", err)
	}
	encoded := base64.RawURLEncoding.EncodeToString(body)
	ticket = version + "." + encoded + "." + d.sign(encoded)
	if len(ticket) > MaxTicketBytes {
		return "", time.Time{}, fmt.Errorf("ticket: it would have %d bytes, at most %d are accepted", len(ticket), MaxTicketBytes)
	}
	return ticket, expires, nil
}

// Redeem returns what a ticket stands for, once, when it is for the instance of that UID and did not end before now. A
// ticket is used up only when all else is right with it. Every error wraps ErrInvalid; when whether a ticket was used
// cannot be found out, it is not valid.
func (d *Desk) Redeem(ctx context.Context, ticket, instanceUID string, now time.Time) (Grant, error) {
	p, err := d.open(ticket)
	if err != nil {
		return Grant{}, err
	}
	switch {
	case p.ID == "" || p.UserID == "" || p.GenerationID == "":
		return Grant{}, refuse(ReasonForged, "payload")
	case p.InstanceUID == "" || p.InstanceUID != instanceUID:
		return Grant{}, refuse(ReasonOtherInstance, "for another instance")
	case now.UnixMilli() >= p.Expires || now.UnixMilli() >= p.BearerExpires:
		return Grant{}, refuse(ReasonExpired, "expired")
	}
	first, err := d.burner.BurnTicket(ctx, p.ID, time.UnixMilli(p.Expires))
	switch {
	case err != nil:
		return Grant{}, &refusal{ReasonUnknown, err}
	case !first:
		return Grant{}, refuse(ReasonUsed, "used before")
	}
	p.Grant.BearerExpires = time.UnixMilli(p.BearerExpires)
	return p.Grant, nil
}

// Instance returns the UID of the instance that a ticket is for, without using it up. Its error wraps ErrInvalid.
func (d *Desk) Instance(ticket string) (uid string, err error) {
	p, err := d.open(ticket)
	return p.InstanceUID, err
}

// open returns the payload of a ticket that we signed.
func (d *Desk) open(ticket string) (payload, error) {
	if len(ticket) > MaxTicketBytes {
		return payload{}, refuse(ReasonForged, fmt.Sprintf("longer than %d bytes", MaxTicketBytes))
	}
	parts := strings.Split(ticket, ".")
	if len(parts) != 3 || parts[0] != version {
		return payload{}, refuse(ReasonForged, "not of the form "+version+".<payload>.<signature>")
	}
	// Compared as text, a signature has one spelling only; decoding would pass over line breaks.
	if !hmac.Equal([]byte(parts[2]), []byte(d.sign(parts[1]))) {
		return payload{}, refuse(ReasonForged, "signature")
	}
	var p payload
	body, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return payload{}, refuse(ReasonForged, "payload")
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return payload{}, refuse(ReasonForged, "payload")
	}
	return p, nil
}

func (d *Desk) sign(encoded string) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte("preview-ticket\n" + version + "\n" + encoded))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
