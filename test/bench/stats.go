package main

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the longest duration that a histogram takes, in microseconds.
const longest = int64(10 * time.Minute / time.Microsecond)

// series is one thing that was measured again and again.
type series struct {
	Name string `json:"name"`
	// Micros are the single measurements in their order.
	Micros []int64 `json:"micros"`

	histogram *hdrhistogram.Histogram
}

func newSeries(name string) *series {
	return &series{Name: name, histogram: hdrhistogram.New(1, longest, 3)}
}

func (s *series) add(d time.Duration) error {
	if err := s.histogram.RecordValue(max(1, d.Microseconds())); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	s.Micros = append(s.Micros, d.Microseconds())
	return nil
}

// summary is what is told of a series, in milliseconds. A series without measurements has n 0, and all else 0 as well.
type summary struct {
	N    int     `json:"n"`
	P50  float64 `json:"p50_ms"`
	P90  float64 `json:"p90_ms"`
	P99  float64 `json:"p99_ms"`
	Max  float64 `json:"max_ms"`
	Mean float64 `json:"mean_ms"`
}

func (s *series) summary() summary {
	h := s.histogram
	if len(s.Micros) == 0 {
		return summary{}
	}
	var all, longest int64
	for _, micros := range s.Micros {
		all += micros
		longest = max(longest, micros)
	}
	// A histogram keeps three digits and answers with the upper end of a bucket; the longest is known exactly.
	quantile := func(q float64) float64 { return float64(min(longest, h.ValueAtQuantile(q))) / 1000 }
	return summary{
		N: len(s.Micros), P50: quantile(50), P90: quantile(90), P99: quantile(99),
		Max: float64(longest) / 1000, Mean: float64(all/int64(len(s.Micros))) / 1000,
	}
}

// tableHead begins every table of measurements.
const tableHead = "| what | n | p50 | p90 | p99 | max |\n|---|---|---|---|---|---|\n"

func (s summary) row(name string) string {
	if s.N == 0 {
		return fmt.Sprintf("| %s | 0 | - | - | - | - |\n", name)
	}
	return fmt.Sprintf("| %s | %d | %.1f | %.1f | %.1f | %.1f |\n", name, s.N, s.P50, s.P90, s.P99, s.Max)
}

// collect makes one series of what a function picks from the rounds; it reports whether a round counts.
func collect(name string, rounds []*round, pick func(*round) (time.Duration, bool)) (*series, error) {
	s := newSeries(name)
	for _, r := range rounds {
		if d, counts := pick(r); counts {
			if err := s.add(d); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}
