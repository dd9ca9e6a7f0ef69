package client

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxEventBytes bounds a line of a stream, and the data of one event: a log line has at most 16 KiB, in JSON at most six
// times as much.
const maxEventBytes = 256 << 10

// errEventTooLarge: the other side is not the gateway.
var errEventTooLarge = fmt.Errorf("%w an event of the stream has more than %d bytes", errProtocol, maxEventBytes)

// event is one event of a stream of Server-Sent Events.
type event struct {
	// id is that of the last event that had one.
	id string
	// name is the type, empty for a message.
	name string
	data string
}

// eventReader reads events as the WHATWG HTML standard defines them.
type eventReader struct {
	in *bufio.Reader
	// id is the last one that was seen.
	id string
	// retry is what the stream asked a client to wait before it reconnects, 0 when it did not.
	retry time.Duration
	// begun is set after the first line, afterCR when the last byte was \r.
	begun, afterCR bool
}

func newEventReader(in io.Reader, lastID string) *eventReader {
	return &eventReader{in: bufio.NewReader(in), id: lastID}
}

// next returns the next event. At the end of the stream it returns io.EOF; an event that is not finished is dropped.
func (r *eventReader) next() (event, error) {
	var name string
	var data []string
	size := 0
	for {
		line, err := r.line()
		if err != nil {
			return event{}, err
		}
		if line == "" {
			if data == nil {
				name = ""
				continue
			}
			return event{id: r.id, name: name, data: strings.Join(data, "\n")}, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			name = value
		case "data":
			if size += len(value) + 1; size > maxEventBytes {
				return event{}, errEventTooLarge
			}
			data = append(data, value)
		case "id":
			if !strings.Contains(value, "\x00") {
				r.id = value
			}
		case "retry":
			r.setRetry(value)
		}
	}
}

func (r *eventReader) setRetry(value string) {
	if ms, err := strconv.ParseUint(value, 10, 31); err == nil {
		r.retry = time.Duration(ms) * time.Millisecond
	}
}

// line returns the next line, which ends with \n, \r\n or \r.
func (r *eventReader) line() (string, error) {
	var line []byte
	for {
		b, err := r.in.ReadByte()
		if err != nil {
			return "", err
		}
		afterCR := r.afterCR
		r.afterCR = b == '\r'
		if b == '\n' && afterCR {
			// The second half of a \r\n, whose first half has ended the line.
			continue
		}
		if b == '\n' || b == '\r' {
			break
		}
		if len(line) == maxEventBytes {
			return "", errEventTooLarge
		}
		line = append(line, b)
	}
	text := string(line)
	if !r.begun {
		r.begun = true
		text = strings.TrimPrefix(text, "\ufeff")
	}
	return text, nil
}
