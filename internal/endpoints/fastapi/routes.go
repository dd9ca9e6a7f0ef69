package fastapi

import (
	"regexp"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// converter is a parameter in a path, as Starlette's compile_path reads it.
var converter = regexp.MustCompile(`\{([a-zA-Z_][a-zA-Z0-9_]*)(?::([a-zA-Z_][a-zA-Z0-9_]*))?\}`)

func (m *model) routeClass() *python.NativeClass {
	return &python.NativeClass{Path: routePath, Init: m.routeInit}
}

func (m *model) apiRouteClass() *python.NativeClass {
	return &python.NativeClass{Path: apiRoutePath, Bases: []string{routePath}, Init: m.apiRouteInit, Properties: map[string]python.NativeFunc{"unique_id": m.uniqueID}}
}

func (m *model) socketClass() *python.NativeClass {
	return &python.NativeClass{Path: socketPath, Init: m.socketInit}
}

func (m *model) apiSocketClass() *python.NativeClass {
	return &python.NativeClass{Path: apiSocketPath, Aliases: []string{"fastapi.routing.APIWebsocketRoute"}, Bases: []string{socketPath}, Init: m.socketInit}
}

func (m *model) mountClass() *python.NativeClass {
	return &python.NativeClass{Path: mountPath, Init: m.mountInit}
}

// joined is prefix + path: a string, or Unknown.
func joined(prefix, path python.Value) python.Value {
	before, ok := python.AsStr(prefix)
	if isNone(prefix) {
		before, ok = "", true
	}
	after, known := python.AsStr(path)
	if !ok || !known || len(before)+len(after) > maxPath {
		return python.Unknown{}
	}
	return python.Str(before + after)
}

func formatted(path python.Value) python.Value {
	if text, ok := python.AsStr(path); ok {
		return python.Str(converter.ReplaceAllString(text, "{$1}"))
	}
	return python.Unknown{}
}

func (m *model) apiRouteInit(c *python.Call) python.Value {
	self := c.Self.Attrs
	path, endpoint := orUnknown(c.Arg(0, "path")), orUnknown(c.Arg(1, "endpoint"))
	self.Set("path", path)
	self.Set("path_format", formatted(path))
	self.Set("endpoint", endpoint)
	for _, name := range []string{"summary", "deprecated", "operation_id", "openapi_extra", "generate_unique_id_function", "response_model"} {
		self.Set(name, argument(c, name, python.None{}))
	}
	self.Set("include_in_schema", argument(c, "include_in_schema", python.Bool(true)))
	for _, name := range []string{"tags", "dependencies"} {
		value := argument(c, name, python.NewList())
		if isNone(value) {
			value = python.NewList()
		}
		self.Set(name, value)
	}
	self.Set("name", nameFor(c, endpoint))
	self.Set("description", description(c, endpoint))
	self.Set("methods", methodsOf(c))
	return nil
}

func orUnknown(value python.Value) python.Value {
	if value == nil {
		return python.Unknown{}
	}
	return value
}

func nameFor(c *python.Call, endpoint python.Value) python.Value {
	if name := c.Arg(-1, "name"); !isNone(name) {
		return name
	}
	if name := endpointName(c.In, endpoint); name != "" {
		return python.Str(name)
	}
	return python.Unknown{}
}

// endpointName is what starlette.routing.get_name returns; empty when it is not known.
func endpointName(in *python.Interpreter, endpoint python.Value) string {
	switch v := endpoint.(type) {
	case *python.Function:
		return v.Name
	case *python.Class:
		return v.Name
	case *python.Instance:
		return v.Class.Name
	case *python.BoundMethod:
		return endpointName(in, v.Func)
	case *python.Builtin:
		return v.Name
	case *python.External:
		if v.Call == nil {
			return v.Path[strings.LastIndexByte(v.Path, '.')+1:]
		}
	}
	if inner := in.Unwrap(endpoint); inner != endpoint {
		return endpointName(in, inner)
	}
	return ""
}

// endpointDoc is the __doc__ of what serves a route.
func endpointDoc(in *python.Interpreter, endpoint python.Value) string {
	switch v := endpoint.(type) {
	case *python.Function:
		return v.Doc
	case *python.Class:
		return v.Doc
	case *python.Instance:
		return v.Class.Doc
	case *python.BoundMethod:
		return endpointDoc(in, v.Func)
	}
	if inner := in.Unwrap(endpoint); inner != endpoint {
		return endpointDoc(in, inner)
	}
	return ""
}

// description is the one given, or what the docstring says up to a form feed.
func description(c *python.Call, endpoint python.Value) python.Value {
	given := c.Arg(-1, "description")
	if given != nil {
		if truth, known := c.In.Truth(given); !known || truth {
			text, ok := python.AsStr(given)
			if !ok {
				return python.Unknown{}
			}
			return python.Str(beforeFeed(text))
		}
	}
	return python.Str(beforeFeed(route.CleanDoc(endpointDoc(c.In, endpoint))))
}

func beforeFeed(text string) string {
	text, _, _ = strings.Cut(text, "\f")
	return strings.TrimSpace(text)
}

// methodsOf are the methods in upper case, as a set; Unknown where one of them is.
func methodsOf(c *python.Call) python.Value {
	given := c.Arg(-1, "methods")
	if isNone(given) {
		given = python.NewList(python.Str("GET"))
	}
	items, complete := c.In.Iterate(given)
	methods := &python.Set{}
	for _, item := range items {
		text, ok := python.AsStr(item)
		if !ok {
			complete = false
			continue
		}
		methods.Add(python.Str(strings.ToUpper(text)))
	}
	if !complete {
		return python.Unknown{}
	}
	return methods
}

func (m *model) routeInit(c *python.Call) python.Value {
	self := c.Self.Attrs
	path, endpoint := orUnknown(c.Arg(0, "path")), orUnknown(c.Arg(1, "endpoint"))
	self.Set("path", path)
	self.Set("path_format", formatted(path))
	self.Set("endpoint", endpoint)
	self.Set("name", nameFor(c, endpoint))
	self.Set("methods", methodsOf(c))
	self.Set("include_in_schema", argument(c, "include_in_schema", python.Bool(true)))
	return nil
}

func (m *model) socketInit(c *python.Call) python.Value {
	self := c.Self.Attrs
	path, endpoint := orUnknown(c.Arg(0, "path")), orUnknown(c.Arg(1, "endpoint"))
	self.Set("path", path)
	self.Set("path_format", formatted(path))
	self.Set("endpoint", endpoint)
	self.Set("name", nameFor(c, endpoint))
	return nil
}

func (m *model) mountInit(c *python.Call) python.Value {
	path := orUnknown(c.Arg(0, "path"))
	if text, ok := python.AsStr(path); ok {
		path = python.Str(strings.TrimRight(text, "/"))
	}
	c.Self.Attrs.Set("path", path)
	c.Self.Attrs.Set("app", orUnknown(c.Arg(1, "app")))
	c.Self.Attrs.Set("name", orUnknown(c.Arg(2, "name")))
	return nil
}

// uniqueID is the route's operation id, or what FastAPI or the project's function makes of it.
func (m *model) uniqueID(c *python.Call) python.Value {
	if id := m.operationID(c.In, c.Self); id != "" {
		return python.Str(id)
	}
	return python.Unknown{}
}

var notWord = regexp.MustCompile(`[^\pL\pN_]`)

func (m *model) operationID(in *python.Interpreter, self *python.Instance) string {
	if id, ok := python.AsStr(attr(self, "operation_id")); ok && id != "" {
		return id
	}
	if make := attr(self, "generate_unique_id_function"); !isNone(make) {
		id, _ := python.AsStr(in.Call(make, []python.Value{self}, nil))
		return id
	}
	name, known := python.AsStr(attr(self, "name"))
	path, ok := python.AsStr(attr(self, "path_format"))
	methods, _ := in.Iterate(attr(self, "methods"))
	if !known || !ok || len(methods) == 0 {
		return ""
	}
	method, _ := python.AsStr(methods[0])
	return notWord.ReplaceAllString(name+path, "_") + "_" + strings.ToLower(method)
}

// attr is what was set on an object: None when nothing was.
func attr(self *python.Instance, name string) python.Value {
	if value, ok := self.Attrs.Get(name); ok {
		return value
	}
	return python.None{}
}
