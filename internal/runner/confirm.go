package runner

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// maxSocketTable bounds what is read of a table of sockets, in which an application could have many.
	maxSocketTable = 4 << 20
	// confirmTimeout bounds a connection that confirms that the application listens. The kernel accepts it, so it does not
	// depend on how busy the application is.
	confirmTimeout = 2 * time.Second
)

// socketTables are the kernel's, of IPv4 and IPv6.
var socketTables = []string{"/proc/net/tcp", "/proc/net/tcp6"}

// confirm looks whether anything listens on the port: that is not taken on trust. A connection would tell the same, but be
// work for the application, which has its first request to answer. So there is one only where the kernel has no tables.
func confirm(ctx context.Context, port int32) *runnerapi.Failure {
	read := false
	for _, table := range socketTables {
		file, err := os.Open(table)
		if err != nil {
			continue
		}
		read = true
		found := listens(file, port)
		file.Close()
		if found {
			return nil
		}
	}
	if !read {
		dialer := &net.Dialer{Timeout: confirmTimeout}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", portString(port)))
		if err == nil {
			conn.Close()
			return nil
		}
	}
	return failf(runnerapi.ReasonStartupFailed, "the application does not listen on port %d", port)
}

// listens reports whether a table has a socket that listens on a port on all addresses.
func listens(table io.Reader, port int32) bool {
	lines := bufio.NewScanner(io.LimitReader(table, maxSocketTable))
	for lines.Scan() {
		// Number, local address, remote address and state, of which 0A is LISTEN: 0: 00000000:0BB9 00000000:0000 0A
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != "0A" {
			continue
		}
		address, number, _ := strings.Cut(fields[1], ":")
		if n, err := strconv.ParseInt(number, 16, 32); err == nil && int32(n) == port && strings.Trim(address, "0") == "" {
			return true
		}
	}
	return false
}
