package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// idleWindow is how long the machine has to be idle before a launch, and idleShare how much of its processors.
	idleWindow = 200 * time.Millisecond
	idleShare  = 0.75
	// idlePatience bounds the wait: on a machine that is never idle the launch is measured all the same, and counted.
	idlePatience = 5 * time.Second
)

// idleGate lets launches begin on an idle machine, so that what was measured before, and others on the machine, are
// measured as little as possible.
type idleGate struct{ passed, forced int }

// wait reports whether the machine was idle in the end.
func (g *idleGate) wait(ctx context.Context) (bool, error) {
	deadline := time.Now().Add(idlePatience)
	for {
		before, err := processorTime()
		if err != nil {
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(idleWindow):
		}
		after, err := processorTime()
		if err != nil {
			return false, err
		}
		if all := after.all - before.all; all > 0 && float64(after.idle-before.idle) >= idleShare*float64(all) {
			g.passed++
			return true, nil
		}
		if time.Now().After(deadline) {
			g.forced++
			return false, nil
		}
	}
}

// note says how launches began.
func (g *idleGate) note() string {
	return fmt.Sprintf("%d launches began when the processors had been %.0f%% idle for %s; %d did not find that within %s.",
		g.passed, idleShare*100, idleWindow, g.forced, idlePatience)
}

type processors struct{ all, idle int64 }

// processorTime reads, in ticks, the time that all processors have had and have been idle.
func processorTime() (processors, error) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return processors{}, err
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	var p processors
	for i, field := range strings.Fields(line)[1:] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return processors{}, fmt.Errorf("/proc/stat: %w", err)
		}
		p.all += ticks
		// The fourth and fifth are idle and waiting for the disk.
		if i == 3 || i == 4 {
			p.idle += ticks
		}
	}
	return p, nil
}
