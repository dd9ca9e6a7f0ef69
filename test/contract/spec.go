package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// spec is what matters here of an OpenAPI description.
type spec struct {
	OpenAPI string `json:"openapi"`
	// Paths by template, and by method in lower case.
	Paths      map[string]map[string]*operation `json:"paths"`
	Components struct {
		Responses map[string]*response `json:"responses"`
	} `json:"components"`
}

type operation struct {
	ID          string   `json:"operationId"`
	Summary     string   `json:"summary"`
	Tags        []string `json:"tags"`
	RequestBody *struct {
		Content map[string]mediaType `json:"content"`
	} `json:"requestBody"`
	Responses map[string]*response `json:"responses"`
}

type response struct {
	Description string               `json:"description"`
	Headers     map[string]field     `json:"headers"`
	Content     map[string]mediaType `json:"content"`
}

// field is one of the header.
type field struct {
	Required bool `json:"required"`
}

func (r *response) header(name string) (field, bool) {
	for documented, f := range r.Headers {
		if strings.EqualFold(documented, name) {
			return f, true
		}
	}
	return field{}, false
}

type mediaType struct {
	Schema   json.RawMessage `json:"schema"`
	Examples map[string]struct {
		Value json.RawMessage `json:"value"`
	} `json:"examples"`
}

// problems are the types that a response documents, each by an example.
func (r *response) problems() []string {
	var types []string
	for _, example := range r.Content[ProblemType].Examples {
		var problem struct{ Type string }
		if json.Unmarshal(example.Value, &problem) == nil {
			types = append(types, problem.Type)
		}
	}
	slices.Sort(types)
	return types
}

// place is where the description speaks of an answer.
type place struct {
	id string
	// pointer is the JSON pointer to the operation, or to the response when there is none.
	pointer   string
	operation *operation
	// response and status are those of what is no operation.
	response *response
	status   int
}

func (p place) requestPointer(name string) string {
	return p.pointer + "/requestBody/content/" + escape(name) + "/schema"
}

func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name)
}

// find returns the operation of a request, or what is said of routes and methods that are not.
func (c *Contract) find(method, path string) place {
	template := ""
	for candidate := range c.spec.Paths {
		// A literal segment wins over a parameter, as with the router.
		if matches(candidate, path) && (template == "" || strings.Count(candidate, "{") < strings.Count(template, "{")) {
			template = candidate
		}
	}
	if template == "" {
		return place{id: noRoute, pointer: "/components/responses/" + noRoute, response: c.spec.Components.Responses[noRoute], status: http.StatusNotFound}
	}
	if o := c.spec.Paths[template][strings.ToLower(method)]; o != nil {
		return place{id: o.ID, pointer: "/paths/" + escape(template) + "/" + strings.ToLower(method), operation: o}
	}
	return place{id: noMethod, pointer: "/components/responses/" + noMethod, response: c.spec.Components.Responses[noMethod], status: http.StatusMethodNotAllowed}
}

func matches(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if strings.HasPrefix(want[i], "{") && got[i] != "" {
			continue
		}
		if want[i] != got[i] {
			return false
		}
	}
	return true
}

func (c *Contract) operation(id string) (place, error) {
	for template, methods := range c.spec.Paths {
		for method, o := range methods {
			if o.ID == id {
				return place{id: id, pointer: "/paths/" + escape(template) + "/" + method, operation: o}, nil
			}
		}
	}
	return place{}, fmt.Errorf("there is no operation %s", id)
}

// Operations are the ids of all operations, in order.
func (c *Contract) Operations() []string {
	var ids []string
	for _, methods := range c.spec.Paths {
		for _, o := range methods {
			ids = append(ids, o.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// Routes are the methods and paths of all operations, in order.
func (c *Contract) Routes() []string {
	var routes []string
	for template, methods := range c.spec.Paths {
		for method := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+template)
		}
	}
	slices.Sort(routes)
	return routes
}

// Problems are the types of all documented problems, in order.
func (c *Contract) Problems() []string {
	types := map[string]bool{}
	for _, one := range c.Documented() {
		if one.Problem != "" {
			types[one.Problem] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

// Documented are all documented answers, in order.
func (c *Contract) Documented() []Case {
	var all []Case
	add := func(id string, status int, r *response) {
		types := r.problems()
		for _, problem := range types {
			all = append(all, Case{id, status, problem})
		}
		if len(types) == 0 {
			all = append(all, Case{id, status, ""})
		}
	}
	for _, methods := range c.spec.Paths {
		for _, o := range methods {
			for code, r := range o.Responses {
				status, _ := strconv.Atoi(code)
				add(o.ID, status, r)
			}
		}
	}
	for name, status := range map[string]int{noRoute: http.StatusNotFound, noMethod: http.StatusMethodNotAllowed} {
		if r := c.spec.Components.Responses[name]; r != nil {
			add(name, status, r)
		}
	}
	slices.SortFunc(all, func(a, b Case) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// checkReferences resolves every reference.
func (c *Contract) checkReferences(node any) []error {
	var errs []error
	switch node := node.(type) {
	case map[string]any:
		if ref, ok := node["$ref"].(string); ok {
			pointer, local := strings.CutPrefix(ref, "#")
			if !local {
				errs = append(errs, fmt.Errorf("the reference %s leads out", ref))
			} else if _, err := c.schema(pointer); err != nil {
				errs = append(errs, err)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(node)) {
			errs = append(errs, c.checkReferences(node[name])...)
		}
	case []any:
		for _, item := range node {
			errs = append(errs, c.checkReferences(item)...)
		}
	}
	return errs
}

// checkOperations holds that operations are complete, and that their schemas take their examples.
func (c *Contract) checkOperations() []error {
	var errs []error
	seen := map[string]bool{}
	for template, methods := range c.spec.Paths {
		for method, o := range methods {
			name := strings.ToUpper(method) + " " + template
			if o.ID == "" || seen[o.ID] {
				errs = append(errs, fmt.Errorf("%s: the operationId %q is missing or taken", name, o.ID))
			}
			seen[o.ID] = true
			if o.Summary == "" || len(o.Tags) == 0 || len(o.Responses) == 0 {
				errs = append(errs, fmt.Errorf("%s: summary, tags and responses are needed", name))
			}
			pointer := "/paths/" + escape(template) + "/" + method
			if o.RequestBody != nil {
				errs = append(errs, c.checkContent(pointer+"/requestBody", o.RequestBody.Content)...)
			}
			for status, r := range o.Responses {
				errs = append(errs, c.checkResponse(pointer+"/responses/"+status, r)...)
			}
		}
	}
	for _, name := range []string{noRoute, noMethod} {
		r := c.spec.Components.Responses[name]
		if r == nil {
			errs = append(errs, fmt.Errorf("components.responses lacks %s", name))
			continue
		}
		errs = append(errs, c.checkResponse("/components/responses/"+name, r)...)
	}
	return errs
}

func (c *Contract) checkResponse(pointer string, r *response) []error {
	var errs []error
	if r.Description == "" {
		errs = append(errs, fmt.Errorf("%s: a description is needed", pointer))
	}
	if problem, ok := r.Content[ProblemType]; ok && len(problem.Examples) == 0 {
		errs = append(errs, fmt.Errorf("%s: no type of problem is documented", pointer))
	}
	return append(errs, c.checkContent(pointer, r.Content)...)
}

func (c *Contract) checkContent(pointer string, content map[string]mediaType) []error {
	var errs []error
	for name, media := range content {
		at := pointer + "/content/" + escape(name) + "/schema"
		if len(media.Schema) == 0 {
			errs = append(errs, errors.New(at+" is missing"))
			continue
		}
		if _, err := c.schema(at); err != nil {
			errs = append(errs, err)
			continue
		}
		for _, example := range media.Examples {
			if err := c.validate(at, example.Value); err != nil {
				errs = append(errs, fmt.Errorf("%s: the example %s: %w", at, example.Value, err))
			}
		}
	}
	return errs
}
