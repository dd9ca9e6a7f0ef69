// Package handover is the manager's side of the runner's protocol (internal/runnerapi): it proves that the pod that
// answers is the one that was meant, and only then hands it the code of a preview.
//
// What a runner answers is bounded, untrusted input.
package handover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// The kinds of errors, for errors.Is. Every error of this package wraps exactly one of them, or is about arguments.
var (
	// ErrWrongRunner: whoever answered is not the runner of the pod that was meant. Nothing was sent to it. Pod
	// addresses are reused: look up the pod again.
	ErrWrongRunner = runnerapi.ErrWrongRunner
	// ErrUnreachable: no connection, or none that lasted, until the context ended. Wraps the context's error and the
	// last one of the network.
	ErrUnreachable = errors.New("runner is unreachable")
	// ErrUnauthorised: the runner proved itself and refused our secret all the same: its pod spec holds another hash.
	ErrUnauthorised = errors.New("runner refused the secret")
	// ErrConflict: the runner has another assignment already. Its pod cannot be used.
	ErrConflict = errors.New("runner has another assignment")
	// ErrRefused: the runner found the request itself malformed or too large.
	ErrRefused = errors.New("runner refused the assignment")
	// ErrFailed: the runner has failed without an assignment, and is about to exit.
	ErrFailed = errors.New("runner failed")
	// ErrProtocol: the answer is not one of the protocol.
	ErrProtocol = errors.New("runner broke the protocol")
)

// Target is the runner that is meant.
type Target struct {
	// PodName is for messages.
	PodName string
	// PodUID that the runner has to prove.
	PodUID string
	// Address of the runner's control port, host:port.
	Address string
	// Secret of the pod.
	Secret runnerapi.Secret
}

// Options of a Client.
type Options struct {
	// Dial opens the connection to an address. A net.Dialer's by default.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// RetryMin and RetryMax bound the pause between two attempts to connect, which doubles from one to the other: 10 ms
	// and 100 ms by default. A pod that just started does not listen yet, and every millisecond is part of a launch.
	RetryMin, RetryMax time.Duration
	// AttemptTimeout bounds one attempt to connect, 1 s by default, and one hello.
	AttemptTimeout time.Duration
}

// Client hands assignments over. It keeps no connection between calls, except in what Stage returns, and may be used
// concurrently.
type Client struct {
	options Options
}

// New returns a Client.
func New(options Options) (*Client, error) {
	if options.Dial == nil {
		options.Dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	if options.RetryMin == 0 {
		options.RetryMin = 10 * time.Millisecond
	}
	if options.RetryMax == 0 {
		options.RetryMax = 100 * time.Millisecond
	}
	if options.AttemptTimeout == 0 {
		options.AttemptTimeout = time.Second
	}
	if options.RetryMin < 0 || options.RetryMax < options.RetryMin {
		return nil, fmt.Errorf("handover: RetryMin %s and RetryMax %s are not an interval", options.RetryMin, options.RetryMax)
	}
	if options.AttemptTimeout < 0 {
		return nil, fmt.Errorf("handover: AttemptTimeout is %s, it must be positive", options.AttemptTimeout)
	}
	return &Client{options: options}, nil
}

// Ready waits until a runner has its interpreter loaded. What answers need not prove itself, because nothing is told to
// it: Assign has it prove itself. Ready keeps trying until ctx ends, and fails with ErrUnreachable then.
func (c *Client) Ready(ctx context.Context, target Target) error {
	pause := c.options.RetryMin
	for {
		err := c.ready(ctx, target)
		if err == nil {
			return nil
		}
		if !sleep(ctx, pause) {
			return fmt.Errorf("pod %s: %w: %w: %w", target.PodName, ErrUnreachable, context.Cause(ctx), err)
		}
		pause = min(2*pause, c.options.RetryMax)
	}
}

// Assign hands an assignment and its code to a runner and waits for what became of it: StateServing once the
// application accepts connections, StateFailed with the reason when it does not. code is the gzip-compressed tar
// archive; it is nil when the assignment names an archive to fetch.
//
// It keeps trying until ctx ends while the runner cannot be reached, and when a connection is lost: handing over is
// idempotent. So ctx has to end some time after the assignment's start-up time-out, and sooner when the pod is seen to
// end: a runner whose application failed exits soon after.
func (c *Client) Assign(ctx context.Context, target Target, assignment runnerapi.Assignment, code []byte) (runnerapi.Result, error) {
	parcel, err := pack(assignment, code)
	if err != nil {
		return runnerapi.Result{}, err
	}
	return c.assign(ctx, target, parcel)
}

func (c *Client) assign(ctx context.Context, target Target, parcel *parcel) (runnerapi.Result, error) {
	return c.call(ctx, target, func(ctx context.Context, session *session) (runnerapi.Result, error) {
		defer session.close()
		return session.ask(ctx, parcel.question(runnerapi.PathAssignment, outcomes))
	})
}

// State asks a runner what it is doing. It keeps trying until ctx ends while the runner cannot be reached.
func (c *Client) State(ctx context.Context, target Target) (runnerapi.Result, error) {
	return c.call(ctx, target, func(ctx context.Context, session *session) (runnerapi.Result, error) {
		defer session.close()
		return session.ask(ctx, question{method: http.MethodGet, path: runnerapi.PathState})
	})
}

// Preloaded waits until a runner has its interpreter preloaded whole, and holds no assignment then. The runner proves
// itself and is told nothing. Preloaded asks again and again, every ten seconds or so, until ctx ends, which is
// ErrUnreachable. A runner that has an assignment is ErrConflict, one whose interpreter has ended ErrFailed.
func (c *Client) Preloaded(ctx context.Context, target Target) error {
	_, err := c.call(ctx, target, func(ctx context.Context, session *session) (runnerapi.Result, error) {
		defer session.close()
		result, err := session.ask(ctx, question{method: http.MethodGet, path: runnerapi.PathState + "?" + runnerapi.QueryWait})
		if err == nil {
			err = isPreloaded(result)
		}
		return result, err
	})
	return err
}

func isPreloaded(result runnerapi.Result) error {
	switch {
	case result.AssignmentID != "":
		return ErrConflict
	case result.State == runnerapi.StateFailed:
		return fmt.Errorf("%w: %.256q", ErrFailed, result.Failure.Message)
	case result.State != runnerapi.StateIdle:
		return fmt.Errorf("%w: state %q without an assignment", ErrProtocol, result.State)
	case !result.Preloaded:
		return fmt.Errorf("%w: the interpreter is loading", errLost)
	default:
		return nil
	}
}

func url(target Target, path string) string { return "http://" + target.Address + path }

// call proves the runner and does something on the same connection, until that does not fail for the connection. do
// closes the session, or keeps it.
func (c *Client) call(ctx context.Context, target Target, do func(context.Context, *session) (runnerapi.Result, error)) (runnerapi.Result, error) {
	if err := target.check(); err != nil {
		return runnerapi.Result{}, err
	}
	pause := c.options.RetryMin
	for {
		var result runnerapi.Result
		session, err := c.prove(ctx, target)
		if err == nil {
			result, err = do(ctx, session)
		}
		if err == nil {
			return result, nil
		}
		if !errors.Is(err, errLost) {
			return runnerapi.Result{}, fmt.Errorf("pod %s: %w", target.PodName, err)
		}
		if !sleep(ctx, pause) {
			return runnerapi.Result{}, fmt.Errorf("pod %s: %w: %w: %w", target.PodName, ErrUnreachable, context.Cause(ctx), err)
		}
		pause = min(2*pause, c.options.RetryMax)
	}
}

// outcomes are the states that answer a call which has an assignment run.
var outcomes = []runnerapi.State{runnerapi.StateServing, runnerapi.StateFailed}

// sleep reports whether ctx lived through the pause.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// decode reads a bounded JSON answer.
func decode(data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return nil
}
