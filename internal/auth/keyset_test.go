package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lived runs a test of a verifier of RS256 tokens whose clock is that of the bubble.
func lived(t *testing.T, p *provider, test func(t *testing.T, v *Verifier)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts := keySetOptions(p, "RS256", "ES256")
		opts.Now = nil
		v, err := NewVerifier(opts)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		test(t, v)
	})
}

// fresh is a token of the bubble's time for an hour.
func fresh(t *testing.T, alg, kid string) string {
	return token(t, alg, map[string]any{"kid": kid}, map[string]any{"exp": time.Now().Add(time.Hour).Unix()})
}

func rsaSet(kid string) string {
	return jwks(jwk(privateKeys()["rsa"].Public(), map[string]any{"kid": kid}))
}

// want verifies a token, and compares the sentinel; no error has both.
func want(t *testing.T, v *Verifier, token string, sentinel error) {
	t.Helper()
	_, err := v.Verify(token)
	if !errors.Is(err, sentinel) || errors.Is(err, ErrUnauthenticated) && errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, sentinel)
	}
}

// The issuer is down when we start: requests are refused for now, and served as soon as it is back.
func TestIssuerDownAtStart(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: rsaSet("a")})
	p.down = true
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		want(t, v, fresh(t, "RS256", "a"), ErrUnavailable)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if err := v.Ready(done); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("ready: %v", err)
		}
		p.change(func() { p.down = false })
		start := time.Now()
		if err := v.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != minRetry {
			t.Errorf("the next try came after %s, want %s", took, minRetry)
		}
		want(t, v, fresh(t, "RS256", "a"), nil)
	})
}

// While nothing was read, garbage is still the sender's fault.
func TestBadTokensWhileKeysAreMissing(t *testing.T) {
	p := newProvider(nil)
	p.hanging = true
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		want(t, v, fresh(t, "RS256", "a"), ErrUnavailable)
		want(t, v, "garbage", ErrUnauthenticated)
		want(t, v, fresh(t, "HS256", "a"), ErrUnauthenticated)
	})
}

// The waits between failed readings grow to their bound.
func TestRetriesSlowDown(t *testing.T) {
	p := newProvider(nil)
	p.down = true
	lived(t, p, func(t *testing.T, _ *Verifier) {
		synctest.Wait()
		for i, wait := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			time.Sleep(wait*time.Second - time.Nanosecond)
			synctest.Wait()
			if got := p.count(); got != i+1 {
				t.Fatalf("%d readings just before the wait of %ds ends, want %d", got, wait, i+1)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
		}
	})
}

// Keys are replaced by what the issuer has now; a key that it took back is refused.
func TestKeysAreRefreshed(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: rsaSet("a")})
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		old := fresh(t, "RS256", "a")
		want(t, v, old, nil)
		p.change(func() { p.answers[jwksURL] = rsaSet("b") })
		want(t, v, old, nil)
		time.Sleep(refreshInterval)
		synctest.Wait()
		want(t, v, fresh(t, "RS256", "b"), nil)
		want(t, v, old, ErrUnauthenticated)
		if got := p.count(); got != 3 {
			t.Errorf("%d readings, want one at the start, one after %s and one for the old key id", got, refreshInterval)
		}
	})
}

// The first tokens of a new key wait for it to be read.
func TestNewKeyIsReadAtOnce(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: rsaSet("a")})
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		p.change(func() { p.answers[jwksURL] = rsaSet("b") })
		want(t, v, fresh(t, "RS256", "b"), nil)
		if got := p.count(); got != 2 {
			t.Errorf("%d readings, want 2", got)
		}
	})
}

// Tokens of a new key that arrive while it is being read wait for the same reading.
func TestReadingIsShared(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: rsaSet("a")})
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		p.change(func() { p.answers[jwksURL], p.gate = rsaSet("b"), make(chan struct{}) })
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { want(t, v, fresh(t, "RS256", "b"), nil) })
			synctest.Wait()
		}
		close(p.gate)
		wg.Wait()
		if got := p.count(); got != 2 {
			t.Errorf("%d readings, want 2", got)
		}
	})
}

// A stranger with invented key ids, from many connections, makes us read once in unknownKeyInterval.
func TestUnknownKeyIDsDoNotHammerTheIssuer(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: rsaSet("a")})
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		for round := range 3 {
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() { want(t, v, fresh(t, "ES256", fmt.Sprintf("x%d-%d", round, i)), ErrUnauthenticated) })
			}
			wg.Wait()
			if got := p.count(); got != round+2 {
				t.Errorf("round %d: %d readings, want %d", round, got, round+2)
			}
			time.Sleep(unknownKeyInterval)
		}
		// Key ids that are known, or missing, are no reason to read.
		before := p.count()
		want(t, v, fresh(t, "ES256", "a"), ErrUnauthenticated)
		want(t, v, token(t, "ES256", map[string]any{"kid": nil}, map[string]any{"exp": time.Now().Add(time.Hour).Unix()}), ErrUnauthenticated)
		if got := p.count(); got != before {
			t.Errorf("%d readings for known key ids", got-before)
		}
	})
}

// While a reading hangs, requests with known keys go on at once and those with unknown ones wait no longer than said.
func TestHangingIssuerBlocksNobodyElse(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: rsaSet("a")})
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		known := fresh(t, "RS256", "a")
		p.change(func() { p.hanging = true })
		start := time.Now()
		waited := make(chan time.Duration)
		go func() {
			want(t, v, fresh(t, "RS256", "x"), ErrUnavailable)
			waited <- time.Since(start)
		}()
		synctest.Wait()
		want(t, v, known, nil)
		if took := time.Since(start); took != 0 {
			t.Errorf("a request with a known key took %s", took)
		}
		if took := <-waited; took != unknownKeyWait {
			t.Errorf("a request with an unknown key took %s, want %s", took, unknownKeyWait)
		}
		time.Sleep(readTimeout)
		synctest.Wait()
		// That reading was given up, so that another can find the new key.
		p.change(func() { p.hanging, p.answers[jwksURL] = false, rsaSet("b") })
		time.Sleep(unknownKeyInterval)
		want(t, v, fresh(t, "RS256", "b"), nil)
	})
}

// While the issuer is down its keys are kept, but not for ever.
func TestKeysOutliveTheIssuer(t *testing.T) {
	for name, breakIt := range map[string]func(*provider){
		"down":           func(p *provider) { p.down = true },
		"an error":       func(p *provider) { p.status = http.StatusInternalServerError },
		"a page":         func(p *provider) { p.answers[jwksURL] = "<html>" },
		"another object": func(p *provider) { p.answers[jwksURL] = `{"message":"maintenance"}` },
		"null":           func(p *provider) { p.answers[jwksURL] = `{"keys":null}` },
		"too large":      func(p *provider) { p.answers[jwksURL] = oversized() },
		"too many keys":  func(p *provider) { p.answers[jwksURL] = jwks(make([]map[string]any, maxKeys+1)...) },
		"created":        func(p *provider) { p.status = http.StatusCreated },
		"a redirect away": func(p *provider) {
			p.status, p.header = http.StatusFound, http.Header{"Location": {"https://evil.example/"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(map[string]string{jwksURL: rsaSet("a"), "https://evil.example/": rsaSet("a")})
			lived(t, p, func(t *testing.T, v *Verifier) {
				synctest.Wait()
				p.change(func() { breakIt(p) })
				want(t, v, fresh(t, "RS256", "a"), nil)
				want(t, v, fresh(t, "RS256", "new"), ErrUnavailable)
				time.Sleep(maxKeyAge - time.Minute)
				synctest.Wait()
				want(t, v, fresh(t, "RS256", "a"), nil)
				time.Sleep(2 * time.Minute)
				want(t, v, fresh(t, "RS256", "a"), ErrUnavailable)
				p.change(func() { p.down, p.status, p.header, p.answers[jwksURL] = false, 0, nil, rsaSet("a") })
				time.Sleep(maxRetry)
				synctest.Wait()
				want(t, v, fresh(t, "RS256", "a"), nil)
			})
		})
	}
}

// An issuer that answers with no key has taken them all back.
func TestKeysThatWereTakenBack(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: rsaSet("a")})
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		want(t, v, fresh(t, "RS256", "a"), nil)
		p.change(func() { p.answers[jwksURL] = `{"keys":[]}` })
		time.Sleep(refreshInterval)
		synctest.Wait()
		want(t, v, fresh(t, "RS256", "a"), ErrUnavailable)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if err := v.Ready(done); !errors.Is(err, ErrUnavailable) {
			t.Errorf("ready: %v", err)
		}
	})
}

// Close does not wait for an issuer that hangs, and leaves the keys in use.
func TestClose(t *testing.T) {
	p := newProvider(map[string]string{jwksURL: rsaSet("a")})
	lived(t, p, func(t *testing.T, v *Verifier) {
		synctest.Wait()
		p.change(func() { p.hanging = true })
		time.Sleep(refreshInterval)
		synctest.Wait()
		start := time.Now()
		v.Close()
		p.change(func() {
			if p.underway != 0 {
				t.Error("a reading is under way after the end")
			}
		})
		v.Close()
		want(t, v, fresh(t, "RS256", "a"), nil)
		want(t, v, fresh(t, "RS256", "x"), ErrUnavailable)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		opts := keySetOptions(p, "RS256")
		v, err := NewVerifier(opts)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		v.Close()
		if err := v.Ready(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("ready after the end: %v", err)
		}
	})
}

func TestWithoutKeySet(t *testing.T) {
	v := newVerifier(t, options())
	v.Close()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Ready(done); err != nil {
		t.Error(err)
	}
}

// What goes wrong is told with the reason, and without tokens.
func TestFailuresAreLogged(t *testing.T) {
	var out bytes.Buffer
	p := newProvider(map[string]string{jwksURL: jwks(map[string]any{"kty": "oct", "k": "c2VjcmV0"})})
	synctest.Test(t, func(t *testing.T) {
		opts := keySetOptions(p, "RS256")
		opts.Logger = slog.New(slog.NewTextHandler(&out, nil))
		v, err := NewVerifier(opts)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		v.Close()
	})
	for _, part := range []string{"level=WARN", "no usable key", "level=INFO", "symmetric key", jwksURL} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is not in the log:\n%s", part, &out)
		}
	}
	if strings.Contains(out.String(), "c2VjcmV0") {
		t.Errorf("a key is in the log:\n%s", &out)
	}
}
