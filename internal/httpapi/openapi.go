package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

const (
	problemType = "application/problem+json"
	// apiVersion is that of the HTTP API, not of the program.
	apiVersion = "1.0.0"

	securityBearer = "bearer"
	securityTicket = "ticket"
	// ticketQuery is where an EventSource shows its ticket.
	ticketQuery = "ticket"
)

const apiDescription = `Launches generated web projects as previews, shows and stops them, sends them requests and streams their logs.

Every error is a problem (RFC 9457) with a stable ` + "`type`" + `. Every answer carries ` + "`X-Request-Id`" + `, taken over from the
request when it has 1 to 64 letters, digits, ` + "`.`, `_` and `-`" + `.`

// describeAPI makes the OpenAPI description of operations.
func describeAPI(operations []operation) ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	api := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Preview Operator", Version: apiVersion, Description: apiDescription},
		Tags: []*huma.Tag{
			{Name: tagGenerations}, {Name: tagPreviews}, {Name: tagUse}, {Name: tagService},
		},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				securityBearer: {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
				securityTicket: {Type: "apiKey", In: "query", Name: ticketQuery, Description: "A one-time ticket, for an EventSource, which cannot send headers."},
			},
		},
	}
	for _, o := range operations {
		api.AddOperation(o.describe(registry))
	}
	data, err := json.Marshal(api)
	if err != nil {
		return nil, fmt.Errorf("httpapi: describe the API: %w", err)
	}
	return data, nil
}

func (o *operation) describe(registry huma.Registry) *huma.Operation {
	described := &huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Tags: []string{o.tag},
		Summary: o.summary, Description: o.description,
		Parameters: o.parameters(), RequestBody: o.body.describe(registry),
		Responses: map[string]*huma.Response{},
	}
	if !o.open {
		described.Security = []map[string][]string{{securityBearer: {}}}
	}
	if o.ticket {
		described.Security = append(described.Security, map[string][]string{securityTicket: {}})
	}
	for _, answer := range o.answers {
		described.Responses[strconv.Itoa(answer.status)] = answer.describe(registry)
	}
	for _, k := range o.allProblems() {
		o.describeProblem(described, registry, k)
	}
	return described
}

func (o *operation) parameters() []*huma.Param {
	var all []*huma.Param
	if strings.Contains(o.path, "{generation_id}") {
		all = append(all, generationParam())
	}
	return append(append(all, o.params...), headerParam(requestIDHeader, "Taken over into the answer, the log and the errors.", false))
}

// describeProblem adds one kind of problem to the response of its status.
func (o *operation) describeProblem(described *huma.Operation, registry huma.Registry, k kind) {
	status := strconv.Itoa(k.status)
	response := described.Responses[status]
	if response == nil {
		response = &huma.Response{
			Headers: answerHeaders(requestIDHeader),
			Content: map[string]*huma.MediaType{problemType: {
				Schema:   registry.Schema(reflect.TypeFor[Problem](), true, "Problem"),
				Examples: map[string]*huma.Example{},
			}},
		}
		described.Responses[status] = response
	}
	response.Description = strings.TrimSpace(response.Description + " " + k.title + ".")
	response.Content[problemType].Examples[k.slug] = &huma.Example{Value: map[string]any{
		"type": problemBase + k.slug, "title": k.title, "status": k.status, "request_id": "5f0c1a",
	}}
	for _, name := range k.headers() {
		response.Headers[name] = answerHeader()
	}
}

func (b *bodySpec) describe(registry huma.Registry) *huma.RequestBody {
	if b == nil {
		return nil
	}
	body := &huma.RequestBody{Required: !b.optional, Content: map[string]*huma.MediaType{}}
	if b.json != nil {
		body.Content["application/json"] = &huma.MediaType{Schema: registry.Schema(reflect.TypeOf(b.json), true, "")}
	}
	for _, mediaType := range b.binary {
		body.Content[mediaType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return body
}

func (s *answerSpec) describe(registry huma.Registry) *huma.Response {
	response := &huma.Response{
		Description: s.description,
		Headers:     answerHeaders(append([]string{requestIDHeader}, s.headers...)...),
	}
	switch {
	case s.json != nil:
		response.Content = map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(reflect.TypeOf(s.json), true, "")}}
	case s.mediaType != "":
		response.Content = map[string]*huma.MediaType{s.mediaType: {Schema: textSchema}}
	}
	return response
}

func answerHeaders(names ...string) map[string]*huma.Param {
	headers := map[string]*huma.Param{}
	for _, name := range names {
		headers[name] = answerHeader()
	}
	return headers
}

func answerHeader() *huma.Param { return &huma.Param{Schema: textSchema} }

func (a *API) serveOpenAPI(c *gin.Context) (reply, error) {
	a.limitWrite(c)
	c.Data(http.StatusOK, "application/json", a.openAPI)
	return reply{written: true}, nil
}
