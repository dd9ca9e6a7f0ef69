package vitals

import (
	"errors"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// maxPercent bounds what two readings may claim together: 1024 cores.
	maxPercent = 100 * 1024
	// minInterval between two readings, by the runner's clock in microseconds: less would make noise of a difference.
	minInterval = 50_000
)

// state is what the answers so far tell of an instance.
type state struct {
	memory *int64
	cpu    *float64
	health Health
	at     time.Time
	// last is the reading that the next one is compared with.
	last *runnerapi.Usage
	// failures of the application in a row, as far as they matter.
	failures int
	// foreign is set while the runner that answers is not the instance's: then the application is not, either.
	foreign bool
}

// read takes the answer of the runner, and reports whether it is the first one of a row.
func (s *state) read(usage runnerapi.Usage, err error, now time.Time) bool {
	if err != nil {
		s.foreign = s.foreign || errors.Is(err, errForeign)
		s.memory, s.cpu, s.last = nil, nil, nil
		return false
	}
	s.foreign, s.at, s.memory = false, now, &usage.MemoryBytes
	if s.last == nil {
		s.last = &usage
		return true
	}
	interval, used := usage.At-s.last.At, usage.CPUMicros-s.last.CPUMicros
	if interval >= 0 && interval < minInterval {
		return false
	}
	s.last, s.cpu = &usage, nil
	if percent := 100 * float64(used) / float64(interval); interval > 0 && used >= 0 && percent <= maxPercent {
		s.cpu = &percent
	}
	return false
}

// tried takes the outcome of asking the application. What it was holds until it failed often enough.
func (s *state) tried(err error, now time.Time) {
	if err == nil {
		s.health, s.failures, s.at = Healthy, 0, now
		return
	}
	if s.failures = min(s.failures+1, tries); s.failures == tries {
		s.health = Unhealthy
	}
}

func (s *state) snapshot() Snapshot {
	if s.foreign {
		return Snapshot{Health: Unknown, At: s.at}
	}
	return Snapshot{MemoryBytes: clone(s.memory), CPUPercent: clone(s.cpu), Health: s.health, At: s.at}
}

func clone[T any](value *T) *T {
	if value == nil {
		return nil
	}
	copied := *value
	return &copied
}
