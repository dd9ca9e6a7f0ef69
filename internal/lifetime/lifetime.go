// Package lifetime is the arithmetic of when an instance has to stop and when it may be deleted.
package lifetime

import "time"

// Reason why an instance has to stop.
type Reason string

// The reasons; they are those of api/v1alpha1.
const (
	None           Reason = ""
	SessionTimeout Reason = "SessionTimeout"
	MaxUptime      Reason = "MaxUptime"
)

// Running describes an instance that runs.
type Running struct {
	StartedAt time.Time
	// LastActivity is the last traffic or viewer; zero, or earlier than StartedAt, counts as StartedAt.
	LastActivity time.Time
	// SessionTimeout without activity, and MaxUptime in all.
	SessionTimeout, MaxUptime time.Duration
}

// Expiry is when the instance has to stop if nothing uses it in the meantime, and which rule says so.
func (r Running) Expiry() (time.Time, Reason) {
	active := r.StartedAt
	if r.LastActivity.After(active) {
		active = r.LastActivity
	}
	idle, oldest := active.Add(r.SessionTimeout), r.StartedAt.Add(r.MaxUptime)
	if idle.Before(oldest) {
		return idle, SessionTimeout
	}
	return oldest, MaxUptime
}

// Due returns the reason to stop now, or None and how long it takes until the instance expires. Activity from the
// future, written by somebody's wrong clock, cannot extend the maximum uptime.
func (r Running) Due(now time.Time) (Reason, time.Duration) {
	at, reason := r.Expiry()
	if now.Before(at) {
		return None, at.Sub(now)
	}
	return reason, 0
}
