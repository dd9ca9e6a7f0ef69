package runner

import (
	"context"
	"net"
	"syscall"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// forked returns the process that the interpreter made for the application.
func (r *Runner) forked(ctx context.Context, j *job, zygote *interpreter) (int, *runnerapi.Failure) {
	select {
	case pid := <-zygote.forked:
		return pid, nil
	case <-r.ended:
		return 0, r.known()
	case <-ctx.Done():
		return 0, timedOut(j)
	}
}

// lost is why an interpreter that hung up cannot be used.
func (r *Runner) lost(i *interpreter) *runnerapi.Failure {
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case <-r.ended:
		return r.known()
	case status := <-i.exit:
		return withExit(nil, status, false, 0)
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

// await follows an application until it accepts connections, which is nil, or until it is clear that it will not.
func (r *Runner) await(ctx context.Context, j *job, app *process) *runnerapi.Failure {
	reports, last := app.reports, app.from
	for {
		select {
		case message, open := <-reports:
			if !open {
				reports = nil
				continue
			}
			now := time.Now()
			switch message.Event {
			case eventImported:
				j.update(func(result *runnerapi.Result) {
					result.Entrypoint = clean(message.Entrypoint)
					result.Timings.ImportMicros = now.Sub(last).Microseconds()
				})
				last = now
			case eventListening:
				j.update(func(result *runnerapi.Result) { result.Timings.ListenMicros = now.Sub(last).Microseconds() })
				return confirm(ctx, j)
			case eventFailed:
				return reported(message)
			}
		case status := <-app.exit:
			app.ended = &status
			return finalReport(reports)
		case <-ctx.Done():
			return timedOut(j)
		}
	}
}

// confirm connects to the application: that it listens is not taken on trust.
func confirm(ctx context.Context, j *job) *runnerapi.Failure {
	dialer := &net.Dialer{Timeout: confirmTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", portString(j.assignment.Port)))
	if err != nil {
		return failf(runnerapi.ReasonStartupFailed, "the application does not listen on port %d", j.assignment.Port)
	}
	// Nothing was sent, and nothing is lost if this fails.
	_ = conn.Close()
	return nil
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
	defer close(j.gone)
	if said != nil && said.Reason == runnerapi.ReasonStartupTimeout {
		j.kill()
		<-app.exit
		return said
	}
	status := r.exitOf(j, app, said != nil)
	killed := outOfMemory(status, killsBefore, r.group.oomKills())
	limit := int64(j.assignment.MemoryLimitMB)
	if limit == 0 {
		limit = r.group.memoryLimit() >> 20
	}
	if said != nil && said.Reason == "" {
		said = nil
	}
	return withExit(said, status, killed, limit)
}

// exitOf waits for the application's end, with patience only for one that serves.
func (r *Runner) exitOf(j *job, app *process, over bool) syscall.WaitStatus {
	if app.ended != nil {
		return *app.ended
	}
	if over {
		timer := time.AfterFunc(lastWords, j.kill)
		defer timer.Stop()
	}
	return <-app.exit
}
