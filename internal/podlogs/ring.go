package podlogs

// ring holds the newest lines of one pod, bounded in lines and in bytes. Lines are numbered from 0 as they arrive.
type ring struct {
	lines    []Line
	maxBytes int
	bytes    int
	// first is the number of the oldest line held, next that of the line to come.
	first, next uint64
}

func newRing(maxLines, maxBytes int) *ring {
	return &ring{lines: make([]Line, maxLines), maxBytes: maxBytes}
}

func (r *ring) push(l Line) {
	if r.next-r.first == uint64(len(r.lines)) {
		r.drop()
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
