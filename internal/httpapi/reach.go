package httpapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/proxy"
	"github.com/codebegen/preview-operator/internal/store"
)

// An application that is starting is knocked at until it answers: a sixteenth of the time waited so far lies between two
// attempts, within these bounds. Coming too late thus costs a few percent of the start, and coming too early, which
// costs some 50 µs of the processor that the application starts on, is rare when that takes long.
const (
	knockShare = 16
	minKnock   = 2 * time.Millisecond
	maxKnock   = 20 * time.Millisecond
)

// sender sends a request to where an application was reached.
type sender func(context.Context, proxy.Request) (proxy.Response, error)

// reach finds out how the application of a preview is sent requests. One that is starting is waited for.
func (a *API) reach(ctx context.Context, pvi *v1alpha1.PreviewInstance, meta store.Meta, wait time.Duration) (sender, error) {
	if isStarting(pvi) {
		return a.awaitServing(ctx, pvi, wait)
	}
	target, err := a.target(ctx, pvi, meta)
	if errors.Is(err, proxy.ErrNotRunning) {
		return nil, notRunning(pvi)
	}
	if err != nil {
		return nil, err
	}
	return a.sendTo(target), nil
}

func (a *API) sendTo(target proxy.Target) sender {
	return func(ctx context.Context, request proxy.Request) (proxy.Response, error) {
		return a.forwarder.Do(ctx, target, request)
	}
}

// target is where the requests to an instance go. What the cache does not know to run yet is looked up: somebody may
// have seen it run at the API server a moment ago.
func (a *API) target(ctx context.Context, pvi *v1alpha1.PreviewInstance, meta store.Meta) (proxy.Target, error) {
	target, err := proxy.TargetOf(pvi, a.ports())
	if !errors.Is(err, proxy.ErrNotRunning) {
		return target, err
	}
	live, liveErr := a.liveInstance(ctx, meta)
	if liveErr != nil || live.UID != pvi.UID {
		return proxy.Target{}, err
	}
	return proxy.TargetOf(live, a.ports())
}

func (a *API) ports() proxy.PortRange {
	current := a.settings.Current()
	return proxy.PortRange{Min: current.PortMin, Max: current.PortMax}
}

// isStarting reports whether an instance is going to run.
func isStarting(pvi *v1alpha1.PreviewInstance) bool {
	return isLive(pvi) && pvi.Status.Phase != v1alpha1.PhaseRunning
}

// awaitServing waits until the application of an instance can be reached. It does not wait until the status says so,
// which comes later: from the moment when the status tells where the application will be, it knocks there. The request
// itself is sent once, over a connection that the application has accepted.
func (a *API) awaitServing(ctx context.Context, pvi *v1alpha1.PreviewInstance, wait time.Duration) (sender, error) {
	begun := time.Now()
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		changed := a.instances.nextChange(pvi.Name)
		now, err := a.instances.current(pvi)
		if err != nil {
			return nil, err
		}
		if !isStarting(now) {
			return a.settled(now)
		}
		target, err := proxy.StartingTargetOf(now, a.ports())
		if err != nil && !errors.Is(err, proxy.ErrNotRunning) {
			return nil, err
		}
		var again <-chan time.Time
		if err == nil {
			if connection, err := a.forwarder.Connect(ctx, target); err == nil {
				return a.sendOver(connection), nil
			}
			again = time.After(min(max(time.Since(begun)/knockShare, minKnock), maxKnock))
		}
		select {
		case <-changed:
		case <-again:
		case <-over.C:
			return a.lastLook(ctx, now)
		case <-a.draining:
			return nil, &failure{kind: kindUnavailable, detail: "the gateway is shutting down; try again", retryAfter: time.Second}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (a *API) sendOver(connection *proxy.Connection) sender {
	return func(ctx context.Context, request proxy.Request) (proxy.Response, error) {
		return a.forwarder.DoOver(ctx, connection, request)
	}
}

// lastLook asks the API server about an instance that was waited for in vain: a watch that was cut is re-established only
// after a while.
func (a *API) lastLook(ctx context.Context, pvi *v1alpha1.PreviewInstance) (sender, error) {
	bounded, cancel := context.WithTimeout(ctx, lastLookTimeout)
	defer cancel()
	if live, err := a.instances.Live(bounded, pvi.Name); err == nil && live.UID == pvi.UID {
		pvi = live
	}
	return a.settled(pvi)
}

// settled is what comes of waiting for an instance.
func (a *API) settled(pvi *v1alpha1.PreviewInstance) (sender, error) {
	target, err := proxy.TargetOf(pvi, a.ports())
	if errors.Is(err, proxy.ErrNotRunning) {
		return nil, notRunning(pvi)
	}
	if err != nil {
		return nil, err
	}
	return a.sendTo(target), nil
}

// notRunning says what an instance that cannot be sent requests waits for, or why it has ended.
func notRunning(pvi *v1alpha1.PreviewInstance) *failure {
	f := failureOf(proxy.ErrNotRunning)
	ready := apimeta.FindStatusCondition(pvi.Status.Conditions, v1alpha1.ConditionReady)
	last := pvi.Status.LastFailure
	switch {
	case isStarting(pvi) && ready != nil:
		f.detail = fmt.Sprintf("it is starting, and waits for %s; %s", ready.Message, f.detail)
	case last != nil && last.Reason == pvi.Status.Reason:
		f.detail = fmt.Sprintf("it has ended with %s: %s; %s", last.Reason, last.Message, f.detail)
	}
	return f
}
