// Package discover reads the files of an application and tells which endpoints it has. Its resolvers parse with C, so that
// programs which must not link any, as the gateway, run it in a process of its own; what goes to and fro is in package
// endpoints.
package discover

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// grace is how long resolvers may take to hand over what they have found when the time is over.
const grace = 500 * time.Millisecond

// Codes of the diagnostics of this package.
const (
	// codeNoFramework: nothing that is known is imported.
	codeNoFramework = "no-framework"
	// codeNoParser: the program cannot parse.
	codeNoParser = "no-parser"
	// codeNoEndpoints: a framework is imported, but nothing is made with it.
	codeNoEndpoints = "no-endpoints"
	// codeTimedOut: a resolver did not end in time, and what it found is lost.
	codeTimedOut = "timed-out"
	// codeFailed: a resolver has a bug.
	codeFailed = "resolver-failed"
	// codeTooLarge: a file was not read.
	codeTooLarge = "file-too-large"
	// codeLargeProject: some files were not read.
	codeLargeProject = "project-too-large"
)

// Discover finds the endpoints that an application has when it runs, by reading its files: paths, with slashes, to contents.
// It keeps no reference to them, runs none of them and never fails: what cannot be found out is told in diagnostics. A
// resolver that hangs is left behind when the time is over, for the process to end.
func Discover(ctx context.Context, files map[string][]byte, options endpoints.Options) endpoints.Result {
	if _, err := syntax.Parse(ctx, syntax.Python, nil, syntax.Limits{}); errors.Is(err, syntax.ErrNoParser) {
		return endpoints.FromRoutes(route.Found{Diagnostics: []route.Diagnostic{{Code: codeNoParser, Message: err.Error()}}})
	}
	return discover(ctx, files, options.Complete(), resolvers)
}

func discover(ctx context.Context, files map[string][]byte, options endpoints.Options, all []resolver) endpoints.Result {
	// The resolvers' time is bounded twice: they are asked to end, and then no longer waited for.
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	kept, about := choose(files, options)
	imported := importedIn(kept)
	project := newProject(ctx, kept)
	var lanes [lanesOfAll][]resolver
	for _, r := range all {
		if imported[r.framework] {
			lanes[r.lane] = append(lanes[r.lane], r)
		}
	}
	found := make([]route.Found, 0, len(all)+1)
	found = append(found, route.Found{Diagnostics: about})
	for _, answers := range runLanes(ctx, project, lanes) {
		found = append(found, answers...)
	}
	if slices.ContainsFunc(found, func(f route.Found) bool { return len(f.Routes) > 0 }) {
		// A helper of another framework may be all that is used of it.
		for i := range found {
			found[i].Diagnostics = slices.DeleteFunc(found[i].Diagnostics, func(d route.Diagnostic) bool { return d.Code == codeNoEndpoints })
		}
	}
	if len(imported) == 0 {
		found = append(found, route.Found{Diagnostics: []route.Diagnostic{{
			Code: codeNoFramework, Message: "no file imports FastAPI, Flask, Django or Express",
		}}})
	}
	return endpoints.FromRoutes(found...)
}

// runLanes runs the resolvers of each lane one after the other, for they share trees, and the lanes at once.
func runLanes(ctx context.Context, p *project, lanes [lanesOfAll][]resolver) [lanesOfAll][]route.Found {
	var found [lanesOfAll][]route.Found
	var waiting sync.WaitGroup
	for i, lane := range lanes {
		if len(lane) == 0 {
			continue
		}
		waiting.Go(func() { found[i] = runLane(ctx, p, lane) })
	}
	waiting.Wait()
	return found
}

// runLane waits for its resolvers until the time and the grace are over.
func runLane(ctx context.Context, p *project, lane []resolver) []route.Found {
	answers := make(chan route.Found, len(lane))
	go func() {
		for _, r := range lane {
			answers <- runOne(ctx, p, r)
		}
	}()
	found := make([]route.Found, 0, len(lane))
	over, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()
	for _, r := range lane {
		select {
		case answer := <-answers:
			found = append(found, answer)
		case <-over.Done():
			found = append(found, route.Found{Diagnostics: []route.Diagnostic{{
				Code: codeTimedOut, Message: r.name + " endpoints were not found out in time",
			}}})
		}
	}
	return found
}

// runOne runs a resolver, whose panic is a diagnostic.
func runOne(ctx context.Context, p *project, r resolver) (found route.Found) {
	defer func() {
		if cause := recover(); cause != nil {
			found = route.Found{Diagnostics: []route.Diagnostic{{
				Code: codeFailed, Message: fmt.Sprintf("%s endpoints were not found out: %.200s%s", r.name, fmt.Sprint(cause), culprit()),
			}}}
		}
	}()
	found = r.resolve(ctx, p)
	for i := range found.Routes {
		found.Routes[i].Framework = r.framework
	}
	if len(found.Routes) == 0 && len(found.Diagnostics) == 0 {
		found.Diagnostics = []route.Diagnostic{{Code: codeNoEndpoints, Message: r.name + " is imported, but no application with endpoints was found"}}
	}
	return found
}

// culprit is where a panic that is being recovered from began.
func culprit() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	panicked := false
	for {
		frame, more := frames.Next()
		switch {
		case strings.HasPrefix(frame.Function, "runtime."):
			panicked = true
		case panicked:
			return fmt.Sprintf(" (%s:%d)", path.Base(frame.File), frame.Line)
		}
		if !more {
			return ""
		}
	}
}
