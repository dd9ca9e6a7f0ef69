package main

import (
	"strings"
	"testing"
	"time"
)

func TestSpeedGauge(t *testing.T) {
	for name, tc := range map[string]struct {
		times []time.Duration
		slow  float64
		note  string
	}{
		"nothing measured": {note: "could not be measured"},
		"steady":           {times: []time.Duration{2 * time.Millisecond, 2600 * time.Microsecond}, note: "2.00 ms at best"},
		"half of it slow":  {times: []time.Duration{4 * time.Millisecond, 2 * time.Millisecond}, slow: 0.5, note: "50 % of 2 samples"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &speedGauge{times: tc.times, stop: func() {}}
			if slow, note := g.end(); slow != tc.slow || !strings.Contains(note, tc.note) {
				t.Errorf("%v, %q", slow, note)
			}
		})
	}
}

// Each processor is measured at once when it starts.
func TestSpeedGaugeMeasures(t *testing.T) {
	g := startSpeedGauge(t.Context())
	if _, note := g.end(); !strings.Contains(note, "ms at best") {
		t.Error(note)
	}
	if g.times[0] <= 0 {
		t.Errorf("the work took %s", g.times[0])
	}
}
