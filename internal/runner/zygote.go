package runner

import (
	"fmt"
	"sync"
	"syscall"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// startZygote starts the interpreter that preloads. Without one there will be no application.
func (r *Runner) startZygote() {
	killsBefore := r.group.oomKills()
	zygote, err := startInterpreter(r.reaper, r.options, r.output, modeFork, r.modules, baseEnvironment(r.options.Environ))
	if err != nil {
		r.fail(failf(runnerapi.ReasonStartupFailed, "%v", err))
		return
	}
	r.zygote = zygote
	go r.watchZygote(zygote, killsBefore)
	go r.watchLarger(zygote.larger)
}

// watchZygote follows the interpreter until an assignment has it, or says why none ever will.
func (r *Runner) watchZygote(zygote *interpreter, killsBefore int64) {
	watched := zygote.process
	for message := range zygote.events {
		switch message.Event {
		case eventUsable:
			r.usable.finish()
		case eventForked:
			watched = r.reaper.watch(message.PID)
			zygote.app = watched
			close(zygote.forked)
			// It has done its work. The fork becomes our child, and has the memory of the two for itself.
			r.reaper.signal(zygote.process, syscall.SIGKILL, false)
		case eventReady:
			r.preloaded.finish()
			r.waiting.finish()
		case eventUnusable:
			r.fail(failf(runnerapi.ReasonStartupFailed, "%s", message.Message))
			return
		}
	}
	select {
	case <-zygote.taken:
		return
	case <-watched.done:
		if zygote.isTaken() {
			return
		}
	}
	killed := outOfMemory(watched.status, killsBefore, r.group.oomKills())
	failure := withExit(nil, watched.status, killed, r.group.memoryLimit()>>20)
	if !killed {
		failure.Reason = runnerapi.ReasonStartupFailed
		failure.Message = fmt.Sprintf("the image's Python ended by itself with exit code %d", *failure.ExitCode)
	}
	r.fail(failure)
}

// milestone is something that is reached once.
type milestone struct {
	done chan struct{}
	once *sync.Once
}

func newMilestone() milestone { return milestone{done: make(chan struct{}), once: &sync.Once{}} }

func (m milestone) finish() { m.once.Do(func() { close(m.done) }) }

func (m milestone) isDone() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}
