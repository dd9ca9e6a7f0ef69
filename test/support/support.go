// Package support is what the tests of several packages share.
package support

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Patience bounds waits that do not take long unless something is broken.
const Patience = time.Minute

// Eventually waits, at most for Patience, until a condition is true.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(Patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("still not true: %s", what)
		case <-tick.C:
		}
	}
}

// nextPort counts through ports that the kernel does not give to connections, so that none of them takes a port between
// its choice and its use.
var nextPort atomic.Int32

// FreePort chooses a port at which nothing listens, another one each time.
func FreePort(t testing.TB) int32 {
	t.Helper()
	nextPort.CompareAndSwap(0, 20000+int32(os.Getpid()%9000))
	for range 1000 {
		port := nextPort.Add(1)
		if listener, err := net.Listen("tcp", ":"+strconv.Itoa(int(port))); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// FreeAddress is loopback and a FreePort.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(FreePort(t))))
}

// Buffer collects what is written to it while others read it. The zero value is ready for use.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write is part of io.Writer. It does not fail.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// WriteFiles writes files, path below the folder to content, and makes the folders that they need.
func WriteFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for path, content := range files {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
