package collector

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/internal/store"
	"github.com/codebegen/preview-operator/test/support"
)

// BenchmarkLines has an application print as fast as it can through a real runner: with nobody reading its journal, and
// with a collector that stores into SQLite. It tells the lines a second, and the processor time of runner and collector,
// with its database, for each 1,000 lines; that of the log's reader, which is the container runtime's part, is in none.
//
//	go test ./internal/collector -run - -bench Lines -benchtime 200000x
func BenchmarkLines(b *testing.B) {
	for name, collected := range map[string]bool{"passed on": false, "collected": true} {
		b.Run(name, func(b *testing.B) { benchmarkLines(b, collected) })
	}
}

func benchmarkLines(b *testing.B, collected bool) {
	source := `import os, sys, threading, time
def work():
    while not os.path.exists("../read"):
        time.sleep(0.005)
    for n in range(` + strconv.Itoa(b.N) + `):
        sys.stdout.write(f"INFO:     127.0.0.1:50000 - \"GET /items/{n} HTTP/1.1\" 200 OK\n")
    open("../printed", "w").close()
    while True:
        time.sleep(1)
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    threading.Thread(target=work, daemon=True).start()
    await receive()
`
	c := &container{rotateAt: 10 << 20}
	run := c.start(b, source)
	run.UID = fmt.Sprint("run", b.N)
	lines, err := store.Open(b.Context(), store.Options{Path: filepath.Join(b.TempDir(), "preview.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer lines.Close()
	if collected {
		collector := newCollector(b, lines, c)
		collector.Follow(run)
	}
	self, runner := selfTime(b), c.processorTime(b)
	b.ResetTimer()
	begun := time.Now()
	if err := os.WriteFile(filepath.Join(c.dir, "read"), nil, 0o644); err != nil {
		b.Fatal(err)
	}
	support.Eventually(b, "all is printed and stored", func() bool {
		if _, err := os.Stat(filepath.Join(c.dir, "printed")); err != nil {
			return false
		}
		last, err := lines.LastSeq(context.Background(), run.UID, store.SourceSubprocess)
		return err != nil || !collected || last >= int64(b.N)
	})
	took := time.Since(begun)
	b.StopTimer()
	thousands := float64(b.N) / 1000
	b.ReportMetric(float64(b.N)/took.Seconds(), "lines/s")
	b.ReportMetric((c.processorTime(b)-runner).Seconds()*1000/thousands, "runner-ms/1000")
	if collected {
		// With what the test's own reader of the container's log takes.
		b.ReportMetric((selfTime(b)-self).Seconds()*1000/thousands, "collector-ms/1000")
	}
}

// selfTime is the processor time of this process.
func selfTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// processorTime is that of the runner, without the interpreter's.
func (c *container) processorTime(b *testing.B) time.Duration {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.pid))
	if err != nil {
		b.Fatal(err)
	}
	// The fields after the name, from the third on; utime and stime are the 14th and 15th, in hundredths of a second.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		b.Fatal(err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
