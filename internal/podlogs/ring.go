package podlogs

import "unsafe"

const (
	// minRingLines is what a ring begins with. Most previews print a few lines.
	minRingLines = 16
	// followerBytes is about what a follower that has ended takes beside its lines.
	followerBytes = 1 << 10
)

// ring holds the newest lines of one pod, bounded in lines and in bytes. Lines are numbered from 0 as they arrive. It
// takes the memory that its lines need, not that which they may.
type ring struct {
	lines    []Line
	maxLines int
	maxBytes int
	bytes    int
	// first is the number of the oldest line held, next that of the line to come.
	first, next uint64
}

func newRing(maxLines, maxBytes int) *ring {
	return &ring{lines: make([]Line, min(maxLines, minRingLines)), maxLines: maxLines, maxBytes: maxBytes}
}

func (r *ring) push(l Line) {
	switch held := r.held(); {
	case held == r.maxLines:
		r.drop()
	case held == len(r.lines):
		r.resize(min(2*held, r.maxLines))
	}
	*r.at(r.next) = l
	r.next++
	r.bytes += len(l.Text)
	for r.bytes > r.maxBytes && r.next-r.first > 1 {
		r.drop()
	}
}

func (r *ring) drop() {
	oldest := r.at(r.first)
	r.bytes -= len(oldest.Text)
	*oldest = Line{}
	r.first++
}

// held is the number of lines held.
func (r *ring) held() int { return int(r.next - r.first) }

// resize makes place for size lines, as many as are held at least. They keep their numbers.
func (r *ring) resize(size int) {
	old := *r
	r.lines = make([]Line, size)
	for number := r.first; number < r.next; number++ {
		*r.at(number) = *old.at(number)
	}
}

// size is about how many bytes of memory the ring of a follower takes, and the follower with it.
func (r *ring) size() int64 {
	return followerBytes + int64(r.bytes) + int64(len(r.lines))*int64(unsafe.Sizeof(Line{}))
}

func (r *ring) at(number uint64) *Line { return &r.lines[number%uint64(len(r.lines))] }

// from copies at most limit lines from the given number on, and tells how many from there on are gone already.
func (r *ring) from(number uint64, limit int) (lines []Line, lost uint64) {
	if number < r.first {
		lost = r.first - number
		number = r.first
	}
	for ; number < r.next && len(lines) < limit; number++ {
		lines = append(lines, *r.at(number))
	}
	return lines, lost
}
