package telemetry

import (
	"context"
	"errors"
	"time"
)

// Store measures the operations of a store.
type Store struct {
	took   *Histogram
	failed *Counter
	known  []error
}

// Store registers the metrics of a store. Errors that are answers, such as "not found", are not failures: known.
func (s *Set) Store(operations []string, known ...error) *Store {
	operation := Label{Name: "operation", Values: operations}
	return &Store{
		took:   s.Histogram("preview_store_duration_seconds", "Time that operations of the store took, failed ones included.", Buckets, operation),
		failed: s.Counter("preview_store_errors_total", "Operations of the store that failed. An answer such as \"not found\" is no failure.", operation),
		known:  known,
	}
}

// Done notes an operation that began at start; it is meant to be deferred.
func (s *Store) Done(operation string, start time.Time, err *error) {
	s.took.Observe(time.Since(start), operation)
	if *err == nil || errors.Is(*err, context.Canceled) {
		return
	}
	for _, known := range s.known {
		if errors.Is(*err, known) {
			return
		}
	}
	s.failed.Inc(operation)
}
