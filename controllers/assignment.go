package controllers

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/handover"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// assignment is what the runner of the instance is told.
func (r *PreviewInstanceReconciler) assignment(s *scope) runnerapi.Assignment {
	assignment := runnerapi.Assignment{
		ID:                    string(s.instance.UID),
		Port:                  s.facts.Port,
		Entrypoint:            s.instance.Spec.Entrypoint,
		StartupTimeoutSeconds: int32(r.startupTimeout(s).Seconds()),
		MemoryLimitMB:         s.facts.MemoryLimitMB,
		Env:                   environment(s.instance.Spec.Env),
		Limits:                runnerapi.ArchiveLimits(archive.DefaultLimits()),
	}
	if remote := s.instance.Spec.Source.Archive; remote != nil {
		assignment.Archive = &runnerapi.RemoteArchive{URL: remote.URL, SHA256: remote.SHA256}
		for _, blocked := range r.settings.Current().EgressBlockedCIDRs {
			assignment.Archive.BlockedCIDRs = append(assignment.Archive.BlockedCIDRs, blocked.String())
		}
	}
	return assignment
}

func environment(env []v1alpha1.EnvVar) []runnerapi.EnvVar {
	var out []runnerapi.EnvVar
	for _, e := range env {
		out = append(out, runnerapi.EnvVar{Name: e.Name, Value: e.Value})
	}
	return out
}

// freshBecauseOf names the variable that keeps the application from being forked from a preloaded interpreter, if there
// is one.
func freshBecauseOf(env []v1alpha1.EnvVar) string {
	for _, variable := range environment(env) {
		if runnerapi.NeedsFreshInterpreter([]runnerapi.EnvVar{variable}) {
			return variable.Name
		}
	}
	return ""
}

// assignmentJob hands over to a pod of the instance's own. It gathers what that needs, so that it does not share the
// scope with later reconciles.
func (r *PreviewInstanceReconciler) assignmentJob(s *scope) handoverJob {
	instance, pod, assignment := s.instance.DeepCopy(), s.pod, r.assignment(s)
	readyTimeout, assignTimeout := r.settings.Current().PodStartTimeout, r.startupTimeout(s)+handoverSlack
	return r.traced(instance, func(ctx context.Context, runners RunnerClient, _ <-chan struct{}) (result runnerapi.Result, err error) {
		code, err := r.readCode(ctx, instance)
		if err != nil {
			return runnerapi.Result{}, err
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
		return r.awaitApplication(ctx, instance.UID, assignTimeout, slices.Concat(stagesOfStaging, stagesOfRunning), func(ctx context.Context) (runnerapi.Result, error) {
			return runners.Assign(ctx, target, assignment, code)
		})
	})
}

// stagingJob hands over to a warm pod that is being claimed: the code may be there before, and is run once the job is
// released.
func (r *PreviewInstanceReconciler) stagingJob(s *scope, resized bool) handoverJob {
	instance, pod, assignment := s.instance.DeepCopy(), s.pod, r.assignment(s)
	assignment.AwaitMemoryLimit = resized
	timeout := r.startupTimeout(s) + handoverSlack
	return r.traced(instance, func(ctx context.Context, runners RunnerClient, released <-chan struct{}) (runnerapi.Result, error) {
		code, err := r.readCode(ctx, instance)
		if err != nil {
			return runnerapi.Result{}, err
		}
		target, err := r.target(pod)
		if err != nil {
			return runnerapi.Result{}, err
		}
		var staged StagedRunner
		var inRunner func(runnerapi.Timings)
		if err := r.beside(ctx, stageStage, func(stageCtx context.Context) (err error) {
			begun := time.Now()
			defer func() {
				ended := time.Now()
				inRunner = func(timings runnerapi.Timings) { r.traceRunner(stageCtx, begun, ended, timings, stagesOfStaging...) }
			}()
			ctx, cancel := context.WithTimeout(stageCtx, handoverSlack)
			defer cancel()
			staged, err = runners.Stage(ctx, target, assignment, code)
			return err
		}); err != nil {
			return runnerapi.Result{}, &stagingError{err}
		}
		defer staged.Close()
		select {
		case <-released:
		case <-ctx.Done():
			return runnerapi.Result{}, ctx.Err()
		}
		result, err := r.awaitApplication(ctx, instance.UID, timeout, stagesOfRunning, staged.Run)
		if err == nil {
			// The runner tells how long staging took with the rest.
			inRunner(result.Timings)
		}
		return result, err
	})
}

// traced measures a handover, and makes it a span of the launch's trace.
func (r *PreviewInstanceReconciler) traced(instance *v1alpha1.PreviewInstance, job handoverJob) handoverJob {
	return func(ctx context.Context, runners RunnerClient, released <-chan struct{}) (result runnerapi.Result, err error) {
		ctx, endSpan := r.traceHandover(ctx, instance)
		defer func() {
			r.metrics.handedOver(instance.UID, result, err)
			endSpan(result, err)
		}()
		return job(ctx, runners, released)
	}
}

// readCode reads the instance's source, which can take its time when the store is away.
func (r *PreviewInstanceReconciler) readCode(ctx context.Context, instance *v1alpha1.PreviewInstance) (code []byte, err error) {
	err = r.beside(ctx, stageSource, func(ctx context.Context) (err error) {
		code, err = r.code(ctx, instance)
		return err
	})
	if err != nil {
		return nil, &sourceError{err}
	}
	return code, nil
}

// awaitApplication waits for what becomes of an application that a runner was told to run, in stages of its own.
func (r *PreviewInstanceReconciler) awaitApplication(ctx context.Context, uid types.UID, timeout time.Duration, stages []string, do func(context.Context) (runnerapi.Result, error)) (result runnerapi.Result, err error) {
	err = r.stage(ctx, uid, stageAssign, func(ctx context.Context) (err error) {
		start := time.Now()
		runCtx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		if result, err = do(runCtx); err == nil {
			r.traceRunner(ctx, start, time.Now(), result.Timings, stages...)
		}
		return err
	})
	return result, err
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

// stagingError is code that could not be staged. Nothing of it was run.
type stagingError struct{ err error }

func (e *stagingError) Error() string { return fmt.Sprintf("staging the code: %v", e.err) }
func (e *stagingError) Unwrap() error { return e.err }

// sourceError is a source that could not be read.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return fmt.Sprintf("reading the source: %v", e.err) }
func (e *sourceError) Unwrap() error { return e.err }
