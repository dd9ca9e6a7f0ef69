package handover

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"slices"

	"github.com/codebegen/preview-operator/internal/runnerapi"
	"github.com/codebegen/preview-operator/internal/telemetry"
)

// errLost marks what a new connection may mend.
var errLost = errors.New("connection failed")

// session is one connection to a runner that has proved itself on it. Requests go over that same connection: another one
// could end at another pod.
type session struct {
	target    Target
	transport *http.Transport
}

// prove makes a connection and has the runner prove itself on it.
func (c *Client) prove(ctx context.Context, target Target) (*session, error) {
	transport, err := c.connect(ctx, target.Address)
	if err != nil {
		return nil, err
	}
	if err := c.hello(ctx, transport, target); err != nil {
		transport.CloseIdleConnections()
		return nil, err
	}
	return &session{target: target, transport: transport}, nil
}

func (s *session) close() { s.transport.CloseIdleConnections() }

// question is a request that is answered by the state of a runner.
type question struct {
	method, path, contentType string
	body                      []byte
	// assignmentID that the answer has to be about, and answers, the states that are one; any by default.
	assignmentID string
	answers      []runnerapi.State
}

// ask sends a question with the pod's secret and returns the answer.
func (s *session) ask(ctx context.Context, q question) (runnerapi.Result, error) {
	request, err := http.NewRequestWithContext(ctx, q.method, url(s.target, q.path), bytes.NewReader(q.body))
	if err != nil {
		return runnerapi.Result{}, err
	}
	if q.contentType != "" {
		request.Header.Set("Content-Type", q.contentType)
	}
	telemetry.InjectHeader(ctx, request.Header)
	request.Header.Set("Authorization", "Bearer "+string(s.target.Secret))
	status, data, err := roundTrip(s.transport, request)
	if err != nil {
		return runnerapi.Result{}, err
	}
	if err := statusError(status); err != nil {
		return runnerapi.Result{}, err
	}
	var result runnerapi.Result
	if err := decode(data, &result); err != nil {
		return runnerapi.Result{}, err
	}
	return result, q.check(result)
}

// check holds an answer against its question.
func (q question) check(result runnerapi.Result) error {
	switch result.State {
	case runnerapi.StateIdle, runnerapi.StateStaging, runnerapi.StateStaged, runnerapi.StateStarting, runnerapi.StateServing:
	case runnerapi.StateFailed:
		if result.Failure == nil {
			return fmt.Errorf("%w: state %q without a failure", ErrProtocol, result.State)
		}
	default:
		return fmt.Errorf("%w: unknown state %.32q", ErrProtocol, result.State)
	}
	if q.answers != nil && !slices.Contains(q.answers, result.State) {
		return fmt.Errorf("%w: the answer to %s is state %q", ErrProtocol, q.path, result.State)
	}
	if q.assignmentID != "" && result.AssignmentID != q.assignmentID {
		return fmt.Errorf("%w: the answer is about assignment %.64q", ErrProtocol, result.AssignmentID)
	}
	return nil
}

// connect returns a transport over one new connection. It never makes a second one, knows no proxy and no redirect.
func (c *Client) connect(ctx context.Context, address string) (*http.Transport, error) {
	dialCtx, cancel := context.WithTimeout(ctx, c.options.AttemptTimeout)
	defer cancel()
	conn, err := c.options.Dial(dialCtx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errLost, err)
	}
	once := make(chan net.Conn, 1)
	once <- conn
	return &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			select {
			case conn := <-once:
				return conn, nil
			default:
				return nil, errLost
			}
		},
		MaxConnsPerHost:        1,
		MaxResponseHeaderBytes: 8 << 10,
		DisableCompression:     true,
	}, nil
}

// ready asks once whether the runner is ready; the answer comes when it is, or after some seconds.
func (c *Client) ready(ctx context.Context, target Target) error {
	transport, err := c.connect(ctx, target.Address)
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url(target, runnerapi.PathReadyz)+"?"+runnerapi.QueryWait, nil)
	if err != nil {
		return err
	}
	status, _, err := roundTrip(transport, request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%w: status %d to readyz", errLost, status)
	}
	return err
}

func (c *Client) hello(ctx context.Context, transport *http.Transport, target Target) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.AttemptTimeout)
	defer cancel()
	nonce := make([]byte, 32)
	if _, err := rand.Read(nonce); err != nil {
		return err
	}
	hello := runnerapi.Hello{Nonce: hex.EncodeToString(nonce)}
	body, err := json.Marshal(hello)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url(target, runnerapi.PathHello), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	status, data, err := roundTrip(transport, request)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		// Another pod's application, most likely.
		return fmt.Errorf("%w: status %d to hello", ErrWrongRunner, status)
	}
	var reply runnerapi.HelloReply
	if err := decode(data, &reply); err != nil {
		return fmt.Errorf("%w: %w", ErrWrongRunner, err)
	}
	return runnerapi.Verify(target.Secret, target.PodUID, hello, reply)
}

// roundTrip sends a request and reads its bounded answer.
func roundTrip(transport *http.Transport, request *http.Request) (status int, data []byte, err error) {
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errLost, err)
	}
	defer response.Body.Close()
	data, err = io.ReadAll(io.LimitReader(response.Body, runnerapi.MaxResultBytes+1))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errLost, err)
	}
	if len(data) > runnerapi.MaxResultBytes {
		return 0, nil, fmt.Errorf("%w: an answer of more than %d bytes", ErrProtocol, runnerapi.MaxResultBytes)
	}
	return response.StatusCode, data, nil
}

func statusError(status int) error {
	switch status {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: status %d", ErrUnauthorised, status)
	case http.StatusConflict:
		return ErrConflict
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: status %d", ErrRefused, status)
	default:
		return fmt.Errorf("%w: status %d", ErrProtocol, status)
	}
}

// parcel is the body of an assignment. It is made once and held: attempts send the same bytes.
type parcel struct {
	id, contentType string
	body            []byte
}

func pack(assignment runnerapi.Assignment, code []byte) (*parcel, error) {
	if assignment.ID == "" {
		return nil, errors.New("handover: the assignment has no ID")
	}
	if (code == nil) == (assignment.Archive == nil) {
		return nil, errors.New("handover: an assignment has either code or an archive to fetch")
	}
	header, err := json.Marshal(assignment)
	if err != nil {
		return nil, err
	}
	if len(header) > runnerapi.MaxAssignmentBytes {
		return nil, fmt.Errorf("handover: the assignment has %d bytes, at most %d are allowed", len(header), runnerapi.MaxAssignmentBytes)
	}
	var out bytes.Buffer
	out.Grow(len(header) + len(code) + 1024)
	form := multipart.NewWriter(&out)
	if err := writePart(form, runnerapi.PartAssignment, "application/json", header); err != nil {
		return nil, err
	}
	if code != nil {
		if err := writePart(form, runnerapi.PartCode, "application/gzip", code); err != nil {
			return nil, err
		}
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	return &parcel{id: assignment.ID, contentType: form.FormDataContentType(), body: out.Bytes()}, nil
}

// question asks a runner to take the assignment.
func (p *parcel) question(path string, answers []runnerapi.State) question {
	return question{method: http.MethodPost, path: path, contentType: p.contentType, body: p.body, assignmentID: p.id, answers: answers}
}

func writePart(form *multipart.Writer, name, contentType string, data []byte) error {
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf("form-data; name=%q", name)},
		"Content-Type":        {contentType},
	})
	if err != nil {
		return err
	}
	_, err = part.Write(data)
	return err
}
