// Package warmpool decides how many pods wait for an instance, and which are created and deleted next. It is pure: it
// neither knows the cluster nor a clock.
package warmpool

import (
	"time"

	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

const (
	// Memory is how long a launch counts as recent demand. A pool that has grown for a burst is back at its minimum that
	// long afterwards.
	Memory = 15 * time.Minute
	// slot is the resolution of the memory.
	slot  = 5 * time.Second
	slots = int64(Memory / slot)
	// refillSlots are the time that a pool needs to make up for a launch when the nodes are busy: what comes within it
	// has to be served from what waits.
	refillSlots = 2
)

// Demand remembers when launches came that wanted a warm pod, whether or not they got one.
type Demand struct {
	// since is when the first slot that is remembered began.
	since time.Time
	// newest is the number, counted from since, of the slot that counts[newest%slots] is.
	newest int64
	counts [slots]int32
}

// NewDemand knows nothing before now.
func NewDemand(now time.Time) *Demand { return &Demand{since: now} }

// Launched counts one launch.
func (d *Demand) Launched(now time.Time) {
	d.advance(now)
	d.counts[d.newest%slots]++
}

// advance forgets what is older than the memory. A clock that was set back counts for the newest slot.
func (d *Demand) advance(now time.Time) {
	at := int64(now.Sub(d.since) / slot)
	for n := min(at-d.newest, slots); n > 0; n-- {
		d.counts[(at-n+1)%slots] = 0
	}
	d.newest = max(d.newest, at)
}

// peak is the most launches that came within the time of a refill.
func (d *Demand) peak(now time.Time) int {
	d.advance(now)
	most, sum := int32(0), int32(0)
	for i := range slots {
		at := d.newest - slots + 1 + i
		if at < 0 {
			continue
		}
		sum += d.counts[at%slots]
		if out := at - refillSlots; out > d.newest-slots && out >= 0 {
			sum -= d.counts[out%slots]
		}
		most = max(most, sum)
	}
	return int(most)
}

// known reports whether the memory goes back all the way: few launches then mean little demand.
func (d *Demand) known(now time.Time) bool { return now.Sub(d.since) >= Memory }

// Bounds of a pool.
type Bounds struct {
	// Size is what waits while the demand is not known.
	Size int
	// Min and Max are between what the number follows the demand.
	Min, Max int
}

// BoundsOf reads the bounds from a runtime's spec: those that are not set are the size. No pool has none.
func BoundsOf(pool *v1alpha1.WarmPool) Bounds {
	if pool == nil {
		return Bounds{}
	}
	size := ptr.Deref(pool.Size, 0)
	low, high := ptr.Deref(pool.MinSize, size), ptr.Deref(pool.MaxSize, size)
	return Bounds{Size: int(size), Min: int(low), Max: int(max(low, high))}
}

// Want returns how many pods should wait: a quarter more than the most launches that came lately within the time of a
// refill, and no fewer than the size while that is not known.
func (b Bounds) Want(now time.Time, d *Demand) int {
	peak := d.peak(now)
	want := peak + (peak+3)/4
	if !d.known(now) {
		want = max(want, b.Size)
	}
	return min(max(want, b.Min), b.Max)
}

// Shrinks returns when the number that should wait may have become smaller without a launch, and false when it cannot.
func (b Bounds) Shrinks(now time.Time, d *Demand) (time.Duration, bool) {
	if b.Want(now, d) <= b.Min {
		return 0, false
	}
	return slot - now.Sub(d.since)%slot, true
}
