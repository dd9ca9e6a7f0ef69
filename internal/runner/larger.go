package runner

import (
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// larger is a further fork of an interpreter, which has loaded modules that take much memory as well. Projects that name
// one of them get it; for all others its memory is given back.
type larger struct {
	*interpreter
	// ready is closed when everything is loaded, and named set.
	ready chan struct{}
	// named are the modules that make a project one for this interpreter.
	named []string
	// mu lets only one of those who discard it at the same time do so.
	mu sync.Mutex
}

// watchLarger follows the larger interpreter until an assignment has it, or the other one. It is never missed: without it,
// launches are only slower.
func (r *Runner) watchLarger(l *larger) {
	for message := range l.events {
		switch message.Event {
		case eventForked:
			l.app = r.reaper.watch(message.PID)
			close(l.forked)
			if l.isTaken() {
				r.reaper.signal(l.app, syscall.SIGKILL, true)
			}
		case eventReady:
			l.named = message.Named
			close(l.ready)
		}
	}
}

// usable reports whether the interpreter can be given an assignment.
func (l *larger) usable() bool {
	select {
	case <-l.ready:
	default:
		return false
	}
	select {
	case <-l.app.done:
		return false
	default:
		return true
	}
}

// discard ends the interpreter, now or as soon as it is known, unless an assignment has it.
func (l *larger) discard(r *reaper) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isTaken() {
		return
	}
	l.take()
	select {
	case <-l.forked:
		r.signal(l.app, syscall.SIGKILL, true)
	default:
	}
}

// discardAfter is how long after the choice the interpreter that is left over ends: giving back its memory would compete for
// the processor with the start of the application.
const discardAfter = 500 * time.Millisecond

// choose returns the interpreter that suits the code, and has the other one end soon.
func (r *Runner) choose() *interpreter {
	l := r.zygote.larger
	if l == nil {
		return r.zygote
	}
	if !l.usable() || !importsAny(os.DirFS(r.codeDir()), l.named) {
		time.AfterFunc(discardAfter, func() { l.discard(r.reaper) })
		return r.zygote
	}
	r.zygote.take()
	time.AfterFunc(discardAfter, func() { r.reaper.signal(r.zygote.app, syscall.SIGKILL, true) })
	return l.interpreter
}

// maxNamesRead bounds what is read of a project to find out which modules it names; the rest is not looked at.
const maxNamesRead = 4 << 20

// importsAny reports whether a source of the project has a line that begins to import one of the modules.
func importsAny(project fs.FS, modules []string) bool {
	alternatives := make([]string, len(modules))
	for i, module := range modules {
		alternatives[i] = regexp.QuoteMeta(module)
	}
	statement := regexp.MustCompile(`(?m)^[ \t]*(?:from|import)[ \t]+(?:` + strings.Join(alternatives, "|") + `)\b`)
	found, left := false, maxNamesRead
	_ = fs.WalkDir(project, ".", func(path string, entry fs.DirEntry, _ error) error {
		if entry == nil || entry.IsDir() || !strings.HasSuffix(path, ".py") {
			return nil
		}
		// What cannot be read is left to Python.
		source, _ := fs.ReadFile(project, path)
		left -= len(source)
		found = mentionsAny(source, modules) && statement.Match(source)
		if found || left <= 0 {
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// mentionsAny is faster than the expression, which few sources get to see.
func mentionsAny(source []byte, modules []string) bool {
	for _, module := range modules {
		if bytes.Contains(source, []byte(module)) {
			return true
		}
	}
	return false
}
