package podlogs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Line is one line that a pod printed, or a part of one that is longer than MaxLineBytes.
type Line struct {
	// Time at which the container runtime took the line.
	Time time.Time
	// Ordinal tells lines of the same Time apart, counted from 0.
	Ordinal int
	Level   Level
	Text    string
	// Partial is set when the line goes on in the next one.
	Partial bool
}

// Cursor is the place after one line. It outlives the process that made it: it depends on the pod's log alone.
type Cursor struct {
	Time    time.Time
	Ordinal int
}

// Cursor returns the place after the line.
func (l Line) Cursor() Cursor { return Cursor{Time: l.Time, Ordinal: l.Ordinal} }

// String is the form in which clients hold a cursor: nanoseconds since 1970 and the ordinal.
func (c Cursor) String() string {
	return strconv.FormatInt(c.Time.UnixNano(), 10) + "-" + strconv.Itoa(c.Ordinal)
}

// ParseCursor reads what String wrote.
func ParseCursor(text string) (Cursor, error) {
	nanos, ordinal, found := strings.Cut(text, "-")
	at, err := strconv.ParseInt(nanos, 10, 64)
	n, errOrdinal := strconv.Atoi(ordinal)
	if !found || err != nil || errOrdinal != nil || n < 0 {
		return Cursor{}, errors.New("a cursor has the form <nanoseconds>-<ordinal>")
	}
	return Cursor{Time: time.Unix(0, at).UTC(), Ordinal: n}, nil
}

// before reports whether the line lies after the cursor.
func (c Cursor) before(l Line) bool {
	return l.Time.After(c.Time) || l.Time.Equal(c.Time) && l.Ordinal > c.Ordinal
}

const (
	// MaxLineBytes bounds a Line; longer ones are split into partial ones.
	MaxLineBytes = 16 << 10
	// maxStampBytes bounds the RFC 3339 time and the space before each line.
	maxStampBytes = 40
)

// stamped is a line as it is read: without level and ordinal.
type stamped struct {
	time    time.Time
	text    string
	partial bool
}

// lineReader splits a log with time stamps into lines.
type lineReader struct {
	in *bufio.Reader
	// stamp is the time of the line whose rest comes next, zero at the beginning of a line.
	stamp time.Time
	// carry is the beginning of a character that was cut at the end of the last part.
	carry []byte
}

func newLineReader(in io.Reader) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, MaxLineBytes-utf8.UTFMax)}
}

// errNoStamp marks a line that the container did not print: the kubelet reports its own errors in the stream.
var errNoStamp = errors.New("line without time stamp")

// next returns the next line or part. At the end of the stream it returns io.EOF, together with a last line that had
// no line break. Parts are cut at the same places however often a log is read.
func (r *lineReader) next() (stamped, error) {
	chunk, err := r.in.ReadSlice('\n')
	full := errors.Is(err, bufio.ErrBufferFull)
	if err != nil && !full && (!errors.Is(err, io.EOF) || len(chunk) == 0) {
		return stamped{}, err
	}
	if full {
		err = nil
	}
	chunk = bytes.TrimSuffix(chunk, []byte("\n"))
	line := stamped{time: r.stamp, partial: full}
	if r.stamp.IsZero() {
		var stampErr error
		if line.time, chunk, stampErr = cutStamp(chunk); stampErr != nil {
			return stamped{}, r.skipRest(full, stampErr)
		}
	}
	line.text = r.join(chunk, full)
	r.stamp = time.Time{}
	if full {
		r.stamp = line.time
	}
	return line, err
}

// join puts the carried bytes before a chunk and keeps back the beginning of a character that is cut at its end.
func (r *lineReader) join(chunk []byte, cut bool) string {
	text := append(r.carry, chunk...)
	r.carry = nil
	if !cut {
		return string(bytes.TrimSuffix(text, []byte("\r")))
	}
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		at := len(text) - back
		if !utf8.RuneStart(text[at]) {
			continue
		}
		if !utf8.FullRune(text[at:]) {
			r.carry = bytes.Clone(text[at:])
			text = text[:at]
		}
		break
	}
	return string(text)
}

// skipRest drops the rest of a line that has no time stamp.
func (r *lineReader) skipRest(full bool, cause error) error {
	for full {
		_, err := r.in.ReadSlice('\n')
		full = errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !full {
			return err
		}
	}
	return cause
}

func cutStamp(chunk []byte) (time.Time, []byte, error) {
	end := bytes.IndexByte(chunk[:min(len(chunk), maxStampBytes)], ' ')
	rest := []byte(nil)
	if end >= 0 {
		rest = chunk[end+1:]
	} else {
		end = min(len(chunk), maxStampBytes)
	}
	at, err := time.Parse(time.RFC3339Nano, string(chunk[:end]))
	if err != nil {
		return time.Time{}, nil, fmt.Errorf("%w: %q", errNoStamp, chunk[:end])
	}
	return at.UTC(), rest, nil
}
