package runnerapi

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// LineSplitter cuts what an application prints into lines of at most MaxLineBytes. The same bytes give the same lines
// however they are cut into chunks: the runner numbers lines with it, and the manager finds them again in the log of the
// container.
type LineSplitter struct {
	// carry is the beginning of a line whose end has not come.
	carry []byte
}

// Split calls emit for each line that ends in chunk. Text is only valid during the call; it has no line break, and
// partial is set when the line goes on in the next one.
func (s *LineSplitter) Split(chunk []byte, emit func(text []byte, partial bool)) {
	for len(chunk) > 0 {
		end := bytes.IndexByte(chunk, '\n')
		piece := chunk
		if end >= 0 {
			piece = chunk[:end]
			chunk = chunk[end+1:]
		} else {
			chunk = nil
		}
		if len(s.carry) == 0 && end >= 0 && len(piece) <= MaxLineBytes {
			emit(trimReturn(piece), false)
			continue
		}
		s.carry = append(s.carry, piece...)
		s.cut(emit)
		if end >= 0 {
			emit(trimReturn(s.carry), false)
			s.carry = s.carry[:0]
		}
	}
}

// Flush emits a last line that had no line break.
func (s *LineSplitter) Flush(emit func(text []byte, partial bool)) {
	if len(s.carry) > 0 {
		emit(trimReturn(s.carry), false)
		s.carry = s.carry[:0]
	}
}

// cut emits parts until what is left fits a line.
func (s *LineSplitter) cut(emit func(text []byte, partial bool)) {
	rest := s.carry
	for len(rest) > MaxLineBytes {
		at := runeBoundary(rest, MaxLineBytes)
		emit(rest[:at], true)
		rest = rest[at:]
	}
	s.carry = append(s.carry[:0], rest...)
}

// runeBoundary is at, or up to three bytes before it when a character would be cut there. What comes after at does not
// count: it may not have come yet.
func runeBoundary(text []byte, at int) int {
	if utf8.RuneStart(text[at]) {
		return at
	}
	for start := at - 1; start > at-utf8.UTFMax; start-- {
		if !utf8.RuneStart(text[start]) {
			continue
		}
		if start+leadLength(text[start]) > at {
			return start
		}
		break
	}
	return at
}

// leadLength is how many bytes a character has that begins with this one.
func leadLength(lead byte) int {
	switch {
	case lead >= 0xf0:
		return 4
	case lead >= 0xe0:
		return 3
	case lead >= 0xc0:
		return 2
	default:
		return 1
	}
}

func trimReturn(text []byte) []byte { return bytes.TrimSuffix(text, []byte("\r")) }

// CleanText is how the text of a line is stored: every byte that is not UTF-8, and every NUL, which databases refuse, is
// U+FFFD.
func CleanText(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	var out strings.Builder
	out.Grow(len(text) + 16)
	for _, r := range text {
		if r == 0 {
			r = utf8.RuneError
		}
		// Of a byte that is not UTF-8, range makes this character already.
		out.WriteRune(r)
	}
	return out.String()
}
