package ticket

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"time"
)

// DefaultMemory is a bound for Memory: some 10 MiB, and 2,000 tickets a second.
const DefaultMemory = 65536

// Memory is a Burner of one process. Where several gateways redeem tickets, each of them would take a ticket once.
type Memory struct {
	max int
	now func() time.Time

	mu sync.Mutex
	// used are the ids that byEnd orders.
	used  map[string]struct{}
	byEnd entries
}

// NewMemory returns a Burner that remembers max tickets until they expire, by that clock.
func NewMemory(max int, now func() time.Time) (*Memory, error) {
	if max < 1 {
		return nil, fmt.Errorf("ticket: the memory is for %d tickets, at least 1 is needed", max)
	}
	return &Memory{max: max, now: now, used: map[string]struct{}{}}, nil
}

// BurnTicket refuses what it could not remember: tickets that have expired, and further ones when it is full.
func (m *Memory) BurnTicket(_ context.Context, id string, expires time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for len(m.byEnd) > 0 && !now.Before(m.byEnd[0].expires) {
		delete(m.used, heap.Pop(&m.byEnd).(entry).id)
	}
	if _, used := m.used[id]; used || !now.Before(expires) {
		return false, nil
	}
	if len(m.used) >= m.max {
		return false, fmt.Errorf("ticket: %d used tickets are remembered, which is the most", m.max)
	}
	m.used[id] = struct{}{}
	heap.Push(&m.byEnd, entry{id: id, expires: expires})
	return true, nil
}

type entry struct {
	id      string
	expires time.Time
}

// entries is a heap, the first to expire on top.
type entries []entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].expires.Before(e[j].expires) }
func (e entries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *entries) Push(x any)        { *e = append(*e, x.(entry)) }
func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = entry{}
	*e = (*e)[:last]
	return x
}
