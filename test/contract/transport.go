package contract

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

const streamType = "text/event-stream"

// Transport is an http.RoundTripper that holds every answer, and every event of a stream as it is read, against a
// contract.
type Transport struct {
	Contract *Contract
	// Next does the work.
	Next http.RoundTripper
	// Skip says which requests the description does not know; none when nil.
	Skip func(*http.Request) bool
	// Report takes what is wrong; when nil, it is the error of the request or of reading the stream.
	Report func(error)
}

// RoundTrip answers as Next does.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	sent, err := bodyOf(request)
	if err != nil {
		return nil, err
	}
	response, err := t.Next.RoundTrip(request)
	if err != nil || t.Skip != nil && t.Skip(request) || isPreflight(request, response) {
		return response, err
	}
	exchange := Exchange{
		Method: request.Method, Path: request.URL.EscapedPath(), RequestType: request.Header.Get("Content-Type"), RequestBody: sent,
		Status: response.StatusCode, Header: response.Header,
		Streamed: strings.HasPrefix(response.Header.Get("Content-Type"), streamType),
	}
	if exchange.Streamed {
		response.Body = &stream{ReadCloser: response.Body, operation: t.Contract.find(request.Method, exchange.Path).id, transport: t}
	} else {
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return nil, err
		}
		exchange.Body, response.Body = body, io.NopCloser(bytes.NewReader(body))
	}
	if err := t.report(t.Contract.Check(exchange)); err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	return response, nil
}

func (t *Transport) report(err error) error {
	if err == nil || t.Report == nil {
		return err
	}
	t.Report(err)
	return nil
}

// CloseIdleConnections is what a test server asks of its client's transport.
func (t *Transport) CloseIdleConnections() {
	if next, ok := t.Next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

func bodyOf(request *http.Request) ([]byte, error) {
	if request.GetBody == nil {
		return nil, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// isPreflight: the answers to those are between browsers and the CORS protocol, on whatever route.
func isPreflight(request *http.Request, response *http.Response) bool {
	return request.Method == http.MethodOptions && request.Header.Get("Access-Control-Request-Method") != "" && response.StatusCode == http.StatusNoContent
}

// stream checks the frames of a stream as they are read.
type stream struct {
	io.ReadCloser
	operation string
	transport *Transport
	unread    []byte
}

func (s *stream) Read(into []byte) (int, error) {
	n, err := s.ReadCloser.Read(into)
	s.unread = append(s.unread, into[:n]...)
	for {
		frame, rest, whole := bytes.Cut(s.unread, []byte("\n\n"))
		if !whole {
			return n, err
		}
		s.unread = rest
		if wrong := s.transport.report(s.check(string(frame))); wrong != nil {
			return n, wrong
		}
	}
}

func (s *stream) check(frame string) error {
	fields := map[string]string{}
	for line := range strings.Lines(frame) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		fields[name] = value
	}
	if fields["data"] == "" {
		return nil
	}
	return s.transport.Contract.CheckEvent(s.operation, fields["id"], fields["event"], fields["data"])
}
