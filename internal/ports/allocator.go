// Package ports hands out the ports of previews. The map lives in memory; the truth is in the cluster, in the status of
// the instances, from which a new leader rebuilds it.
package ports

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Holder is who holds a port. A name can come back under another UID, and then is another holder.
type Holder struct {
	UID  types.UID
	Name types.NamespacedName
}

// Allocator maps ports of one range to holders. It is safe for concurrent use.
type Allocator struct {
	lowest, highest int32
	// onFree is told, outside the lock, who of those that wait may try again.
	onFree func(Holder)

	mu      sync.Mutex
	ports   map[types.UID]int32
	holders map[int32]Holder
	// next is where the search for a free port begins: a port is reused as late as possible.
	next int32
	// waiting are the holders that found no port, in the order of their turns. Who is told of a free port goes to the
	// end and stays until it takes one: it may be unable to, and must then not keep the port from the others.
	waiting []Holder
}

// New returns an empty allocator of the ports from lowest to highest, inclusive. onFree is called with a waiting
// holder whenever a port is free for it; it must not block.
func New(lowest, highest int32, onFree func(Holder)) (*Allocator, error) {
	if lowest < 1 || highest > 65535 || lowest > highest {
		return nil, fmt.Errorf("port range %d to %d is not within 1 to 65535", lowest, highest)
	}
	return &Allocator{
		lowest: lowest, highest: highest, onFree: onFree, next: lowest,
		ports: map[types.UID]int32{}, holders: map[int32]Holder{},
	}, nil
}

// Restore notes that a holder already has a port. It fails when another holder has it: two live instances never share
// a port, so the caller has to end one of them.
func (a *Allocator) Restore(h Holder, port int32) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if other, taken := a.holders[port]; taken && other.UID != h.UID {
		return fmt.Errorf("port %d is held by %s", port, other.Name)
	}
	if held, ok := a.ports[h.UID]; ok && held != port {
		delete(a.holders, held)
	}
	a.ports[h.UID], a.holders[port] = port, h
	return nil
}

// Allocate returns the port of a holder, a new one if it has none, and false when every port is taken; the holder then
// waits its turn, and is named to onFree when it has come.
func (a *Allocator) Allocate(h Holder) (int32, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if port, ok := a.ports[h.UID]; ok {
		return port, true
	}
	size := a.highest - a.lowest + 1
	for i := range size {
		port := a.lowest + (a.next-a.lowest+i)%size
		if _, taken := a.holders[port]; taken {
			continue
		}
		a.ports[h.UID], a.holders[port] = port, h
		a.next = port + 1
		a.forgetWaiter(h.UID)
		return port, true
	}
	a.wait(h)
	return 0, false
}

// Release gives back the port of a holder, and its place among those that wait: one that was told of a free port and
// gives up leaves it to the next. It does nothing for strangers.
func (a *Allocator) Release(uid types.UID) {
	a.mu.Lock()
	waited := a.forgetWaiter(uid)
	port, held := a.ports[uid]
	delete(a.ports, uid)
	if held {
		delete(a.holders, port)
	}
	var next []Holder
	if held || waited {
		next = a.nextInTurn(1)
	}
	a.mu.Unlock()
	a.tell(next)
}

// WakeWaiting tells as many of those that wait as there are free ports. It is for the case that one who was told
// could not take the port and nobody else has released one since.
func (a *Allocator) WakeWaiting() {
	a.mu.Lock()
	next := a.nextInTurn(len(a.waiting))
	a.mu.Unlock()
	a.tell(next)
}

// nextInTurn returns at most limit of those that wait, and no more than there are free ports.
func (a *Allocator) nextInTurn(limit int) []Holder {
	n := min(limit, len(a.waiting), a.size()-a.taken())
	if n <= 0 {
		return nil
	}
	next := slices.Clone(a.waiting[:n])
	a.waiting = append(slices.Clone(a.waiting[n:]), next...)
	return next
}

func (a *Allocator) tell(holders []Holder) {
	if a.onFree == nil {
		return
	}
	for _, h := range holders {
		a.onFree(h)
	}
}

// ReleaseNamed gives back what is held under a name, whatever its UID: the object is gone.
func (a *Allocator) ReleaseNamed(name types.NamespacedName) {
	a.mu.Lock()
	var uids []types.UID
	for _, h := range a.holders {
		if h.Name == name {
			uids = append(uids, h.UID)
		}
	}
	for _, h := range a.waiting {
		if h.Name == name {
			uids = append(uids, h.UID)
		}
	}
	a.mu.Unlock()
	for _, uid := range uids {
		a.Release(uid)
	}
}

// InUse returns how many ports are taken and how many there are.
func (a *Allocator) InUse() (taken, size int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.taken(), a.size()
}

// Known returns everybody who holds a port or waits for one, in no particular order.
func (a *Allocator) Known() []Holder {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append(slices.Collect(maps.Values(a.holders)), a.waiting...)
}

func (a *Allocator) size() int { return int(a.highest-a.lowest) + 1 }

// taken counts the ports of the range: one that was restored may be of an earlier, larger range.
func (a *Allocator) taken() int {
	n := 0
	for port := range a.holders {
		if port >= a.lowest && port <= a.highest {
			n++
		}
	}
	return n
}

func (a *Allocator) wait(h Holder) {
	for _, w := range a.waiting {
		if w.UID == h.UID {
			return
		}
	}
	a.waiting = append(a.waiting, h)
}

func (a *Allocator) forgetWaiter(uid types.UID) (waited bool) {
	for i, w := range a.waiting {
		if w.UID == uid {
			a.waiting = append(a.waiting[:i:i], a.waiting[i+1:]...)
			return true
		}
	}
	return false
}
