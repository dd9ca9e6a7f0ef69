package fastapi

import (
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const (
	// maxParams bounds the parameters of one route, maxDepends how deep dependencies are followed.
	maxParams  = 64
	maxDepends = 6
)

// markers are where the parameters are that are declared with them; empty for what is in the body.
var markers = map[string]string{"Path": "path", "Query": "query", "Header": "header", "Cookie": "cookie", "Body": "", "Form": "", "File": ""}

const (
	dependsPath = "fastapi.params.Depends"
	paramsPath  = "fastapi.params."
)

func parameterLibrary(library *python.Library) {
	class := func(name string, bases ...string) *python.NativeClass {
		return &python.NativeClass{
			Path: paramsPath + name, Aliases: []string{"fastapi." + name, "fastapi.param_functions." + name}, Bases: bases,
			Init: func(c *python.Call) python.Value {
				for _, keyword := range c.Keywords {
					c.Self.Attrs.Set(keyword.Name, keyword.Value)
				}
				if value := c.Arg(0, ""); value != nil {
					name := "default"
					if len(bases) > 0 || c.Self.Class.Is(dependsPath) {
						name = "dependency"
					}
					c.Self.Attrs.Set(name, value)
				}
				return nil
			},
		}
	}
	for name := range markers {
		library.Classes = append(library.Classes, class(name))
	}
	library.Classes = append(library.Classes, class("Depends"), class("Security", dependsPath))
}

// signature collects the parameters of a route.
type signature struct {
	in     *python.Interpreter
	params []route.Param
	seen   map[*python.Function]bool
}

func (r *rows) params(entry *python.Instance) []route.Param {
	s := signature{in: r.in, seen: map[*python.Function]bool{}}
	path, _ := python.AsStr(attr(entry, "path"))
	for _, match := range converter.FindAllStringSubmatch(path, maxParams) {
		if s.find("path", match[1]) == nil {
			s.params = append(s.params, route.Param{Name: match[1], In: "path", Type: converters[match[2]], Pattern: match[2], Required: true})
		}
	}
	s.of(attr(entry, "endpoint"), 0)
	depends, _ := r.in.Iterate(attr(entry, "dependencies"))
	for _, marker := range depends {
		if instance, ok := marker.(*python.Instance); ok {
			s.of(attr(instance, "dependency"), 1)
		}
	}
	return s.params
}

// converters are Starlette's, with the types of what they match.
var converters = map[string]string{"int": "integer", "float": "number", "uuid": "string", "path": "string", "str": "string"}

func (s *signature) find(in, name string) *route.Param {
	for i := range s.params {
		if s.params[i].In == in && s.params[i].Name == name {
			return &s.params[i]
		}
	}
	return nil
}

// of adds the parameters of what serves a route, or of something it depends on.
func (s *signature) of(callee python.Value, depth int) {
	if depth > maxDepends {
		return
	}
	skip := false
	if bound, ok := callee.(*python.BoundMethod); ok {
		callee, skip = bound.Func, true
	}
	if class, ok := callee.(*python.Class); ok {
		init, _, _ := class.Lookup("__init__")
		callee, skip = orUnknown(init), true
	}
	function, ok := s.in.Unwrap(callee).(*python.Function)
	if !ok || s.seen[function] {
		return
	}
	s.seen[function] = true
	for i, param := range function.Inner().Params {
		if len(s.params) >= maxParams {
			return
		}
		if i == 0 && (skip || function.Class != nil && param.Name == "self") || param.Kind == python.VarPositional || param.Kind == python.VarKeyword {
			continue
		}
		s.param(param, depth)
	}
}

func (s *signature) param(param python.Param, depth int) {
	annotation, marker := python.Value(nil), (*python.Instance)(nil)
	if param.Annotation != nil {
		annotation = s.in.Eval(param.Annotation)
	}
	required := isRequired(param.Default)
	if generic, ok := annotation.(*python.Generic); ok && lastName(generic.Origin) == "Annotated" && len(generic.Args) > 0 {
		annotation = generic.Args[0]
		for _, extra := range generic.Args[1:] {
			if instance, ok := extra.(*python.Instance); ok && strings.HasPrefix(instance.Class.Path, paramsPath) {
				marker = instance
			}
		}
	}
	if instance, ok := param.Default.(*python.Instance); ok && strings.HasPrefix(instance.Class.Path, paramsPath) {
		marker = instance
		value, given := instance.Attrs.Get("default")
		required = !given || isRequired(value) || python.IsUnknown(value)
		if factory, ok := instance.Attrs.Get("default_factory"); ok && !isNone(factory) {
			required = false
		}
	}
	if marker != nil && marker.Class.Is(dependsPath) {
		on := attr(marker, "dependency")
		if isNone(on) {
			on = orUnknown(annotation)
		}
		s.of(on, depth+1)
		return
	}
	s.add(param.Name, annotation, marker, required)
}

// isRequired reports whether a default is none.
func isRequired(value python.Value) bool {
	_, ellipsis := value.(python.Ellipsis)
	return value == nil || ellipsis
}

// add adds one parameter that is no dependency, unless it is in the body.
func (s *signature) add(name string, annotation python.Value, marker *python.Instance, required bool) {
	kind, scalar := typeOf(annotation)
	in := ""
	if marker != nil {
		in = markers[marker.Class.Name]
		if alias, ok := python.AsStr(attr(marker, "alias")); ok {
			name = alias
		} else if in == "header" {
			name = strings.ReplaceAll(name, "_", "-")
		}
	}
	if at := s.find("path", name); at != nil && (marker == nil || in == "path") {
		if kind != "" {
			at.Type = kind
		}
		return
	}
	if marker == nil && (scalar || annotation == nil) {
		in = "query"
	}
	if in == "" || in == "path" || s.find(in, name) != nil {
		return
	}
	s.params = append(s.params, route.Param{Name: name, In: in, Type: kind, Required: required})
}

// lastName is the last part of a type's dotted name.
func lastName(value python.Value) string {
	switch v := value.(type) {
	case *python.Class:
		return v.Name
	case *python.External:
		return v.Path[strings.LastIndexByte(v.Path, '.')+1:]
	case *python.Generic:
		return lastName(v.Origin)
	}
	return ""
}

// scalars are the types that make a query parameter of what is not marked, with JSON schema's names.
var scalars = map[string]string{
	"int": "integer", "float": "number", "Decimal": "number", "bool": "boolean", "str": "string", "bytes": "string", "UUID": "string", "UUID4": "string",
	"datetime": "string", "date": "string", "time": "string", "timedelta": "string", "EmailStr": "string", "AnyUrl": "string", "HttpUrl": "string",
	"PositiveInt": "integer", "NonNegativeInt": "integer", "Literal": "string", "constr": "string", "conint": "integer", "PositiveFloat": "number", "NonNegativeFloat": "number",
}

// typeOf is JSON schema's type for an annotation, and whether it is a scalar.
func typeOf(annotation python.Value) (kind string, scalar bool) {
	switch v := annotation.(type) {
	case *python.Generic:
		name := lastName(v.Origin)
		switch name {
		case "Optional", "Union", "UnionType":
			return unionOf(v.Args)
		case "list", "List", "set", "Set", "tuple", "Tuple", "Sequence":
			return "array", false
		}
		return scalars[name], scalars[name] != ""
	case *python.Class:
		if v.Is("enum.Enum") || v.Is("enum.StrEnum") || v.Is("enum.IntEnum") {
			if v.Is("builtins.int") || v.Is("enum.IntEnum") {
				return "integer", true
			}
			return "string", true
		}
		if v.Name == "list" {
			return "array", false
		}
	}
	name := scalars[lastName(annotation)]
	return name, name != ""
}

func unionOf(args []python.Value) (string, bool) {
	args = slices.DeleteFunc(slices.Clone(args), func(arg python.Value) bool { return isNone(arg) || lastName(arg) == "NoneType" })
	if len(args) == 1 {
		return typeOf(args[0])
	}
	all := len(args) > 0
	for _, arg := range args {
		_, scalar := typeOf(arg)
		all = all && scalar
	}
	return "", all
}
