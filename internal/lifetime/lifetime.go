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

// ActivityLasts is how long an instance may be in use after its last activity was recorded: use is recorded at most once
// a minute, and a viewer's at a heartbeat, which come every 15 s; the rest is for the record to arrive. A session
// time-out shorter than this must not end what is being used.
const ActivityLasts = 90 * time.Second

// Running describes an instance that runs.
type Running struct {
	StartedAt time.Time
	// LastActivity is the last recorded traffic or viewer, who may have come before StartedAt; zero if there was none.
	LastActivity time.Time
	// SessionTimeout without activity, at least ActivityLasts once there was any, and MaxUptime in all.
	SessionTimeout, MaxUptime time.Duration
}

// SessionEnd is when the instance has to stop for want of use. Activity later than the maximum uptime, written by
// somebody's wrong clock, counts as the last that there can be.
func (r Running) SessionEnd() time.Time {
	unused := r.StartedAt.Add(r.SessionTimeout)
	active := r.LastActivity
	if oldest := r.UptimeEnd(); active.After(oldest) {
		active = oldest
	}
	if used := active.Add(max(r.SessionTimeout, ActivityLasts)); used.After(unused) {
		return used
	}
	return unused
}

// UptimeEnd is when the instance has to stop however much it is used.
func (r Running) UptimeEnd() time.Time { return r.StartedAt.Add(r.MaxUptime) }

// Expiry is when the instance has to stop if nothing uses it in the meantime, and which rule says so.
func (r Running) Expiry() (time.Time, Reason) {
	idle, oldest := r.SessionEnd(), r.UptimeEnd()
	if idle.Before(oldest) {
		return idle, SessionTimeout
	}
	return oldest, MaxUptime
}

// Due returns the reason to stop now, or None and how long it takes until the instance expires.
func (r Running) Due(now time.Time) (Reason, time.Duration) {
	at, reason := r.Expiry()
	if now.Before(at) {
		return None, at.Sub(now)
	}
	return reason, 0
}
