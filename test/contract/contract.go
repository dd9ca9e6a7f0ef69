// Package contract holds answers of the HTTP API against the OpenAPI description that it serves: the operation, its
// status, headers, media type, the schema of the body and the type of a problem. It also remembers what it has seen, so
// that a suite can tell what is documented and never happens.
//
// Bodies are judged by a JSON Schema validator that is pointed into the description itself. The validators of
// libopenapi, which check the description, let pass a body of null, bodies of types that they have no decoder for, and
// fields of the header that nobody has described.
package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pb33f/jsonschema/v6"
)

// ProblemType is the media type of every error.
const ProblemType = "application/problem+json"

// documentURL names the description in references.
const documentURL = "file:///openapi.json"

// The answers for what is no operation, by their names in the description's components.
const (
	noRoute  = "RouteNotFound"
	noMethod = "MethodNotAllowed"
)

// Case is one documented answer.
type Case struct {
	// Operation is the operation's id.
	Operation string
	Status    int
	// Problem is the problem's type, empty for an answer that is no problem.
	Problem string
}

func (c Case) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %d %s", c.Operation, c.Status, c.Problem[strings.LastIndex(c.Problem, "/")+1:]))
}

// Exchange is a request and its answer.
type Exchange struct {
	Method string
	// Path as it was sent, without the query.
	Path string
	// RequestType is the media type of the request's body, RequestBody the body; nil for none.
	RequestType string
	RequestBody []byte
	Status      int
	Header      http.Header
	Body        []byte
	// Streamed is set when the body is a stream, whose events are checked one by one.
	Streamed bool
}

// Contract is a description. Its methods may be called at once.
type Contract struct {
	spec     spec
	compiler *jsonschema.Compiler

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema
	seen    map[Case]bool
}

// Load reads a description and holds its parts together: that every schema compiles and every reference resolves, and
// that operations are complete.
func Load(document []byte) (*Contract, error) {
	c := &Contract{compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, seen: map[Case]bool{}}
	if err := json.Unmarshal(document, &c.spec); err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, fmt.Errorf("read the description: %w", err)
	}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	c.compiler.AssertContent()
	if err := c.compiler.AddResource(documentURL, raw); err != nil {
		return nil, err
	}
	return c, errors.Join(append(c.checkReferences(raw), c.checkOperations()...)...)
}

// schema compiles the schema at a JSON pointer.
func (c *Contract) schema(pointer string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.schemas[pointer]; ok {
		return known, nil
	}
	compiled, err := c.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", pointer, err)
	}
	c.schemas[pointer] = compiled
	return compiled, nil
}

func (c *Contract) validate(pointer string, body []byte) error {
	schema, err := c.schema(pointer)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	return schema.Validate(value)
}

// Check holds an exchange against the description and remembers it.
func (c *Contract) Check(e Exchange) error {
	place := c.find(e.Method, e.Path)
	described, pointer := place.response, place.pointer
	if place.operation != nil {
		status := strconv.Itoa(e.Status)
		described, pointer = place.operation.Responses[status], pointer+"/responses/"+status
	}
	if described == nil {
		return fmt.Errorf("%s %s (%s): status %d is not documented: %.300s", e.Method, e.Path, place.id, e.Status, e.Body)
	}
	if place.operation == nil && e.Status != place.status {
		return fmt.Errorf("%s %s is no operation: status %d, want %d: %.300s", e.Method, e.Path, e.Status, place.status, e.Body)
	}
	problem, err := c.checkAnswer(e, described, pointer)
	if err == nil {
		err = c.checkRequest(e, place)
	}
	if err != nil {
		return fmt.Errorf("%s %s (%s) %d: %w", e.Method, e.Path, place.id, e.Status, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[Case{place.id, e.Status, problem}] = true
	return nil
}

// checkAnswer returns the type of a problem.
func (c *Contract) checkAnswer(e Exchange, described *response, pointer string) (string, error) {
	if err := checkHeader(e.Header, described); err != nil {
		return "", err
	}
	if len(described.Content) == 0 {
		if len(e.Body) > 0 {
			return "", fmt.Errorf("a body that is not documented: %.300s", e.Body)
		}
		return "", nil
	}
	name, err := described.mediaType(e.Header.Get("Content-Type"))
	if err != nil || e.Streamed || !isJSON(name) {
		return "", err
	}
	if err := c.validate(pointer+"/content/"+escape(name)+"/schema", e.Body); err != nil {
		return "", fmt.Errorf("the body %.1000s: %w", e.Body, err)
	}
	if name != ProblemType {
		return "", nil
	}
	var problem struct{ Type string }
	if err := json.Unmarshal(e.Body, &problem); err != nil {
		return "", err
	}
	if !slices.Contains(described.problems(), problem.Type) {
		return "", fmt.Errorf("the problem %s is not documented", problem.Type)
	}
	return problem.Type, nil
}

// checkRequest holds that what was accepted is what the description allows.
func (c *Contract) checkRequest(e Exchange, at place) error {
	if e.Status >= http.StatusMultipleChoices || len(bytes.TrimSpace(e.RequestBody)) == 0 || at.operation == nil {
		return nil
	}
	if at.operation.RequestBody == nil {
		return errors.New("a request with a body was accepted, and none is documented")
	}
	name, err := matchType(at.operation.RequestBody.Content, e.RequestType)
	if err != nil || !isJSON(name) {
		return err
	}
	if err := c.validate(at.requestPointer(name), e.RequestBody); err != nil {
		return fmt.Errorf("the body %.300s was accepted: %w", e.RequestBody, err)
	}
	return nil
}

// undescribed are header fields that every answer may have: of HTTP, of the connection, and of browsers' rules for
// pages of other origins, which the description tells in words.
var undescribed = []string{
	"Cache-Control", "Connection", "Content-Length", "Content-Security-Policy", "Content-Type", "Date", "Keep-Alive", "Transfer-Encoding",
	"Vary", "X-Content-Type-Options",
}

func checkHeader(header http.Header, described *response) error {
	for name := range header {
		if _, ok := described.header(name); !ok && !slices.Contains(undescribed, name) && !strings.HasPrefix(name, "Access-Control-") {
			return fmt.Errorf("the header %s is not documented", name)
		}
	}
	for name, field := range described.Headers {
		if field.Required && header.Get(name) == "" {
			return fmt.Errorf("the header %s is missing", name)
		}
	}
	return nil
}

func (r *response) mediaType(contentType string) (string, error) {
	return matchType(r.Content, contentType)
}

// matchType finds the media type among those documented; a documented */* takes any.
func matchType(content map[string]mediaType, contentType string) (string, error) {
	parsed, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", fmt.Errorf("content type %q: %w", contentType, err)
	}
	for _, name := range []string{parsed, "*/*"} {
		if _, ok := content[name]; ok {
			return name, nil
		}
	}
	return "", fmt.Errorf("the content type %s is not documented", contentType)
}

func isJSON(name string) bool { return name == "application/json" || strings.HasSuffix(name, "+json") }

// CheckEvent holds one Server-Sent Event of an operation against its description. The name is empty for an event
// without one.
func (c *Contract) CheckEvent(operationID, id, name, data string) error {
	at, err := c.operation(operationID)
	if err != nil {
		return err
	}
	event := map[string]any{"event": name, "data": json.RawMessage(data)}
	if name == "" {
		event["event"] = "message"
	}
	if id != "" {
		event["id"] = id
	}
	whole, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("the event %s %q: %w", name, data, err)
	}
	if err := c.validate(at.pointer+"/responses/200/content/"+escape("text/event-stream")+"/schema/items", whole); err != nil {
		return fmt.Errorf("the event %s: %w", whole, err)
	}
	return nil
}

// CheckBody holds a JSON body against what an operation documents for requests.
func (c *Contract) CheckBody(operationID string, body []byte) error {
	at, err := c.operation(operationID)
	if err != nil {
		return err
	}
	return c.validate(at.requestPointer("application/json"), body)
}

// Unseen are the documented answers that have not occurred, in order.
func (c *Contract) Unseen() []Case {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(c.Documented(), func(one Case) bool { return c.seen[one] })
}

// Occurred are the documented answers that have occurred, in order.
func (c *Contract) Occurred() []Case {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(c.Documented(), func(one Case) bool { return !c.seen[one] })
}
