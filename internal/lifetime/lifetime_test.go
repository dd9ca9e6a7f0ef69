package lifetime

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDue(t *testing.T) {
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	type result struct {
		Reason Reason
		In     time.Duration
	}
	for name, tc := range map[string]struct {
		activity, now time.Time
		want          result
	}{
		"just started":                   {now: start, want: result{None, 30 * time.Minute}},
		"a moment before":                {now: at(30*time.Minute - time.Nanosecond), want: result{None, time.Nanosecond}},
		"idle since the start":           {now: at(30 * time.Minute), want: result{SessionTimeout, 0}},
		"used":                           {activity: at(20 * time.Minute), now: at(40 * time.Minute), want: result{None, 10 * time.Minute}},
		"used until it is too old":       {activity: at(59 * time.Minute), now: at(59 * time.Minute), want: result{None, time.Minute}},
		"too old although used":          {activity: at(59 * time.Minute), now: at(time.Hour), want: result{MaxUptime, 0}},
		"activity before the start":      {activity: at(-time.Hour), now: at(time.Minute), want: result{None, 29 * time.Minute}},
		"activity from a future clock":   {activity: at(1000 * time.Hour), now: at(time.Hour), want: result{MaxUptime, 0}},
		"long after (the manager slept)": {now: at(48 * time.Hour), want: result{SessionTimeout, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Running{StartedAt: start, LastActivity: tc.activity, SessionTimeout: 30 * time.Minute, MaxUptime: time.Hour}
			reason, in := r.Due(tc.now)
			if diff := cmp.Diff(tc.want, result{reason, in}); diff != "" {
				t.Errorf("Due (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEnds(t *testing.T) {
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	type ends struct{ Session, Uptime time.Time }
	for name, tc := range map[string]struct {
		activity     time.Time
		session, max time.Duration
		want         ends
	}{
		"unused":                                 {session: 30 * time.Minute, max: time.Hour, want: ends{at(30 * time.Minute), at(time.Hour)}},
		"used":                                   {activity: at(20 * time.Minute), session: 30 * time.Minute, max: time.Hour, want: ends{at(50 * time.Minute), at(time.Hour)}},
		"used late":                              {activity: at(50 * time.Minute), session: 30 * time.Minute, max: time.Hour, want: ends{at(80 * time.Minute), at(time.Hour)}},
		"activity from a future clock":           {activity: time.Date(9999, 12, 31, 23, 59, 0, 0, time.UTC), session: 30 * time.Minute, max: time.Hour, want: ends{at(90 * time.Minute), at(time.Hour)}},
		"short and unused":                       {session: 8 * time.Second, max: time.Hour, want: ends{at(8 * time.Second), at(time.Hour)}},
		"short and viewed from the start":        {activity: at(0), session: 8 * time.Second, max: time.Hour, want: ends{at(90 * time.Second), at(time.Hour)}},
		"short and viewed from before the start": {activity: at(-20 * time.Second), session: 8 * time.Second, max: time.Hour, want: ends{at(70 * time.Second), at(time.Hour)}},
		"short and used by an earlier run":       {activity: at(-85 * time.Second), session: 8 * time.Second, max: time.Hour, want: ends{at(8 * time.Second), at(time.Hour)}},
		"short and used":                         {activity: at(5 * time.Second), session: 8 * time.Second, max: time.Hour, want: ends{at(95 * time.Second), at(time.Hour)}},
		"longer than it may run":                 {session: 2 * time.Hour, max: time.Hour, want: ends{at(2 * time.Hour), at(time.Hour)}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Running{StartedAt: start, LastActivity: tc.activity, SessionTimeout: tc.session, MaxUptime: tc.max}
			if diff := cmp.Diff(tc.want, ends{r.SessionEnd(), r.UptimeEnd()}); diff != "" {
				t.Errorf("ends (-want +got):\n%s", diff)
			}
		})
	}
}
