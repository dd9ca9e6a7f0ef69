package ticket

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/session"
)

var (
	key   = []byte(strings.Repeat("k", MinKeyBytes))
	now   = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	grant = Grant{UserID: "alice", Role: "admin", BearerExpires: now.Add(time.Hour), InstanceUID: "uid-1", GenerationID: "gen-1"}
)

// desk returns a Desk whose tickets are remembered for good.
func desk(t testing.TB, key []byte) *Desk {
	t.Helper()
	var used sync.Map
	d, err := NewDesk(key, burnerFunc(func(_ context.Context, id string, _ time.Time) (bool, error) {
		_, before := used.LoadOrStore(id, nil)
		return !before, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func issue(t testing.TB, d *Desk, g Grant) string {
	t.Helper()
	ticket, _, err := d.Issue(g, now)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func TestATicketIsGoodForOneRequest(t *testing.T) {
	d := desk(t, key)
	ticket := issue(t, d, grant)
	got, err := d.Redeem(t.Context(), ticket, "uid-1", now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(grant, got, cmp.Transformer("utc", time.Time.UTC)); diff != "" {
		t.Errorf("grant (-want +got):\n%s", diff)
	}
	if _, err := d.Redeem(t.Context(), ticket, "uid-1", now); !errors.Is(err, ErrInvalid) {
		t.Errorf("a second time: %v", err)
	}
	if again := issue(t, d, grant); again == ticket {
		t.Error("two tickets of one grant are the same")
	} else if _, err := d.Redeem(t.Context(), again, "uid-1", now); err != nil {
		t.Errorf("another ticket of the grant: %v", err)
	}
}

// 50 redeemers of each ticket, at two gateways that share what burns them: one wins.
func TestOneOfManyWins(t *testing.T) {
	first := desk(t, key)
	second, err := NewDesk(key, first.burner)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		ticket := issue(t, first, grant)
		var won atomic.Int32
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range 50 {
			d := []*Desk{first, second}[i%2]
			wg.Go(func() {
				<-start
				switch _, err := d.Redeem(t.Context(), ticket, "uid-1", now); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, ErrInvalid):
					t.Errorf("got %v", err)
				}
			})
		}
		close(start)
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d redeemers won", won.Load())
		}
	}
}

func TestExpiry(t *testing.T) {
	const most = 30 * time.Second
	tests := map[string]struct {
		bearer time.Duration
		// lives is how long; zero for a ticket that is not made.
		lives time.Duration
	}{
		"a bearer of an hour":               {time.Hour, most},
		"a bearer that ends with it":        {most, most},
		"a bearer that ends before":         {10 * time.Second, 10 * time.Second},
		"a bearer that ends in a moment":    {time.Millisecond, time.Millisecond},
		"a bearer of less than can be told": {time.Microsecond, 0},
		"a bearer that ends now":            {0, 0},
		"a bearer that has ended":           {-time.Second, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := desk(t, key)
			g := grant
			g.BearerExpires = now.Add(tt.bearer)
			ticket, expires, err := d.Issue(g, now)
			if tt.lives == 0 {
				if err == nil {
					t.Errorf("a ticket was made until %s", expires)
				}
				return
			}
			if err != nil || !expires.Equal(now.Add(tt.lives)) {
				t.Fatalf("it ends at %s, %v, want %s", expires, err, now.Add(tt.lives))
			}
			if _, err := d.Redeem(t.Context(), ticket, "uid-1", expires); !errors.Is(err, ErrInvalid) {
				t.Errorf("at its end: %v", err)
			}
			if _, err := d.Redeem(t.Context(), ticket, "uid-1", expires.Add(-time.Millisecond)); err != nil {
				t.Errorf("just before its end: %v", err)
			}
		})
	}
}

func TestTicketsThatMustBeRefused(t *testing.T) {
	d := desk(t, key)
	good := issue(t, d, grant)
	parts := strings.Split(good, ".")
	otherGrant := grant
	otherGrant.InstanceUID = "uid-2"
	other := strings.Split(issue(t, d, otherGrant), ".")
	// forge signs with the real key what Issue would refuse, as an older or newer release might.
	forge := func(body string) string {
		encoded := base64.RawURLEncoding.EncodeToString([]byte(body))
		return version + "." + encoded + "." + d.sign(encoded)
	}
	plain := hmac.New(sha256.New, key)
	plain.Write([]byte(parts[1]))
	// A session token of the same key, and its signature over our payload.
	signer, err := session.NewSigner(key, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Issue(session.Grant{InstanceUID: "uid-1", UserID: "alice", Expires: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	asSession := hmac.New(sha256.New, key)
	asSession.Write([]byte("preview-session\npvs1\n" + parts[1]))
	const rest = `"e":99999999999999,"b":99999999999999}`

	tests := map[string]struct{ ticket, uid string }{
		"empty":                          {"", "uid-1"},
		"too long":                       {good + strings.Repeat("A", MaxTicketBytes), "uid-1"},
		"for another instance":           {good, "uid-2"},
		"for no instance":                {good, ""},
		"payload of another ticket":      {parts[0] + "." + other[1] + "." + parts[2], "uid-2"},
		"no signature":                   {parts[0] + "." + parts[1] + ".", "uid-1"},
		"signature of the payload only":  {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(plain.Sum(nil)), "uid-1"},
		"signature of a session token":   {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(asSession.Sum(nil)), "uid-1"},
		"a session token":                {token, "uid-1"},
		"a session token as ours":        {version + strings.TrimPrefix(token, "pvs1"), "uid-1"},
		"another version":                {"pvt2." + parts[1] + "." + parts[2], "uid-1"},
		"no version":                     {parts[1] + "." + parts[2], "uid-1"},
		"a fourth part":                  {good + ".x", "uid-1"},
		"a line break at its end":        {good + "\n", "uid-1"},
		"a line break in it":             {parts[0] + "." + parts[1][:9] + "\n" + parts[1][9:] + "." + parts[2], "uid-1"},
		"another key":                    {issue(t, desk(t, []byte(strings.Repeat("x", 32))), grant), "uid-1"},
		"payload that is not JSON":       {forge("nonsense"), "uid-1"},
		"payload that is not base64":     {version + ".*." + d.sign("*"), "uid-1"},
		"payload without id":             {forge(`{"u":"alice","i":"uid-1","g":"g",` + rest), "uid-1"},
		"payload without user":           {forge(`{"t":"1","i":"uid-1","g":"g",` + rest), "uid-1"},
		"payload without generation":     {forge(`{"t":"1","u":"alice","i":"uid-1",` + rest), "uid-1"},
		"payload without instance":       {forge(`{"t":"1","u":"alice","g":"g",` + rest), ""},
		"payload without end":            {forge(`{"t":"1","u":"alice","i":"uid-1","g":"g","b":99999999999999}`), "uid-1"},
		"payload without bearer's end":   {forge(`{"t":"1","u":"alice","i":"uid-1","g":"g","e":99999999999999}`), "uid-1"},
		"payload with times in words":    {forge(`{"t":"1","u":"alice","i":"uid-1","g":"g","e":"never","b":"never"}`), "uid-1"},
		"longer than any of ours":        {forge(`{"t":"1","u":"alice","i":"uid-1","g":"g","pad":"` + strings.Repeat("x", MaxTicketBytes) + `",` + rest), "uid-1"},
		"payload that is a list of them": {forge(`[{"t":"1"}]`), "uid-1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := d.Redeem(t.Context(), tt.ticket, tt.uid, now); !errors.Is(err, ErrInvalid) {
				t.Errorf("got %+v, %v, want ErrInvalid", got, err)
			}
		})
	}
	if err := signer.Check("pvs1"+strings.TrimPrefix(good, version), "uid-1", "alice"); err == nil {
		t.Error("a ticket serves as a session token")
	}
	if _, err := d.Redeem(t.Context(), good, "uid-1", now); err != nil {
		t.Errorf("the ticket that the others are made from was used up: %v", err)
	}
}

// Whatever byte of a ticket changes, to whatever, it is not valid, and not used up.
func TestTampering(t *testing.T) {
	d := desk(t, key)
	good := issue(t, d, grant)
	for i := range len(good) {
		for _, flip := range []byte{0x01, 0x02, 0x20, 0x80, 0xff} {
			changed := []byte(good)
			changed[i] ^= flip
			if uid, err := d.Instance(string(changed)); !errors.Is(err, ErrInvalid) {
				t.Errorf("byte %d changed: for %q, %v", i, uid, err)
			}
			if got, err := d.Redeem(t.Context(), string(changed), "uid-1", now); !errors.Is(err, ErrInvalid) || ReasonOf(err) != ReasonForged {
				t.Errorf("byte %d changed to %q: got %+v, %v", i, changed[i], got, err)
			}
		}
		if _, err := d.Redeem(t.Context(), good[:i], "uid-1", now); !errors.Is(err, ErrInvalid) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	// Base64 leaves unused bits in the last character; a ticket must have one spelling only.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=\n"
	for _, c := range alphabet {
		if changed := good[:len(good)-1] + string(c); changed != good {
			if _, err := d.Redeem(t.Context(), changed, "uid-1", now); !errors.Is(err, ErrInvalid) {
				t.Errorf("another spelling, with %q at its end: %v", c, err)
			}
		}
	}
	if _, err := d.Redeem(t.Context(), good, "uid-1", now); err != nil {
		t.Errorf("the ticket itself: %v", err)
	}
}

type burnerFunc func(context.Context, string, time.Time) (bool, error)

func (f burnerFunc) BurnTicket(ctx context.Context, id string, expires time.Time) (bool, error) {
	return f(ctx, id, expires)
}

// When the burner fails, nothing is known of the ticket, and it is refused.
func TestBurnerThatFails(t *testing.T) {
	broken := errors.New("database is gone")
	for name, answer := range map[string]bool{"first": true, "not first": false} {
		t.Run(name, func(t *testing.T) {
			d, err := NewDesk(key, burnerFunc(func(context.Context, string, time.Time) (bool, error) { return answer, broken }))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := d.Redeem(t.Context(), issue(t, d, grant), "uid-1", now); !errors.Is(err, ErrInvalid) || !errors.Is(err, broken) || ReasonOf(err) != ReasonUnknown || got != (Grant{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// The burner gets the ticket's own end and the request's context.
func TestWhatTheBurnerGets(t *testing.T) {
	type mark struct{}
	var ids []string
	d, err := NewDesk(key, burnerFunc(func(ctx context.Context, id string, expires time.Time) (bool, error) {
		if ctx.Value(mark{}) != true || !expires.Equal(now.Add(Lifetime)) {
			t.Errorf("context %v, end %s", ctx, expires)
		}
		ids = append(ids, id)
		return true, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithValue(t.Context(), mark{}, true)
	for range 2 {
		if _, err := d.Redeem(ctx, issue(t, d, grant), "uid-1", now); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] == ids[1] || len(ids[0]) < 26 || len(ids[0]) > 64 {
		t.Errorf("ids %q", ids)
	}
}

func TestIssueRefuses(t *testing.T) {
	change := func(do func(*Grant)) Grant { g := grant; do(&g); return g }
	for name, g := range map[string]Grant{
		"no user":       change(func(g *Grant) { g.UserID = "" }),
		"no instance":   change(func(g *Grant) { g.InstanceUID = "" }),
		"no generation": change(func(g *Grant) { g.GenerationID = "" }),
		"no bearer":     change(func(g *Grant) { g.BearerExpires = time.Time{} }),
		"too long":      change(func(g *Grant) { g.UserID = strings.Repeat("u", MaxTicketBytes) }),
	} {
		t.Run(name, func(t *testing.T) {
			if ticket, _, err := desk(t, key).Issue(g, now); err == nil {
				t.Errorf("issued %q", ticket)
			}
		})
	}
	longest := change(func(g *Grant) {
		g.UserID, g.GenerationID, g.InstanceUID = strings.Repeat("u", 128), strings.Repeat("g", 128), strings.Repeat("i", 36)
	})
	issue(t, desk(t, key), longest)
}

func TestNewDesk(t *testing.T) {
	if _, err := NewDesk(key[:31], desk(t, key).burner); err == nil || !strings.Contains(err.Error(), "31 bytes") {
		t.Errorf("short key: %v", err)
	}
	if _, err := NewDesk(key, nil); err == nil {
		t.Error("no burner")
	}
}

func TestReasons(t *testing.T) {
	d := desk(t, key)
	used, good := issue(t, d, grant), issue(t, d, grant)
	if _, err := d.Redeem(t.Context(), used, "uid-1", now); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		ticket, uid string
		now         time.Time
		want        string
	}{
		"nonsense":               {"nonsense", "uid-1", now, ReasonForged},
		"too long":               {strings.Repeat("x", MaxTicketBytes+1), "uid-1", now, ReasonForged},
		"for another instance":   {good, "uid-2", now, ReasonOtherInstance},
		"expired":                {good, "uid-1", now.Add(Lifetime), ReasonExpired},
		"expired, and another's": {good, "uid-2", now.Add(Lifetime), ReasonOtherInstance},
		"used":                   {used, "uid-1", now, ReasonUsed},
	} {
		_, err := d.Redeem(t.Context(), tt.ticket, tt.uid, tt.now)
		if !errors.Is(err, ErrInvalid) || ReasonOf(err) != tt.want {
			t.Errorf("%s: %v is %s, want %s", name, err, ReasonOf(err), tt.want)
		}
	}
}
