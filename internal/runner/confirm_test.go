package runner

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListens(t *testing.T) {
	const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	for name, test := range map[string]struct {
		line string
		want bool
	}{
		"IPv4":               {"   0: 00000000:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1", true},
		"IPv6":               {"   0: 00000000000000000000000000000000:0BB9 00000000000000000000000000000000:0000 0A 0", true},
		"another port":       {"   0: 00000000:0BBA 00000000:0000 0A 0", false},
		"loopback only":      {"   0: 0100007F:0BB9 00000000:0000 0A 0", false},
		"bound":              {"   0: 00000000:0BB9 00000000:0000 07 0", false},
		"a connection to it": {"   0: 0100007F:0BB9 0100007F:8235 01 0", false},
		"nothing":            {"", false},
		"rubbish":            {"0A 0A 0A 0A", false},
	} {
		if got := listens(strings.NewReader(header+test.line+"\n"), 3001); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

// With the kernel's tables, and where there are none.
func TestConfirm(t *testing.T) {
	for name, tables := range map[string][]string{"tables": socketTables, "no tables": {filepath.Join(t.TempDir(), "tcp")}} {
		t.Run(name, func(t *testing.T) {
			before := socketTables
			t.Cleanup(func() { socketTables = before })
			socketTables = tables
			listener, err := net.Listen("tcp4", ":0")
			if err != nil {
				t.Fatal(err)
			}
			port := int32(listener.Addr().(*net.TCPAddr).Port)
			if failure := confirm(t.Context(), port); failure != nil {
				t.Errorf("of a port that is listened on: %+v", failure)
			}
			listener.Close()
			if failure := confirm(t.Context(), port); failure == nil || !strings.Contains(failure.Message, "does not listen on port "+portString(port)) {
				t.Errorf("of a port that is not: %+v", failure)
			}
		})
	}
	if _, err := os.Stat(socketTables[0]); err != nil {
		t.Errorf("the kernel's tables are not where the test thinks: %v", err)
	}
}
