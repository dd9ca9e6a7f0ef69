package warmpool

import (
	"cmp"
	"slices"
	"time"
)

// State of a pod of the pool.
type State int

// The states.
const (
	// Starting pods are of the current revision and will be ready.
	Starting State = iota
	// Ready pods can be given to an instance.
	Ready
	// Reserved pods have been given to one whose claim is not written yet.
	Reserved
	// Stale pods work, but must not be given to anybody: they are of another revision, or their node takes no pods.
	Stale
	// Broken pods can never be given to anybody.
	Broken
	// Ending pods are being deleted.
	Ending
)

const (
	// inFlight is how many pods are started at once: a start takes half a second of a processor, which launches need, too.
	inFlight = 3
	// inFlightWhenLow is the same for a pool that is less than half full: one that runs out makes launches start a pod
	// themselves, and wait for it.
	inFlightWhenLow = 5
	// deletions is how many pods are being deleted at once.
	deletions = 4
	// shrinkEvery is the time between two pods that go because fewer are wanted: the demand may come back.
	shrinkEvery = 10 * time.Second

	// quiet is how long after a launch nothing is created or deleted, unless it has waited for maxHold already.
	quiet   = 150 * time.Millisecond
	maxHold = 3 * time.Second

	firstRetry = time.Second
	lastRetry  = time.Minute
)

// Pod is one pod of a pool.
type Pod struct {
	ID      string
	State   State
	Created time.Time
	// Unschedulable is set on a starting pod that no node has room for.
	Unschedulable bool
}

// Input is what a plan is made from.
type Input struct {
	Now time.Time
	// Want is how many pods should wait.
	Want int
	Pods []Pod
	// Creating pods have been asked for but not been seen yet.
	Creating int
	// Failures are the pods in a row that broke before they were ready, the last of them at FailedAt.
	Failures int
	FailedAt time.Time
	// ShrunkAt is when a pod last went because fewer were wanted.
	ShrunkAt time.Time
}

// Plan is what to do next.
type Plan struct {
	// Create is how many pods are to be created, before any is deleted.
	Create int
	// Delete names the pods that are to be deleted. Shrink is set when they go because fewer are wanted.
	Delete []string
	Shrink bool
	// Again is when to plan anew although nothing has happened; 0 for never.
	Again time.Duration
}

// Idle reports whether there is nothing to do.
func (p Plan) Idle() bool { return p.Create == 0 && len(p.Delete) == 0 }

func (p *Plan) again(d time.Duration) {
	if p.Again == 0 || d < p.Again {
		p.Again = max(d, time.Millisecond)
	}
}

// Next plans one step; carrying it out leads to the next.
//
// Pods of an old revision cannot be used, but stay until new ones are ready: a change that was a mistake, such as the name
// of an image that does not exist, can be undone. When new ones find no room they go all the same, one for each.
func Next(in Input) Plan {
	var plan Plan
	of := map[State][]Pod{}
	for _, pod := range in.Pods {
		of[pod.State] = append(of[pod.State], pod)
	}
	ready, starting := len(of[Ready]), len(of[Starting])+in.Creating
	plan.create(in, ready, starting)
	plan.remove(in, of, ready+starting)
	return plan
}

func (p *Plan) create(in Input, ready, starting int) {
	missing := in.Want - ready - starting
	if missing <= 0 {
		return
	}
	if wait := in.FailedAt.Add(retryAfter(in.Failures)).Sub(in.Now); in.Failures > 0 && wait > 0 {
		p.again(wait)
		return
	}
	limit := inFlight
	if 2*ready < in.Want {
		limit = inFlightWhenLow
	}
	p.Create = max(min(missing, limit-starting), 0)
}

func retryAfter(failures int) time.Duration {
	if failures > 6 {
		return lastRetry
	}
	return min(firstRetry<<max(failures-1, 0), lastRetry)
}

func (p *Plan) remove(in Input, of map[State][]Pod, current int) {
	room := deletions - len(of[Ending])
	take := func(pods []Pod, n int) {
		oldestFirst(pods)
		for _, pod := range pods[:max(min(n, len(pods), room), 0)] {
			p.Delete = append(p.Delete, pod.ID)
			room--
		}
	}
	take(of[Broken], len(of[Broken]))
	keep := max(in.Want-len(of[Ready])-unschedulable(of[Starting]), 0)
	take(of[Stale], len(of[Stale])-keep)
	surplus := current - in.Want
	if surplus <= 0 {
		return
	}
	if in.Want > 0 {
		if wait := in.ShrunkAt.Add(shrinkEvery).Sub(in.Now); wait > 0 {
			p.again(wait)
			return
		}
		surplus = 1
		p.again(shrinkEvery)
	}
	before := len(p.Delete)
	take(of[Starting], surplus)
	// Those that are being created will be starting.
	take(of[Ready], surplus-(len(p.Delete)-before)-in.Creating)
	p.Shrink = len(p.Delete) > before
}

func oldestFirst(pods []Pod) {
	slices.SortFunc(pods, func(a, b Pod) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
}

func unschedulable(pods []Pod) int {
	n := 0
	for _, pod := range pods {
		if pod.Unschedulable {
			n++
		}
	}
	return n
}

// Hold returns how long a plan has to wait for launches, whose processor time it would take: none when it is zero. It has
// been waiting since the time given. While a launch is under way the end of it may shorten the wait.
func Hold(now, since time.Time, underWay bool, lastLaunch time.Time) time.Duration {
	left := since.Add(maxHold).Sub(now)
	if !underWay {
		left = min(left, lastLaunch.Add(quiet).Sub(now))
	}
	return max(left, 0)
}

const (
	// settled is how long the numbers of a pool must not have changed before they are written down, and maxUnsettled how
	// long they may be wrong because of that.
	settled      = 250 * time.Millisecond
	maxUnsettled = 3 * time.Second
	// writeEvery is the least time between two writes.
	writeEvery = 5 * time.Second
)

// WriteAfter returns how long to wait with writing down how a pool is, none when it is zero: it has been different from
// what is written since one time, and has last changed at another.
func WriteAfter(now, different, changed, written time.Time) time.Duration {
	wait := min(changed.Add(settled).Sub(now), different.Add(maxUnsettled).Sub(now))
	return max(wait, written.Add(writeEvery).Sub(now), 0)
}
