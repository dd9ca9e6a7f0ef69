package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/client"
)

func TestSinceIsATimeOrADuration(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for since, want := range map[string]time.Time{
		"": {}, "0s": now, "1h30m": now.Add(-90 * time.Minute), "2026-01-01T00:00:00Z": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		var got client.LogFilter
		if err := (&logFlags{since: since}).read(&got, now); err != nil {
			t.Errorf("%s: %v", since, err)
		}
		if diff := cmp.Diff(client.LogFilter{Since: want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", since, diff)
		}
	}
}

func TestGapText(t *testing.T) {
	at, lost := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), uint64(3)
	for want, gap := range map[string]client.Gap{
		"an unknown number of lines is missing here":                            {},
		"3 lines are missing, the first of them from about 2026-01-02 03:04:05": {Lost: &lost, From: &at},
		"lines were removed at 2026-01-02 03:04:05 to make room":                {Lost: &lost, RemovedAt: &at},
	} {
		if got := gapText(gap); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
