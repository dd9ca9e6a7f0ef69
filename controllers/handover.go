package controllers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/store"
)

const (
	// handoverSlack is what an assignment may take beyond the application's start-up time-out, which the runner
	// enforces: connecting, proving and pushing the code.
	handoverSlack = 15 * time.Second
	// sourceRetry is how soon a source that could not be read is tried again.
	sourceRetry = 2 * time.Second
)

// RunnerClient hands an assignment over to a runner and returns what became of it.
type RunnerClient interface {
	// Ready waits until the runner has loaded what it needs, and Preloaded until it has loaded everything; the latter fails
	// when it has an assignment.
	Ready(ctx context.Context, target handover.Target) error
	Preloaded(ctx context.Context, target handover.Target) error
	Assign(ctx context.Context, target handover.Target, assignment runnerapi.Assignment, code []byte) (runnerapi.Result, error)
}

// handOver gives the code to the runner of the instance's pod and waits until the application serves. The runner
// answers when the application has started, which can take long, so it is asked off the reconcile; asking twice does no
// harm, because the runner knows the assignment by its id.
func (r *PreviewInstanceReconciler) handOver(_ context.Context, s *scope) error {
	s.handover.started = true
	outcome, done := r.handovers.outcome(s.instance.UID, s.pod.UID)
	if !done {
		r.handovers.start(s.holder().Name, s.instance.UID, s.pod.UID, r.assignmentJob(s))
		return waitFor(v1alpha1.ConditionServing, v1alpha1.ReasonPending, "the application has not started yet")
	}
	if outcome.err != nil {
		return r.handoverFailed(s, outcome.err)
	}
	s.handover.result = &outcome.result
	switch outcome.result.State {
	case runnerapi.StateServing:
		s.facts.StartedAt = ptr.To(metaTime(s.now))
		return nil
	case runnerapi.StateFailed:
		failure := runnerFailure(ptr.Deref(outcome.result.Failure, runnerapi.Failure{}))
		if failure.Reason == v1alpha1.ReasonOOMKilled {
			failure.Message = oomMessage(s.pod)
		}
		return &terminalError{reason: failure.Reason, message: failure.Message, exitCode: failure.ExitCode}
	}
	return terminal(v1alpha1.ReasonRunnerUnreachable, "the runner answered with an unknown state")
}

// handoverFailed tells what can be tried again from what ends the instance.
func (r *PreviewInstanceReconciler) handoverFailed(s *scope, err error) error {
	var source *sourceError
	var broken *archive.Error
	switch {
	case errors.As(err, &source) && errors.Is(err, store.ErrNotFound):
		return terminal(v1alpha1.ReasonGenerationNotFound, "the generation, or the version that spec.source.generation names, is not in the store any more")
	case errors.As(err, &source) && errors.As(err, &broken):
		return terminal(v1alpha1.ReasonCodeRejected, "%s", bounded("the files cannot be run: "+broken.Error()))
	case errors.As(err, &source):
		if s.now.After(s.pod.CreationTimestamp.Add(r.settings.Current().PodStartTimeout)) {
			return terminal(v1alpha1.ReasonSourceUnavailable, "the source could not be read within %d s (PREVIEW_POD_START_TIMEOUT)", int(r.settings.Current().PodStartTimeout.Seconds()))
		}
		r.handovers.forget(s.instance.UID)
		s.lookAgain(sourceRetry)
		return waitFor(v1alpha1.ConditionCodeLoaded, v1alpha1.ReasonSourceUnavailable, "the source could not be read; it is tried again")
	case errors.Is(err, handover.ErrWrongRunner):
		return terminal(v1alpha1.ReasonRunnerUnreachable, "what answered at the pod's address could not prove to be its runner")
	}
	return terminal(v1alpha1.ReasonRunnerUnreachable, "%s", bounded("the runner could not be given the code: "+err.Error()))
}

func (r *PreviewInstanceReconciler) startupTimeout(s *scope) time.Duration {
	return seconds(s.instance.Spec.StartupTimeoutSeconds, r.settings.Current().StartupTimeout)
}

// assignmentJob gathers what the handover needs, so that it does not share the scope with later reconciles.
func (r *PreviewInstanceReconciler) assignmentJob(s *scope) handoverJob {
	instance, pod := s.instance.DeepCopy(), s.pod
	assignment := runnerapi.Assignment{
		ID:                    string(instance.UID),
		Port:                  s.facts.Port,
		Entrypoint:            instance.Spec.Entrypoint,
		StartupTimeoutSeconds: int32(r.startupTimeout(s).Seconds()),
		MemoryLimitMB:         s.facts.MemoryLimitMB,
		Limits:                runnerapi.ArchiveLimits(archive.DefaultLimits()),
	}
	for _, env := range instance.Spec.Env {
		assignment.Env = append(assignment.Env, runnerapi.EnvVar{Name: env.Name, Value: env.Value})
	}
	if remote := instance.Spec.Source.Archive; remote != nil {
		assignment.Archive = &runnerapi.RemoteArchive{URL: remote.URL, SHA256: remote.SHA256}
		for _, blocked := range r.settings.Current().EgressBlockedCIDRs {
			assignment.Archive.BlockedCIDRs = append(assignment.Archive.BlockedCIDRs, blocked.String())
		}
	}
	readyTimeout, assignTimeout := r.settings.Current().PodStartTimeout, r.startupTimeout(s)+handoverSlack
	return func(ctx context.Context, runners RunnerClient) (result runnerapi.Result, err error) {
		ctx, endSpan := r.traceHandover(ctx, instance)
		defer func() {
			r.metrics.handedOver(instance.UID, result, err)
			endSpan(result, err)
		}()
		var code []byte
		if err := r.stage(ctx, instance.UID, stageSource, func(ctx context.Context) (err error) {
			code, err = r.code(ctx, instance)
			return err
		}); err != nil {
			return runnerapi.Result{}, &sourceError{err}
		}
		target, err := r.target(pod)
		if err != nil {
			return runnerapi.Result{}, err
		}
		if err := r.stage(ctx, instance.UID, stageReady, func(ctx context.Context) error {
			return waitReady(ctx, runners, target, readyTimeout)
		}); err != nil {
			return runnerapi.Result{}, err
		}
		err = r.stage(ctx, instance.UID, stageAssign, func(ctx context.Context) error {
			start := time.Now()
			assignCtx, cancel := context.WithTimeout(ctx, assignTimeout)
			defer cancel()
			var err error
			if result, err = runners.Assign(assignCtx, target, assignment, code); err == nil {
				r.traceRunner(ctx, start, result.Timings)
			}
			return err
		})
		return result, err
	}
}

// waitReady keeps the time that a busy node takes to start a pod out of the application's start-up time-out, which
// counts from the assignment.
func waitReady(ctx context.Context, runners RunnerClient, target handover.Target, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return runners.Ready(ctx, target)
}

func (r *PreviewInstanceReconciler) target(pod *corev1.Pod) (handover.Target, error) {
	secret, err := runnerapi.DeriveSecret(r.runnerKey, pod.Namespace, pod.Name)
	return handover.Target{
		PodName: pod.Name,
		PodUID:  string(pod.UID),
		Address: net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(runnerapi.ControlPort)),
		Secret:  secret,
	}, err
}

// code returns the project as an archive, or nothing when the runner fetches it.
func (r *PreviewInstanceReconciler) code(ctx context.Context, instance *v1alpha1.PreviewInstance) ([]byte, error) {
	source := instance.Spec.Source
	switch {
	case source.Inline != nil:
		files := make(map[string][]byte, len(source.Inline.Files))
		for _, file := range source.Inline.Files {
			files[file.Path] = []byte(file.Content)
		}
		packed, _, err := archive.Pack(files)
		return packed, err
	case source.Generation != nil:
		return r.generations.Archive(ctx, instance.Spec.GenerationID, source.Generation.Version)
	}
	return nil, nil
}

// sourceError is a source that could not be read.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return fmt.Sprintf("reading the source: %v", e.err) }
func (e *sourceError) Unwrap() error { return e.err }

// handoverJob hands one instance's code over.
type handoverJob func(context.Context, RunnerClient) (runnerapi.Result, error)

// handovers runs at most one handover per instance at a time, outside the reconciles, and remembers its outcome. There
// are never more of them than ports.
type handovers struct {
	runners RunnerClient
	// finished is told whose handover has an outcome.
	finished func(types.NamespacedName)

	mu      sync.Mutex
	entries map[types.UID]*handoverEntry
}

type handoverEntry struct {
	name    types.NamespacedName
	pod     types.UID
	cancel  context.CancelFunc
	outcome *handoverOutcome
}

type handoverOutcome struct {
	result runnerapi.Result
	err    error
}

func newHandovers(runners RunnerClient, finished func(types.NamespacedName)) *handovers {
	return &handovers{runners: runners, finished: finished, entries: map[types.UID]*handoverEntry{}}
}

// outcome returns what became of the handover of an instance to a pod, and false while it is not known.
func (h *handovers) outcome(instance, pod types.UID) (handoverOutcome, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	entry := h.entries[instance]
	if entry == nil || entry.pod != pod || entry.outcome == nil {
		return handoverOutcome{}, false
	}
	return *entry.outcome, true
}

// start begins a handover unless one to the same pod is under way; one to an earlier pod is given up.
func (h *handovers) start(name types.NamespacedName, instance, pod types.UID, job handoverJob) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if entry := h.entries[instance]; entry != nil {
		if entry.pod == pod {
			return
		}
		entry.cancel()
	}
	ctx, cancel := context.WithCancel(context.Background())
	entry := &handoverEntry{name: name, pod: pod, cancel: cancel}
	h.entries[instance] = entry
	go func() {
		defer cancel()
		result, err := job(ctx, h.runners)
		h.mu.Lock()
		current := h.entries[instance] == entry
		entry.outcome = &handoverOutcome{result, err}
		h.mu.Unlock()
		if current {
			h.finished(name)
		}
	}()
}

// known returns the names of the instances that have a handover or its outcome, by UID.
func (h *handovers) known() map[types.UID]types.NamespacedName {
	h.mu.Lock()
	defer h.mu.Unlock()
	names := make(map[types.UID]types.NamespacedName, len(h.entries))
	for uid, entry := range h.entries {
		names[uid] = entry.name
	}
	return names
}

// forget gives up a handover and forgets its outcome.
func (h *handovers) forget(instance types.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if entry := h.entries[instance]; entry != nil {
		entry.cancel()
		delete(h.entries, instance)
	}
}
