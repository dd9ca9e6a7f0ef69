package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// refreshInterval is how often the keys are read: as long may a key live on that its issuer took back.
	refreshInterval = 5 * time.Minute
	// minRetry and maxRetry are the waits after the first failed reading and after many.
	minRetry, maxRetry = time.Second, 30 * time.Second
	// unknownKeyInterval is how often at most unknown key ids make us read the keys before their time: a stranger who
	// invents them must not make us a nuisance to the issuer.
	unknownKeyInterval = 30 * time.Second
	// unknownKeyWait is how long a request with an unknown key id waits for such a reading. Others do not wait.
	unknownKeyWait = 2 * time.Second
	// maxKeyAge is how long keys are used while the issuer cannot be reached. It bounds how long somebody who cuts us
	// off from it can keep us from learning that a key was taken back.
	maxKeyAge = 24 * time.Hour
)

// keySet keeps the keys of an identity provider, read by one goroutine.
type keySet struct {
	read   func(context.Context) ([]key, error)
	now    func() time.Time
	logger *slog.Logger
	stop   context.CancelFunc
	done   chan struct{}
	// wake ends the goroutine's wait for the next reading.
	wake chan struct{}

	// mu guards what follows.
	mu     sync.Mutex
	keys   []key
	readAt time.Time
	// err is why the last reading failed; nil when it did not, or none has ended.
	err error
	// reading tells that a reading is under way, or due at once. ended is closed when the next one ends.
	reading bool
	ended   chan struct{}
	// notBefore is when an unknown key id may cause a reading again.
	notBefore time.Time
}

// newKeySet begins to read the keys.
func newKeySet(read func(context.Context) ([]key, error), now func() time.Time, logger *slog.Logger) *keySet {
	ctx, stop := context.WithCancel(context.Background())
	s := &keySet{
		read: read, now: now, logger: logger, stop: stop,
		done: make(chan struct{}), wake: make(chan struct{}, 1), reading: true, ended: make(chan struct{}),
	}
	go s.run(ctx)
	return s
}

func (s *keySet) close() {
	s.stop()
	<-s.done
}

func (s *keySet) run(ctx context.Context) {
	defer close(s.done)
	retry := minRetry
	for ctx.Err() == nil {
		wait := refreshInterval
		if err := s.refresh(ctx); err != nil {
			wait, retry = retry, min(2*retry, maxRetry)
		} else {
			retry = minRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wake:
		}
		timer.Stop()
	}
}

// refresh reads the keys once. What the issuer answers replaces all keys, also with none; when it does not answer, or
// with something else than a key set, they are kept.
func (s *keySet) refresh(ctx context.Context) error {
	s.mu.Lock()
	s.reading = true
	select {
	case <-s.wake:
	default:
	}
	s.mu.Unlock()

	keys, err := s.read(ctx)

	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.keys, s.readAt = keys, s.now()
		if len(keys) == 0 {
			err = errors.New("the JWK set has no usable key")
		}
	}
	if err != nil && ctx.Err() == nil {
		s.logger.Warn("the keys of the identity provider could not be read", "error", err, "keys", len(s.keys), "read_at", s.readAt)
	}
	s.err, s.reading = err, false
	close(s.ended)
	s.ended = make(chan struct{})
	return err
}

// unavailable returns why no token can be judged now, or nil. It is called with mu held.
func (s *keySet) unavailable() error {
	switch {
	case len(s.keys) == 0 && s.err == nil:
		return fmt.Errorf("%w: they were not read yet", ErrUnavailable)
	case len(s.keys) == 0:
		return fmt.Errorf("%w: %w", ErrUnavailable, s.err)
	case s.now().Sub(s.readAt) > maxKeyAge:
		return fmt.Errorf("%w: those read at %s are too old", ErrUnavailable, s.readAt.UTC().Format(time.RFC3339))
	}
	return nil
}

func (s *keySet) ready(ctx context.Context) error {
	for {
		s.mu.Lock()
		err, ended := s.unavailable(), s.ended
		s.mu.Unlock()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.done:
			return err
		case <-ended:
		}
	}
}

// find returns the keys that a token of that algorithm and key id may be verified with; mostly one.
func (s *keySet) find(alg, id string) (jwt.VerificationKeySet, error) {
	keys, known, err := s.match(alg, id)
	if err == nil && !known && id != "" {
		if err := s.awaitReading(); err != nil {
			return jwt.VerificationKeySet{}, err
		}
		keys, known, err = s.match(alg, id)
	}
	switch {
	case err != nil:
		return jwt.VerificationKeySet{}, err
	case len(keys) > 0:
		return jwt.VerificationKeySet{Keys: keys}, nil
	case id == "":
		return jwt.VerificationKeySet{}, fmt.Errorf("it has no kid, and the key set not exactly one key for %s", alg)
	case known:
		return jwt.VerificationKeySet{}, fmt.Errorf("the key of its kid is not one for %s", alg)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return jwt.VerificationKeySet{}, fmt.Errorf("%w: whether there is a new one: %w", ErrUnavailable, s.err)
	}
	return jwt.VerificationKeySet{}, errors.New("its kid is unknown")
}

// match returns the keys at hand, and whether any has that id, for whatever algorithm. Without an id the key must be
// the only one for its algorithm (OpenID Connect Core, section 10.1).
func (s *keySet) match(alg, id string) (keys []jwt.VerificationKey, known bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.unavailable(); err != nil {
		return nil, false, err
	}
	for _, k := range s.keys {
		if id != "" && k.id != id {
			continue
		}
		known = true
		if k.fits(alg) {
			keys = append(keys, k.public)
		}
	}
	if id == "" && len(keys) != 1 {
		return nil, known, nil
	}
	return keys, known, nil
}

// awaitReading lets the keys be read, if that is not under way and was not asked for too lately, and waits for the end.
func (s *keySet) awaitReading() error {
	s.mu.Lock()
	now := s.now()
	if !s.reading {
		if now.Before(s.notBefore) {
			s.mu.Unlock()
			return nil
		}
		s.reading = true
		s.notBefore = now.Add(unknownKeyInterval)
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	ended := s.ended
	s.mu.Unlock()

	timer := time.NewTimer(unknownKeyWait)
	defer timer.Stop()
	select {
	case <-ended:
		return nil
	case <-s.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("%w: the issuer did not say within %s whether there is a new one", ErrUnavailable, unknownKeyWait)
	}
}
