package django

import (
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const (
	viewPath    = "django.views.generic.base.View"
	asViewPath  = "django.views.generic.base.View.as_view"
	apiViewPath = "rest_framework.views.APIView"
)

// classView is what as_view() returns.
type classView struct {
	class *python.Class
	// initial are the keyword arguments of as_view().
	initial []python.Keyword
	// actions are those of a viewset: pairs of HTTP method and name. Nil for other views.
	actions []methodAction
	// methods are what a decorator such as require_POST leaves of them; nil for all.
	methods []string
	at      place
}

type methodAction struct{ method, action string }

// knownView is a view of a library, of which only the methods matter.
type knownView struct{ methods []string }

// handlers are the methods of requests that views of classes handle, in Django's order. The last ones are rows only where
// the project writes them itself.
var (
	handlers     = []string{"get", "post", "put", "patch", "delete", "head", "options", "trace"}
	rareHandlers = []string{"head", "options", "trace"}
)

func noop(*python.Call) python.Value { return python.Unknown{} }

// class makes a native class of a view, or a mixin of one, with methods that do nothing.
func class(path string, bases []string, methods ...string) *python.NativeClass {
	native := &python.NativeClass{Path: path, Bases: bases, Methods: map[string]python.NativeFunc{}}
	for _, method := range methods {
		native.Methods[method] = noop
	}
	return native
}

func (m *model) viewClasses() []*python.NativeClass {
	names := python.NewList()
	for _, name := range handlers {
		names.Items = append(names.Items, python.Str(name))
	}
	view := class(viewPath, nil)
	view.Aliases = []string{"django.views.View", "django.views.generic.View"}
	view.Attrs = map[string]python.Value{"http_method_names": names}
	view.ClassMethods = map[string]python.NativeFunc{"as_view": m.asView}
	all := []*python.NativeClass{view, {Path: asViewPath}}
	base := []string{viewPath}
	for _, known := range genericViews {
		native := class(known.module+known.name, base, known.methods...)
		native.Aliases = []string{"django.views.generic." + known.name}
		all = append(all, native)
	}
	for path, methods := range libraryViews {
		all = append(all, class(path, base, methods...))
	}
	return all
}

func (m *model) asView(c *python.Call) python.Value {
	view := &classView{class: c.Class, initial: c.Keywords, at: placeOf(c)}
	if c.Class.Is(viewSetMixinPath) {
		view.actions = []methodAction{}
		if actions, ok := c.Arg(0, "actions").(*python.Dict); ok {
			for i := range actions.Len() {
				key, value := actions.At(i)
				method, known := python.AsStr(key)
				action, alsoKnown := python.AsStr(value)
				if known && alsoKnown {
					view.actions = append(view.actions, methodAction{strings.ToLower(method), action})
				}
			}
		}
	}
	return m.instance(asViewPath, view)
}

// row is one method of a view, with its documentation.
type row struct {
	method, doc string
	at          place
	likely      bool
	// as says how the route is described, where that is not what the docstring says.
	as *route.Route
}

func (m *model) classRows(view *classView) []row {
	names := m.methodNames(view)
	var rows []row
	add := func(method, attribute string) {
		if !slices.Contains(names, method) {
			return
		}
		upper := strings.ToUpper(method)
		if view.methods != nil && !slices.Contains(view.methods, upper) {
			return
		}
		doc, at := documentation(view.class, attribute)
		rows = append(rows, row{method: upper, doc: doc, at: at})
	}
	if view.actions != nil {
		for _, bound := range view.actions {
			add(bound.method, bound.action)
		}
		return rows
	}
	restricted := m.dispatchMethods(view.class)
	for _, method := range handlers {
		value, owner, ok := view.class.Lookup(method)
		if !ok || value == (python.None{}) || owner.Native != nil && slices.Contains(rareHandlers, method) {
			continue
		}
		if restricted == nil || slices.Contains(restricted, strings.ToUpper(method)) {
			add(method, method)
		}
	}
	return rows
}

// methodNames are the methods that a view lets through.
func (m *model) methodNames(view *classView) []string {
	var value python.Value
	for _, keyword := range view.initial {
		if keyword.Name == "http_method_names" {
			value = keyword.Value
		}
	}
	if value == nil {
		value = m.in.Attr(view.class, "http_method_names")
	}
	items, complete := m.in.Iterate(value)
	if !complete {
		return handlers
	}
	var names []string
	for _, item := range items {
		if name, ok := python.AsStr(item); ok {
			names = append(names, strings.ToLower(name))
		}
	}
	return names
}

// dispatchMethods are those that decorators of dispatch let through; nil for all.
func (m *model) dispatchMethods(class *python.Class) []string {
	for _, above := range class.MRO {
		if methods, ok := m.restricted[above]; ok {
			return methods
		}
	}
	value, _, _ := class.Lookup("dispatch")
	if function, ok := value.(*python.Function); ok {
		return m.allowedBy(function)
	}
	return nil
}

// documentation is the docstring of a method that the project wrote, else the class's own, and where the method is.
func documentation(class *python.Class, attribute string) (string, place) {
	at := place{class.File, class.Line, false}
	value, _, _ := class.Lookup(attribute)
	switch v := value.(type) {
	case *python.StaticMethod:
		value = v.Func
	case *python.ClassMethod:
		value = v.Func
	}
	if function, ok := value.(*python.Function); ok {
		at.file, at.line = function.File, function.Line
		if function.Doc != "" {
			return function.Doc, at
		}
	}
	return class.Doc, at
}

// genericViews are Django's own views of classes, which django.views.generic has, too.
var genericViews = []struct {
	module, name string
	methods      []string
}{
	{"django.views.generic.base.", "TemplateView", get},
	{"django.views.generic.base.", "RedirectView", get},
	{"django.views.generic.list.", "ListView", get},
	{"django.views.generic.list.", "BaseListView", get},
	{"django.views.generic.detail.", "DetailView", get},
	{"django.views.generic.detail.", "BaseDetailView", get},
	{"django.views.generic.edit.", "ProcessFormView", getPost},
	{"django.views.generic.edit.", "FormView", getPost},
	{"django.views.generic.edit.", "BaseFormView", getPost},
	{"django.views.generic.edit.", "CreateView", getPost},
	{"django.views.generic.edit.", "BaseCreateView", getPost},
	{"django.views.generic.edit.", "UpdateView", getPost},
	{"django.views.generic.edit.", "BaseUpdateView", getPost},
	{"django.views.generic.edit.", "DeleteView", getPost},
	{"django.views.generic.edit.", "BaseDeleteView", getPost},
	{"django.views.generic.dates.", "ArchiveIndexView", get},
	{"django.views.generic.dates.", "YearArchiveView", get},
	{"django.views.generic.dates.", "MonthArchiveView", get},
	{"django.views.generic.dates.", "WeekArchiveView", get},
	{"django.views.generic.dates.", "DayArchiveView", get},
	{"django.views.generic.dates.", "TodayArchiveView", get},
	{"django.views.generic.dates.", "DateDetailView", get},
}
