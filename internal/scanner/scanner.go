// Package scanner has endpoints looked for in a process of its own, which is started for one project, has nothing of the
// gateway's but a pipe, and is killed when it takes too long.
package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync/atomic"
	"time"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/internal/endpoints/wire"
)

// Kind is why a project could not be scanned. It is the code of the diagnostic that says so.
type Kind string

const (
	// KindUnavailable: the program cannot be started.
	KindUnavailable Kind = "scanner-unavailable"
	// KindBusy: too many projects wait to be scanned.
	KindBusy Kind = "scanner-busy"
	// KindTooLarge: the project has more, or larger, files than are read.
	KindTooLarge Kind = "project-too-large"
	// KindTimeout: it took too long, and was killed.
	KindTimeout Kind = "scanner-timeout"
	// KindCrashed: it ended with an error, or was killed by one of its own limits.
	KindCrashed Kind = "scanner-crashed"
	// KindAnswer: its answer is none, or too large.
	KindAnswer Kind = "scanner-answer"
)

// messages say of each kind what a user can be told. What the program said itself is for the log: a project that has
// taken it over chooses the words.
var messages = map[Kind]string{
	KindUnavailable: "the files could not be read for endpoints: the scanner does not start",
	KindBusy:        "too many projects are being read for endpoints; try again",
	KindTooLarge:    "the project is too large to be read for endpoints",
	KindTimeout:     "reading the files for endpoints took too long",
	KindCrashed:     "reading the files for endpoints failed",
	KindAnswer:      "reading the files for endpoints failed: there was no answer",
}

// Error says why a project could not be scanned.
type Error struct {
	Kind Kind
	// Err has the details, for a log.
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Kind, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Diagnostic is what a user is told.
func (e *Error) Diagnostic() endpoints.Diagnostic {
	return endpoints.Diagnostic{Code: string(e.Kind), Message: messages[e.Kind]}
}

// Options of a Scanner. Zero values of the numbers stand for the defaults.
type Options struct {
	// Program to start, and its arguments.
	Program string
	Args    []string
	// Processes that run at once: 2. Waiting are the projects that may wait for one: 16.
	Processes, Waiting int
	// Timeout of one project once its process is started: 15 s, more than the time that it is told to take.
	Timeout time.Duration
	// Read bounds what is read of a project.
	Read endpoints.Options
}

const (
	defaultProcesses = 2
	defaultWaiting   = 16
	defaultTimeout   = 15 * time.Second
	// maxComplaint bounds what is kept of the program's standard error.
	maxComplaint = 2 << 10
	// lastWords is how long pipes are read once the process has ended. It starts none that could hold them open.
	lastWords = time.Second
)

// Scanner starts processes. It may be used by several goroutines at once.
type Scanner struct {
	options Options
	places  chan struct{}
	waiting atomic.Int64
}

// New checks the options. That the program is there is found out by starting it.
func New(options Options) (*Scanner, error) {
	if options.Program == "" {
		return nil, errors.New("scanner: no program is given")
	}
	options.Processes = cmp.Or(options.Processes, defaultProcesses)
	options.Waiting = cmp.Or(options.Waiting, defaultWaiting)
	options.Timeout = cmp.Or(options.Timeout, defaultTimeout)
	if options.Processes < 0 || options.Waiting < 0 || options.Timeout < 0 {
		return nil, errors.New("scanner: numbers below zero")
	}
	return &Scanner{options: options, places: make(chan struct{}, options.Processes)}, nil
}

// Scan finds the endpoints of a project. The error is an *Error, or that of the context while it waited for a process.
func (s *Scanner) Scan(ctx context.Context, files map[string][]byte) (endpoints.Result, error) {
	if err := s.enter(ctx); err != nil {
		return endpoints.Result{}, err
	}
	defer func() { <-s.places }()
	result, err := s.run(ctx, files)
	if err != nil && ctx.Err() != nil {
		return endpoints.Result{}, context.Cause(ctx)
	}
	return result, err
}

// enter waits for a place.
func (s *Scanner) enter(ctx context.Context) error {
	select {
	case s.places <- struct{}{}:
		return nil
	default:
	}
	if s.waiting.Add(1) > int64(s.options.Waiting) {
		s.waiting.Add(-1)
		return &Error{Kind: KindBusy, Err: fmt.Errorf("%d projects wait already", s.options.Waiting)}
	}
	defer s.waiting.Add(-1)
	select {
	case s.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Scanner) run(ctx context.Context, files map[string][]byte) (endpoints.Result, error) {
	if err := wire.Check(files); err != nil {
		return endpoints.Result{}, &Error{Kind: KindTooLarge, Err: err}
	}
	limited, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	answer := &head{most: wire.MaxAnswerBytes, full: cancel}
	complaint := &head{most: maxComplaint, full: func() {}}
	request, feed := io.Pipe()
	// It never fails, and ends the writing below.
	defer func() { _ = request.Close() }()
	cmd := exec.CommandContext(limited, s.options.Program, s.options.Args...)
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = request, answer, complaint
	cmd.WaitDelay = lastWords
	if err := cmd.Start(); err != nil {
		return endpoints.Result{}, &Error{Kind: KindUnavailable, Err: err}
	}
	go func() { feed.CloseWithError(wire.WriteRequest(feed, files, s.options.Read)) }()
	err := cmd.Wait()
	switch {
	case answer.over:
		return endpoints.Result{}, &Error{Kind: KindAnswer, Err: fmt.Errorf("it has more than %d bytes", wire.MaxAnswerBytes)}
	case limited.Err() != nil:
		return endpoints.Result{}, &Error{Kind: KindTimeout, Err: fmt.Errorf("it took more than %s", s.options.Timeout)}
	case err != nil:
		return endpoints.Result{}, &Error{Kind: KindCrashed, Err: fmt.Errorf("%w: %q", err, complaint.data)}
	}
	result, err := wire.ReadAnswer(answer.data)
	if err != nil {
		return endpoints.Result{}, &Error{Kind: KindAnswer, Err: err}
	}
	return cleaned(result), nil
}

// cleaned takes an answer as what a resolver found, and so keeps it within the bounds of results: a project that has
// taken over the process can answer anything.
func cleaned(answer endpoints.Result) endpoints.Result {
	var found route.Found
	for i := range answer.Endpoints {
		e := &answer.Endpoints[i]
		r := route.Route{
			Method: e.Method, Path: e.Path, Summary: e.Summary, Description: e.Description, Tags: e.Tags,
			OperationID: e.OperationID, Deprecated: e.Deprecated, Mounted: e.Mounted, Framework: e.Framework,
			File: e.File, Line: e.Line, Confidence: e.Confidence,
		}
		for _, p := range e.Params {
			r.Params = append(r.Params, route.Param(p))
		}
		found.Routes = append(found.Routes, r)
	}
	for _, d := range answer.Diagnostics {
		found.Diagnostics = append(found.Diagnostics, route.Diagnostic(d))
	}
	return endpoints.FromRoutes(found)
}

// head keeps the beginning of what is written to it.
type head struct {
	data []byte
	most int
	// over: there was more, and full was called.
	over bool
	full func()
}

func (h *head) Write(data []byte) (int, error) {
	room := min(h.most-len(h.data), len(data))
	h.data = append(h.data, data[:room]...)
	if room < len(data) {
		h.over = true
		h.full()
	}
	return len(data), nil
}
