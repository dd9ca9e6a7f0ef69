package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// lineOf is a line of so many bytes.
func lineOf(n int) string { return strings.Repeat("x", n-1) + "\n" }

// framesOf reads what a stream has now.
func framesOf(t *testing.T, r *journalReader) (frames []runnerapi.Frame) {
	t.Helper()
	for {
		data, ended, changed := r.next()
		if changed != nil {
			return frames
		}
		for line := range bytes.Lines(data) {
			var frame runnerapi.Frame
			if err := json.Unmarshal(line, &frame); err != nil {
				t.Fatal(err)
			}
			frames = append(frames, frame)
		}
		if ended {
			return frames
		}
	}
}

func follow(t *testing.T, j *journal, after uint64) *journalReader {
	t.Helper()
	r, err := j.follow(after)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestJournalNumbersAndKeepsLines(t *testing.T) {
	at := time.Unix(1, 500)
	var out bytes.Buffer
	j := newJournal(&out, minRing, func() time.Time { return at })
	j.begin(false)
	early := follow(t, j, 0)
	j.add([]byte("one\ntw"))
	at = time.Unix(0, 7) // clocks are set back
	j.add([]byte("o\n\xff\x00"))
	if diff := cmp.Diff([]runnerapi.Frame{{Seq: 1, Time: 1e9 + 500, Text: "one"}, {Seq: 2, Time: 7, Text: "two"}}, framesOf(t, early)); diff != "" {
		t.Errorf("so far (-want +got):\n%s", diff)
	}
	j.close()
	want := []runnerapi.Frame{{Seq: 2, Time: 7, Text: "two"}, {Seq: 3, Time: 7, Text: "\ufffd\x00"}, {End: true, Last: 3}}
	if diff := cmp.Diff(want, framesOf(t, follow(t, j, 1))); diff != "" {
		t.Errorf("after line 1 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[1:], framesOf(t, early)); diff != "" {
		t.Errorf("the stream goes on (-want +got):\n%s", diff)
	}
	if got := out.String(); got != "one\ntwo\n\xff\x00" {
		t.Errorf("the container's log has %q", got)
	}
	for _, after := range []uint64{4, 1 << 62} {
		if _, err := j.follow(after); err == nil || j.ack(after) == nil {
			t.Errorf("line %d was taken, there are 3", after)
		}
	}
}

func TestJournalBeginsWithTheAssignment(t *testing.T) {
	for name, keep := range map[string]bool{"an assignment": false, "a failure before one": true} {
		j := newJournal(io.Discard, minRing, time.Now)
		j.add([]byte("warming up\n"))
		reader := follow(t, j, 0)
		if frames := framesOf(t, reader); len(frames) != 0 || j.ack(1) == nil {
			t.Errorf("%s: a warm pod gave %v", name, frames)
		}
		j.begin(keep)
		j.begin(!keep)
		j.add([]byte("printed\n"))
		var got []string
		for _, frame := range framesOf(t, reader) {
			got = append(got, fmt.Sprintf("%d %s", frame.Seq, frame.Text))
		}
		want := []string{"1 printed"}
		if keep {
			want = []string{"1 warming up", "2 printed"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestJournalIsBounded(t *testing.T) {
	for name, chunk := range map[string]string{
		"line breaks":  strings.Repeat("\n", chunkBytes),
		"long lines":   lineOf(runnerapi.MaxLineBytes - 40),
		"usual lines":  strings.Repeat(lineOf(80), chunkBytes/80),
		"no line ends": strings.Repeat("x", chunkBytes),
	} {
		t.Run(name, func(t *testing.T) {
			j := newJournal(io.Discard, minRing, time.Now)
			j.begin(false)
			reader := follow(t, j, 0)
			framesOf(t, reader)
			for range 4 * minRing / len(chunk) {
				j.add([]byte(chunk))
				if held := len(j.ring.segments) * cap(j.ring.segments[0].records); held > minRing {
					t.Fatalf("%d bytes are held, at most %d should be", held, minRing)
				}
			}
			j.close()
			frames := framesOf(t, reader)
			if frames[0].Gap == nil || frames[0].Gap.From != 1 {
				t.Fatalf("the first frame is %+v, want a gap", frames[0])
			}
			next := frames[0].Gap.To + 1
			for _, frame := range frames[1 : len(frames)-1] {
				if frame.Seq != next {
					t.Fatalf("line %d where %d should be", frame.Seq, next)
				}
				next++
			}
			if end := frames[len(frames)-1]; !end.End || end.Last != next-1 {
				t.Errorf("the end is %+v after line %d", end, next-1)
			}
		})
	}
}

func TestStoredLinesTakeNoMemory(t *testing.T) {
	j := newJournal(io.Discard, minRing, time.Now)
	j.begin(false)
	for n := range uint64(50_000) {
		j.add([]byte(lineOf(80)))
		if err := j.ack(n + 1); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(j.ring.segments); n > 2 {
		t.Errorf("%d segments are held though all lines are stored", n)
	}
	frames := framesOf(t, follow(t, j, 49_999))
	if len(frames) != 1 || frames[0].Seq != 50_000 {
		t.Errorf("the last line is %+v", frames)
	}
}

// endless prints lines until it is stopped, whenever somebody counts them.
type endless struct {
	lines chan int
	stop  chan struct{}
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, strings.Repeat(lineOf(100), len(p)/100))
	select {
	case e.lines <- n / 100:
		return n, nil
	case <-e.stop:
		return 0, io.EOF
	}
}

// A print blocks when the journal is full of lines that a collector is about to store, and only then.
func TestBackpressure(t *testing.T) {
	const chunkLines = chunkBytes / 100
	synctest.Test(t, func(t *testing.T) {
		output := &endless{lines: make(chan int), stop: make(chan struct{})}
		defer close(output.stop)
		var read int
		// drain lets the application print until it is blocked, or has printed twice what the ring holds.
		drain := func() {
			for begun := read; read-begun < 2*minRing/100; {
				synctest.Wait()
				select {
				case n := <-output.lines:
					read += n
				default:
					return
				}
			}
		}
		j := newJournal(io.Discard, minRing, time.Now)
		j.begin(false)
		go j.take(output)
		drain()
		if read < 2*minRing/100 {
			t.Fatalf("blocked after %d lines though no collector has been seen", read)
		}

		reader := follow(t, j, uint64(read)-chunkLines)
		drain()
		full := read
		drain()
		if read != full {
			t.Fatal("not blocked though the journal is full and a collector was seen")
		}
		frames := framesOf(t, reader)
		stored := frames[len(frames)-1].Seq
		if want := uint64(read) - chunkLines; stored < want {
			t.Fatalf("the stream came to line %d of %d", stored, read)
		}
		if err := j.ack(stored); err != nil {
			t.Fatal(err)
		}
		drain()
		if n := read - full; n < minRing/100/2 || n > minRing/100 {
			t.Fatalf("%d lines were printed once all were stored", n)
		}
		if first := framesOf(t, reader)[0]; first.Gap != nil {
			t.Fatalf("lines that nobody had stored were lost: %+v", first.Gap)
		}

		// 10 s later the collector is taken to be gone.
		full = read
		time.Sleep(runnerapi.CollectorPatience - time.Nanosecond)
		if drain(); read != full {
			t.Fatal("not blocked while a collector may come back")
		}
		time.Sleep(2 * time.Nanosecond)
		if drain(); read < full+2*minRing/100 {
			t.Fatalf("blocked after %d lines though the collector is gone", read-full)
		}
		// The last segment of those that were stored is still there.
		gap := framesOf(t, follow(t, j, stored))[0].Gap
		if gap == nil || gap.From != stored+1 {
			t.Fatalf("lost lines are told as %+v", gap)
		}

		// At the end of the application nobody is waited for.
		drain()
		full = read
		if drain(); read != full {
			t.Fatal("not blocked though a collector is back")
		}
		j.release()
		if drain(); read < full+2*minRing/100 {
			t.Fatal("still blocked")
		}
	})
}

func TestAwaitAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(io.Discard, minRing, time.Now)
		j.begin(false)
		j.add([]byte("a\nb\n"))
		j.close()
		// Nobody has asked for the journal, so nobody stores it.
		j.awaitAck(t.Context())
		follow(t, j, 0)
		done := make(chan struct{})
		go func() {
			j.awaitAck(context.Background())
			close(done)
		}()
		for seq := range uint64(3) {
			synctest.Wait()
			select {
			case <-done:
				t.Fatalf("did not wait for line %d", seq)
			default:
			}
			if err := j.ack(seq); err != nil {
				t.Fatal(err)
			}
		}
		<-done
	})
}
