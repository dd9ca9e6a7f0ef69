package runner

import (
	"encoding/binary"
	"sort"
)

const (
	// segmentBytes is what the ring grows and shrinks by. A line takes its text and at most 22 bytes; most take 3.
	segmentBytes = 64 << 10
	// minRing and maxRing bound the ring, which counts towards the application's memory limit: ringShare of it.
	minRing, maxRing = 1 << 20, 16 << 20
	ringShare        = 32
	// maxRecordHeader is the most that a record has before its text: length, and time as the difference to the one before.
	maxRecordHeader = 2 * binary.MaxVarintLen64
)

// ringBytes is the bound of the ring for a memory limit, 0 for none.
func ringBytes(memoryLimit int64) int {
	if memoryLimit == 0 {
		return maxRing
	}
	return int(min(max(memoryLimit/ringShare, minRing), maxRing))
}

// ring holds numbered lines in segments; whole ones are let go of.
type ring struct {
	segments []*segment
	// next is the number of the line that comes next.
	next uint64
}

// segment holds the records of lines that follow each other.
type segment struct {
	first uint64
	count int
	// start is the time of the first record, last that of the last, in nanoseconds since 1970.
	start, last int64
	records     []byte
}

func newRing() ring { return ring{next: 1} }

// oldest is the number of the oldest line held, next when there is none.
func (r *ring) oldest() uint64 {
	if len(r.segments) == 0 {
		return r.next
	}
	return r.segments[0].first
}

func (r *ring) push(nanos int64, text []byte, partial bool) {
	tail := r.tail(nanos, maxRecordHeader+len(text))
	flag := uint64(0)
	if partial {
		flag = 1
	}
	tail.records = binary.AppendUvarint(tail.records, uint64(len(text))<<1|flag)
	tail.records = binary.AppendVarint(tail.records, nanos-tail.last)
	tail.records = append(tail.records, text...)
	tail.last = nanos
	tail.count++
	r.next++
}

// tail is the segment that has room for so many bytes.
func (r *ring) tail(nanos int64, bytes int) *segment {
	if n := len(r.segments); n > 0 && len(r.segments[n-1].records)+bytes <= segmentBytes {
		return r.segments[n-1]
	}
	tail := &segment{first: r.next, start: nanos, last: nanos, records: make([]byte, 0, segmentBytes)}
	r.segments = append(r.segments, tail)
	return tail
}

// release lets go of the lines up to seq, as far as they fill segments; the segment that still takes lines stays.
func (r *ring) release(seq uint64) {
	for len(r.segments) > 1 && r.segments[1].first <= seq+1 {
		r.dropOldest()
	}
}

func (r *ring) dropOldest() {
	r.segments[0] = nil
	r.segments = r.segments[1:]
}

// size is the memory that the lines take, in bytes.
func (r *ring) size() int { return len(r.segments) * segmentBytes }

// place is where a reader is: after the line next-1, which is at offset in segment, if that is known.
type place struct {
	next    uint64
	segment *segment
	index   int
	offset  int
	nanos   int64
}

// read calls each for the lines from a place on, until it returns false, and moves the place. The line at the place has
// to be held.
func (r *ring) read(p *place, each func(seq uint64, nanos int64, text []byte, partial bool) bool) {
	for p.next < r.next {
		if p.segment == nil || p.index == p.segment.count {
			p.enter(r.segmentOf(p.next))
		}
		text, partial := p.record()
		if !each(p.next-1, p.nanos, text, partial) {
			return
		}
	}
}

// segmentOf finds the segment that holds a line.
func (r *ring) segmentOf(seq uint64) *segment {
	after := sort.Search(len(r.segments), func(i int) bool { return r.segments[i].first > seq })
	return r.segments[after-1]
}

// enter goes to the line next in a segment.
func (p *place) enter(s *segment) {
	next := p.next
	p.segment, p.index, p.offset, p.nanos, p.next = s, 0, 0, s.start, s.first
	for p.next < next {
		p.record()
	}
}

// record reads the line at the place and moves behind it.
func (p *place) record() (text []byte, partial bool) {
	records := p.segment.records[p.offset:]
	length, n := binary.Uvarint(records)
	delta, m := binary.Varint(records[n:])
	start := n + m
	end := start + int(length>>1)
	p.offset += end
	p.nanos += delta
	p.index++
	p.next++
	return records[start:end], length&1 == 1
}
