package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// maxRedirects is followed, each of them checked like the first address.
	maxRedirects = 5
	// fetchTimeout bounds a fetch within the start-up time-out.
	fetchTimeout = 60 * time.Second
)

// errBlocked marks addresses that must not be dialled.
var errBlocked = errors.New("address is not allowed")

// blockedRanges are never dialled: what they hold is the cluster's and the node's, such as the metadata service of a
// cloud. Whether IPv4 addresses come mapped into IPv6 or behind NAT64 makes no difference.
var blockedRanges = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "2001::/32", "2002::/16", "fc00::/7",
	"fe80::/10", "fec0::/10", "ff00::/8",
)

// nat64 carries an IPv4 address in its last four bytes.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func prefixes(cidrs ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(cidrs))
	for i, cidr := range cidrs {
		all[i] = netip.MustParsePrefix(cidr)
	}
	return all
}

// checkAddress refuses an address in one of the ranges.
func checkAddress(address netip.Addr, blocked []netip.Prefix) error {
	address = address.WithZone("").Unmap()
	all := []netip.Addr{address}
	if nat64.Contains(address) {
		bytes := address.As16()
		all = append(all, netip.AddrFrom4([4]byte(bytes[12:])))
	}
	for _, address := range all {
		for _, ranges := range [][]netip.Prefix{blockedRanges, blocked} {
			for _, prefix := range ranges {
				if prefix.Contains(address) {
					return fmt.Errorf("%w: %s is in %s", errBlocked, address, prefix)
				}
			}
		}
	}
	return nil
}

// fetcher fetches archives from addresses that check accepts.
type fetcher struct {
	check func(netip.Addr) error
}

// newFetcher blocks cidrs on top of the ranges that are always blocked.
func newFetcher(cidrs []string) (*fetcher, error) {
	blocked := make([]netip.Prefix, 0, len(cidrs))
	for _, cidr := range cidrs {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			return nil, fmt.Errorf("archive.blockedCIDRs: %w", err)
		}
		blocked = append(blocked, unmapPrefix(prefix.Masked()))
	}
	return &fetcher{check: func(address netip.Addr) error { return checkAddress(address, blocked) }}, nil
}

// unmapPrefix brings ::ffff:a.b.c.d/n into the form that addresses are compared in.
func unmapPrefix(prefix netip.Prefix) netip.Prefix {
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix
}

// fetch returns the archive, of the digest that was named and at most limit bytes.
func (f *fetcher) fetch(ctx context.Context, archive runnerapi.RemoteArchive, limit int64) ([]byte, *runnerapi.Failure) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	data, err := f.get(ctx, archive.URL, limit)
	switch {
	case errors.Is(err, errBlocked):
		return nil, failf(runnerapi.ReasonCodeRejected, "archive: %v", err)
	case err != nil:
		return nil, failf(runnerapi.ReasonSourceUnavailable, "archive: %v", err)
	case int64(len(data)) > limit:
		return nil, failf(runnerapi.ReasonCodeRejected, "archive: the archive is too large (limit compressedBytes is %d)", limit)
	}
	sum := sha256.Sum256(data)
	if digest := hex.EncodeToString(sum[:]); digest != archive.SHA256 {
		return nil, failf(runnerapi.ReasonCodeRejected, "archive: its sha256 is %s, not %s", digest, archive.SHA256)
	}
	return data, nil
}

// get reads at most one byte more than limit.
func (f *fetcher) get(ctx context.Context, address string, limit int64) ([]byte, error) {
	if err := checkURL(address); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "preview-runner")
	client := f.client()
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered with status %d", response.StatusCode)
	}
	return io.ReadAll(io.LimitReader(response.Body, limit+1))
}

// client checks every address it is about to connect to, after names were resolved.
func (f *fetcher) client() *http.Client {
	dialer := &net.Dialer{
		Timeout: 10 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			host, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %w", errBlocked, err)
			}
			return f.check(host.Addr())
		},
	}
	return &http.Client{
		Transport: &http.Transport{
			// No Proxy: it would connect on our behalf, past the check.
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  20 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true,
			DisableKeepAlives:      true,
		},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return checkURL(request.URL.String())
		},
	}
}

func checkURL(address string) error {
	parsed, err := url.Parse(address)
	switch {
	case err != nil:
		return fmt.Errorf("%w: not a URL", errBlocked)
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return fmt.Errorf("%w: scheme %.16q is neither http nor https", errBlocked, parsed.Scheme)
	case parsed.Host == "":
		return fmt.Errorf("%w: the URL has no host", errBlocked)
	case parsed.User != nil:
		return fmt.Errorf("%w: the URL holds credentials", errBlocked)
	}
	return nil
}
