package store

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// eachDatabaseOf is eachDatabase for benchmarks. Run them with FSYNC=on hack/postgres.sh go test -run '^$' -bench .
func eachDatabaseOf(b *testing.B, bench func(*testing.B, *database)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, newSQLite(b)) })
	if os.Getenv(databaseVariable) != "" {
		b.Run("postgres", func(b *testing.B) { bench(b, newSchema(b)) })
	}
}

// processorTime is what this process has used: of PostgreSQL's own time it has nothing.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkAppendLogs appends lines of 100 bytes, of four runs by turns.
func BenchmarkAppendLogs(b *testing.B) {
	for _, size := range []int{1, 20, 1000} {
		b.Run(fmt.Sprint("batch=", size), func(b *testing.B) {
			eachDatabaseOf(b, func(b *testing.B, db *database) {
				s := db.openWithClock(b, time.Now)
				text := strings.Repeat("x", 100)
				batch := make([]LogLine, size)
				seq := int64(0)
				runtime.GC()
				before := processorTime(b)
				b.ResetTimer()
				for b.Loop() {
					for i := range batch {
						seq++
						batch[i] = line(fmt.Sprint("run-", i%4), seq)
						batch[i].Message = text
					}
					if added, err := s.AppendLogs(b.Context(), batch); err != nil || added != size {
						b.Fatal(added, err)
					}
				}
				lines := float64(b.N * size)
				b.ReportMetric(lines/b.Elapsed().Seconds(), "lines/s")
				b.ReportMetric(float64((processorTime(b)-before).Microseconds())/lines, "cpu-ms/1000lines")
			})
		})
	}
}

// BenchmarkFollow is the time from the moment at which another process begins to append a line to the one at which Next
// returns it.
func BenchmarkFollow(b *testing.B) {
	eachDatabaseOf(b, func(b *testing.B, db *database) {
		s := db.openWithClock(b, time.Now)
		write := startWriter(b, db)
		f := s.Follow("a", 0)
		defer f.Close()
		var delays []time.Duration
		for seq := int64(1); b.Loop(); seq++ {
			write(seq)
			lines, err := followUntil(b.Context(), f, seq)
			if err != nil {
				b.Fatal(err)
			}
			begun, err := strconv.ParseInt(lines[0].Message, 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			delays = append(delays, time.Since(time.Unix(0, begun)))
			// The next line comes at another moment of the poll.
			time.Sleep(time.Duration(seq*7%13) * time.Millisecond)
		}
		slices.Sort(delays)
		for _, percent := range []int{50, 99} {
			b.ReportMetric(float64(delays[(len(delays)-1)*percent/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", percent))
		}
	})
}

// BenchmarkIdleFollower is the processor time that a process takes whose follower waits for a second.
func BenchmarkIdleFollower(b *testing.B) {
	eachDatabaseOf(b, func(b *testing.B, db *database) {
		s := db.openWithClock(b, time.Now)
		f := s.Follow("a", 0)
		defer f.Close()
		before := processorTime(b)
		for b.Loop() {
			time.Sleep(time.Second)
		}
		b.ReportMetric(float64((processorTime(b)-before).Microseconds())/b.Elapsed().Seconds()/1000, "cpu-ms/s")
	})
}
