package vitals

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// The clock of these tests is that of a bubble: a wait takes exactly as long as it says, and no time at all.

// pass lets time pass, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestOptionsAreChecked(t *testing.T) {
	for name, options := range map[string]Options{"no pods": {}, "negative": {Pods: newCluster(t), MaxWatched: -1}} {
		if m, err := New(options); err == nil {
			m.Close()
			t.Errorf("%s: was taken", name)
		}
	}
}

func TestFirstQuestionHasAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newCluster(t).monitor()
		defer m.Close()
		begun := time.Now()
		want := Snapshot{MemoryBytes: ptr(int64(100 << 20)), Health: Healthy, At: begun}
		if diff := cmp.Diff(want, m.Of(t.Context(), target())); diff != "" {
			t.Errorf("first answer (-want +got):\n%s", diff)
		}
		pass(secondReading)
		want.CPUPercent, want.At = ptr(25.0), begun.Add(secondReading)
		if diff := cmp.Diff(want, m.Of(t.Context(), target())); diff != "" {
			t.Errorf("after the second reading (-want +got):\n%s", diff)
		}
	})
}

func TestOnlyTheFirstQuestionWaitsAndNotForLong(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		runner, application http.Handler
		ctx                 context.Context
		want                time.Duration
	}{
		"both answer":              {http.NotFoundHandler(), http.NotFoundHandler(), t.Context(), 0},
		"the runner hangs":         {hangs, http.NotFoundHandler(), t.Context(), firstWait},
		"the application hangs":    {http.NotFoundHandler(), hangs, t.Context(), firstWait},
		"nothing can be connected": {unanswered, unanswered, t.Context(), firstWait},
		"the caller has gone":      {hangs, hangs, gone, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t)
			c.answer("10.0.0.7:2999", test.runner)
			c.answer("10.0.0.7:3001", test.application)
			m := c.monitor()
			defer m.Close()
			for question, want := range []time.Duration{test.want, 0} {
				begun := time.Now()
				// Contexts of the outside cannot be waited for in a bubble.
				ctx, cancel := context.WithCancel(t.Context())
				if test.ctx.Err() != nil {
					cancel()
				}
				got := m.Of(ctx, target())
				cancel()
				if waited := time.Since(begun); waited != want || got.Health != Unknown || got.MemoryBytes != nil {
					t.Errorf("%s: question %d waited %s, want %s, and got %+v", name, question, waited, want, got)
				}
			}
		})
	}
}

// "Fresh to 2 s": no figure is older, whether the runner answers, hangs or goes away.
func TestFiguresAreFresh(t *testing.T) {
	for name, after := range map[string]func(*cluster){
		"answers":      func(*cluster) {},
		"hangs":        func(c *cluster) { c.answer("10.0.0.7:2999", hangs) },
		"unreachable":  func(c *cluster) { c.answer("10.0.0.7:2999", unanswered) },
		"other status": func(c *cluster) { c.answer("10.0.0.7:2999", http.NotFoundHandler()) },
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t)
			begun := time.Now()
			c.answer("10.0.0.7:2999", c.runner("uid", func() runnerapi.Usage {
				return runnerapi.Usage{MemoryBytes: time.Since(begun).Milliseconds(), At: time.Now().UnixMicro()}
			}))
			m := c.monitor()
			defer m.Close()
			for step := range 200 {
				if step == 77 {
					after(c)
				}
				got, now := m.Of(t.Context(), target()), time.Since(begun).Milliseconds()
				if got.MemoryBytes != nil && *got.MemoryBytes < now-2000 {
					t.Fatalf("%s: after %d ms the memory is that of %d ms", name, now, *got.MemoryBytes)
				}
				known := got.MemoryBytes != nil
				if !known && (name == "answers" || step < 77) {
					t.Fatalf("%s: after %d ms the memory is not known", name, now)
				}
				if known && name != "answers" && step >= 77+20 {
					t.Fatalf("%s: the memory is still known after %d ms", name, now)
				}
				pass(100 * time.Millisecond)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	const application = "10.0.0.7:3001"
	answering := func(c *cluster) { c.answer(application, c.application()) }
	hanging := func(c *cluster) { c.answer(application, hangs) }
	refusing := func(c *cluster) { c.refuse(application) }
	notFound := func(c *cluster) { c.answer(application, http.NotFoundHandler()) }
	type phase struct {
		begin func(*cluster)
		lasts time.Duration
		want  Health
	}
	for name, phases := range map[string][]phase{
		"hangs from the start":   {{hanging, 2900 * time.Millisecond, Unknown}, {hanging, 200 * time.Millisecond, Unhealthy}},
		"refuses from the start": {{refusing, 1900 * time.Millisecond, Unknown}, {refusing, 200 * time.Millisecond, Unhealthy}},
		"answers otherwise":      {{notFound, 1900 * time.Millisecond, Unknown}, {notFound, 200 * time.Millisecond, Unhealthy}},
		"hangs and recovers": {
			{answering, 500 * time.Millisecond, Healthy}, {hanging, 3400 * time.Millisecond, Healthy},
			{hanging, 200 * time.Millisecond, Unhealthy}, {answering, 1100 * time.Millisecond, Healthy},
		},
		"a short pause": {
			{answering, 500 * time.Millisecond, Healthy}, {hanging, 2 * time.Second, Healthy}, {answering, 5 * time.Second, Healthy},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t)
			m := c.monitor()
			defer m.Close()
			for i, phase := range phases {
				phase.begin(c)
				if i == 0 {
					go m.Of(t.Context(), target())
				}
				pass(phase.lasts)
				if got := m.Of(t.Context(), target()).Health; got != phase.want {
					t.Errorf("%s: %s at the end of phase %d, want %s", name, got, i, phase.want)
				}
			}
		})
	}
}

// What an application or a stranger behind a reused address may answer.
func TestUntrustedAnswers(t *testing.T) {
	text := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://10.9.9.9:3001/")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	good := `{"assignmentID":"uid","memoryBytes":1,"cpuMicros":1,"at":1}`
	for name, test := range map[string]struct {
		runner http.Handler
		want   Health
	}{
		"another instance":  {text(200, strings.Replace(good, "uid", "other", 1)), Unknown},
		"no assignment":     {text(200, `{"memoryBytes":1,"cpuMicros":1,"at":1}`), Unknown},
		"another runner":    {text(401, "the pod's observer token is needed"), Unknown},
		"negative memory":   {text(200, strings.Replace(good, `"memoryBytes":1`, `"memoryBytes":-1`, 1)), Healthy},
		"negative time":     {text(200, strings.Replace(good, `"cpuMicros":1`, `"cpuMicros":-1`, 1)), Healthy},
		"negative clock":    {text(200, strings.Replace(good, `"at":1`, `"at":-1`, 1)), Healthy},
		"huge memory":       {text(200, strings.Replace(good, `"memoryBytes":1`, `"memoryBytes":1125899906842625`, 1)), Healthy},
		"huge time":         {text(200, strings.Replace(good, `"cpuMicros":1`, `"cpuMicros":9223372036854775807`, 1)), Healthy},
		"beyond an integer": {text(200, strings.Replace(good, `"memoryBytes":1`, `"memoryBytes":1e400`, 1)), Healthy},
		"not a number":      {text(200, strings.Replace(good, `"memoryBytes":1`, `"memoryBytes":NaN`, 1)), Healthy},
		"text":              {text(200, strings.Replace(good, `"memoryBytes":1`, `"memoryBytes":"1"`, 1)), Healthy},
		"no JSON":           {text(200, "hello"), Healthy},
		"nothing":           {text(200, ""), Healthy},
		"large body":        {text(200, good+strings.Repeat(" ", runnerapi.MaxUsageBytes)), Healthy},
		"redirect":          {text(302, good), Healthy},
		"error":             {text(500, good), Healthy},
		"large header": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*maxHeaderBytes))
			fmt.Fprint(w, good)
		}), Healthy},
		"never ends": {http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			fmt.Fprint(w, good[:20])
			_ = http.NewResponseController(w).Flush()
			<-request.Context().Done()
		}), Healthy},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t)
			c.answer("10.0.0.7:2999", test.runner)
			c.answer("10.9.9.9:3001", c.application())
			m := c.monitor()
			defer m.Close()
			for range 4 {
				got := m.Of(t.Context(), target())
				if got.MemoryBytes != nil || got.CPUPercent != nil || got.Health != test.want {
					t.Errorf("%s: got %+v", name, got)
				}
				pass(every)
			}
			if n := c.count("10.9.9.9:3001"); n != 0 {
				t.Errorf("%s: another address was dialled %d times", name, n)
			}
		})
	}
}

// A redirect of the application is no success either, and nobody follows it.
func TestOnlyThePodIsDialled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		c.answer("10.0.0.7:3001", http.RedirectHandler("http://10.9.9.9:3001/", http.StatusTemporaryRedirect))
		m := c.monitor()
		defer m.Close()
		if got := m.Of(t.Context(), target()); got.Health != Unknown || got.MemoryBytes == nil {
			t.Errorf("got %+v", got)
		}
		pass(5 * time.Second)
		c.mu.Lock()
		defer c.mu.Unlock()
		slices.Sort(c.dialled)
		if diff := cmp.Diff([]string{"10.0.0.7:2999", "10.0.0.7:3001"}, slices.Compact(c.dialled)); diff != "" {
			t.Errorf("addresses differ (-want +got):\n%s", diff)
		}
		asker, err := newAsker(t.Context(), c.dial, target(), Identity{PodUID: podUID, SecretHash: secretHash})
		if err != nil || asker.transport.Proxy != nil {
			t.Errorf("error %v, or a proxy is asked to connect", err)
		}
	})
}

func TestTargetsWithoutAnAddressAreNotWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		m := c.monitor()
		defer m.Close()
		for name, change := range map[string]func(*Target){
			"uid": func(t *Target) { t.InstanceUID = "" }, "pod": func(t *Target) { t.PodName = "" },
			"address": func(t *Target) { t.PodIP = netip.Addr{} }, "port": func(t *Target) { t.Port = 0 },
		} {
			target := target()
			change(&target)
			if diff := cmp.Diff(Snapshot{Health: Unknown}, m.Of(t.Context(), target)); diff != "" {
				t.Errorf("no %s (-want +got):\n%s", name, diff)
			}
		}
		synctest.Wait()
		if n := c.count(""); n != 0 {
			t.Errorf("%d connections", n)
		}
		// An instance whose address was withdrawn is not asked any more.
		m.Of(t.Context(), target())
		withdrawn := target()
		withdrawn.PodIP = netip.Addr{}
		m.Of(t.Context(), withdrawn)
		synctest.Wait()
		before := c.count("")
		pass(10 * time.Second)
		if c.count("") != before {
			t.Error("an instance without an address is still asked")
		}
	})
}

func TestWatchingEndsWhenNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		m := c.monitor()
		defer m.Close()
		// It goes on while somebody asks now and then,
		for range 5 {
			before := c.count("10.0.0.7:3001")
			m.Of(t.Context(), target())
			pass(keep - time.Second)
			if asked := c.count("10.0.0.7:3001") - before; asked < 25 {
				t.Fatalf("the application was asked %d times in %s", asked, keep)
			}
		}
		// and not for long after that.
		pass(2 * time.Second)
		before := c.count("")
		pass(time.Hour)
		if after := c.count(""); after != before {
			t.Errorf("%d more requests in an hour without a question", after-before)
		}
		if got := m.Of(t.Context(), target()); got.Health != Healthy || got.MemoryBytes == nil || got.CPUPercent != nil {
			t.Errorf("asked again: %+v", got)
		}
	})
}

func TestTheLeastAskedInstanceGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		m := c.monitor(func(o *Options) { o.MaxWatched = 2 })
		defer m.Close()
		ask := func(uid string) {
			target := target()
			target.InstanceUID = uid
			m.Of(t.Context(), target)
			pass(time.Millisecond)
		}
		for _, uid := range []string{"a", "b", "a", "c"} {
			ask(uid)
		}
		watched := func() (uids []string) {
			m.mu.Lock()
			defer m.mu.Unlock()
			for uid := range m.watches {
				uids = append(uids, uid)
			}
			slices.Sort(uids)
			return uids
		}
		if diff := cmp.Diff([]string{"a", "c"}, watched()); diff != "" {
			t.Errorf("watched (-want +got):\n%s", diff)
		}
		synctest.Wait()
		before := c.count("")
		pass(10*time.Second - time.Millisecond)
		// Two instances, two questions each a second.
		if n := c.count("") - before; n > 2*2*10+2 {
			t.Errorf("%d requests in 10 s: what gave way is still watched", n)
		}
	})
}

func TestAnotherPodOfTheInstanceStartsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		m := c.monitor()
		defer m.Close()
		if got := m.Of(t.Context(), target()); got.Health != Healthy {
			t.Fatalf("got %+v", got)
		}
		other := target()
		other.PodName, other.PodIP = "pod-def", netip.MustParseAddr("fd00::8")
		c.answer("[fd00::8]:2999", c.runner("uid", func() runnerapi.Usage { return runnerapi.Usage{MemoryBytes: 8, At: 1} }))
		if diff := cmp.Diff(Snapshot{MemoryBytes: ptr(int64(8)), Health: Unknown, At: time.Now()}, m.Of(t.Context(), other)); diff != "" {
			t.Errorf("the other pod (-want +got):\n%s", diff)
		}
		synctest.Wait()
		before := c.count("10.0.0.7:3001")
		pass(5 * time.Second)
		if c.count("10.0.0.7:3001") != before {
			t.Error("the first pod is still asked")
		}
		m.Forget("uid")
		m.Forget("never heard of")
		synctest.Wait()
		before = c.count("[fd00::8]:3001")
		pass(5 * time.Second)
		if c.count("[fd00::8]:3001") != before {
			t.Error("a forgotten instance is still asked")
		}
	})
}

func TestPodsThatCannotBeLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		c.noPods = errors.New("forbidden")
		m := c.monitor()
		defer m.Close()
		begun := time.Now()
		if got := m.Of(t.Context(), target()); got.Health != Unknown || time.Since(begun) != 0 {
			t.Errorf("got %+v after %s", got, time.Since(begun))
		}
		pass(16 * time.Second)
		var pauses []time.Duration
		c.mu.Lock()
		for i, at := range c.lookups[1:] {
			pauses = append(pauses, at.Sub(c.lookups[i]))
		}
		c.mu.Unlock()
		if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}, pauses); diff != "" {
			t.Errorf("pauses between lookups (-want +got):\n%s", diff)
		}
		if n := c.count("10.0.0.7:3001"); n != 0 {
			t.Errorf("an unknown pod was asked %d times", n)
		}
		c.mu.Lock()
		c.noPods = nil
		c.mu.Unlock()
		pass(8 * time.Second)
		if got := m.Of(t.Context(), target()); got.Health != Healthy || got.MemoryBytes == nil {
			t.Errorf("once the pod is found: %+v", got)
		}
	})
}

func TestNothingIsKnownAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newCluster(t).monitor()
		m.Of(t.Context(), target())
		m.Close()
		m.Close()
		if diff := cmp.Diff(Snapshot{Health: Unknown}, m.Of(t.Context(), target())); diff != "" {
			t.Errorf("after Close (-want +got):\n%s", diff)
		}
	})
}

// slowPods take a second to notice that nobody wants to know any more.
type slowPods struct{ asking atomic.Int32 }

func (p *slowPods) Identity(ctx context.Context, _, _ string) (Identity, error) {
	p.asking.Add(1)
	defer p.asking.Add(-1)
	<-ctx.Done()
	time.Sleep(time.Second)
	return Identity{}, ctx.Err()
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pods := &slowPods{}
		m := newCluster(t).monitor(func(o *Options) { o.Pods = pods })
		begun := time.Now()
		m.Of(t.Context(), target())
		m.Close()
		if waited := time.Since(begun); pods.asking.Load() != 0 || waited != firstWait+time.Second {
			t.Errorf("Close returned after %s with %d lookups under way", waited, pods.asking.Load())
		}
	})
}

// Over real connections, some of which hang when everything ends.
func TestCloseLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t)
	c := newCluster(t)
	runner, application := httptest.NewServer(c.handlers["10.0.0.7:2999"]), httptest.NewServer(hangs)
	defer application.Close()
	defer runner.Close()
	m, err := New(Options{Pods: c, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		server := application
		if strings.HasSuffix(address, ":2999") {
			server = runner
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}})
	if err != nil {
		t.Fatal(err)
	}
	var questions sync.WaitGroup
	for i := range 20 {
		questions.Go(func() {
			target := target()
			target.InstanceUID = fmt.Sprint("uid", i%5)
			m.Of(t.Context(), target)
			if i%7 == 0 {
				m.Forget(target.InstanceUID)
			}
		})
	}
	m.Of(t.Context(), target())
	m.Close()
	questions.Wait()
}
