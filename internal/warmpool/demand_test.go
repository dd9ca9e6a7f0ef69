package warmpool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/codebegen/preview-operator/api/v1alpha1"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestBoundsOf(t *testing.T) {
	n := func(i int32) *int32 { return &i }
	for name, test := range map[string]struct {
		pool *v1alpha1.WarmPool
		want Bounds
	}{
		"none":     {nil, Bounds{}},
		"size":     {&v1alpha1.WarmPool{Size: n(3)}, Bounds{3, 3, 3}},
		"no size":  {&v1alpha1.WarmPool{}, Bounds{}},
		"minimum":  {&v1alpha1.WarmPool{Size: n(3), MinSize: n(1)}, Bounds{3, 1, 3}},
		"maximum":  {&v1alpha1.WarmPool{Size: n(3), MaxSize: n(9)}, Bounds{3, 3, 9}},
		"both":     {&v1alpha1.WarmPool{Size: n(3), MinSize: n(0), MaxSize: n(9)}, Bounds{3, 0, 9}},
		"crossed":  {&v1alpha1.WarmPool{Size: n(3), MinSize: n(9), MaxSize: n(5)}, Bounds{3, 9, 9}},
		"min size": {&v1alpha1.WarmPool{Size: n(3), MinSize: n(4)}, Bounds{3, 4, 4}},
	} {
		if diff := cmp.Diff(test.want, BoundsOf(test.pool)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// launch is n launches at a time after the start.
type launch struct {
	at time.Duration
	n  int
}

func TestWant(t *testing.T) {
	dynamic := Bounds{Size: 3, Min: 1, Max: 20}
	for name, test := range map[string]struct {
		bounds   Bounds
		launches []launch
		at       time.Duration
		want     int
	}{
		"nothing is known":          {dynamic, nil, 0, 3},
		"nothing came for a while":  {dynamic, nil, Memory - 1, 3},
		"nothing came for long":     {dynamic, nil, Memory, 1},
		"fixed, nothing came":       {Bounds{3, 3, 3}, nil, Memory, 3},
		"fixed, many came":          {Bounds{3, 3, 3}, []launch{{0, 50}}, time.Second, 3},
		"one":                       {dynamic, []launch{{time.Hour, 1}}, time.Hour, 2},
		"burst":                     {dynamic, []launch{{time.Hour, 8}}, time.Hour, 10},
		"burst, at once forgotten":  {dynamic, []launch{{time.Hour, 8}}, time.Hour + Memory - slot, 10},
		"burst, long ago":           {dynamic, []launch{{time.Hour, 8}}, time.Hour + Memory, 1},
		"burst of long ago, little": {dynamic, []launch{{time.Hour, 8}, {time.Hour + Memory, 2}}, time.Hour + Memory, 3},
		"more than the maximum":     {dynamic, []launch{{time.Hour, 80}}, time.Hour, 20},
		"two slots":                 {dynamic, []launch{{time.Hour, 4}, {time.Hour + slot, 4}}, time.Hour + slot, 10},
		"too far apart":             {dynamic, []launch{{time.Hour, 4}, {time.Hour + 2*slot, 4}}, time.Hour + 2*slot, 5},
		"peak before the last":      {dynamic, []launch{{time.Hour, 8}, {time.Hour + time.Minute, 1}}, time.Hour + time.Minute, 10},
		"at the very start":         {dynamic, []launch{{0, 8}}, slot, 10},
		"few at the start":          {dynamic, []launch{{0, 1}}, slot, 3},
		"clock set back":            {dynamic, []launch{{time.Hour, 4}, {time.Hour - time.Minute, 4}}, time.Hour - time.Minute, 10},
		"after a long pause":        {dynamic, []launch{{time.Hour, 8}}, 100 * time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDemand(start)
			for _, l := range test.launches {
				for range l.n {
					d.Launched(start.Add(l.at))
				}
			}
			if got := test.bounds.Want(start.Add(test.at), d); got != test.want {
				t.Errorf("Want() = %d, want %d", got, test.want)
			}
		})
	}
}

// A pool that is larger than its minimum is looked at again until it is not: then it is left alone.
func TestShrinks(t *testing.T) {
	b := BoundsOf(&v1alpha1.WarmPool{Size: ptr.To(int32(2)), MinSize: ptr.To(int32(1)), MaxSize: ptr.To(int32(9))})
	d := NewDemand(start)
	d.Launched(start)
	d.Launched(start)
	now, looks := start.Add(time.Second), 0
	for {
		after, ok := b.Shrinks(now, d)
		if !ok {
			break
		}
		if after <= 0 || after > slot {
			t.Fatalf("at %s: look again after %s, want at most %s", now.Sub(start), after, slot)
		}
		if looks++; int64(looks) > slots {
			t.Fatalf("it is still looked at after %s", now.Sub(start))
		}
		now = now.Add(after)
	}
	if got := now.Sub(start); got != Memory {
		t.Errorf("it was looked at for %s, want %s", got, Memory)
	}
	if _, ok := BoundsOf(&v1alpha1.WarmPool{Size: ptr.To(int32(2))}).Shrinks(start, NewDemand(start)); ok {
		t.Error("a pool of a fixed size is looked at again")
	}
}
