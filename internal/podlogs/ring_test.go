package podlogs

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// Whatever its size in between, a ring holds the newest lines under their numbers.
func TestRingGrowsAndIsTrimmed(t *testing.T) {
	for _, maxLines := range []int{2, 15, 16, 17, 100} {
		for pushed := range 3 * maxLines {
			r := newRing(maxLines, 1<<20)
			var all []string
			for i := range pushed {
				all = append(all, fmt.Sprint("line ", i))
				r.push(Line{Text: all[i]})
			}
			first := max(0, pushed-maxLines)
			check := func(when string) {
				t.Helper()
				lines, lost := r.from(0, pushed+1)
				if diff := cmp.Diff(all[first:], append([]string{}, texts(lines)...)); diff != "" && pushed > 0 || lost != uint64(first) {
					t.Fatalf("%d of at most %d lines, %s: %d lost, lines (-want +got):\n%s", pushed, maxLines, when, lost, diff)
				}
			}
			check("grown")
			if most := max(minRingLines, 2*pushed); len(r.lines) > min(most, maxLines) {
				t.Fatalf("%d of at most %d lines take %d places", pushed, maxLines, len(r.lines))
			}
			r.resize(r.held())
			check("trimmed")
			if len(r.lines) != pushed-first {
				t.Fatalf("%d of at most %d lines take %d places once trimmed", pushed, maxLines, len(r.lines))
			}
		}
	}
}

func TestRingSize(t *testing.T) {
	r := newRing(100, 1000)
	for range 50 {
		r.push(Line{Text: strings.Repeat("x", 100)})
	}
	r.resize(r.held())
	if got, want := r.size(), int64(followerBytes+10*(100+72)); got != want {
		t.Errorf("ten lines of 100 bytes take %d bytes, want %d", got, want)
	}
	// The documentation of Options says so.
	if unsafe.Sizeof(Line{}) != 72 {
		t.Errorf("a line takes %d bytes", unsafe.Sizeof(Line{}))
	}
}
