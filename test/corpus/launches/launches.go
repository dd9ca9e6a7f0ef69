// Package launches holds bad launches as they go over the wire. Each has to be refused with a problem that names what is
// at fault, must not launch anything, and must not show how the system is made. One list serves the unit tests of the
// gateway and the real cluster.
package launches

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Who sends a launch.
type Who int

const (
	// Owner of the generation.
	Owner Who = iota
	// Stranger is another user.
	Stranger
	// Service has the role service, which has no business with previews.
	Service
	// Nobody shows no token.
	Nobody
)

// framing says how the body is framed.
type framing int

const (
	// counted has a Content-Length.
	counted framing = iota
	chunked
	// endless is chunked, and the connection is half closed before the last chunk.
	endless
	// brokenChunk has a chunk size that is no number.
	brokenChunk
	// short has a Content-Length of more than what is sent.
	short
)

// Case is one bad launch.
type Case struct {
	Name string
	As   Who
	// Authorization replaces the header of As.
	Authorization []string
	// ID replaces the id in the path, escaped as it is sent.
	ID string
	// Query is appended to the path.
	Query string
	// Header lines besides Host, Authorization and those of the framing. Content-Type: application/json when nil.
	Header  []string
	Body    string
	Framing framing
	// HTTPOnly marks a body that reads well once its JSON is an object.
	HTTPOnly bool

	// Status, Problem (the end of the type) and Field of the answer. Problem is empty where the HTTP server answers
	// before there is a request.
	Status  int
	Problem string
	Field   string
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// patience bounds each launch; the gateway itself waits no longer than 30 s for anything that these ask for.
const patience = 40 * time.Second

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// Send sends the launch of a generation to an address (host:port), with the token that belongs to As.
func (c Case) Send(address, generationID, token string) (Answer, error) {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return Answer{}, err
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		// It may fail: the server answers and closes before it has read everything that it refuses.
		_, err := io.WriteString(conn, c.wire(address, generationID, token))
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil && (c.Framing == endless || c.Framing == short) {
			_ = tcp.CloseWrite()
		}
	}()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	}
	_ = conn.Close()
	<-sent
	return Answer{response.StatusCode, response.Header, body}, nil
}

func (c Case) wire(address, generationID, token string) string {
	if c.ID != "" {
		generationID = c.ID
	}
	lines := []string{"POST /api/v1/generations/" + generationID + "/preview/launch" + c.Query + " HTTP/1.1", "Host: " + address, "Connection: close"}
	switch {
	case c.Authorization != nil:
		lines = append(lines, c.Authorization...)
	case c.As != Nobody:
		lines = append(lines, "Authorization: Bearer "+token)
	}
	if c.Header == nil {
		lines = append(lines, "Content-Type: application/json")
	}
	lines = append(lines, c.Header...)
	body := c.Body
	switch c.Framing {
	case counted:
		lines = append(lines, "Content-Length: "+strconv.Itoa(len(body)))
	case short:
		lines = append(lines, "Content-Length: "+strconv.Itoa(len(body)+100))
	case chunked, endless, brokenChunk:
		lines = append(lines, "Transfer-Encoding: chunked")
		body = fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
		if c.Framing == chunked {
			body += "0\r\n\r\n"
		}
		if c.Framing == brokenChunk {
			body = "zz\r\n" + c.Body + "\r\n"
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// leaks are what no answer may show: code, its language's and its libraries' words, files, SQL, names inside the cluster.
var leaks = []string{
	"goroutine ", ".go:", "runtime error", "panic", "httpapi", "*json", "json:", "json.", "launchBody", "int32", "struct", "Unmarshal", "reflect",
	"sql", "SELECT ", "sqlite", "/var/", "/tmp/", "/root", "/home/", "secret", "previewinstances", "svc.cluster", "apimachinery", "k8s.io",
	"serviceaccount", "BEGIN ", "eyJ", "pvs1.",
}

// goType is how Go prints the type of a pointer.
var goType = regexp.MustCompile(`\*[a-z0-9]+\.[A-Za-z]`)

// Judge says what is wrong with an answer. canaries are further strings that it must not have.
func (c Case) Judge(a Answer, canaries ...string) error {
	if a.Status != c.Status {
		return fmt.Errorf("%s: status %d, want %d: %.500s", c.Name, a.Status, c.Status, a.Body)
	}
	for _, leak := range append(slices.Clone(leaks), canaries...) {
		if strings.Contains(string(a.Body), leak) {
			return fmt.Errorf("%s: the answer shows %q: %.500s", c.Name, leak, a.Body)
		}
	}
	if leak := goType.Find(a.Body); leak != nil {
		return fmt.Errorf("%s: the answer shows %q: %.500s", c.Name, leak, a.Body)
	}
	if c.Problem == "" {
		return nil
	}
	var problem struct{ Type, Title, Detail, Field string }
	if err := json.Unmarshal(a.Body, &problem); err != nil || a.Header.Get("Content-Type") != "application/problem+json" {
		return fmt.Errorf("%s: no problem: %v %.500s", c.Name, a.Header, a.Body)
	}
	if !strings.HasSuffix(problem.Type, "/problems/"+c.Problem) || problem.Field != c.Field || problem.Title == "" {
		return fmt.Errorf("%s: want %s, field %q: %.500s", c.Name, c.Problem, c.Field, a.Body)
	}
	if len(a.Body) > 1024 {
		return fmt.Errorf("%s: an answer of %d bytes repeats what was sent", c.Name, len(a.Body))
	}
	return nil
}

// All are all bad launches.
func All() []Case {
	return slices.Concat(shapeCases(), syntaxCases(), projectCases(), timeoutCases(), entrypointCases(), envCases(), sizeCases(), typeCases(),
		headerCases(), framingCases(), idCases(), callerCases())
}
