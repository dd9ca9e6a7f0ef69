// Package ports hands out the ports of previews. The map lives in memory; the truth is in the cluster, in the status of
// the instances, from which a new leader rebuilds it.
package ports

import (
	"fmt"
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
	// onFree is told, outside the lock, which waiter is next whenever a port has become free.
	onFree func(Holder)

	mu      sync.Mutex
	ports   map[types.UID]int32
	holders map[int32]Holder
	// next is where the search for a free port begins: a port is reused as late as possible.
	next int32
	// waiting are the holders that found no port, in the order in which they came.
	waiting []Holder
}

// New returns an empty allocator of the ports from lowest to highest, inclusive. onFree is called with a waiting
// holder for each port that is released; it must not block.
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

// Release gives back the port of a holder, and its place among those that wait. It does nothing for strangers.
func (a *Allocator) Release(uid types.UID) {
	a.mu.Lock()
	a.forgetWaiter(uid)
	port, held := a.ports[uid]
	delete(a.ports, uid)
	if held {
		delete(a.holders, port)
	}
	var next *Holder
	if held && len(a.waiting) > 0 {
		next = &a.waiting[0]
		a.waiting = a.waiting[1:]
	}
	a.mu.Unlock()
	if next != nil && a.onFree != nil {
		a.onFree(*next)
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
	for port := range a.holders {
		if port >= a.lowest && port <= a.highest {
			taken++
		}
	}
	return taken, int(a.highest-a.lowest) + 1
}

func (a *Allocator) wait(h Holder) {
	for _, w := range a.waiting {
		if w.UID == h.UID {
			return
		}
	}
	a.waiting = append(a.waiting, h)
}

func (a *Allocator) forgetWaiter(uid types.UID) {
	for i, w := range a.waiting {
		if w.UID == uid {
			a.waiting = append(a.waiting[:i:i], a.waiting[i+1:]...)
			return
		}
	}
}
