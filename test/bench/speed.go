package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// speedEvery is how often the speed of the processors is looked at; it takes some milliseconds of each.
	speedEvery = time.Second
	// speedWork is a number of documents that take about 2 ms.
	speedWork = 8000
	// slowFactor times the best time is slow: a core that others compute on as well needs about 1.75 times as long.
	slowFactor = 1.3
)

// speedDocument is parsed to see how fast a processor is. Parsing, with its branches, suffers from a neighbour on the same
// core as interpreters and servers do; plain arithmetic does not.
var speedDocument = []byte(`{"a":[1,2,3,{"b":"some text","c":[true,false,null]}],"d":{"e":1.5,"f":"x","g":["y","z"]}}`)

// speedGauge measures how long a fixed piece of work takes on each processor, in processor time. Nothing else tells of
// neighbours that share the cores with a virtual machine: they take no time away, but make all that runs slower.
type speedGauge struct {
	times []time.Duration
	done  sync.WaitGroup
	stop  context.CancelFunc
}

func startSpeedGauge(ctx context.Context) *speedGauge {
	ctx, cancel := context.WithCancel(ctx)
	g := &speedGauge{stop: cancel}
	g.done.Go(func() {
		// Never unlocked: the thread, which is bound to a processor, ends with the goroutine.
		runtime.LockOSThread()
		tick := time.NewTicker(speedEvery)
		defer tick.Stop()
		for {
			g.look()
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return g
}

// look measures each processor once. What cannot be measured is left out.
func (g *speedGauge) look() {
	for cpu := range runtime.NumCPU() {
		var only unix.CPUSet
		only.Set(cpu)
		if unix.SchedSetaffinity(0, &only) != nil {
			continue
		}
		if took, err := timeOfWork(); err == nil {
			g.times = append(g.times, took)
		}
	}
}

// timeOfWork is the processor time that the work takes on this thread.
func timeOfWork() (time.Duration, error) {
	var before, after unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &before); err != nil {
		return 0, err
	}
	for range speedWork {
		json.Valid(speedDocument)
	}
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &after)
	return time.Duration(after.Nano() - before.Nano()), err
}

// end stops measuring, and returns the share of the measurements that were slow, and a sentence about them.
func (g *speedGauge) end() (slow float64, note string) {
	g.stop()
	g.done.Wait()
	if len(g.times) == 0 {
		return 0, "The speed of the processors could not be measured."
	}
	slices.Sort(g.times)
	best := g.times[0]
	for _, took := range g.times {
		if float64(took) > slowFactor*float64(best) {
			slow++
		}
	}
	slow /= float64(len(g.times))
	return slow, fmt.Sprintf("A fixed piece of work took the processors %.2f ms at best, %.2f at p50 and %.2f at p90; %.0f %% of %d samples took more than %.1f times the best, as they do when neighbours compute on the same cores.",
		best.Seconds()*1000, g.times[len(g.times)/2].Seconds()*1000, g.times[len(g.times)*9/10].Seconds()*1000, 100*slow, len(g.times), slowFactor)
}
