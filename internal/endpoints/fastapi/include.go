package fastapi

import (
	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// add appends a route to a router's.
func (m *model) add(c *python.Call, router *python.Instance, class python.Value, path, endpoint python.Value, keywords []python.Keyword) {
	if m.made++; m.made > maxRoutes {
		c.Diagnose("too-many-routes", "the project makes more routes than are followed")
		return
	}
	made, ok := c.In.CallFrom(c, class, []python.Value{path}, with(keywords, "endpoint", endpoint)).(*python.Instance)
	if !ok {
		c.Diagnose("unknown-route", "the class of a route is not known")
		return
	}
	made.File, made.Line = c.File, c.Line
	made.Assumed = made.Assumed || c.Assumed || c.OpenKeywords
	routes := routesOf(router)
	routes.Items = append(routes.Items, made)
}

// addAPIRoute is APIRouter.add_api_route(path, endpoint, *, ...).
func (m *model) addAPIRoute(c *python.Call) python.Value {
	self, in := c.Self, c.In
	class := c.Arg(-1, "route_class_override")
	if isNone(class) {
		class = member(in, self, "route_class")
	}
	if of, ok := class.(*python.Class); !ok || !of.Is(routePath) {
		class = in.Native(apiRoutePath)
	}
	keywords := c.Keywords[:0:0]
	for _, keyword := range c.Keywords {
		switch keyword.Name {
		case "path", "endpoint", "route_class_override", "responses", "callbacks", "response_class":
		default:
			keywords = append(keywords, keyword)
		}
	}
	keywords = with(keywords, "tags", concatenated(in, member(in, self, "tags"), c.Arg(-1, "tags")))
	keywords = with(keywords, "dependencies", concatenated(in, member(in, self, "dependencies"), c.Arg(-1, "dependencies")))
	keywords = with(keywords, "deprecated", either(in, c.Arg(-1, "deprecated"), member(in, self, "deprecated")))
	keywords = with(keywords, "include_in_schema", both(in, argument(c, "include_in_schema", python.Bool(true)), member(in, self, "include_in_schema")))
	if isNone(c.Arg(-1, "generate_unique_id_function")) {
		keywords = with(keywords, "generate_unique_id_function", member(in, self, "generate_unique_id_function"))
	}
	m.add(c, self, class, joined(member(in, self, "prefix"), orUnknown(c.Arg(0, "path"))), orUnknown(c.Arg(1, "endpoint")), keywords)
	return nil
}

// member reads an attribute of an object or its class: None when there is none.
func member(in *python.Interpreter, self *python.Instance, name string) python.Value {
	if value := in.Attr(self, name); value != nil {
		return value
	}
	return python.None{}
}

// concatenated is a new list of the items of all.
func concatenated(in *python.Interpreter, all ...python.Value) python.Value {
	list := python.NewList()
	for _, value := range all {
		if isNone(value) {
			continue
		}
		items, complete := in.Iterate(value)
		list.Items = append(list.Items, items[:min(len(items), maxTags)]...)
		list.Open = list.Open || !complete
	}
	list.Items = list.Items[:min(len(list.Items), maxTags)]
	return list
}

// either is Python's or.
func either(in *python.Interpreter, all ...python.Value) python.Value {
	last := python.Value(python.None{})
	for _, value := range all {
		if value == nil {
			continue
		}
		last = value
		if truth, known := in.Truth(value); truth || !known {
			return value
		}
	}
	return last
}

// both is Python's and: false where one of them is.
func both(in *python.Interpreter, all ...python.Value) python.Value {
	result := python.Value(python.Bool(true))
	for _, value := range all {
		truth, known := in.Truth(value)
		if known && !truth {
			return python.Bool(false)
		}
		if !known {
			result = python.Unknown{}
		}
	}
	return result
}

func (m *model) addRoute(c *python.Call) python.Value {
	m.add(c, c.Self, c.In.Native(routePath), joined(member(c.In, c.Self, "prefix"), orUnknown(c.Arg(0, "path"))), orUnknown(firstOf(c.Arg(1, "endpoint"), c.Arg(1, "route"))), keep(c, "methods", "name", "include_in_schema"))
	return nil
}

func firstOf(values ...python.Value) python.Value {
	for _, value := range values {
		if value != nil {
			return value
		}
	}
	return nil
}

func (m *model) addSocketRoute(c *python.Call) python.Value {
	m.add(c, c.Self, c.In.Native(socketPath), orUnknown(c.Arg(0, "path")), orUnknown(firstOf(c.Arg(1, "endpoint"), c.Arg(1, "route"))), keep(c, "name"))
	return nil
}

func (m *model) addAPISocketRoute(c *python.Call) python.Value {
	keywords := keep(c, "name")
	if name := c.Arg(2, ""); name != nil {
		keywords = with(keywords, "name", name)
	}
	m.add(c, c.Self, c.In.Native(apiSocketPath), joined(member(c.In, c.Self, "prefix"), orUnknown(c.Arg(0, "path"))), orUnknown(c.Arg(1, "endpoint")), keywords)
	return nil
}

func (m *model) mount(c *python.Call) python.Value {
	app := orUnknown(c.Arg(1, "app"))
	made, ok := m.construct(c, mountPath, []python.Keyword{{Name: "path", Value: orUnknown(c.Arg(0, "path"))}, {Name: "app", Value: app}}).(*python.Instance)
	if m.made++; !ok || m.made > maxRoutes {
		return nil
	}
	made.File, made.Line, made.Assumed = c.File, c.Line, made.Assumed || c.Assumed
	routes := routesOf(c.Self)
	routes.Items = append(routes.Items, made)
	return nil
}

// includeRouter is APIRouter.include_router(router, *, prefix, tags, ...): it copies the routes that the other router has now.
func (m *model) includeRouter(c *python.Call) python.Value {
	other, ok := c.Arg(0, "router").(*python.Instance)
	if !ok {
		c.Diagnose("unknown-router", "the router that is included is not known")
		return nil
	}
	if other.Class.Is(starlettePath) {
		if inner, ok := attr(other, "router").(*python.Instance); ok {
			other = inner
		}
	}
	if !other.Class.Is(bareRouter) {
		c.Diagnose("unknown-router", "what is included is no router")
		return nil
	}
	if other == c.Self {
		return nil
	}
	prefix := argument(c, "prefix", python.Str(""))
	for _, item := range append([]python.Value(nil), routesOf(other).Items...) {
		if m.made > maxRoutes {
			break
		}
		if included, ok := item.(*python.Instance); ok {
			m.copied(c, other, included, prefix)
		}
	}
	return nil
}

// copied adds one route of a router that is included to the router it is included in.
func (m *model) copied(c *python.Call, from, included *python.Instance, prefix python.Value) {
	var method string
	var keywords []python.Keyword
	switch {
	case included.Class.Is(apiRoutePath):
		method, keywords = "add_api_route", m.copiedKeywords(c, from, included)
	case included.Class.Is(routePath):
		method, keywords = "add_route", []python.Keyword{{Name: "methods", Value: attr(included, "methods")}, {Name: "name", Value: attr(included, "name")}, {Name: "include_in_schema", Value: attr(included, "include_in_schema")}}
	case included.Class.Is(apiSocketPath):
		method, keywords = "add_api_websocket_route", []python.Keyword{{Name: "name", Value: attr(included, "name")}}
	case included.Class.Is(socketPath):
		method, keywords = "add_websocket_route", []python.Keyword{{Name: "name", Value: attr(included, "name")}}
	default:
		return
	}
	// A route is declared where it is first, and is as sure as all that was done with it.
	at := *c
	at.File, at.Line = included.File, included.Line
	at.Assumed = c.Assumed || included.Assumed || c.OpenKeywords
	before := len(routesOf(c.Self).Items)
	m.call(&at, c.Self, method, []python.Value{joined(prefix, attr(included, "path")), attr(included, "endpoint")}, keywords)
	for _, item := range routesOf(c.Self).Items[before:] {
		if made, ok := item.(*python.Instance); ok {
			made.File, made.Line, made.Assumed = included.File, included.Line, made.Assumed || at.Assumed
		}
	}
}

func (m *model) copiedKeywords(c *python.Call, from, included *python.Instance) []python.Keyword {
	in, self := c.In, c.Self
	schema := both(in, attr(included, "include_in_schema"), member(in, self, "include_in_schema"), argument(c, "include_in_schema", python.Bool(true)))
	unique := attr(included, "generate_unique_id_function")
	for _, value := range []python.Value{member(in, from, "generate_unique_id_function"), c.Arg(-1, "generate_unique_id_function")} {
		if isNone(unique) && value != nil {
			unique = value
		}
	}
	return []python.Keyword{
		{Name: "response_model", Value: attr(included, "response_model")},
		{Name: "tags", Value: concatenated(in, c.Arg(-1, "tags"), attr(included, "tags"))},
		{Name: "dependencies", Value: concatenated(in, c.Arg(-1, "dependencies"), attr(included, "dependencies"))},
		{Name: "summary", Value: attr(included, "summary")},
		{Name: "description", Value: attr(included, "description")},
		{Name: "deprecated", Value: either(in, attr(included, "deprecated"), c.Arg(-1, "deprecated"), member(in, self, "deprecated"))},
		{Name: "methods", Value: attr(included, "methods")},
		{Name: "operation_id", Value: attr(included, "operation_id")},
		{Name: "include_in_schema", Value: schema},
		{Name: "name", Value: attr(included, "name")},
		{Name: "route_class_override", Value: included.Class},
		{Name: "openapi_extra", Value: attr(included, "openapi_extra")},
		{Name: "generate_unique_id_function", Value: unique},
	}
}
