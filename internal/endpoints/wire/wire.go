// Package wire is what the gateway and the endpoint scanner say to each other over a pipe: a project and how to read it
// in one direction, JSON in the other.
package wire

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/codebegen/preview-operator/internal/endpoints"
)

// Bounds of a request; MaxBytes counts names and contents. They are beyond what can be stored as a generation: how much of
// it is read, the options say.
const (
	MaxFiles     = 20_000
	MaxBytes     = 32 << 20
	MaxNameBytes = 4096
	// maxOptionsBytes is far beyond a few numbers.
	maxOptionsBytes = 4096
)

// MaxAnswerBytes bounds an answer. A thousand endpoints with all that they may have take less.
const MaxAnswerBytes = 48 << 20

// magic begins a request. It names the version: scanner and gateway are of one image, so another one is a mistake.
const magic = "PES1"

var (
	// ErrTooLarge: the project is beyond a bound.
	ErrTooLarge = errors.New("the project is too large to be scanned")
	// ErrFormat: what was read is no request.
	ErrFormat = errors.New("what was read is not a request to the scanner")
)

// WriteRequest writes a project, its files in the order of their names. Check has looked at it before.
func WriteRequest(w io.Writer, files map[string][]byte, options endpoints.Options) error {
	encoded, err := json.Marshal(options)
	if err != nil {
		return err
	}
	// What was not written is told by Flush.
	out := bufio.NewWriter(w)
	put := func(data []byte) {
		_, _ = out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
		_, _ = out.Write(data)
	}
	_, _ = out.WriteString(magic)
	put(encoded)
	_, _ = out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(files))))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		put([]byte(name))
		put(files[name])
	}
	return out.Flush()
}

// Check reports what of a project is beyond a bound.
func Check(files map[string][]byte) error {
	if len(files) > MaxFiles {
		return fmt.Errorf("%w: %d files, at most %d are read", ErrTooLarge, len(files), MaxFiles)
	}
	total := 0
	for name, content := range files {
		if len(name) > MaxNameBytes {
			return fmt.Errorf("%w: the name of a file has %d bytes, at most %d are read", ErrTooLarge, len(name), MaxNameBytes)
		}
		if total += len(name) + len(content); total > MaxBytes {
			return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxBytes)
		}
	}
	return nil
}

// ReadRequest reads a project.
func ReadRequest(r io.Reader) (map[string][]byte, endpoints.Options, error) {
	in := reader{from: bufio.NewReader(r), left: len(magic) + maxOptionsBytes + MaxBytes}
	var options endpoints.Options
	if string(in.bytes(len(magic), len(magic))) != magic && in.err == nil {
		in.err = ErrFormat
	}
	encoded := in.sized(maxOptionsBytes)
	if in.err == nil && json.Unmarshal(encoded, &options) != nil {
		in.err = ErrFormat
	}
	count := in.number()
	if count > MaxFiles && in.err == nil {
		in.err = ErrTooLarge
	}
	if in.err != nil {
		return nil, endpoints.Options{}, in.err
	}
	files := make(map[string][]byte, count)
	for range count {
		name := string(in.sized(MaxNameBytes))
		content := in.sized(MaxBytes)
		if in.err != nil {
			return nil, endpoints.Options{}, in.err
		}
		files[name] = content
	}
	return files, options, nil
}

// reader reads until something is wrong, which err then says.
type reader struct {
	from *bufio.Reader
	// left is how many bytes of content may still come.
	left int
	err  error
}

// bytes reads n bytes, of which there may be most.
func (r *reader) bytes(n, most int) []byte {
	if r.err == nil && n > min(most, r.left) {
		r.err = ErrTooLarge
	}
	if r.err != nil {
		return nil
	}
	r.left -= n
	data := make([]byte, n)
	if _, err := io.ReadFull(r.from, data); err != nil {
		r.err = fmt.Errorf("%w: %w", ErrFormat, err)
		return nil
	}
	return data
}

func (r *reader) number() int {
	var data [4]byte
	if r.err != nil {
		return 0
	}
	if _, err := io.ReadFull(r.from, data[:]); err != nil {
		r.err = fmt.Errorf("%w: %w", ErrFormat, err)
		return 0
	}
	return int(min(binary.BigEndian.Uint32(data[:]), math.MaxInt32))
}

func (r *reader) sized(most int) []byte {
	return r.bytes(r.number(), most)
}

// WriteAnswer writes what was found.
func WriteAnswer(w io.Writer, result endpoints.Result) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(result)
}

// ReadAnswer reads what was found. Nothing may come after it.
func ReadAnswer(data []byte) (endpoints.Result, error) {
	var result endpoints.Result
	if err := json.Unmarshal(data, &result); err != nil {
		return endpoints.Result{}, err
	}
	if result.Endpoints == nil || result.Diagnostics == nil || result.Count != len(result.Endpoints) {
		return endpoints.Result{}, errors.New("the answer is not a result")
	}
	return result, nil
}
