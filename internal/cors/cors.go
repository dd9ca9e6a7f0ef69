// Package cors decides what a browser's page of another origin may do: which answers get which headers of the CORS
// protocol (https://fetch.spec.whatwg.org/#http-cors-protocol). It refuses nothing: where the headers are missing, the
// browser keeps the answer from the page.
package cors

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

const (
	// MaxOrigins bounds the list.
	MaxOrigins = 100
	// maxOriginBytes bounds an origin: a scheme, a host name of at most 253 bytes and a port.
	maxOriginBytes = 270
	// anyOrigin stands for all origins.
	anyOrigin = "*"

	// What pages may send, and read of answers beyond what they always may.
	methods = "GET, HEAD, POST, PUT, DELETE"
	headers = "Authorization, Content-Type, X-Preview-Token, X-Request-Id, Idempotency-Key, Prefer, Last-Event-ID, Accept"
	exposed = "X-Request-Id, Location, Retry-After, Preference-Applied, Link, Idempotency-Replayed"
	// maxAge is how long browsers may remember the answer to a preflight, in seconds: a changed list takes effect within
	// ten minutes.
	maxAge = "600"
)

// Policy is a list of origins. The zero value is an empty list, with which Apply does nothing. It is safe for
// concurrent use.
type Policy struct {
	any     bool
	origins map[string]struct{}
}

// Parse takes origins of the form scheme://host[:port], http or https, or "*" alone for any origin. They come to be as
// browsers send them: in lower case, without the scheme's own port.
func Parse(list []string) (Policy, error) {
	if len(list) > MaxOrigins {
		return Policy{}, fmt.Errorf("cors: %d origins, at most %d are accepted", len(list), MaxOrigins)
	}
	if slices.Contains(list, anyOrigin) {
		if len(list) > 1 {
			return Policy{}, errors.New(`cors: origin "*" stands for all and must be alone`)
		}
		return Policy{any: true}, nil
	}
	p := Policy{origins: make(map[string]struct{}, len(list))}
	for _, raw := range list {
		origin, err := normalise(raw)
		if err != nil {
			return Policy{}, fmt.Errorf("cors: origin %.300q %w", raw, err)
		}
		p.origins[origin] = struct{}{}
	}
	return p, nil
}

// Apply sets the headers of the answer to a request, whatever the answer will be, and reports whether the request is a
// preflight that is answered by them alone, with 204 and no body. A preflight of an origin that is not on the list is
// a request like any other.
func (p Policy) Apply(w http.Header, r *http.Request) (preflight bool) {
	if !p.any && len(p.origins) == 0 {
		return false
	}
	w.Add("Vary", "Origin")
	origin, ok := p.allowed(r.Header.Values("Origin"))
	if !ok {
		return false
	}
	w.Set("Access-Control-Allow-Origin", origin)
	if origin != anyOrigin {
		w.Set("Access-Control-Allow-Credentials", "true")
	}
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		w.Set("Access-Control-Allow-Methods", methods)
		w.Set("Access-Control-Allow-Headers", headers)
		w.Set("Access-Control-Max-Age", maxAge)
		return true
	}
	w.Set("Access-Control-Expose-Headers", exposed)
	return false
}

// allowed returns the origin to name for the Origin headers of a request. Browsers send one, written in one way, so
// it is compared as it is: leniency would only serve those who look for two programs that read it differently.
func (p Policy) allowed(sent []string) (string, bool) {
	if len(sent) != 1 || sent[0] == "" {
		return "", false
	}
	if p.any {
		return anyOrigin, true
	}
	_, ok := p.origins[sent[0]]
	return sent[0], ok
}

// normalise returns a configured origin as browsers send it. The error is to follow the origin.
func normalise(raw string) (string, error) {
	if len(raw) > maxOriginBytes {
		return "", fmt.Errorf("has %d bytes, at most %d are accepted", len(raw), maxOriginBytes)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", errors.New("is not of the form scheme://host[:port]")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("must begin with http:// or https://")
	case u.User != nil:
		return "", errors.New("must have no user name or password")
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return "", errors.New("must have nothing behind the host and port, not even a slash")
	case u.Host == "":
		return "", errors.New("has no host")
	}
	host, err := normaliseHost(strings.ToLower(u.Hostname()), strings.HasPrefix(u.Host, "["))
	if err != nil {
		return "", err
	}
	port := u.Port()
	if number, _ := strconv.ParseUint(port, 10, 16); port != "" || strings.HasSuffix(u.Host, ":") {
		if number == 0 || strconv.FormatUint(number, 10) != port {
			return "", fmt.Errorf("has port %q, which is not a number from 1 to 65535", port)
		}
	}
	if port == "" || port == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		return u.Scheme + "://" + host, nil
	}
	return u.Scheme + "://" + host + ":" + port, nil
}

// normaliseHost returns a host in lower case as browsers write it: names in ASCII, addresses in their shortest form.
func normaliseHost(host string, bracketed bool) (string, error) {
	if bracketed {
		address, err := netip.ParseAddr(host)
		if err != nil || address.Zone() != "" || address.Is4In6() {
			return "", fmt.Errorf("has host [%s], which is not an IPv6 address", host)
		}
		return "[" + address.String() + "]", nil
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r > 0x7f }) {
		if ascii, err := idna.Lookup.ToASCII(host); err == nil {
			return "", fmt.Errorf("has a host in Unicode; browsers send %q", ascii)
		}
		return "", errors.New("has a host in Unicode that is no host name")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return "", fmt.Errorf("has host %q, which is no host name", host)
		}
	}
	// Browsers take a name whose last part is a number for an IPv4 address, and rewrite it: 127.1 is 127.0.0.1.
	if last := labels[len(labels)-1]; '0' <= last[0] && last[0] <= '9' {
		if address, err := netip.ParseAddr(host); err != nil || !address.Is4() {
			return "", fmt.Errorf("has host %q, which is neither a host name nor an IPv4 address", host)
		}
	}
	return host, nil
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}
