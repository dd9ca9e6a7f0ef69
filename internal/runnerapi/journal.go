package runnerapi

import (
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	// PathJournal streams what the application prints as frames, one JSON object a line, after the line whose number the
	// query parameter QueryAfter gives. PathJournalAck takes an Ack. Both need the pod's secret.
	PathJournal    = "/v1/journal"
	PathJournalAck = "/v1/journal/ack"
	QueryAfter     = "after"

	// HeartbeatEvery is how often a stream without lines shows that it lives. A collector answers with an Ack.
	HeartbeatEvery = 5 * time.Second
	// CollectorPatience is how long after a collector's last sign of life, the beginning of a stream or an Ack, an
	// application is held back for it when the journal is full.
	CollectorPatience = time.Minute

	// MaxLineBytes bounds a line of the journal; longer ones are split.
	MaxLineBytes = 16 << 10
	// MaxFrameBytes bounds a frame, with its line break: a byte of text takes up to six in JSON.
	MaxFrameBytes = 6*MaxLineBytes + 256
	// MaxAckBytes bounds the body of an Ack.
	MaxAckBytes = 256
)

// Frame is one line of a stream of the journal: a line of the application when Seq is set, a gap when Gap is, the end
// when End is set, and a heartbeat otherwise.
type Frame struct {
	// Seq numbers the lines of a run from 1.
	Seq uint64 `json:"seq,omitempty"`
	// Time is when the runner read the line, in nanoseconds since 1970.
	Time int64 `json:"time,omitempty"`
	// Text without line break. What is not UTF-8 in it is U+FFFD.
	Text string `json:"text,omitempty"`
	// Partial is set when the line goes on in the next one.
	Partial bool `json:"partial,omitempty"`
	// Gap tells of lines that the journal does not hold any more.
	Gap *Gap `json:"gap,omitempty"`
	// End is set when the application has ended and everything was sent; Last is the number of its last line then, 0 for
	// none.
	End  bool   `json:"end,omitempty"`
	Last uint64 `json:"last,omitempty"`
}

// Gap names lines by their numbers, both included.
type Gap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// Ack says that the lines up to Seq are stored for good: the runner lets go of them.
type Ack struct {
	Seq uint64 `json:"seq"`
}

// AppendLineFrame appends the frame of a line, as encoding/json would but without its cost: an application may print
// faster than that.
func AppendLineFrame(dst []byte, seq uint64, nanos int64, text []byte, partial bool) []byte {
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	dst = append(dst, `,"time":`...)
	dst = strconv.AppendInt(dst, nanos, 10)
	dst = append(dst, `,"text":"`...)
	dst = appendEscaped(dst, text)
	dst = append(dst, '"')
	if partial {
		dst = append(dst, `,"partial":true`...)
	}
	return append(dst, "}\n"...)
}

func appendEscaped(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	plain := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRune(text[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, text[plain:i]...)
		switch {
		case c >= utf8.RuneSelf:
			dst = append(dst, `\ufffd`...)
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hex[c>>4], hex[c&0xf])
		}
		i += size
		plain = i
	}
	return append(dst, text[plain:]...)
}
