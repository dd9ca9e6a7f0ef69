package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// operation is one route: how it is served, and what openapi.json says about it. Both come from here, so that neither
// can be forgotten.
type operation struct {
	method string
	// path has its parameters in braces.
	path string
	// id names the operation for generated clients, tag groups it.
	id, tag string
	// summary is one line, description, in Markdown, what a caller has to know besides.
	summary, description string
	// open needs no bearer token.
	open bool
	// ticket may stand in for the bearer token.
	ticket bool
	params []*huma.Param
	// body describes the request's body, nil for none.
	body *bodySpec
	// answers by status.
	answers []answerSpec
	// problems that this route has besides those that every route of its kind has.
	problems []kind
	handle   handler
}

// bodySpec is the body of a request.
type bodySpec struct {
	// json is a value of the type that JSON is read into.
	json any
	// binary are the media types that are taken as they are.
	binary   []string
	optional bool
}

// answerSpec is an answer that is no problem.
type answerSpec struct {
	status      int
	description string
	// json is a value of the type of the body; none when nil and mediaType is empty.
	json any
	// mediaType of a body that is not JSON.
	mediaType string
	// texts are media types that the body may have besides.
	texts []string
	// events of a stream: by name, a value of the type of their data. Lines without a name are message.
	events  map[string]any
	headers []string
}

// tags in the order of the documentation.
const (
	tagGenerations = "Generations"
	tagPreviews    = "Previews"
	tagUse         = "Use of a preview"
	tagService     = "Service"
)

// ginPath is the path as gin writes it.
func (o *operation) ginPath() string {
	return strings.NewReplacer("{", ":", "}", "").Replace(o.path)
}

// allProblems are the kinds that the route may answer with, in the order of their status.
func (o *operation) allProblems() []kind {
	all := slices.Clone(o.problems)
	if !o.open {
		all = append(all, kindUnauthorized, kindUnavailable, kindInternal)
	}
	if strings.Contains(o.path, "{generation_id}") {
		all = append(all, kindInvalidRequest, kindForbidden)
	}
	if strings.Contains(o.path, "/preview") && strings.Contains(o.path, "{generation_id}") {
		all = append(all, kindNoGeneration)
	}
	if o.body != nil {
		all = append(all, kindInvalidRequest, kindTooLarge, kindMediaType)
	}
	if slices.ContainsFunc(o.params, func(p *huma.Param) bool { return p.In != "path" }) {
		all = append(all, kindInvalidRequest)
	}
	slices.SortFunc(all, func(a, b kind) int {
		if a.status != b.status {
			return a.status - b.status
		}
		return strings.Compare(a.slug, b.slug)
	})
	return slices.Compact(all)
}

// operations is every route there is, but those for routes that are not.
func (a *API) operations() []operation {
	return slices.Concat(a.listOperations(), a.generationOperations(), a.previewOperations(), a.useOperations(), a.serviceOperations())
}

// serviceOperations are for probes, Prometheus and readers.
func (a *API) serviceOperations() []operation {
	return []operation{
		{
			method: http.MethodGet, path: "/healthz", id: "healthz", tag: tagService, open: true,
			summary: "Is the process alive?", handle: a.healthy,
			answers: []answerSpec{{status: http.StatusOK, description: "It is.", json: probeReply{}}},
		},
		{
			method: http.MethodGet, path: "/readyz", id: "readyz", tag: tagService, open: true,
			summary: "Can requests be served?", handle: a.ready,
			answers:  []answerSpec{{status: http.StatusOK, description: "They can.", json: probeReply{}}},
			problems: []kind{kindUnavailable},
		},
		{
			method: http.MethodGet, path: "/metrics", id: "metrics", tag: tagService, open: true,
			summary: "Metrics for Prometheus", handle: a.serveMetrics,
			answers: []answerSpec{{status: http.StatusOK, description: "In the text format.", mediaType: "text/plain"}},
		},
		{
			method: http.MethodGet, path: "/openapi.json", id: "openapi", tag: tagService, open: true,
			summary: "This description", handle: a.serveOpenAPI,
			answers: []answerSpec{{status: http.StatusOK, description: "OpenAPI 3.1.", mediaType: "application/json"}},
		},
		{
			method: http.MethodGet, path: "/docs", id: "docs", tag: tagService, open: true,
			summary: "A page to read and try it on", handle: a.serveDocs("index.html"),
			answers: []answerSpec{{status: http.StatusOK, description: "HTML.", mediaType: "text/html"}},
		},
		{
			method: http.MethodGet, path: "/docs/{file}", id: "docsFile", tag: tagService, open: true,
			summary: "What the page is made of", handle: a.serveDocs(""),
			params:   []*huma.Param{pathParam("file", "The name of the file.")},
			answers:  []answerSpec{{status: http.StatusOK, description: "A script or a style sheet.", mediaType: "*/*"}},
			problems: []kind{kindNoRoute},
		},
	}
}

// probeReply is the answer to a probe.
type probeReply struct {
	Status string `json:"status" enum:"ok,ready"`
}

var textSchema = &huma.Schema{Type: huma.TypeString}

func pathParam(name, description string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Description: description, Schema: textSchema}
}

func generationParam() *huma.Param {
	most := maxIDBytes
	return &huma.Param{
		Name: "generation_id", In: "path", Required: true, Description: "Id of the generation.",
		Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &most, Pattern: idPattern.String()},
	}
}

func headerParam(name, description string, required bool) *huma.Param {
	return &huma.Param{Name: name, In: "header", Required: required, Description: description, Schema: textSchema}
}

func queryParam(name, description string, schema *huma.Schema) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: description, Schema: schema}
}
