package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// milliseconds makes a series of durations.
func milliseconds(t *testing.T, values ...float64) *series {
	t.Helper()
	s := newSeries("test")
	for _, value := range values {
		if err := s.add(time.Duration(value * float64(time.Millisecond))); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// upTo are the numbers from 1 to n, the greatest first.
func upTo(n int) []float64 {
	var values []float64
	for i := n; i > 0; i-- {
		values = append(values, float64(i))
	}
	return values
}

func TestSummary(t *testing.T) {
	for name, tc := range map[string]struct {
		values []float64
		want   summary
	}{
		"nothing":                  {want: summary{}},
		"one":                      {[]float64{12.345}, summary{N: 1, P50: 12.345, P90: 12.345, P99: 12.345, Max: 12.345, Mean: 12.345}},
		"two: the lower is p50":    {[]float64{30, 10}, summary{N: 2, P50: 10, P90: 30, P99: 30, Max: 30, Mean: 20}},
		"a hundred in any order":   {upTo(100), summary{N: 100, P50: 50, P90: 90, P99: 99, Max: 100, Mean: 50.5}},
		"three hundred":            {upTo(300), summary{N: 300, P50: 150, P90: 270, P99: 297, Max: 300, Mean: 150.5}},
		"one that is much longer":  {append(upTo(99), 60000), summary{N: 100, P50: 50, P90: 90, P99: 99, Max: 60000, Mean: 649.5}},
		"shorter than it measures": {[]float64{0.0001}, summary{N: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got := milliseconds(t, tc.values...).summary()
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateApprox(0.001, 0)); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
			if got.P99 > got.Max {
				t.Errorf("p99 %v is above the longest, %v", got.P99, got.Max)
			}
		})
	}
}

func TestTooLongForASeries(t *testing.T) {
	s := newSeries("test")
	if err := s.add(time.Hour); err == nil {
		t.Error("an hour was taken")
	}
	if len(s.Micros) != 0 {
		t.Errorf("it was refused and kept: %v", s.Micros)
	}
}

func TestArrivals(t *testing.T) {
	due := arrivals(2, 1000*time.Second, 1)
	if n := len(due); n < 1850 || n > 2150 {
		t.Errorf("%d arrivals in 1000 s at 2/s", n)
	}
	// A Poisson process has as much variance as mean, of the arrivals in each second.
	counts := make([]float64, 1000)
	last := time.Duration(-1)
	for _, at := range due {
		if at <= last || at >= 1000*time.Second {
			t.Fatalf("%s follows %s", at, last)
		}
		counts[int(at.Seconds())]++
		last = at
	}
	variance, mean := 0.0, float64(len(due))/1000
	for _, count := range counts {
		variance += (count - mean) * (count - mean) / 1000
	}
	if ratio := variance / mean; ratio < 0.8 || ratio > 1.2 {
		t.Errorf("variance over mean is %.2f", ratio)
	}
	if diff := cmp.Diff(due, arrivals(2, 1000*time.Second, 1)); diff != "" {
		t.Error("the same seed makes other times")
	}
	if cmp.Equal(due, arrivals(2, 1000*time.Second, 2)) {
		t.Error("another seed makes the same times")
	}
}
