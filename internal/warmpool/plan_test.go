package warmpool

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// now is a time at which the pool has been idle for long.
var now = start.Add(time.Hour)

// pods makes n pods of a state, oldest first, whose names say which.
func pods(state State, n int) []Pod {
	letter := map[State]string{Starting: "new", Ready: "ready", Reserved: "reserved", Stale: "stale", Broken: "broken", Ending: "ending"}[state]
	made := make([]Pod, n)
	for i := range made {
		made[i] = Pod{ID: fmt.Sprintf("%s-%d", letter, i), State: state, Created: start.Add(time.Duration(i) * time.Second)}
	}
	return made
}

func unplaced(pods []Pod) []Pod {
	for i := range pods {
		pods[i].Unschedulable = true
	}
	return pods
}

func TestNext(t *testing.T) {
	for name, test := range map[string]struct {
		in   Input
		want Plan
	}{
		"full":                {Input{Want: 3, Pods: pods(Ready, 3)}, Plan{}},
		"none wanted":         {Input{}, Plan{}},
		"one is missing":      {Input{Want: 3, Pods: pods(Ready, 2)}, Plan{Create: 1}},
		"it is on its way":    {Input{Want: 3, Pods: slices.Concat(pods(Ready, 2), pods(Starting, 1))}, Plan{}},
		"it is being created": {Input{Want: 3, Pods: pods(Ready, 2), Creating: 1}, Plan{}},
		"a reserved one goes": {Input{Want: 3, Pods: slices.Concat(pods(Ready, 2), pods(Reserved, 1))}, Plan{Create: 1}},
		"many are missing":    {Input{Want: 20, Pods: pods(Ready, 12)}, Plan{Create: 3}},
		"many, two started":   {Input{Want: 20, Pods: slices.Concat(pods(Ready, 12), pods(Starting, 2))}, Plan{Create: 1}},
		"many, three started": {Input{Want: 20, Pods: slices.Concat(pods(Ready, 12), pods(Starting, 3))}, Plan{}},
		"empty":               {Input{Want: 20}, Plan{Create: 5}},
		"empty, some started": {Input{Want: 20, Pods: pods(Starting, 3), Creating: 1}, Plan{Create: 1}},
		"less than half full": {Input{Want: 20, Pods: slices.Concat(pods(Ready, 9), pods(Starting, 1))}, Plan{Create: 4}},
		"half full":           {Input{Want: 20, Pods: pods(Ready, 10)}, Plan{Create: 3}},

		"one failed just now":    {Input{Want: 3, Failures: 1, FailedAt: now}, Plan{Again: time.Second}},
		"three failed just now":  {Input{Want: 3, Failures: 3, FailedAt: now}, Plan{Again: 4 * time.Second}},
		"many failed just now":   {Input{Want: 3, Failures: 1000, FailedAt: now}, Plan{Again: time.Minute}},
		"one failed a while ago": {Input{Want: 3, Failures: 1, FailedAt: now.Add(-time.Second)}, Plan{Create: 3}},

		"broken ones go":            {Input{Want: 3, Pods: slices.Concat(pods(Ready, 3), pods(Broken, 2))}, Plan{Delete: []string{"broken-0", "broken-1"}}},
		"a few at a time":           {Input{Want: 3, Pods: slices.Concat(pods(Ready, 3), pods(Broken, 9))}, Plan{Delete: []string{"broken-0", "broken-1", "broken-2", "broken-3"}}},
		"a few in all":              {Input{Want: 3, Pods: slices.Concat(pods(Ready, 3), pods(Broken, 9), pods(Ending, 3))}, Plan{Delete: []string{"broken-0"}}},
		"a broken one is replaced":  {Input{Want: 3, Pods: slices.Concat(pods(Ready, 2), pods(Broken, 1))}, Plan{Create: 1, Delete: []string{"broken-0"}}},
		"those that end leave room": {Input{Want: 3, Pods: slices.Concat(pods(Ready, 2), pods(Ending, 9))}, Plan{Create: 1}},

		"a change begins":           {Input{Want: 3, Pods: pods(Stale, 3)}, Plan{Create: 3}},
		"nothing new is ready":      {Input{Want: 3, Pods: slices.Concat(pods(Starting, 3), pods(Stale, 3))}, Plan{}},
		"one new is ready":          {Input{Want: 3, Pods: slices.Concat(pods(Ready, 1), pods(Starting, 2), pods(Stale, 3))}, Plan{Delete: []string{"stale-0"}}},
		"all new are ready":         {Input{Want: 3, Pods: slices.Concat(pods(Ready, 3), pods(Stale, 1))}, Plan{Delete: []string{"stale-0"}}},
		"the new find no room":      {Input{Want: 3, Pods: slices.Concat(unplaced(pods(Starting, 2)), pods(Starting, 1), pods(Stale, 3))}, Plan{Delete: []string{"stale-0", "stale-1"}}},
		"a change to a smaller one": {Input{Want: 1, Pods: slices.Concat(pods(Starting, 1), pods(Stale, 3))}, Plan{Delete: []string{"stale-0", "stale-1"}}},

		"one too many":              {Input{Want: 3, Pods: pods(Ready, 4)}, Plan{Delete: []string{"ready-0"}, Shrink: true, Again: 10 * time.Second}},
		"many too many":             {Input{Want: 3, Pods: pods(Ready, 9)}, Plan{Delete: []string{"ready-0"}, Shrink: true, Again: 10 * time.Second}},
		"one has just gone":         {Input{Want: 3, Pods: pods(Ready, 9), ShrunkAt: now.Add(-time.Second)}, Plan{Again: 9 * time.Second}},
		"one too many is starting":  {Input{Want: 3, Pods: slices.Concat(pods(Ready, 3), pods(Starting, 1))}, Plan{Delete: []string{"new-0"}, Shrink: true, Again: 10 * time.Second}},
		"one too many is asked for": {Input{Want: 3, Pods: pods(Ready, 3), Creating: 1}, Plan{Again: 10 * time.Second}},
		"none are wanted any more":  {Input{Pods: slices.Concat(pods(Ready, 3), pods(Starting, 3)), ShrunkAt: now}, Plan{Delete: []string{"new-0", "new-1", "new-2", "ready-0"}, Shrink: true}},
		"reserved ones stay":        {Input{Pods: pods(Reserved, 3)}, Plan{}},
	} {
		t.Run(name, func(t *testing.T) {
			test.in.Now = now
			if diff := cmp.Diff(test.want, Next(test.in)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
			if got, want := Next(test.in).Idle(), test.want.Create == 0 && test.want.Delete == nil; got != want {
				t.Errorf("Idle() = %t, want %t", got, want)
			}
		})
	}
}

// Whatever a pool looks like at first, plans that are carried out lead to the number that is wanted, never start or delete
// more at once than they may, and then rest.
func TestPlansComeToRest(t *testing.T) {
	for _, want := range []int{0, 1, 3, 50} {
		for _, first := range [][]Pod{nil, pods(Stale, 7), pods(Ready, 60), pods(Broken, 30), slices.Concat(pods(Stale, 40), pods(Broken, 3), pods(Ready, 20))} {
			in := Input{Now: now, Want: want, Pods: first}
			rounds := 0
			for ; ; rounds++ {
				plan := Next(in)
				if plan.Create > inFlightWhenLow || len(plan.Delete) > deletions {
					t.Fatalf("want %d of %v: %+v", want, in.Pods, plan)
				}
				if plan.Idle() && plan.Again == 0 {
					break
				}
				if rounds > 1000 {
					t.Fatalf("want %d of %v: it does not come to rest", want, in.Pods)
				}
				in.Pods = slices.DeleteFunc(slices.Clone(in.Pods), func(p Pod) bool { return slices.Contains(plan.Delete, p.ID) })
				for i := range plan.Create {
					in.Pods = append(in.Pods, Pod{ID: fmt.Sprintf("%d-%d", rounds, i), State: Ready, Created: in.Now})
				}
				if plan.Shrink {
					in.ShrunkAt = in.Now
				}
				in.Now = in.Now.Add(max(plan.Again, time.Millisecond))
			}
			if diff := cmp.Diff(want, len(in.Pods)); diff != "" {
				t.Errorf("from %d pods: %v are left (-want +got):\n%s", len(first), in.Pods, diff)
			}
		}
	}
}

func TestHold(t *testing.T) {
	for name, test := range map[string]struct {
		since      time.Duration
		underWay   bool
		lastLaunch time.Duration
		want       time.Duration
	}{
		"nothing was launched":         {0, false, time.Hour, 0},
		"a launch has just ended":      {0, false, 50 * time.Millisecond, 100 * time.Millisecond},
		"a launch ended":               {0, false, 150 * time.Millisecond, 0},
		"a launch is under way":        {0, true, 0, 3 * time.Second},
		"launches for a while":         {2 * time.Second, true, 0, time.Second},
		"launches for long":            {3 * time.Second, true, 0, 0},
		"for long, one has just ended": {2950 * time.Millisecond, false, 0, 50 * time.Millisecond},
		"for longer":                   {time.Minute, true, 0, 0},
	} {
		if got := Hold(now, now.Add(-test.since), test.underWay, now.Add(-test.lastLaunch)); got != test.want {
			t.Errorf("%s: Hold() = %s, want %s", name, got, test.want)
		}
	}
}

func TestWriteAfter(t *testing.T) {
	for name, test := range map[string]struct{ different, changed, written, want time.Duration }{
		"it has just changed":              {0, 0, time.Hour, 250 * time.Millisecond},
		"it changed a moment ago":          {200 * time.Millisecond, 200 * time.Millisecond, time.Hour, 50 * time.Millisecond},
		"it has settled":                   {time.Second, 250 * time.Millisecond, time.Hour, 0},
		"it goes on changing":              {2900 * time.Millisecond, 0, time.Hour, 100 * time.Millisecond},
		"it has gone on changing":          {3 * time.Second, 0, time.Hour, 0},
		"it was written a moment ago":      {250 * time.Millisecond, 250 * time.Millisecond, time.Second, 4 * time.Second},
		"it was written some seconds ago":  {time.Second, time.Second, 5 * time.Second, 0},
		"it was written while it differed": {10 * time.Second, 0, 2 * time.Second, 3 * time.Second},
	} {
		if got := WriteAfter(now, now.Add(-test.different), now.Add(-test.changed), now.Add(-test.written)); got != test.want {
			t.Errorf("%s: WriteAfter() = %s, want %s", name, got, test.want)
		}
	}
}
