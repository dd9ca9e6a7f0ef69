package flask

import (
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const (
	viewPath       = "flask.views.View"
	methodViewPath = "flask.views.MethodView"
)

// handlers are what flask.views.http_method_funcs has.
var handlers = []string{"delete", "get", "head", "options", "patch", "post", "put", "trace"}

// view is what a view function, however it is wrapped, tells.
type view struct {
	name  string
	doc   string
	class *python.Class
	// methods are nil when the view does not say.
	methods []string
	file    string
	line    int
}

func (m *model) viewClasses() []*python.NativeClass {
	return []*python.NativeClass{
		{
			Path: viewPath, Aliases: []string{"flask.View", "quart.views.View"},
			ClassMethods: map[string]python.NativeFunc{"as_view": m.asView},
			Attrs: map[string]python.Value{
				"methods": python.None{}, "decorators": python.NewList(), "init_every_request": python.Bool(true), "provide_automatic_options": python.None{},
			},
		},
		{Path: methodViewPath, Aliases: []string{"flask.MethodView", "quart.views.MethodView", "apiflask.views.MethodView", "flask_smorest.MethodView", "flask_apispec.MethodResource", "flask_apispec.views.MethodResource"}, Bases: []string{viewPath}},
	}
}

// asView makes the view function of a class: a function that carries view_class and methods, which functools.wraps copies.
func (m *model) asView(c *python.Call) python.Value {
	name, _ := c.Str(0, "name", c.Class.Name)
	return m.viewFunction(c, c.Class, name)
}

func (m *model) viewFunction(c *python.Call, class *python.Class, name string) python.Value {
	var made python.Value = newViewFunction(c.In, class, name)
	decorators, _ := c.In.Attr(class, "decorators").(*python.List)
	if decorators == nil {
		return made
	}
	for _, decorator := range decorators.Items {
		if next := c.In.CallFrom(c, decorator, []python.Value{made}, nil); !python.IsUnknown(next) {
			made = next
		}
	}
	// Whatever the decorators have made is told which class it is of.
	if function, ok := made.(*python.Function); ok {
		c.In.SetAttr(function, "view_class", class)
		function.Name = name
	}
	return made
}

func newViewFunction(in *python.Interpreter, class *python.Class, name string) *python.Function {
	attrs := &python.Namespace{}
	attrs.Set("view_class", class)
	if methods := classMethods(in, class); methods != nil {
		list := python.NewList()
		for _, method := range methods {
			list.Items = append(list.Items, python.Str(method))
		}
		attrs.Set("methods", list)
	}
	return &python.Function{Name: name, QualName: name, Doc: class.Doc, Module: class.Module, File: class.File, Line: class.Line, Attrs: attrs}
}

// classMethods are the methods of a view class, as View's methods attribute and MethodView.__init_subclass__ have them; nil for None.
func classMethods(in *python.Interpreter, class *python.Class) []string {
	if !class.Is(methodViewPath) {
		if value := in.Attr(class, "methods"); value != nil {
			if all, ok := texts(in, value); ok && len(all) > 0 {
				return upper(all)
			}
		}
		return nil
	}
	for _, base := range class.MRO {
		if value, ok := base.Attrs.Get("methods"); ok && base == class {
			if all, ok := texts(in, value); ok {
				return upper(all)
			}
		}
	}
	var methods []string
	for _, base := range class.Bases {
		if parent, ok := base.(*python.Class); ok && parent.Is(viewPath) && parent.Native == nil {
			methods = append(methods, classMethods(in, parent)...)
		}
	}
	for _, handler := range handlers {
		if _, _, ok := class.Lookup(handler); ok {
			methods = append(methods, strings.ToUpper(handler))
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

func upper(methods []string) []string {
	all := make([]string, 0, len(methods))
	for _, method := range methods {
		all = append(all, strings.ToUpper(method))
	}
	return all
}

// takesClasses tells whether a library's route decorator takes classes of views.
func takesClasses(class *python.Class) bool {
	return class.Is(smorestBlueprintPath) || class.Is(apiflaskPath) || class.Is(apiflaskBlueprintPath)
}

// classView makes a rule for a class of views that stands where Flask has a function.
func classView(c *python.Call, target *python.Instance, p pending, class *python.Class) pending {
	if p.endpoint == "" {
		p.endpoint = class.Name
	}
	p.view = newViewFunction(c.In, class, p.endpoint)
	if state, ok := target.Native.(*blueprint); ok {
		p.endpoint = state.unique(p.endpoint)
	}
	return p
}

// viewMethods are the methods of a rule that does not say them.
func viewMethods(in *python.Interpreter, value python.Value) []string {
	if value != nil {
		if v := lookAt(in, value); v.methods != nil {
			return v.methods
		}
	}
	return []string{"GET"}
}

// viewName is what Flask takes for an endpoint that was not given.
func viewName(in *python.Interpreter, value python.Value) string {
	if value == nil {
		return "?"
	}
	return lookAt(in, value).name
}

// lookAt reads a view function: name, docstring, class.
func lookAt(in *python.Interpreter, value python.Value) view {
	switch v := in.Unwrap(value).(type) {
	case *python.Function:
		return lookAtFunction(in, v)
	case *python.Class:
		return view{name: v.Name, doc: v.Doc, file: v.File, line: v.Line}
	case *python.Instance:
		return view{name: v.Class.Name, doc: v.Class.Doc, file: v.Class.File, line: v.Class.Line}
	case *python.Builtin:
		return view{name: v.Name}
	case *python.External:
		return lookAtExternal(v)
	}
	return view{name: "?"}
}

// externalMethods are the methods of other packages' view classes, by the end of what their as_view returns.
var externalMethods = []struct {
	end     string
	methods []string
}{
	{"flask_graphql.GraphQLView.as_view()", []string{"DELETE", "GET", "POST", "PUT"}},
	{"graphql_server.flask.GraphQLView.as_view()", []string{"DELETE", "GET", "POST", "PUT"}},
	{"GraphQLView.as_view()", []string{"GET", "POST"}},
}

// lookAtExternal reads a view function that another package has made: of a class with as_view(name).
func lookAtExternal(external *python.External) view {
	v := view{name: "?"}
	if external.Call == nil || !strings.HasSuffix(external.Path, ".as_view()") {
		return v
	}
	if name, ok := python.AsStr(external.Call.Arg(0, "name")); ok {
		v.name = name
	}
	for _, known := range externalMethods {
		if strings.HasSuffix(external.Path, known.end) {
			v.methods = known.methods
			break
		}
	}
	return v
}

func lookAtFunction(in *python.Interpreter, f *python.Function) view {
	v := view{name: f.Name, doc: f.Doc, file: f.File, line: f.Line}
	if class, ok := f.Attrs.Get("view_class"); ok {
		v.class, _ = class.(*python.Class)
	}
	if methods, ok := f.Attrs.Get("methods"); ok {
		if all, ok := texts(in, methods); ok && len(all) > 0 {
			v.methods = upper(all)
		}
	}
	if doc, ok := f.Attrs.Get("__doc__"); ok {
		v.doc, _ = python.AsStr(doc)
	}
	return v
}

// docOf is the docstring of a view for one method: of a class's method, else the class's.
func docOf(in *python.Interpreter, v view, method string) string {
	if v.class == nil {
		return v.doc
	}
	if handler := handlerOf(in, v.class, method); handler != nil && handler.Doc != "" {
		return handler.Doc
	}
	return v.class.Doc
}

func handlerOf(in *python.Interpreter, class *python.Class, method string) *python.Function {
	value, _, ok := class.Lookup(strings.ToLower(method))
	if !ok {
		return nil
	}
	switch wrapped := value.(type) {
	case *python.StaticMethod:
		value = wrapped.Func
	case *python.ClassMethod:
		value = wrapped.Func
	}
	function, _ := in.Unwrap(value).(*python.Function)
	return function
}
