package runner

import (
	"context"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// lost is why an interpreter that hung up cannot be used.
func (r *Runner) lost(i *interpreter) *runnerapi.Failure {
	ended := i.process
	select {
	case <-i.forked:
		ended = i.app
	default:
	}
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case <-r.ended:
		return r.known()
	case <-ended.done:
		return withExit(nil, ended.status, false, 0)
	case <-timer.C:
		return failf(runnerapi.ReasonStartupFailed, "the image's Python does not answer")
	}
}

func (r *Runner) known() *runnerapi.Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failure
}

func timedOut(j *job) *runnerapi.Failure {
	return failf(runnerapi.ReasonStartupTimeout, "the application did not accept connections on port %d within %d s",
		j.assignment.Port, j.assignment.StartupTimeoutSeconds)
}

// await follows an application until it reports an event, which is nil, or until it is clear that it will not.
func (r *Runner) await(ctx context.Context, j *job, app *process, until string) *runnerapi.Failure {
	for {
		select {
		case message, open := <-app.reports:
			if !open {
				app.reports = nil
				continue
			}
			if message.Event == eventFailed {
				return reported(message)
			}
			j.update(func(result *runnerapi.Result) { app.note(message, result) })
			if message.Event == until {
				return nil
			}
		case <-app.done:
			return finalReport(app.reports)
		case <-ctx.Done():
			return timedOut(j)
		}
	}
}

// note keeps what an event tells.
func (p *process) note(message event, result *runnerapi.Result) {
	now := time.Now()
	took := now.Sub(p.last).Microseconds()
	switch message.Event {
	case eventStaged:
		result.Timings.ForkMicros = took
	case eventImported:
		result.Entrypoint, result.Timings.ImportMicros = clean(message.Entrypoint), took
	case eventListening:
		result.Timings.ListenMicros = took
	default:
		return
	}
	p.last = now
}

// finalReport is what an application said last, if it did: its end may be seen before that.
func finalReport(reports <-chan event) *runnerapi.Failure {
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	for reports != nil {
		select {
		case message, open := <-reports:
			if !open {
				reports = nil
			} else if message.Event == eventFailed {
				return reported(message)
			}
		case <-timer.C:
			// Something that the application started holds the pipe.
			reports = nil
		}
	}
	// No words, so its end is the failure.
	return &runnerapi.Failure{}
}

// ending waits for the application to end and says why it did. said is what it reported or what it was found guilty of
// before that, nil if it served.
func (r *Runner) ending(j *job, app *process, said *runnerapi.Failure, killsBefore int64) *runnerapi.Failure {
	if said != nil && (said.Reason == runnerapi.ReasonStartupTimeout || said.Reason == runnerapi.ReasonNotRun) {
		j.kill(r.reaper)
		<-app.done
		return said
	}
	if said != nil {
		// Patience is only for one that serves.
		timer := time.AfterFunc(lastWords, func() { j.kill(r.reaper) })
		defer timer.Stop()
	}
	<-app.done
	killed := outOfMemory(app.status, killsBefore, r.group.oomKills())
	limit := int64(j.assignment.MemoryLimitMB)
	if limit == 0 {
		limit = r.group.memoryLimit() >> 20
	}
	if said != nil && said.Reason == "" {
		said = nil
	}
	return withExit(said, app.status, killed, limit)
}
