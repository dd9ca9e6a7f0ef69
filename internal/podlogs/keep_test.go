package podlogs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/loglevel"
)

// fakePods are several pods; those that are not named are gone.
type fakePods map[string]*fakeLog

var noPod = &fakeLog{gone: true}

func (p fakePods) pod(name string) *fakeLog {
	if log, ok := p[name]; ok {
		return log
	}
	return noPod
}

func (p fakePods) Open(ctx context.Context, pod string, since time.Time, tail int64) (io.ReadCloser, error) {
	return p.pod(pod).Open(ctx, pod, since, tail)
}

func (p fakePods) Ended(ctx context.Context, pod string) (bool, error) {
	return p.pod(pod).Ended(ctx, pod)
}

func newKeeper(t *testing.T, source Source, change func(*Options)) *Hub {
	t.Helper()
	hub := newHub(t, source, func(o *Options) {
		o.MaxKept, o.RetainBytes = 10, 1<<20
		if change != nil {
			change(o)
		}
	})
	t.Cleanup(hub.Close)
	return hub
}

func keep(t *testing.T, hub *Hub, pods ...string) {
	t.Helper()
	for _, pod := range pods {
		if err := hub.Keep(pod); err != nil {
			t.Fatal(err)
		}
	}
}

// look views a pod to the end of its log.
func look(t *testing.T, hub *Hub, pod string, after *Cursor) []Line {
	t.Helper()
	v := hub.View(pod, after)
	defer v.Close()
	return drain(t, v)
}

// expectHub compares what the hub counts with what it holds.
func expectHub(t *testing.T, hub *Hub, followers, kept, retained int) {
	t.Helper()
	hub.mu.Lock()
	defer hub.mu.Unlock()
	if len(hub.followers) != followers || hub.kept != kept || hub.retained.Len() != retained {
		t.Errorf("%d followers, %d kept, %d retained, want %d, %d and %d", len(hub.followers), hub.kept, hub.retained.Len(), followers, kept, retained)
	}
	var bytes int64
	for e := hub.retained.Front(); e != nil; e = e.Next() {
		bytes += e.Value.(*follower).ring.size()
	}
	if bytes != hub.retainedBytes || bytes > hub.opts.RetainBytes {
		t.Errorf("%d bytes are retained and %d counted, at most %d are wanted", bytes, hub.retainedBytes, hub.opts.RetainBytes)
	}
}

func TestKeptPodIsFollowedToItsEndWithoutViewers(t *testing.T) {
	ends := map[string]func(*fakeLog){
		"the pod stays, ended": func(l *fakeLog) { l.ended = true },
		"the pod is gone":      func(l *fakeLog) { l.gone = true },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			log := newFakeLog()
			log.print(epoch, "INFO:     Started", "same", "same")
			hub := newKeeper(t, log, nil)
			keep(t, hub, "pod", "pod")
			expectHub(t, hub, 1, 1, 0)

			// Somebody looks in and leaves before it is stopped; it is followed on.
			v := hub.View("pod", nil)
			take(t, v, 3)
			v.Close()
			log.print(epoch.Add(time.Second), "WARNING:  shutting down")
			// The last line has no line break.
			log.change(func() { log.entries = append(log.entries, fakeEntry{epoch.Add(2 * time.Second), "bye"}); end(log) })
			hub.Wait()
			expectHub(t, hub, 1, 0, 1)
			if log.open != 0 {
				t.Errorf("%d streams are open after the end", log.open)
			}

			log.change(func() { log.entries, log.gone = nil, true })
			opened := log.opened
			want := []Line{
				{Time: epoch, Level: loglevel.Info, Text: "INFO:     Started"},
				{Time: epoch, Ordinal: 1, Level: loglevel.Info, Text: "same"},
				{Time: epoch, Ordinal: 2, Level: loglevel.Info, Text: "same"},
				{Time: epoch.Add(time.Second), Level: loglevel.Warning, Text: "WARNING:  shutting down"},
				{Time: epoch.Add(2 * time.Second), Level: loglevel.Info, Text: "bye"},
			}
			for range 2 {
				if diff := cmp.Diff(want, look(t, hub, "pod", nil)); diff != "" {
					t.Errorf("lines (-want +got):\n%s", diff)
				}
			}
			cursor := want[1].Cursor()
			if diff := cmp.Diff(want[2:], look(t, hub, "pod", &cursor)); diff != "" {
				t.Errorf("lines after a cursor (-want +got):\n%s", diff)
			}
			cursor = want[4].Cursor()
			if got := look(t, hub, "pod", &cursor); len(got) != 0 {
				t.Errorf("lines after the last: %q", texts(got))
			}
			if log.opened != opened {
				t.Errorf("%d streams were opened for a log that is held", log.opened-opened)
			}
		})
	}
}

// One follower serves the viewers that came before Keep, those that come later, and none.
func TestKeepJoinsAFollower(t *testing.T) {
	log := newFakeLog()
	log.print(epoch, "a")
	hub := newKeeper(t, log, nil)
	early := hub.View("pod", nil)
	take(t, early, 1)
	keep(t, hub, "pod")
	early.Close()
	expectHub(t, hub, 1, 1, 0)
	log.print(epoch.Add(time.Second), "b")
	late := view(t, hub, nil)
	if diff := cmp.Diff([]string{"a", "b"}, texts(take(t, late, 2))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if log.opened != 1 {
		t.Errorf("%d streams were opened, want 1", log.opened)
	}
	log.print(epoch.Add(2*time.Second), "c")
	log.change(func() { log.gone = true })
	if diff := cmp.Diff([]string{"c"}, texts(drain(t, late))); diff != "" {
		t.Errorf("the viewer who stays gets (-want +got):\n%s", diff)
	}
}

// Streams that break while a pod is stopped, over and over, lose nothing that the pod's log still has.
func TestKeptPodWhoseStreamsBreak(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		log := newFakeLog()
		var want []string
		for i := range 100 {
			text := fmt.Sprint("line ", random.IntN(3))
			log.print(epoch.Add(time.Duration(i/7)*300*time.Millisecond), text)
			want = append(want, text)
		}
		for range 20 {
			log.breakAfter = append(log.breakAfter, random.IntN(3000))
		}
		log.ended = true
		hub := newKeeper(t, log, nil)
		keep(t, hub, "pod")
		hub.Wait()
		if diff := cmp.Diff(want, texts(look(t, hub, "pod", nil))); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// A resumed stream that ends within a line that was read before, by a pod that is gone then, does not bring half of it.
func TestRepeatedLineThatIsCutIsNotTakenForTheLast(t *testing.T) {
	log := newFakeLog()
	stamp := len(epoch.Format(time.RFC3339Nano)) + 1
	log.breakWith = io.EOF
	log.breakAfter = []int{2 * (stamp + len("line 0\n")), stamp + len("line 0\n") + stamp + 3}
	log.print(epoch, "line 0", "line 1")
	hub := newHub(t, log, func(o *Options) {
		o.MaxKept, o.RetainBytes = 1, 1<<20
		o.Backoff = func(int) time.Duration {
			log.mu.Lock()
			defer log.mu.Unlock()
			log.gone = len(log.breakAfter) == 0
			return time.Microsecond
		}
	})
	t.Cleanup(hub.Close)
	keep(t, hub, "pod")
	hub.Wait()
	if diff := cmp.Diff([]string{"line 0", "line 1"}, texts(look(t, hub, "pod", nil))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// What the end of a stream has cut counts only if no later stream brings it, whether or not streams broke before.
func TestLastLineOfAKeptPodAfterABrokenStream(t *testing.T) {
	whole := len(epoch.Format(time.RFC3339Nano) + " line 0\n")
	tests := map[string]struct {
		breakAfter int
		last       []fakeEntry
		want       []string
	}{
		"cut, then whole":              {2*whole - 3, nil, []string{"line 0", "line 1"}},
		"without line break at last":   {whole, []fakeEntry{{epoch, "bye"}}, []string{"line 0", "line 1", "bye"}},
		"cut, then another one is cut": {2*whole - 3, []fakeEntry{{epoch, "bye"}}, []string{"line 0", "line 1", "bye"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log := newFakeLog()
			log.breakWith, log.breakAfter = io.EOF, []int{tt.breakAfter}
			log.print(epoch, "line 0", "line 1")
			hub := newKeeper(t, log, nil)
			keep(t, hub, "pod")
			v := view(t, hub, nil)
			take(t, v, 2)
			log.change(func() { log.entries, log.gone = append(log.entries, tt.last...), true })
			hub.Wait()
			if diff := cmp.Diff(tt.want, texts(look(t, hub, "pod", nil))); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// A viewer who is behind when the pod ends still learns exactly how many lines it lost.
func TestSlowViewerOfAKeptPodThatEnded(t *testing.T) {
	log := newFakeLog()
	hub := newKeeper(t, log, func(o *Options) { o.RingLines = 40 })
	slow, fast := view(t, hub, nil), view(t, hub, nil)
	keep(t, hub, "pod")
	log.print(epoch, "line 0")
	take(t, slow, 1)
	take(t, fast, 1)
	for i := 1; i <= 100; i++ {
		log.print(epoch, fmt.Sprint("line ", i))
		take(t, fast, 1)
	}
	log.change(func() { log.gone = true })
	hub.Wait()
	batch, err := slow.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lost := uint64(60)
	if diff := cmp.Diff(&Gap{Lost: &lost}, batch.Gap); diff != "" || len(batch.Lines) != 40 || batch.Lines[0].Text != "line 61" {
		t.Errorf("lines %q, gap (-want +got):\n%s", texts(batch.Lines), diff)
	}
	// A cursor that the ring has left behind is told, too.
	batch, err = view(t, hub, &Cursor{epoch, 10}).Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Gap{}, batch.Gap); diff != "" || batch.Lines[0].Text != "line 61" {
		t.Errorf("first line %q, gap (-want +got):\n%s", batch.Lines[0].Text, diff)
	}
}

// endKept keeps a pod that has printed size bytes, and waits until its log has ended.
func endKept(t *testing.T, hub *Hub, pods fakePods, name string, size int) {
	t.Helper()
	log := newFakeLog()
	log.print(epoch, name+strings.Repeat("x", size-len(name)))
	log.ended = true
	pods[name] = log
	keep(t, hub, name)
	hub.Wait()
}

func TestEndedLogsViewedTheLongestAgoAreEvicted(t *testing.T) {
	pods := fakePods{}
	hub := newKeeper(t, pods, func(o *Options) { o.RetainBytes = 3 * 6000 })
	for _, name := range []string{"a", "b", "c"} {
		endKept(t, hub, pods, name, 4000)
	}
	expectHub(t, hub, 3, 0, 3)
	opened := func() map[string]int {
		out := map[string]int{}
		for name, log := range pods {
			out[name] = log.opened
		}
		return out
	}
	look(t, hub, "a", nil)
	endKept(t, hub, pods, "d", 4000)
	expectHub(t, hub, 3, 0, 3)
	before := opened()
	for _, name := range []string{"a", "c", "d"} {
		if got := look(t, hub, name, nil); len(got) != 1 || got[0].Text[:1] != name {
			t.Errorf("log of %s: %d lines", name, len(got))
		}
	}
	if diff := cmp.Diff(before, opened()); diff != "" {
		t.Errorf("streams opened for logs that are held (-want +got):\n%s", diff)
	}
	// The one that went is read from the pod again, and not held for it.
	if got := look(t, hub, "b", nil); len(got) != 1 || pods["b"].opened == before["b"] {
		t.Errorf("%d lines of the evicted log, %d streams opened", len(got), pods["b"].opened-before["b"])
	}
	hub.Wait()
	expectHub(t, hub, 3, 0, 3)
	// One that alone takes more than everything is not held, but takes the others with it no further than needed.
	endKept(t, hub, pods, "huge", 20000)
	if hub.retainedBytes > hub.opts.RetainBytes {
		t.Errorf("%d bytes are retained, at most %d are wanted", hub.retainedBytes, hub.opts.RetainBytes)
	}
	if got := look(t, hub, "huge", nil); len(got) != 2 {
		t.Errorf("%d lines of the log that is too large to hold, want the 2 parts that its pod has", len(got))
	}
}

// Whoever reads an ended log reads it to its end, also when it is evicted or dropped under them.
func TestViewerOfALogThatIsDropped(t *testing.T) {
	drops := map[string]func(*testing.T, *Hub, fakePods){
		"evicted": func(t *testing.T, hub *Hub, pods fakePods) { endKept(t, hub, pods, "b", 4000) },
		"dropped": func(_ *testing.T, hub *Hub, _ fakePods) { hub.Drop("a"); hub.Drop("a") },
		"closed":  func(_ *testing.T, hub *Hub, _ fakePods) { hub.Close() },
	}
	for name, drop := range drops {
		t.Run(name, func(t *testing.T) {
			pods := fakePods{}
			hub := newKeeper(t, pods, func(o *Options) { o.RetainBytes = 6000 })
			endKept(t, hub, pods, "a", 4000)
			pods["a"].change(func() { pods["a"].gone = true })
			v := hub.View("a", nil)
			drop(t, hub, pods)
			if got := drain(t, v); len(got) != 1 {
				t.Errorf("%d lines, want 1", len(got))
			}
			// As without Keep, the others share what one of them has.
			if got := look(t, hub, "a", nil); len(got) != 1 {
				t.Errorf("%d lines for the next viewer, want 1", len(got))
			}
			v.Close()
			if got := look(t, hub, "a", nil); len(got) != 0 {
				t.Errorf("%d lines after the last viewer has gone, want none", len(got))
			}
			hub.Wait()
			if hub.followers["a"] != nil {
				t.Error("the follower is left")
			}
		})
	}
}

func TestDropWhileThePodPrints(t *testing.T) {
	log := newFakeLog()
	log.print(epoch, "a")
	hub := newKeeper(t, log, nil)
	hub.Drop("pod")
	keep(t, hub, "pod")
	v := hub.View("pod", nil)
	take(t, v, 1)
	hub.Drop("pod")
	hub.Drop("pod")
	expectHub(t, hub, 1, 0, 0)
	log.print(epoch, "b")
	take(t, v, 1)
	v.Close()
	hub.Wait()
	expectHub(t, hub, 0, 0, 0)
	if log.open != 0 {
		t.Errorf("%d streams are open", log.open)
	}
	// Without viewers it ends at once.
	keep(t, hub, "pod")
	hub.Drop("pod")
	hub.Wait()
	expectHub(t, hub, 0, 0, 0)
	// Viewed only, its log is not held when it ends.
	log.change(func() { log.ended = true })
	look(t, hub, "pod", nil)
	hub.Wait()
	expectHub(t, hub, 0, 0, 0)
}

func TestKeptPodsAreBounded(t *testing.T) {
	pods := fakePods{"a": newFakeLog(), "b": newFakeLog(), "c": newFakeLog()}
	hub := newKeeper(t, pods, func(o *Options) { o.MaxKept = 2 })
	keep(t, hub, "a", "b", "a")
	if err := hub.Keep("c"); !errors.Is(err, ErrTooManyKept) || !strings.Contains(err.Error(), "at most 2") {
		t.Errorf("got %v, want ErrTooManyKept with the limit", err)
	}
	expectHub(t, hub, 2, 2, 0)
	// What is kept already is not refused.
	keep(t, hub, "a")
	hub.Drop("a")
	keep(t, hub, "c")
	// One that has ended makes place.
	pods["b"].print(epoch, "bye")
	v := hub.View("b", nil)
	pods["b"].change(func() { pods["b"].ended = true })
	drain(t, v)
	v.Close()
	expectHub(t, hub, 2, 1, 1)
	keep(t, hub, "a", "b")
	expectHub(t, hub, 3, 2, 1)
}

func TestWithoutMaxKeptNothingIsKept(t *testing.T) {
	hub := newHub(t, newFakeLog(), nil)
	if err := hub.Keep("pod"); !errors.Is(err, ErrTooManyKept) {
		t.Errorf("got %v, want ErrTooManyKept", err)
	}
	expectHub(t, hub, 0, 0, 0)
}

// The name of a pod is known before the pod exists.
func TestPodThatIsGoneBeforeItPrintsIsNotKept(t *testing.T) {
	pods := fakePods{}
	hub := newKeeper(t, pods, nil)
	keep(t, hub, "pod")
	hub.Wait()
	expectHub(t, hub, 0, 0, 0)
	// The same while somebody holds on to the view that found nothing.
	v := view(t, hub, nil)
	hub.Wait()
	pods["pod"] = newFakeLog()
	pods["pod"].print(epoch, "hello")
	keep(t, hub, "pod")
	expectHub(t, hub, 1, 1, 0)
	v.Close()
	expectHub(t, hub, 1, 1, 0)
	take(t, view(t, hub, nil), 1)
	pods["pod"].change(func() { pods["pod"].gone = true })
	hub.Wait()
	if diff := cmp.Diff([]string{"hello"}, texts(look(t, hub, "pod", nil))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// Keep may come when the log has ended, and its last viewer not gone yet.
func TestKeepOfALogThatHasEnded(t *testing.T) {
	log := newFakeLog()
	log.print(epoch, "hello")
	log.ended = true
	hub := newKeeper(t, log, nil)
	v := hub.View("pod", nil)
	drain(t, v)
	keep(t, hub, "pod")
	expectHub(t, hub, 1, 0, 1)
	v.Close()
	log.change(func() { log.gone = true })
	if diff := cmp.Diff([]string{"hello"}, texts(look(t, hub, "pod", nil))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestClose(t *testing.T) {
	pods := fakePods{"a": newFakeLog(), "b": newFakeLog()}
	hub := newKeeper(t, pods, nil)
	endKept(t, hub, pods, "c", 100)
	keep(t, hub, "a", "b")
	v := hub.View("b", nil)
	hub.Close()
	hub.Close()
	expectHub(t, hub, 1, 0, 0)
	if err := hub.Keep("a"); !errors.Is(err, ErrClosed) {
		hub.Drop("a")
		t.Errorf("keep after close: %v, want ErrClosed", err)
	}
	v.Close()
	hub.Wait()
	expectHub(t, hub, 0, 0, 0)
}

func TestNewHubRefuses(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"negative MaxKept":     func(o *Options) { o.MaxKept = -1 },
		"negative RetainBytes": func(o *Options) { o.RetainBytes = -1 },
	} {
		opts := Options{Source: noPod, RingLines: 2, RingBytes: MaxLineBytes, Backoff: DefaultBackoff, Logger: newHub(t, noPod, nil).opts.Logger}
		change(&opts)
		if _, err := NewHub(opts); err == nil || !strings.Contains(err.Error(), "-1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Everything at once, on few pods: for the race detector, and for what is counted.
func TestKeepDropViewAndEndAtOnce(t *testing.T) {
	pods := fakePods{}
	for i := range 6 {
		pods[fmt.Sprint(i)] = newFakeLog()
	}
	hub := newKeeper(t, pods, func(o *Options) { o.MaxKept, o.RetainBytes, o.RingLines = 4, 12000, 32 })
	var wait sync.WaitGroup
	for worker := range uint64(8) {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(worker, 2))
			for range 300 {
				name := fmt.Sprint(random.IntN(len(pods)))
				log := pods[name]
				switch random.IntN(7) {
				case 0, 1:
					if err := hub.Keep(name); err != nil && !errors.Is(err, ErrTooManyKept) {
						t.Error(err)
					}
				case 2:
					hub.Drop(name)
				case 3:
					log.change(func() { log.ended = true })
				case 4:
					log.change(func() { log.ended, log.entries = false, nil })
				case 5:
					log.print(epoch.Add(time.Duration(random.IntN(1000))*time.Millisecond), strings.Repeat("x", random.IntN(2000)))
				default:
					ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
					v := hub.View(name, nil)
					for range 5 {
						if _, err := v.Next(ctx); err != nil {
							break
						}
					}
					v.Close()
					cancel()
				}
			}
		})
	}
	wait.Wait()
	for _, log := range pods {
		log.change(func() { log.ended = true })
	}
	hub.Wait()
	hub.mu.Lock()
	retained := hub.retained.Len()
	hub.mu.Unlock()
	expectHub(t, hub, retained, 0, retained)
	hub.Close()
	expectHub(t, hub, 0, 0, 0)
	for name, log := range pods {
		if log.open != 0 {
			t.Errorf("pod %s has %d streams open", name, log.open)
		}
	}
}
