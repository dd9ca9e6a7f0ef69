package django

import (
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const (
	viewSetMixinPath = "rest_framework.viewsets.ViewSetMixin"
	methodMapperPath = "rest_framework.decorators.MethodMapper"
)

// action is what @action says of a method of a viewset.
type action struct {
	name    string
	detail  bool
	urlPath string
	urlName string
	// bound are the HTTP methods, each with the method of the viewset that answers it.
	bound   []methodAction
	initial []python.Keyword
}

// bind adds a method, or replaces who answers it.
func (a *action) bind(method, name string) {
	for i := range a.bound {
		if a.bound[i].method == method {
			a.bound[i].action = name
			return
		}
	}
	a.bound = append(a.bound, methodAction{method, name})
}

// mixins are those of rest_framework.mixins, with the actions they have, and of packages like it.
var mixins = map[string][]string{
	"rest_framework.mixins.CreateModelMixin":              {"create"},
	"rest_framework.mixins.ListModelMixin":                {"list"},
	"rest_framework.mixins.RetrieveModelMixin":            {"retrieve"},
	"rest_framework.mixins.UpdateModelMixin":              {"update", "partial_update"},
	"rest_framework.mixins.DestroyModelMixin":             {"destroy"},
	"rest_framework_bulk.mixins.BulkCreateModelMixin":     {"create"},
	"rest_framework_bulk.mixins.BulkUpdateModelMixin":     {"update", "partial_update", "bulk_update", "partial_bulk_update"},
	"rest_framework_bulk.mixins.BulkDestroyModelMixin":    {"destroy", "bulk_destroy"},
	"rest_framework_nested.viewsets.NestedViewSetMixin":   nil,
	"rest_framework_extensions.mixins.NestedViewSetMixin": nil,
}

// genericAPIViews are those of rest_framework.generics, each with the mixins that it is made of.
var genericAPIViews = []struct {
	name            string
	mixins, methods []string
}{
	{"CreateAPIView", []string{"Create"}, post},
	{"ListAPIView", []string{"List"}, get},
	{"RetrieveAPIView", []string{"Retrieve"}, get},
	{"DestroyAPIView", []string{"Destroy"}, []string{"delete"}},
	{"UpdateAPIView", []string{"Update"}, []string{"put", "patch"}},
	{"ListCreateAPIView", []string{"List", "Create"}, getPost},
	{"RetrieveUpdateAPIView", []string{"Retrieve", "Update"}, []string{"get", "put", "patch"}},
	{"RetrieveDestroyAPIView", []string{"Retrieve", "Destroy"}, []string{"get", "delete"}},
	{"RetrieveUpdateDestroyAPIView", []string{"Retrieve", "Update", "Destroy"}, []string{"get", "put", "patch", "delete"}},
}

func mixinPaths(names []string) []string {
	paths := make([]string, 0, len(names)+1)
	for _, name := range names {
		paths = append(paths, "rest_framework.mixins."+name+"ModelMixin")
	}
	return paths
}

func (m *model) restClasses() []*python.NativeClass {
	const generic = "rest_framework.generics.GenericAPIView"
	all := []*python.NativeClass{
		class(apiViewPath, []string{viewPath}),
		class(generic, []string{apiViewPath}),
		class(viewSetMixinPath, nil),
		class("rest_framework.viewsets.ViewSet", []string{viewSetMixinPath, apiViewPath}),
		class("rest_framework.viewsets.GenericViewSet", []string{viewSetMixinPath, generic}),
		class("rest_framework.viewsets.ReadOnlyModelViewSet", append(mixinPaths([]string{"Retrieve", "List"}), "rest_framework.viewsets.GenericViewSet")),
		class("rest_framework.viewsets.ModelViewSet",
			append(mixinPaths([]string{"Create", "Retrieve", "Update", "Destroy", "List"}), "rest_framework.viewsets.GenericViewSet")),
		{Path: methodMapperPath, GetAttr: m.mapperAttr},
		class("rest_framework_bulk.generics.BulkModelViewSet", []string{"rest_framework_bulk.mixins.BulkUpdateModelMixin",
			"rest_framework_bulk.mixins.BulkDestroyModelMixin", "rest_framework.viewsets.ModelViewSet"}),
	}
	// as_view of a viewset takes actions: it is the one of View, which looks at the class.
	all[2].ClassMethods = map[string]python.NativeFunc{"as_view": m.asView}
	for path, actions := range mixins {
		all = append(all, class(path, nil, actions...))
	}
	for _, known := range genericAPIViews {
		all = append(all, class("rest_framework.generics."+known.name, append(mixinPaths(known.mixins), generic), known.methods...))
	}
	for path, methods := range libraryAPIViews {
		all = append(all, class(path, []string{generic}, methods...))
	}
	return append(all, m.viewSetsOfLibraries()...)
}

// action is @action(methods, detail, url_path, …).
func (m *model) action(c *python.Call) python.Value {
	methods, known := c.Strs(0, "methods")
	if !known {
		c.Diagnose("unknown-methods", "the methods of an action are computed at run time")
	}
	detail, _ := c.Bool(1, "detail", false)
	urlPath, _ := c.Str(2, "url_path", "")
	return m.actionDecorator(methods, detail, urlPath, c.Keywords)
}

// oldAction is @detail_route and @list_route, which Django REST framework had before 3.10.
func (m *model) oldAction(c *python.Call, detail bool) python.Value {
	methods, _ := c.Strs(0, "methods")
	urlPath, _ := c.Str(-1, "url_path", "")
	return m.actionDecorator(methods, detail, urlPath, c.Keywords)
}

func (m *model) actionDecorator(methods []string, detail bool, urlPath string, initial []python.Keyword) python.Value {
	if len(methods) == 0 {
		methods = get
	}
	return python.Decorator("action", func(_ *python.Call, decorated python.Value) {
		function, ok := decorated.(*python.Function)
		if !ok {
			return
		}
		made := &action{name: function.Name, detail: detail, urlPath: urlPath, initial: initial}
		if urlPath == "" {
			made.urlPath = function.Name
		}
		made.urlName = strings.ReplaceAll(function.Name, "_", "-")
		for _, keyword := range initial {
			if text, ok := python.AsStr(keyword.Value); ok && keyword.Name == "url_name" {
				made.urlName = text
			}
		}
		for _, method := range methods {
			made.bind(strings.ToLower(method), function.Name)
		}
		m.actions[function] = made
		m.in.SetAttr(function, "mapping", m.instance(methodMapperPath, made))
	})
}

// mapperAttr is action.mapping.post and its like: decorators of methods that answer the same path.
func (m *model) mapperAttr(self *python.Instance, name string) python.Value {
	made, ok := self.Native.(*action)
	if !ok || !slices.Contains(handlers, name) {
		return nil
	}
	return python.Decorator("mapping."+name, func(_ *python.Call, decorated python.Value) {
		if function, ok := m.in.Unwrap(decorated).(*python.Function); ok {
			made.bind(name, function.Name)
		}
	})
}

// actionOf finds what @action has said of a method, below other decorators, too.
func (m *model) actionOf(value python.Value) *action {
	function, _ := value.(*python.Function)
	for range maxWrappers {
		if function == nil {
			break
		}
		if made, ok := m.actions[function]; ok {
			return made
		}
		function = function.Wrapped
	}
	return nil
}

// extraActions are a viewset's own, ordered by name as Python's inspect.getmembers does.
func (m *model) extraActions(class *python.Class) []*action {
	var names []string
	for _, above := range class.MRO {
		names = append(names, above.Attrs.Names()...)
	}
	slices.Sort(names)
	var all []*action
	for _, name := range slices.Compact(names) {
		value, _, _ := class.Lookup(name)
		if made := m.actionOf(value); made != nil {
			all = append(all, made)
		}
	}
	for _, above := range class.MRO {
		all = append(all, libraryActions[above.Path]...)
	}
	return all
}
