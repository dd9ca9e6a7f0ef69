package store

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// followTimeout ends a test whose follower is never woken.
const followTimeout = 2 * time.Minute

// followUntil reads until number last has come.
func followUntil(ctx context.Context, f *Follower, last int64) (lines []LogLine, err error) {
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	for len(lines) == 0 || lines[len(lines)-1].Seq < last {
		next, err := f.Next(ctx)
		if err != nil {
			return lines, err
		}
		lines = append(lines, next...)
	}
	return lines, nil
}

func follow(t *testing.T, s *Store, run string, after int64) *Follower {
	t.Helper()
	f := s.Follow(run, after)
	t.Cleanup(f.Close)
	return f
}

// waiting returns once a follower has found nothing and waits: what wakes it is what happens after.
func waiting(t *testing.T, f *Follower) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*sqlitePoll)
	defer cancel()
	if lines, err := f.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%d lines, %v, want none", len(lines), err)
	}
	select {
	case <-f.changed:
	default:
	}
}

// woken returns once a follower that waits is woken.
func woken(t *testing.T, f *Follower) {
	t.Helper()
	select {
	case <-f.changed:
	case <-time.After(followTimeout):
		t.Fatal("the follower is not woken")
	}
}

func TestFollowerGetsWhatIsThereAndWhatComes(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		reader, writer := db.open(t), db.open(t)
		mustAppend(t, writer, linesOf("a", 1, 3)...)
		first := follow(t, reader, "a", 0)
		got, err := followUntil(t.Context(), first, 3)
		if err != nil {
			t.Fatal(err)
		}
		later := follow(t, reader, "a", got[1].ID)
		other := follow(t, reader, "b", 0)
		for seq := int64(4); seq < 8; seq++ {
			waiting(t, first)
			// By turns another process writes, and this one.
			mustAppend(t, []*Store{reader, writer}[seq%2], line("a", seq))
			woken(t, first)
			next, err := followUntil(t.Context(), first, seq)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, next...)
		}
		if diff := cmp.Diff(linesOf("a", 1, 7), got, withoutID); diff != "" {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
		rest, err := followUntil(t.Context(), later, 7)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(linesOf("a", 3, 7), rest, withoutID); diff != "" {
			t.Errorf("lines after the second (-want +got):\n%s", diff)
		}
		waiting(t, other)
	})
}

// Followers of another process are told of the end, and get what came before it.
func TestFollowerEndsWithTheLog(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		reader, writer := db.open(t), db.open(t)
		f := follow(t, reader, "a", 0)
		waiting(t, f)
		mustAppend(t, writer, linesOf("a", 1, 3)...)
		if lines, err := followUntil(t.Context(), f, 3); err != nil || len(lines) != 3 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		waiting(t, f)
		if err := writer.PutLogState(t.Context(), "a", LogState{Complete: true}); err != nil {
			t.Fatal(err)
		}
		woken(t, f)
		late := follow(t, reader, "a", 0)
		if lines, err := late.Next(t.Context()); err != nil || len(lines) != 3 {
			t.Errorf("a follower after the end: %d lines, %v", len(lines), err)
		}
		for _, ended := range []*Follower{f, late} {
			if _, err := ended.Next(t.Context()); !errors.Is(err, io.EOF) {
				t.Errorf("after the last line: %v, want io.EOF", err)
			}
		}
	})
}

// A log that ends while it is looked at ends after its last line, not before it.
func TestFollowerGetsTheLastLineBeforeTheEnd(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		reader, writer := db.open(t), db.open(t)
		for round := range 200 {
			run := fmt.Sprint("run-", round)
			group, ctx := errgroup.WithContext(t.Context())
			group.Go(func() error {
				return writer.inTransaction(ctx, func(tx *sql.Tx) error {
					if _, err := writer.dialect.lockLogs(ctx, tx, []string{run}, 1); err != nil {
						return err
					}
					if _, err := writer.dialect.insertLines(ctx, tx, linesOf(run, 1, 1)); err != nil {
						return err
					}
					_, err := tx.ExecContext(ctx, `UPDATE run_logs SET complete = TRUE WHERE run_uid = $1`, run)
					return err
				})
			})
			group.Go(func() error {
				f := reader.Follow(run, 0)
				defer f.Close()
				for {
					lines, err := f.read(ctx)
					if err != nil || len(lines) > 0 {
						return err
					}
				}
			})
			if err := group.Wait(); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	})
}

// What was written before the watching began is no change to it, but a follower may have looked before.
func TestFollowerIsBehindWhenTheWatchingBegins(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		reader, writer := db.open(t), db.open(t)
		f := &Follower{store: reader, runUID: "a", logs: reader.Logs, changed: make(chan struct{}, 1)}
		reader.watch.add(f, func(context.Context) {})
		waiting(t, f)
		mustAppend(t, writer, line("a", 1))
		reader.watch.done.Go(func() { reader.dialect.watch(reader.watch.ctx, reader) })
		woken(t, f)
	})
}

func TestFollowersEndWithTheStore(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s, err := Open(t.Context(), db.options)
		if err != nil {
			t.Fatal(err)
		}
		f := s.Follow("a", 0)
		waiting(t, f)
		var group errgroup.Group
		group.Go(func() error {
			_, err := f.Next(t.Context())
			return err
		})
		// Until it waits, most likely.
		waiting(t, s.Follow("b", 0))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := group.Wait(); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		if _, err := f.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("next call: %v, want ErrClosed", err)
		}
		f.Close()
		if _, err := s.Follow("a", 0).Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("a follower of a closed store: %v, want ErrClosed", err)
		}
	})
}

func TestManyFollowersOfManyRuns(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		const runs, perRun, last = 5, 4, 200
		reader, writer := db.open(t), db.open(t)
		group, ctx := errgroup.WithContext(t.Context())
		for i := range runs * perRun {
			run := fmt.Sprint("run-", i%runs)
			group.Go(func() error {
				f := reader.Follow(run, 0)
				defer f.Close()
				lines, err := followUntil(ctx, f, last)
				if err == nil && !cmp.Equal(lines, linesOf(run, 1, last), withoutID) {
					err = fmt.Errorf("%d lines of %s are not those appended", len(lines), run)
				}
				return err
			})
		}
		for seq := int64(1); seq <= last; seq++ {
			for run := range runs {
				mustAppend(t, writer, line(fmt.Sprint("run-", run), seq))
			}
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if left := reader.watch.followed(); len(left) != 0 {
			t.Errorf("%v are still followed", left)
		}
	})
}

// Nobody polls for nobody, and who follows after a pause is woken again.
func TestFollowingBeginsAnew(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		reader, writer := db.open(t), db.open(t)
		for seq := int64(1); seq < 4; seq++ {
			f := reader.Follow("a", 0)
			if seq > 1 {
				if _, err := followUntil(t.Context(), f, seq-1); err != nil {
					t.Fatal(err)
				}
			}
			waiting(t, f)
			mustAppend(t, writer, line("a", seq))
			woken(t, f)
			if _, err := followUntil(t.Context(), f, seq); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	})
}

// The connection that listens is cut; what comes meanwhile and after is followed all the same.
func TestFollowerOutlivesItsConnection(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		if db.options.URL == "" {
			db.options.Path += "-" // SQLite has no connection to cut: the case is that of an idle file.
		}
		reader, writer := db.open(t), db.open(t)
		f := follow(t, reader, "a", 0)
		for seq := int64(1); seq < 4; seq++ {
			waiting(t, f)
			if db.options.URL != "" {
				execute(t, os.Getenv(databaseVariable), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'`)
			}
			mustAppend(t, writer, line("a", seq))
			woken(t, f)
			if _, err := followUntil(t.Context(), f, seq); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Notifications alone wake followers, and so does the poll: each stands in for the other.
func TestEachWayOfWakingIsEnough(t *testing.T) {
	if os.Getenv(databaseVariable) == "" {
		return
	}
	tests := map[string]func(*postgres){
		"notifications": func(p *postgres) { p.poll = time.Hour },
		"poll":          func(p *postgres) { p.channel = "nobody_notifies" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			db := newSchema(t)
			reader, writer := db.open(t), db.open(t)
			change(reader.dialect.(*postgres))
			f := follow(t, reader, "a", 0)
			listens := func() (count int) {
				const query = `SELECT count(*) FROM pg_stat_activity WHERE query = $1`
				if err := writer.db.QueryRow(query, "LISTEN "+reader.dialect.(*postgres).channel).Scan(&count); err != nil {
					t.Fatal(err)
				}
				return count
			}
			for listens() == 0 {
				waiting(t, f)
			}
			for seq := int64(1); seq < 4; seq++ {
				waiting(t, f)
				mustAppend(t, writer, line("a", seq))
				woken(t, f)
				if _, err := followUntil(t.Context(), f, seq); err != nil {
					t.Fatal(err)
				}
			}
			waiting(t, f)
			if err := writer.PutLogState(t.Context(), "a", LogState{Complete: true}); err != nil {
				t.Fatal(err)
			}
			woken(t, f)
			if _, err := followUntil(t.Context(), f, 100); !errors.Is(err, io.EOF) {
				t.Errorf("the end: %v, want io.EOF", err)
			}
		})
	}
}

// writerVariable makes the test binary a writer: it appends lines as its standard input asks for, and prints when.
const writerVariable = "PREVIEW_TEST_WRITER"

func runWriter(database string) error {
	options := Options{Path: database}
	if strings.HasPrefix(database, "postgres") {
		options = Options{URL: database}
	}
	s, err := Open(context.Background(), options)
	if err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		seq, err := strconv.ParseInt(in.Text(), 10, 64)
		if err != nil {
			return err
		}
		appended := line("a", seq)
		appended.Message = strconv.FormatInt(time.Now().UnixNano(), 10)
		if _, err := s.AppendLogs(context.Background(), []LogLine{appended}); err != nil {
			return err
		}
	}
	return s.Close()
}

// startWriter returns what makes another process append a line.
func startWriter(t testing.TB, db *database) (write func(seq int64)) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), writerVariable+"="+db.options.Path+db.options.URL)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = in.Close(), command.Wait() })
	return func(seq int64) {
		if _, err := fmt.Fprintln(in, seq); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFollowerHearsAnotherProcess(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db *database) {
		s := db.open(t)
		write := startWriter(t, db)
		f := follow(t, s, "a", 0)
		for seq := int64(1); seq <= 20; seq++ {
			write(seq)
			if _, err := followUntil(t.Context(), f, seq); err != nil {
				t.Fatalf("line %d: %v", seq, err)
			}
		}
	})
}
