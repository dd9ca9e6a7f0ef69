package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// Incidents: IPv6 link-local not blocked; metadata services reached by mapped or translated addresses.
func TestBlockedAddresses(t *testing.T) {
	own := []string{"203.0.114.0/24", "2a00:1450::/32", "::ffff:198.52.100.0/120"}
	f, err := newFetcher(own)
	if err != nil {
		t.Fatal(err)
	}
	for address, blocked := range map[string]bool{
		"8.8.8.8": false, "1.1.1.1": false, "172.32.0.1": false, "100.128.0.1": false, "169.253.1.1": false,
		"2606:4700::1111": false, "::ffff:8.8.8.8": false, "64:ff9b::808:808": false,

		"0.0.0.0": true, "10.0.0.1": true, "127.0.0.1": true, "127.9.9.9": true, "172.16.0.1": true, "172.31.255.255": true,
		"192.168.1.1": true, "100.64.0.1": true, "100.127.255.255": true, "169.254.169.254": true, "224.0.0.1": true,
		"255.255.255.255": true, "198.18.0.1": true,
		"::": true, "::1": true, "fe80::1": true, "fe80::1%eth0": true, "fc00::1": true, "fd00:ec2::254": true, "ff02::1": true,
		"::ffff:10.0.0.1": true, "::ffff:169.254.169.254": true, "64:ff9b::a9fe:a9fe": true, "64:ff9b::7f00:1": true,
		"64:ff9b:1::1": true, "2002:a9fe:a9fe::": true, "2001:0:1::1": true, "fec0::1": true,

		"203.0.114.9": true, "::ffff:203.0.114.9": true, "64:ff9b::cb00:7209": true, "2a00:1450:4001::1": true, "198.52.100.1": true,
	} {
		if err := f.check(netip.MustParseAddr(address)); errors.Is(err, errBlocked) != blocked {
			t.Errorf("%s: got %v, want blocked %t", address, err, blocked)
		}
	}
	if _, err := newFetcher([]string{"10.0.0.0"}); err == nil {
		t.Error("an address was taken for a range")
	}
}

func TestURLs(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://example.org/a.tar.gz": true, "http://[2606:4700::1]:8080/a": true,
		"file:///etc/passwd": false, "ftp://example.org/a": false, "https://user:password@example.org/": false,
		"http:///a": false, "://": false, "gopher://x": false, "": false,
	} {
		if err := checkURL(address); (err == nil) != ok {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

func TestFetchRefusesLoopback(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was dialled") }))
	defer server.Close()
	f, err := newFetcher(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// By address and by name: what counts is what is dialled.
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		_, failure := f.fetch(t.Context(), runnerapi.RemoteArchive{URL: "http://" + host + ":" + port}, 1000)
		if failure == nil || failure.Reason != runnerapi.ReasonCodeRejected || !strings.Contains(failure.Message, "not allowed") {
			t.Errorf("%s: got %+v", host, failure)
		}
	}
}

// trusting allows loopback, where tests serve, and nothing else.
func trusting() *fetcher {
	return &fetcher{check: func(address netip.Addr) error {
		if address.IsLoopback() {
			return nil
		}
		return errBlocked
	}}
}

func TestFetch(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	content := strings.Repeat("archive", 100)
	sum := sha256.Sum256([]byte(content))
	digest := hex.EncodeToString(sum[:])
	mux := http.NewServeMux()
	mux.HandleFunc("/archive", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(content)) })
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/archive", http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "9999")
		_, _ = w.Write([]byte(content))
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	for name, test := range map[string]struct {
		path, digest string
		limit        int64
		reason       string
	}{
		"whole":                       {"/archive", digest, 700, ""},
		"redirected":                  {"/redirect", digest, 700, ""},
		"another digest":              {"/archive", strings.Repeat("0", 64), 700, runnerapi.ReasonCodeRejected},
		"too large":                   {"/archive", digest, 699, runnerapi.ReasonCodeRejected},
		"redirected to a blocked one": {"/away", digest, 700, runnerapi.ReasonCodeRejected},
		"redirected to a file":        {"/file", digest, 700, runnerapi.ReasonCodeRejected},
		"redirected for ever":         {"/loop", digest, 700, runnerapi.ReasonSourceUnavailable},
		"missing":                     {"/missing", digest, 700, runnerapi.ReasonSourceUnavailable},
		"cut":                         {"/broken", digest, 700000, runnerapi.ReasonSourceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			remote := runnerapi.RemoteArchive{URL: server.URL + test.path, SHA256: test.digest}
			data, failure := trusting().fetch(t.Context(), remote, test.limit)
			switch {
			case test.reason == "" && (failure != nil || string(data) != content):
				t.Errorf("got %d bytes, failure %+v", len(data), failure)
			case test.reason != "" && (failure == nil || failure.Reason != test.reason):
				t.Errorf("got failure %+v, want reason %s", failure, test.reason)
			}
		})
	}
}
