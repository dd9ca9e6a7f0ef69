package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
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
			Schemas:   registry,
			Responses: map[string]*huma.Response{},
			SecuritySchemes: map[string]*huma.SecurityScheme{
				securityBearer: {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
				securityTicket: {Type: "apiKey", In: "query", Name: ticketQuery, Description: "A one-time ticket, for an EventSource, which cannot send headers."},
			},
		},
	}
	for name, k := range elsewhere {
		api.Components.Responses[name] = describeProblem(&huma.Response{}, registry, k)
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

// elsewhere are the answers for what is no operation.
var elsewhere = map[string]kind{"RouteNotFound": kindNoRoute, "MethodNotAllowed": kindMethod}

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
		status := strconv.Itoa(k.status)
		if described.Responses[status] == nil {
			described.Responses[status] = &huma.Response{}
		}
		describeProblem(described.Responses[status], registry, k)
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
func describeProblem(response *huma.Response, registry huma.Registry, k kind) *huma.Response {
	media := response.Content[problemType]
	if media == nil {
		media = &huma.MediaType{Examples: map[string]*huma.Example{}, Schema: &huma.Schema{AllOf: []*huma.Schema{
			registry.Schema(reflect.TypeFor[Problem](), true, "Problem"),
			{Properties: map[string]*huma.Schema{"type": {Type: huma.TypeString}, "status": {Type: huma.TypeInteger, Enum: []any{k.status}}}},
		}}}
		response.Content = map[string]*huma.MediaType{problemType: media}
		response.Headers = answerHeaders()
	}
	types := media.Schema.AllOf[1].Properties["type"]
	types.Enum = append(types.Enum, problemBase+k.slug)
	media.Examples[k.slug] = &huma.Example{Value: Problem{Type: problemBase + k.slug, Title: k.title, Status: k.status, RequestID: "5f0c1a"}}
	response.Description = strings.TrimSpace(response.Description + " " + k.title + ".")
	names := k.headers()
	if k == kindMethod {
		names = append(names, "Allow")
	}
	for _, name := range names {
		response.Headers[name] = answerHeader(name)
	}
	return response
}

func (b *bodySpec) describe(registry huma.Registry) *huma.RequestBody {
	if b == nil {
		return nil
	}
	body := &huma.RequestBody{Required: !b.optional, Content: map[string]*huma.MediaType{}}
	if b.json != nil {
		schema := schemaOf(registry, b.json)
		allowNull(registry.SchemaFromRef(schema.Ref))
		body.Content["application/json"] = &huma.MediaType{Schema: schema}
	}
	for _, mediaType := range b.binary {
		body.Content[mediaType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return body
}

func (s *answerSpec) describe(registry huma.Registry) *huma.Response {
	response := &huma.Response{
		Description: s.description,
		Headers:     answerHeaders(s.headers...),
	}
	switch {
	case s.json != nil:
		response.Content = map[string]*huma.MediaType{"application/json": {Schema: schemaOf(registry, s.json)}}
	case s.events != nil:
		response.Content = map[string]*huma.MediaType{s.mediaType: {Schema: eventsSchema(registry, s.events)}}
	case s.mediaType == "application/json":
		response.Content = map[string]*huma.MediaType{s.mediaType: {Schema: &huma.Schema{Type: huma.TypeObject}}}
	case s.mediaType != "":
		response.Content = map[string]*huma.MediaType{s.mediaType: {Schema: textSchema}}
	}
	for _, text := range s.texts {
		response.Content[text] = &huma.MediaType{Schema: textSchema}
	}
	return response
}

// streamEvents are the events of a log stream.
var streamEvents = map[string]any{"message": logEvent{}, "gap": gapEvent{}, "end": endEvent{}}

// eventsSchema describes Server-Sent Events, which OpenAPI 3.1 has no words for: each item is an event, its data decoded.
func eventsSchema(registry huma.Registry, events map[string]any) *huma.Schema {
	kinds := make([]*huma.Schema, 0, len(events))
	for _, name := range slices.Sorted(maps.Keys(events)) {
		kinds = append(kinds, &huma.Schema{
			Type: huma.TypeObject, Required: []string{"event", "data"}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{
				"event": {Type: huma.TypeString, Enum: []any{name}},
				"id":    textSchema,
				"data":  schemaOf(registry, events[name]),
			},
		})
	}
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{OneOf: kinds}, Description: "Server-Sent Events, with the JSON of data decoded."}
}

// allowNull lets a client write null for what it may leave out.
func allowNull(body *huma.Schema) {
	for name, member := range body.Properties {
		if member.Type != "" && !slices.Contains(body.Required, name) {
			member.Nullable = true
		}
	}
}

// schemaOf is a reference to the schema of a value's type. It also adds what is embedded: huma leaves out members that
// are not exported, embedded structs among them.
func schemaOf(registry huma.Registry, value any) *huma.Schema {
	schema := registry.Schema(reflect.TypeOf(value), true, "")
	addEmbedded(registry, reflect.TypeOf(value), map[reflect.Type]bool{})
	return schema
}

func addEmbedded(registry huma.Registry, t reflect.Type, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[Problem]().PkgPath() || seen[t] {
		return
	}
	seen[t] = true
	schema := registry.SchemaFromRef(registry.Schema(t, true, "").Ref)
	for member := range t.Fields() {
		addEmbedded(registry, member.Type, seen)
		if !member.Anonymous || member.IsExported() {
			continue
		}
		embedded := registry.SchemaFromRef(registry.Schema(member.Type, true, "").Ref)
		for name, value := range embedded.Properties {
			if schema.Properties[name] == nil {
				schema.Properties[name] = value
				if slices.Contains(embedded.Required, name) {
					schema.Required = append(schema.Required, name)
				}
			}
		}
		slices.Sort(schema.Required)
	}
}

// answerHeaders are those named, and those that every answer has.
func answerHeaders(names ...string) map[string]*huma.Param {
	headers := map[string]*huma.Param{requestIDHeader: answerHeader(requestIDHeader)}
	for _, name := range names {
		headers[name] = answerHeader(name)
	}
	return headers
}

// alwaysThere are the fields of the header that every answer has for which they are documented.
var alwaysThere = []string{requestIDHeader, "WWW-Authenticate", "Allow", "X-Accel-Buffering"}

func answerHeader(name string) *huma.Param {
	return &huma.Param{Schema: textSchema, Required: slices.Contains(alwaysThere, name)}
}

func (a *API) serveOpenAPI(c *gin.Context) (reply, error) {
	a.limitWrite(c)
	c.Data(http.StatusOK, "application/json", a.openAPI)
	return reply{written: true}, nil
}
