package vitals

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

func ptr[T any](value T) *T { return &value }

func TestUseOfTheProcessor(t *testing.T) {
	at := func(millis, cpuMillis int64) runnerapi.Usage {
		return runnerapi.Usage{At: millis * 1000, CPUMicros: cpuMillis * 1000}
	}
	for name, test := range map[string]struct {
		readings []runnerapi.Usage
		want     *float64
	}{
		"one reading":           {[]runnerapi.Usage{at(0, 500)}, nil},
		"idle":                  {[]runnerapi.Usage{at(0, 500), at(1000, 500)}, ptr(0.0)},
		"half a core":           {[]runnerapi.Usage{at(0, 500), at(1000, 1000)}, ptr(50.0)},
		"three cores":           {[]runnerapi.Usage{at(0, 500), at(200, 1100)}, ptr(300.0)},
		"the last two count":    {[]runnerapi.Usage{at(0, 0), at(1000, 1000), at(2000, 1250)}, ptr(25.0)},
		"too soon":              {[]runnerapi.Usage{at(0, 0), at(1000, 1000), at(1001, 1500)}, ptr(100.0)},
		"and then late enough":  {[]runnerapi.Usage{at(0, 0), at(1000, 1000), at(1001, 1500), at(2000, 1500)}, ptr(50.0)},
		"the clock stands":      {[]runnerapi.Usage{at(5, 0), at(5, 1000)}, nil},
		"the clock went back":   {[]runnerapi.Usage{at(5000, 0), at(1000, 1000)}, nil},
		"the counter went back": {[]runnerapi.Usage{at(0, 500), at(1000, 400)}, nil},
		"recovers":              {[]runnerapi.Usage{at(0, 500), at(1000, 400), at(2000, 1400)}, ptr(100.0)},
		"more than a computer":  {[]runnerapi.Usage{at(0, 0), at(1000, 1025*1000)}, nil},
	} {
		s := state{health: Unknown}
		for _, reading := range test.readings {
			s.read(reading, nil, time.Time{})
		}
		if diff := cmp.Diff(test.want, s.snapshot().CPUPercent); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFailedReadingsLeaveNothing(t *testing.T) {
	failed := errors.New("connection refused")
	s := state{health: Unknown}
	s.tried(nil, time.Unix(1, 0))
	s.read(runnerapi.Usage{At: 0, MemoryBytes: 5}, nil, time.Unix(2, 0))
	s.read(runnerapi.Usage{At: 1e6, MemoryBytes: 6}, nil, time.Unix(3, 0))
	s.read(runnerapi.Usage{}, failed, time.Unix(4, 0))
	if diff := cmp.Diff(Snapshot{Health: Healthy, At: time.Unix(3, 0)}, s.snapshot()); diff != "" {
		t.Errorf("after a failure (-want +got):\n%s", diff)
	}
	// What was before the gap is not compared with: the pod may have been another one meanwhile.
	if first := s.read(runnerapi.Usage{At: 5e6, CPUMicros: 9e6, MemoryBytes: 7}, nil, time.Unix(5, 0)); !first {
		t.Error("the reading after a failure is not the first of a row")
	}
	if diff := cmp.Diff(Snapshot{MemoryBytes: ptr(int64(7)), Health: Healthy, At: time.Unix(5, 0)}, s.snapshot()); diff != "" {
		t.Errorf("after the gap (-want +got):\n%s", diff)
	}
	// Nothing is known of an address that is another pod's, and a connection that fails does not make it ours again.
	for range 2 {
		s.read(runnerapi.Usage{}, errForeign, time.Unix(6, 0))
		s.read(runnerapi.Usage{}, failed, time.Unix(6, 0))
		if diff := cmp.Diff(Snapshot{Health: Unknown, At: time.Unix(5, 0)}, s.snapshot()); diff != "" {
			t.Errorf("at another pod's address (-want +got):\n%s", diff)
		}
	}
}

func TestHealthChangesAfterThreeFailures(t *testing.T) {
	failed := errors.New("no answer")
	for name, test := range map[string]struct {
		outcomes []error
		want     Health
	}{
		"not asked":          {nil, Unknown},
		"success":            {[]error{nil}, Healthy},
		"two failures":       {[]error{failed, failed}, Unknown},
		"three failures":     {[]error{failed, failed, failed}, Unhealthy},
		"two after success":  {[]error{nil, failed, failed}, Healthy},
		"three of four":      {[]error{failed, failed, nil, failed}, Healthy},
		"three after":        {[]error{nil, failed, failed, failed}, Unhealthy},
		"heals at once":      {[]error{failed, failed, failed, failed, nil}, Healthy},
		"healed, two failed": {[]error{failed, failed, failed, failed, nil, failed, failed}, Healthy},
	} {
		s := state{health: Unknown}
		for _, outcome := range test.outcomes {
			s.tried(outcome, time.Time{})
		}
		if got := s.snapshot().Health; got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestSnapshotsAreCopies(t *testing.T) {
	s := state{health: Unknown}
	s.read(runnerapi.Usage{MemoryBytes: 5}, nil, time.Time{})
	s.read(runnerapi.Usage{MemoryBytes: 5, At: 1e6}, nil, time.Time{})
	got := s.snapshot()
	*got.MemoryBytes, *got.CPUPercent = 6, 7
	if diff := cmp.Diff(Snapshot{MemoryBytes: ptr(int64(5)), CPUPercent: ptr(0.0), Health: Unknown}, s.snapshot()); diff != "" {
		t.Errorf("a caller changed what is known (-want +got):\n%s", diff)
	}
}
