package proxy

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Bounds of a request. Together they stay below what the HTTP servers of previews accept (64 KiB of header).
const (
	// MaxTargetBytes bounds path and query as sent.
	MaxTargetBytes = 16 << 10
	// MaxHeaderBytes bounds the names and values of all headers, MaxHeaders their number.
	MaxHeaderBytes = 32 << 10
	MaxHeaders     = 128
)

// Methods that are forwarded. CONNECT and TRACE are for proxies.
var Methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// Envelope is what a client asks for, unchecked.
type Envelope struct {
	Method string
	// Path in its escaped form, beginning with /. It may carry a query, which is sent as it stands, before Query.
	Path   string
	Query  map[string][]string
	Header map[string][]string
	Body   []byte
}

// FieldError says which field of an envelope cannot be accepted, and why.
type FieldError struct{ Field, Detail string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Detail }

// Request is a checked Envelope.
type Request struct {
	method string
	// target is the request target, sent as it stands.
	target string
	header http.Header
	body   []byte
	// maxResponseBytes bounds the answer more than the forwarder does; 0 does not.
	maxResponseBytes int64
}

// Within returns the request with a bound of the answer's body that is lower than that of the forwarder.
func (r Request) Within(maxResponseBytes int64) Request {
	r.maxResponseBytes = maxResponseBytes
	return r
}

// NewRequest checks an envelope. The error is a *FieldError.
//
// Left out are header fields that belong to a connection or to the request's framing (Connection and those it names,
// Keep-Alive, Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade, Expect, Content-Length, Host), which the forwarder sets
// itself, and X-Preview-Token, which the application must not learn.
func NewRequest(e Envelope) (Request, error) {
	if !slices.Contains(Methods, e.Method) {
		return Request{}, &FieldError{"method", "must be one of " + strings.Join(Methods, ", ")}
	}
	target, err := requestTarget(e.Path, e.Query)
	if err != nil {
		return Request{}, err
	}
	header, err := requestHeader(e.Header)
	if err != nil {
		return Request{}, err
	}
	return Request{method: e.Method, target: target, header: header, body: e.Body}, nil
}

func requestTarget(path string, query map[string][]string) (string, error) {
	if err := checkPath(path); err != nil {
		return "", err
	}
	target := path
	if len(query) > 0 {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		target += separator + url.Values(query).Encode()
	}
	if len(target) > MaxTargetBytes {
		return "", &FieldError{"path", fmt.Sprintf("path and query must not exceed %d bytes, they have %d", MaxTargetBytes, len(target))}
	}
	return target, nil
}

// checkPath accepts an origin-form request target alone: what could be read as another host (//evil, /\evil, a scheme)
// or as the end of the request line is refused rather than repaired, everything else is sent as it stands.
func checkPath(path string) error {
	refuse := func(detail string) error { return &FieldError{"path", detail} }
	if !strings.HasPrefix(path, "/") {
		return refuse("must begin with /")
	}
	if strings.HasPrefix(path, "//") {
		return refuse("must not begin with //, which names a host")
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c == '\\':
			return refuse("must not contain a backslash; percent-encode it as %5C")
		case c == '#':
			return refuse("must not contain a fragment; percent-encode # as %23")
		case c <= ' ' || c >= 0x7f:
			return refuse(fmt.Sprintf("byte 0x%02X at offset %d must be percent-encoded", c, i))
		case c == '%' && !isEscape(path[i:]):
			return refuse(fmt.Sprintf("%% at offset %d is not followed by two hexadecimal digits; percent-encode it as %%25", i))
		}
	}
	return nil
}

func isEscape(s string) bool {
	isHex := func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }
	return len(s) >= 3 && isHex(s[1]) && isHex(s[2])
}

// dropped are the header fields that are left out; see NewRequest.
var dropped = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Expect", "Content-Length", "Host", "X-Preview-Token",
}

func requestHeader(fields map[string][]string) (http.Header, error) {
	header := http.Header{}
	count, bytes := 0, 0
	for name, values := range fields {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, &FieldError{"headers", fmt.Sprintf("%.64q is not the name of a header field", name)}
		}
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return nil, &FieldError{"headers." + name, "the value contains a control character"}
			}
			header[canonical] = append(header[canonical], value)
			count++
			bytes += len(name) + len(value)
		}
	}
	if count > MaxHeaders || bytes > MaxHeaderBytes {
		return nil, &FieldError{"headers", fmt.Sprintf("must have at most %d values and %d bytes, they have %d and %d", MaxHeaders, MaxHeaderBytes, count, bytes)}
	}
	for _, value := range header["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			header.Del(textproto.TrimString(name))
		}
	}
	for _, name := range dropped {
		header.Del(name)
	}
	return header, nil
}
