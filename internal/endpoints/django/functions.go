package django

import (
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// decoratorFunctions are the decorators that decide about the methods of views.
func (m *model) decoratorFunctions() map[string]python.NativeFunc {
	module := "django.views.decorators.http."
	fixed := func(methods ...string) python.NativeFunc {
		return func(c *python.Call) python.Value { return m.restrict(argument(c, 0, "func"), methods) }
	}
	return map[string]python.NativeFunc{
		module + "require_http_methods": func(c *python.Call) python.Value {
			methods, _ := c.Strs(0, "request_method_list")
			for i, method := range methods {
				methods[i] = strings.ToUpper(method)
			}
			made := python.NewBuiltin("require_http_methods", fixed(methods...))
			m.restricting[made] = methods
			return made
		},
		module + "require_GET":  fixed("GET"),
		module + "require_POST": fixed("POST"),
		// HEAD comes along with GET.
		module + "require_safe":                                       fixed("GET"),
		"django.utils.decorators.method_decorator":                    m.methodDecorator,
		"rest_framework.decorators.api_view":                          m.apiView,
		"rest_framework.decorators.action":                            m.action,
		"rest_framework.decorators.detail_route":                      func(c *python.Call) python.Value { return m.oldAction(c, true) },
		"rest_framework.decorators.list_route":                        func(c *python.Call) python.Value { return m.oldAction(c, false) },
		"django.contrib.admin.views.decorators.staff_member_required": func(c *python.Call) python.Value { return argument(c, 0, "view_func") },
	}
}

// restrict returns a view that lets only some methods through. The view itself stays as it is.
func (m *model) restrict(view python.Value, methods []string) python.Value {
	switch v := view.(type) {
	case *python.Function:
		wrapper := *v
		wrapper.Wrapped = v
		m.allowed[&wrapper] = methods
		return &wrapper
	case *python.Instance:
		if inner, ok := v.Native.(*classView); ok {
			wrapper := *inner
			wrapper.methods = methods
			return m.instance(asViewPath, &wrapper)
		}
	}
	return view
}

// allowedBy are the methods that the decorators of a function let through; nil for all.
func (m *model) allowedBy(function *python.Function) []string {
	var all []string
	for range maxWrappers {
		if methods, ok := m.allowed[function]; ok {
			if all == nil {
				all = slices.Clone(methods)
			}
			all = slices.DeleteFunc(all, func(method string) bool { return !slices.Contains(methods, method) })
		}
		if function.Wrapped == nil {
			break
		}
		function = function.Wrapped
	}
	return all
}

// maxWrappers bounds how many decorators around a function are looked through.
const maxWrappers = 100

// methodDecorator is method_decorator(decorator, name), on a class or on a method.
func (m *model) methodDecorator(c *python.Call) python.Value {
	name, _ := c.Str(1, "name", "")
	decorators := []python.Value{argument(c, 0, "decorator")}
	switch decorators[0].(type) {
	case *python.List, *python.Tuple:
		decorators, _ = m.in.Iterate(decorators[0])
	}
	return python.NewBuiltin("method_decorator", func(c *python.Call) python.Value {
		decorated := argument(c, 0, "")
		if class, ok := decorated.(*python.Class); ok {
			for _, decorator := range decorators {
				if methods := m.methodsOf(decorator); methods != nil && name == "dispatch" {
					m.restricted[class] = methods
				}
			}
			return decorated
		}
		if _, ok := decorated.(*python.Function); ok {
			for _, decorator := range decorators {
				if methods := m.methodsOf(decorator); methods != nil {
					decorated = m.restrict(decorated, methods)
				}
			}
		}
		return decorated
	})
}

// methodsOf are the methods that a decorator lets through; nil for all.
func (m *model) methodsOf(decorator python.Value) []string {
	made, ok := decorator.(*python.Builtin)
	if !ok {
		return nil
	}
	if methods, ok := m.restricting[made]; ok {
		return methods
	}
	switch made.Name[strings.LastIndexByte(made.Name, '.')+1:] {
	case "require_GET", "require_safe":
		return []string{"GET"}
	case "require_POST":
		return []string{"POST"}
	}
	return nil
}

// apiView is @api_view([...]).
func (m *model) apiView(c *python.Call) python.Value {
	methods, known := c.Strs(0, "http_method_names")
	if !known {
		c.Diagnose("unknown-methods", "the methods of api_view are computed at run time")
	}
	if len(methods) == 0 && known {
		methods = []string{"GET"}
	}
	for i := range methods {
		methods[i] = strings.ToUpper(methods[i])
	}
	return python.NewBuiltin("api_view", func(c *python.Call) python.Value {
		decorated := m.in.Unwrap(argument(c, 0, ""))
		function, ok := decorated.(*python.Function)
		if !ok {
			return decorated
		}
		wrapper := *function
		wrapper.Wrapped = function
		m.apiViews[&wrapper] = methods
		return &wrapper
	})
}

// functionRows are the methods of a function that is a view.
func (m *model) functionRows(function *python.Function) []row {
	doc, at := function.Doc, place{function.File, function.Line, false}
	methods := m.allowedBy(function)
	for f, i := function, 0; f != nil && i < maxWrappers; f, i = f.Wrapped, i+1 {
		if listed, ok := m.apiViews[f]; ok {
			methods = listed
			break
		}
	}
	inner := function.Inner()
	at.file, at.line = inner.File, inner.Line
	if methods == nil {
		methods = append([]string{"GET"}, comparedMethods(inner.Body())...)
	}
	var rows []row
	for i, method := range methods {
		if !slices.Contains(methods[:i], method) {
			rows = append(rows, row{method: method, doc: doc, at: at})
		}
	}
	return rows
}

// comparedMethods are the methods that a function compares a request's with.
func comparedMethods(body *syntax.Node) []string {
	aliases := map[string]bool{}
	var found []string
	var visit func(node *syntax.Node, depth int)
	visit = func(node *syntax.Node, depth int) {
		if node == nil || depth > maxBodyDepth {
			return
		}
		switch node.Kind {
		case "assignment":
			if isMethod(node.Child("right"), aliases) && node.Child("left").Is("identifier") {
				aliases[node.Child("left").Text] = true
			}
		case "comparison_operator":
			found = append(found, comparison(node, aliases)...)
		case "match_statement":
			if isMethod(node.Child("subject"), aliases) {
				found = append(found, casesOf(node, 0)...)
			}
		}
		for _, child := range node.Children {
			visit(child, depth+1)
		}
	}
	visit(body, 0)
	return found
}

// maxBodyDepth bounds how deep a function's syntax is looked at.
const maxBodyDepth = 500

// comparison returns the methods in a comparison that has a request's method on one side.
func comparison(node *syntax.Node, aliases map[string]bool) []string {
	operands := node.NamedChildren()
	if !slices.ContainsFunc(operands, func(operand *syntax.Node) bool { return isMethod(operand, aliases) }) {
		return nil
	}
	var found []string
	for _, operand := range operands {
		if !isMethod(operand, aliases) {
			found = append(found, methodStrings(operand, 0)...)
		}
	}
	return found
}

// isMethod tells whether an expression is request.method, or that in upper or lower case.
func isMethod(node *syntax.Node, aliases map[string]bool) bool {
	if node.Is("call") {
		function := node.Child("function")
		if function.Is("attribute") && (function.Child("attribute").Text == "lower" || function.Child("attribute").Text == "upper") {
			node = function.Child("object")
		}
	}
	switch {
	case node.Is("attribute"):
		return node.Child("attribute") != nil && node.Child("attribute").Text == "method"
	case node.Is("identifier"):
		return aliases[node.Text]
	}
	return false
}

// methodStrings are the methods among the string literals of an expression.
func methodStrings(node *syntax.Node, depth int) []string {
	if depth > maxBodyDepth {
		return nil
	}
	var found []string
	if node.Is("string") {
		if method := strings.ToUpper(strings.Trim(node.Text, `"'`)); slices.Contains(handlers, strings.ToLower(method)) {
			found = append(found, method)
		}
		return found
	}
	for _, child := range node.NamedChildren() {
		found = append(found, methodStrings(child, depth+1)...)
	}
	return found
}

// casesOf are the methods among the patterns of a match statement.
func casesOf(node *syntax.Node, depth int) []string {
	if depth > maxBodyDepth {
		return nil
	}
	var found []string
	for _, child := range node.NamedChildren() {
		switch child.Kind {
		case "case_pattern":
			found = append(found, methodStrings(child, depth)...)
		case "block", "case_clause":
			if child.Child("consequence") == nil || child.Kind == "block" {
				found = append(found, casesOf(child, depth+1)...)
				continue
			}
			for _, part := range child.NamedChildren() {
				if part.Kind == "case_pattern" {
					found = append(found, methodStrings(part, depth)...)
				}
			}
		}
	}
	return found
}
