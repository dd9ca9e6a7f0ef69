package flask

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const flaskViewPath = "flask_classful.FlaskView"

// classRoute is a rule that flask_classful.route has put on a method.
type classRoute struct {
	rule    string
	methods []string
	known   bool
}

// specialMethods are the methods of a FlaskView whose names say which method of HTTP they answer.
var specialMethods = map[string]string{"get": "GET", "put": "PUT", "patch": "PATCH", "post": "POST", "delete": "DELETE", "index": "GET"}

// hintConverters are the converters that the type of an argument stands for.
var hintConverters = map[string]string{"builtins.str": "string:", "builtins.int": "int:", "builtins.float": "float:", "uuid.UUID": "uuid:"}

func (m *model) classfulClass() *python.NativeClass {
	return &python.NativeClass{
		Path: flaskViewPath, Aliases: []string{"flask_classy.FlaskView"},
		ClassMethods: map[string]python.NativeFunc{"register": m.registerFlaskView},
		Attrs: map[string]python.Value{
			"route_base": python.None{}, "route_prefix": python.None{}, "trailing_slash": python.Bool(true), "base_args": python.NewList(),
			"excluded_methods": python.NewList(), "method_dashified": python.Bool(false), "decorators": python.NewList(),
		},
	}
}

// classfulRoute is the decorator flask_classful.route.
func (m *model) classfulRoute(c *python.Call) python.Value {
	rule, known := c.Str(0, "rule", "")
	methods, ok := methodsOf(c, c.Arg(-1, "methods"))
	at := *c
	return python.Decorator("route", func(_ *python.Call, method python.Value) {
		function, isFunction := m.in.Unwrap(method).(*python.Function)
		if !isFunction {
			return
		}
		if !known || !ok {
			at.Diagnose("unknown-path", "the rule of this method is not known")
		}
		m.classRoutes[function] = append(m.classRoutes[function], classRoute{rule: rule, methods: methods, known: known && ok})
	})
}

// flaskView is how one class of Flask-Classful is registered.
type flaskView struct {
	m              *model
	call           *python.Call
	class          *python.Class
	base, prefix   string
	slash, dashing bool
	ignored        []string
}

func (m *model) registerFlaskView(c *python.Call) python.Value {
	target, ok := m.target(c.Arg(0, "app"))
	if !ok || c.Class == nil {
		return nil
	}
	v := flaskView{m: m, call: c, class: c.Class}
	var knownBase, knownPrefix bool
	v.base, knownBase = v.setting(1, "route_base")
	v.prefix, knownPrefix = v.setting(3, "route_prefix")
	if !knownBase || !knownPrefix {
		c.Diagnose("unknown-prefix", "the base of the routes of "+c.Class.Name+" is not known")
		return nil
	}
	v.slash, v.dashing = v.flag(4, "trailing_slash"), v.flag(5, "method_dashified")
	if given, _ := text(c.Arg(1, "route_base")); given == "" && m.in.Attr(c.Class, "route_base") == (python.None{}) {
		v.base = dashed(strings.TrimSuffix(c.Class.Name, "View"))
	}
	if arguments, ok := m.in.Attr(c.Class, "base_args").(*python.List); ok {
		v.ignored, _ = texts(m.in, arguments)
	}
	_, params := parseRule(v.base)
	for _, param := range params {
		v.ignored = append(v.ignored, param.Name)
	}
	for _, method := range v.members() {
		v.add(target, method)
	}
	return nil
}

// setting is an argument of register, else the class's attribute.
func (v *flaskView) setting(position int, name string) (string, bool) {
	if given, ok := text(v.call.Arg(position, name)); !ok || given != "" {
		return given, ok
	}
	return text(v.m.in.Attr(v.class, name))
}

func (v *flaskView) flag(position int, name string) bool {
	value := v.call.Arg(position, name)
	switch value.(type) {
	case nil, python.None:
		value = v.m.in.Attr(v.class, name)
	}
	truth, _ := v.m.in.Truth(value)
	return truth
}

// members are the methods that become routes, in the order of their names.
func (v *flaskView) members() []*python.Function {
	excluded, _ := texts(v.m.in, v.m.in.Attr(v.class, "excluded_methods"))
	found := map[string]*python.Function{}
	for i := len(v.class.MRO) - 1; i >= 0; i-- {
		attrs := v.class.MRO[i].Attrs
		for j := range attrs.Len() {
			name, value := attrs.At(j)
			function, ok := v.m.in.Unwrap(value).(*python.Function)
			private := strings.HasPrefix(name, "_") || strings.HasPrefix(name, "before_") || strings.HasPrefix(name, "after_")
			if ok && !private && !slices.Contains(excluded, name) {
				found[name] = function
			} else {
				delete(found, name)
			}
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	sort.Strings(names)
	all := make([]*python.Function, 0, len(names))
	for _, name := range names {
		all = append(all, found[name])
	}
	return all
}

func (v *flaskView) add(target *python.Instance, method *python.Function) {
	p := pending{view: method, endpoint: v.class.Name + ":" + method.Name, file: method.File, line: method.Line, assumed: v.call.Assumed}
	if own, ok := v.m.classRoutes[method]; ok {
		for _, r := range own {
			if !r.known {
				continue
			}
			p.path, p.methods = v.rule(r.rule, nil), r.methods
			if p.methods == nil {
				p.methods = []string{"GET"}
			}
			v.m.addTo(v.call, target, p)
		}
		return
	}
	if http, ok := specialMethods[method.Name]; ok {
		p.methods = []string{http}
		p.path = v.rule("/", method)
		if !v.slash && p.path != "/" {
			p.path = strings.TrimRight(p.path, "/")
		}
	} else {
		p.methods = []string{"GET"}
		if all, ok := texts(v.m.in, v.m.in.Attr(v.class, "default_methods")); ok && len(all) > 0 {
			p.methods = upper(all)
		}
		name := method.Name
		if v.dashing {
			name = strings.ReplaceAll(name, "_", "-")
		}
		if p.path = "/" + name + "/"; !v.slash {
			p.path = "/" + name
		}
		p.path = v.rule(p.path, method)
	}
	if v.slash && !strings.HasSuffix(p.path, "/") {
		p.path += "/"
	}
	v.m.addTo(v.call, target, p)
}

var slashes = regexp.MustCompile(`/{2,}`)

// rule is FlaskView.build_rule: prefix, base, the rule, and a variable for every argument without a default.
func (v *flaskView) rule(rule string, method *python.Function) string {
	var parts []string
	for _, part := range []string{v.prefix, strings.Trim(v.base, "/"), rule} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if method != nil {
		for _, param := range method.Inner().Params {
			if param.Name == "self" || param.Default != nil || slices.Contains(v.ignored, param.Name) || param.Kind > python.PositionalOnly {
				continue
			}
			parts = append(parts, "<"+v.converter(param)+param.Name+">")
		}
	}
	return slashes.ReplaceAllString("/"+strings.Join(parts, "/"), "/")
}

func (v *flaskView) converter(param python.Param) string {
	if param.Annotation == nil {
		return ""
	}
	switch hint := v.m.in.Eval(param.Annotation).(type) {
	case *python.Class:
		return hintConverters[hint.Path]
	case *python.External:
		return hintConverters[hint.Path]
	}
	return ""
}

var (
	beforeWord = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	afterLower = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

// dashed writes somethingWithUppercase as something-with-uppercase.
func dashed(name string) string {
	return strings.ToLower(afterLower.ReplaceAllString(beforeWord.ReplaceAllString(name, "$1-$2"), "$1-$2"))
}
