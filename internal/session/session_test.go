package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

var (
	key = []byte(strings.Repeat("k", MinKeyBytes))
	now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

func signer(t *testing.T, key []byte, at time.Time) *Signer {
	t.Helper()
	s, err := NewSigner(key, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func issue(t *testing.T, s *Signer, g Grant) string {
	t.Helper()
	token, err := s.Issue(g)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestCheck(t *testing.T) {
	grant := Grant{InstanceUID: "uid-1", UserID: "alice", Expires: now.Add(time.Hour)}
	good := issue(t, signer(t, key, now), grant)
	parts := strings.Split(good, ".")
	other := strings.Split(issue(t, signer(t, key, now), Grant{InstanceUID: "uid-2", UserID: "alice", Expires: grant.Expires}), ".")
	// forge signs with the real key what Issue would refuse, as an older or newer release might.
	forge := func(body string) string {
		encoded := base64.RawURLEncoding.EncodeToString([]byte(body))
		return "pvs1." + encoded + "." + base64.RawURLEncoding.EncodeToString(signer(t, key, now).sign(encoded))
	}
	plainMAC := hmac.New(sha256.New, key)
	plainMAC.Write([]byte(parts[1]))

	tests := map[string]struct {
		token, uid, user string
		at               time.Time
		valid            bool
	}{
		"good":                          {good, "uid-1", "alice", now, true},
		"a second before its end":       {good, "uid-1", "alice", now.Add(time.Hour - time.Second), true},
		"at its end":                    {good, "uid-1", "alice", now.Add(time.Hour), false},
		"another instance":              {good, "uid-2", "alice", now, false},
		"an instance without UID":       {good, "", "alice", now, false},
		"another user":                  {good, "uid-1", "bob", now, false},
		"no user":                       {good, "uid-1", "", now, false},
		"empty":                         {"", "uid-1", "alice", now, false},
		"too long":                      {good + strings.Repeat("A", MaxTokenBytes), "uid-1", "alice", now, false},
		"payload of another token":      {parts[0] + "." + other[1] + "." + parts[2], "uid-2", "alice", now, false},
		"no signature":                  {parts[0] + "." + parts[1] + ".", "uid-1", "alice", now, false},
		"signature cut":                 {good[:len(good)-1], "uid-1", "alice", now, false},
		"signature of the payload only": {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(plainMAC.Sum(nil)), "uid-1", "alice", now, false},
		"another version":               {"pvs2." + parts[1] + "." + parts[2], "uid-1", "alice", now, false},
		"a fourth part":                 {good + ".x", "uid-1", "alice", now, false},
		"another key":                   {issue(t, signer(t, []byte(strings.Repeat("x", 32)), now), grant), "uid-1", "alice", now, false},
		"payload that is not JSON":      {forge("nonsense"), "uid-1", "alice", now, false},
		"payload without UID":           {forge(`{"u":"alice","e":99999999999}`), "", "alice", now, false},
		"payload without user":          {forge(`{"i":"uid-1","e":99999999999}`), "uid-1", "", now, false},
		"payload without end":           {forge(`{"i":"uid-1","u":"alice"}`), "uid-1", "alice", now, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := signer(t, key, tt.at).Check(tt.token, tt.uid, tt.user)
			if tt.valid != (err == nil) || err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v, want valid: %v", err, tt.valid)
			}
		})
	}
}

// Base64 leaves unused bits in the last character; a token must have one spelling only.
func TestATokenHasOneSpelling(t *testing.T) {
	s := signer(t, key, now)
	good := issue(t, s, Grant{InstanceUID: "uid-1", UserID: "alice", Expires: now.Add(time.Hour)})
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
	accepted := 0
	for _, c := range alphabet {
		if s.Check(good[:len(good)-1]+string(c), "uid-1", "alice") == nil {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d spellings of one token are accepted, want 1", accepted)
	}
}

func TestIssueRefusesGrantsThatNameNobody(t *testing.T) {
	for name, grant := range map[string]Grant{
		"no instance": {UserID: "alice", Expires: now},
		"no user":     {InstanceUID: "uid-1", Expires: now},
		"too long":    {InstanceUID: strings.Repeat("u", MaxTokenBytes), UserID: "alice", Expires: now},
	} {
		t.Run(name, func(t *testing.T) {
			if token, err := signer(t, key, now).Issue(grant); err == nil {
				t.Errorf("issued %q", token)
			}
		})
	}
}

func TestKeyLength(t *testing.T) {
	if _, err := NewSigner(key[:31], time.Now); err == nil || !strings.Contains(err.Error(), "31 bytes") {
		t.Errorf("short key: %v", err)
	}
}
