package ports

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

func holder(name string) Holder {
	return Holder{UID: types.UID("uid-" + name), Name: types.NamespacedName{Namespace: "previews", Name: name}}
}

func newAllocator(t *testing.T, lowest, highest int32, onFree func(Holder)) *Allocator {
	t.Helper()
	a, err := New(lowest, highest, onFree)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNewRefusesBadRanges(t *testing.T) {
	for name, r := range map[string][2]int32{"reversed": {3100, 3001}, "zero": {0, 10}, "too high": {65000, 65536}} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(r[0], r[1], nil); err == nil {
				t.Errorf("New(%d, %d) is accepted", r[0], r[1])
			}
		})
	}
}

func TestAllocateIsIdempotentAndExclusive(t *testing.T) {
	a := newAllocator(t, 3001, 3003, nil)
	got := map[string]int32{}
	for _, name := range []string{"a", "b", "a", "c", "b"} {
		port, ok := a.Allocate(holder(name))
		if !ok {
			t.Fatalf("no port for %s", name)
		}
		got[name] = port
	}
	if diff := cmp.Diff(map[string]int32{"a": 3001, "b": 3002, "c": 3003}, got); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if port, ok := a.Allocate(holder("d")); ok {
		t.Errorf("a fourth holder got port %d of three", port)
	}
}

func TestPortIsReusedAsLateAsPossible(t *testing.T) {
	a := newAllocator(t, 3001, 3003, nil)
	a.Allocate(holder("a"))
	a.Release("uid-a")
	if port, _ := a.Allocate(holder("b")); port != 3002 {
		t.Errorf("port %d, want 3002: 3001 was released a moment ago", port)
	}
}

func TestReleaseWakesWaitersInOrder(t *testing.T) {
	var woken []string
	a := newAllocator(t, 3001, 3001, func(h Holder) { woken = append(woken, h.Name.Name) })
	a.Allocate(holder("a"))
	for _, name := range []string{"b", "c", "b", "d"} {
		a.Allocate(holder(name))
	}
	a.Release("uid-c") // gave up
	a.Release("uid-a")
	if _, ok := a.Allocate(holder("b")); !ok {
		t.Fatal("the woken waiter finds no port")
	}
	a.ReleaseNamed(holder("b").Name)
	if diff := cmp.Diff([]string{"b", "d"}, woken); diff != "" {
		t.Errorf("woken (-want +got):\n%s", diff)
	}
}

func TestWaiterThatCannotTakeItsPort(t *testing.T) {
	for name, tc := range map[string]struct {
		then func(*Allocator)
		want []string
	}{
		"gives up":            {func(a *Allocator) { a.Release("uid-b") }, []string{"b", "c"}},
		"is gone":             {func(a *Allocator) { a.ReleaseNamed(holder("b").Name) }, []string{"b", "c"}},
		"keeps to itself":     {func(a *Allocator) { a.WakeWaiting() }, []string{"b", "c"}},
		"takes it in the end": {func(a *Allocator) { a.Allocate(holder("b")); a.WakeWaiting() }, []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			var woken []string
			a := newAllocator(t, 3001, 3001, func(h Holder) { woken = append(woken, h.Name.Name) })
			for _, name := range []string{"a", "b", "c"} {
				a.Allocate(holder(name))
			}
			a.Release("uid-a")
			tc.then(a)
			if diff := cmp.Diff(tc.want, woken); diff != "" {
				t.Errorf("woken (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	a := newAllocator(t, 3001, 3002, nil)
	for _, name := range []string{"a", "b", "waits", "gone"} {
		a.Allocate(holder(name))
	}
	a.Release("uid-gone")
	got := map[types.UID]string{}
	for _, h := range a.Known() {
		got[h.UID] = h.Name.Name
	}
	if diff := cmp.Diff(map[types.UID]string{"uid-a": "a", "uid-b": "b", "uid-waits": "waits"}, got); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
}

// A range of 1000 ports is worth exactly 1000 previews, all of which can come back at once.
func TestThousandPorts(t *testing.T) {
	const size, waiters = 1000, 50
	var woken []string
	a := newAllocator(t, 3001, 4000, func(h Holder) { woken = append(woken, h.Name.Name) })
	for round := range 2 {
		seen := map[int32]bool{}
		for i := range size {
			port, ok := a.Allocate(holder(fmt.Sprint(round, i)))
			if !ok || port < 3001 || port > 4000 || seen[port] {
				t.Fatalf("holder %d of round %d got port %d, %v", i, round, port, ok)
			}
			seen[port] = true
		}
		for i := range waiters {
			if port, ok := a.Allocate(holder(fmt.Sprint("waits", round, i))); ok {
				t.Fatalf("a holder more than ports got %d", port)
			}
		}
		woken = nil
		for i := range size {
			a.Release(holder(fmt.Sprint(round, i)).UID)
		}
		distinct := map[string]bool{}
		for i, name := range woken {
			distinct[name] = true
			if i < waiters && name != fmt.Sprint("waits", round, i) {
				t.Errorf("woken number %d of round %d is %s", i, round, name)
			}
		}
		if len(distinct) != waiters {
			t.Errorf("%d of %d that waited were woken", len(distinct), waiters)
		}
		for i := range waiters {
			a.Release(holder(fmt.Sprint("waits", round, i)).UID)
		}
	}
}

func TestRestore(t *testing.T) {
	a := newAllocator(t, 3001, 3002, nil)
	if err := a.Restore(holder("a"), 3002); err != nil {
		t.Fatal(err)
	}
	if err := a.Restore(holder("a"), 3002); err != nil {
		t.Errorf("restoring the same again: %v", err)
	}
	if err := a.Restore(holder("b"), 3002); err == nil {
		t.Error("two holders of one port were accepted")
	}
	// A port of an earlier, larger range stays with its holder and does not count against today's.
	if err := a.Restore(holder("old"), 4000); err != nil {
		t.Error(err)
	}
	if taken, size := a.InUse(); taken != 1 || size != 2 {
		t.Errorf("InUse() = %d of %d, want 1 of 2", taken, size)
	}
	if port, _ := a.Allocate(holder("b")); port != 3001 {
		t.Errorf("port %d, want the only free one, 3001", port)
	}
}

func TestConcurrentHoldersNeverShareAPort(t *testing.T) {
	const size, workers, rounds = 50, 80, 200
	a := newAllocator(t, 3001, 3000+size, nil)
	var mu sync.Mutex
	inUse := map[int32]string{}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				h := holder(fmt.Sprintf("%d-%d", w, i))
				port, ok := a.Allocate(h)
				if !ok {
					a.Release(h.UID)
					continue
				}
				mu.Lock()
				if other, shared := inUse[port]; shared {
					t.Errorf("port %d is held by %s and %s", port, other, h.Name.Name)
				}
				inUse[port] = h.Name.Name
				mu.Unlock()

				mu.Lock()
				delete(inUse, port)
				mu.Unlock()
				a.Release(h.UID)
			}
		})
	}
	wg.Wait()
	if taken, _ := a.InUse(); taken != 0 {
		t.Errorf("%d ports are taken after every release", taken)
	}
}
