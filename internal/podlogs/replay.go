package podlogs

import (
	"hash/maphash"
	"time"
)

// maxRemembered bounds the lines that are remembered to recognise them when a broken stream is resumed.
const maxRemembered = 16 << 10

// resumeOverlap is read again in front of the last line: the API takes whole seconds, and the two output streams of a
// container can swap neighbouring lines.
const resumeOverlap = time.Second

// lineKey recognises a line.
type lineKey struct {
	nanos int64
	hash  uint64
}

// memory remembers the newest lines of a log, so that a stream that was resumed a little before its end neither
// repeats nor loses any: times alone do not tell, because lines can share one.
type memory struct {
	seed   maphash.Seed
	keys   []lineKey
	oldest int
	// full is set once lines have been forgotten.
	full   bool
	newest time.Time
	// start is where the first stream begins, zero for the tail of the log.
	start time.Time
}

func newMemory() *memory { return &memory{seed: maphash.MakeSeed()} }

func (m *memory) key(l stamped) lineKey {
	text := l.text
	if l.partial {
		text += "\n"
	}
	return lineKey{nanos: l.time.UnixNano(), hash: maphash.String(m.seed, text)}
}

func (m *memory) remember(l stamped) {
	if l.time.After(m.newest) {
		m.newest = l.time
	}
	if len(m.keys) < maxRemembered {
		m.keys = append(m.keys, m.key(l))
		return
	}
	m.full = true
	m.keys[m.oldest] = m.key(l)
	m.oldest = (m.oldest + 1) % maxRemembered
}

// resumeAt is where to go on reading, zero for the tail of the log.
func (m *memory) resumeAt() time.Time {
	if m.newest.IsZero() {
		return m.start
	}
	return m.newest.Truncate(time.Second).Add(-resumeOverlap)
}

// replay is the memory of the lines that a resumed stream will repeat.
type replay struct {
	memory *memory
	seen   map[lineKey]int
	// left is how many of them are still to come.
	left int
	// forgotten: lines before this were read, though they are not remembered one by one.
	forgotten int64
}

func (m *memory) replay() *replay {
	r := &replay{memory: m, seen: make(map[lineKey]int)}
	since := m.resumeAt().UnixNano()
	for _, key := range m.keys {
		if !m.newest.IsZero() && key.nanos >= since {
			r.seen[key]++
			r.left++
		}
	}
	if m.full {
		r.forgotten = m.keys[m.oldest].nanos
	}
	return r
}

// repeats reports whether the line was read before. Each time a line was read, it is recognised once.
func (r *replay) repeats(l stamped) bool {
	key := r.memory.key(l)
	if r.seen[key] > 0 {
		r.seen[key]--
		r.left--
		return true
	}
	return key.nanos < r.forgotten
}

// over reports whether all lines that the stream was expected to repeat have come.
func (r *replay) over() bool { return r.left == 0 }
