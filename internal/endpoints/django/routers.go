package django

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const (
	simpleRouterPath  = "rest_framework.routers.SimpleRouter"
	defaultRouterPath = "rest_framework.routers.DefaultRouter"
	apiRootPath       = "rest_framework.routers.APIRootView"
	registeredPath    = "rest_framework_extensions.routers.NestedRegistryItem"
	routePath         = "rest_framework.routers.Route"
	dynamicRoutePath  = "rest_framework.routers.DynamicRoute"
)

// router is the state of a router of Django REST framework.
type router struct {
	// root: it has a view that lists what is registered.
	root bool
	// regex is false for routers whose routes are what path() takes.
	regex bool
	// parent is what comes before the routes of a nested router.
	parent string
	nested int
	// urls are the router's patterns, once somebody has asked for them.
	urls python.Value
	at   place
	// places are where the viewsets were registered.
	places map[*python.Tuple]place
}

// routeTemplate is one of a router's routes.
type routeTemplate struct {
	url     string
	name    string
	bound   []methodAction
	detail  bool
	dynamic bool
	initial []python.Keyword
}

var usualRoutes = []routeTemplate{
	{url: "^{prefix}{trailing_slash}$", name: "{basename}-list", bound: []methodAction{{"get", "list"}, {"post", "create"}}},
	{url: "^{prefix}/{url_path}{trailing_slash}$", name: "{basename}-{url_name}", dynamic: true},
	{url: "^{prefix}/{lookup}{trailing_slash}$", name: "{basename}-detail", detail: true,
		bound: []methodAction{{"get", "retrieve"}, {"put", "update"}, {"patch", "partial_update"}, {"delete", "destroy"}}},
	{url: "^{prefix}/{lookup}/{url_path}{trailing_slash}$", name: "{basename}-{url_name}", detail: true, dynamic: true},
}

func (m *model) routerClasses() []*python.NativeClass {
	alloc := func(*python.Class) any { return &router{regex: true, places: map[*python.Tuple]place{}} }
	simple := &python.NativeClass{
		Path: simpleRouterPath, Aliases: []string{"rest_framework.routers.BaseRouter"}, Alloc: alloc, Init: m.initRouter,
		Methods: map[string]python.NativeFunc{
			"register":         m.register,
			"get_urls":         m.routerURLs,
			"get_lookup_regex": m.lookupRegex,
		},
		Properties: map[string]python.NativeFunc{"urls": m.routerURLsOnce},
		GetAttr: func(self *python.Instance, name string) python.Value {
			if name != "registry" {
				return nil
			}
			registry := python.NewList()
			m.in.SetAttr(self, "registry", registry)
			return registry
		},
	}
	full := &python.NativeClass{Path: defaultRouterPath, Bases: []string{simpleRouterPath}, Init: func(c *python.Call) python.Value {
		if self, ok := c.Self.Native.(*router); ok {
			self.root = true
		}
		return m.initRouter(c)
	}, Attrs: map[string]python.Value{"include_root_view": python.Bool(true)}}
	nestedInit := func(root bool) python.NativeFunc {
		return func(c *python.Call) python.Value {
			if self, ok := c.Self.Native.(*router); ok {
				self.root = root
			}
			return m.initNested(c)
		}
	}
	return []*python.NativeClass{simple, full, class(apiRootPath, []string{apiViewPath}, "get"), namedFields(routePath), namedFields(dynamicRoutePath),
		{Path: registeredPath, Methods: map[string]python.NativeFunc{"register": m.registerNested}},
		{Path: "rest_framework_extensions.routers.ExtendedSimpleRouter", Bases: []string{simpleRouterPath}},
		{Path: "rest_framework_extensions.routers.ExtendedDefaultRouter", Bases: []string{defaultRouterPath}},
		{Path: "rest_framework_nested.routers.NestedSimpleRouter", Bases: []string{simpleRouterPath}, Init: nestedInit(false)},
		{Path: "rest_framework_nested.routers.NestedDefaultRouter", Bases: []string{defaultRouterPath}, Init: nestedInit(true)},
	}
}

// namedFields is the class of a named tuple of routers.
func namedFields(path string) *python.NativeClass {
	fields := []string{"url", "mapping", "name", "detail", "initkwargs"}
	if path == dynamicRoutePath {
		fields = []string{"url", "name", "detail", "initkwargs"}
	}
	return &python.NativeClass{Path: path, Init: func(c *python.Call) python.Value {
		for i, name := range fields {
			if value := c.Arg(i, name); value != nil {
				c.In.SetAttr(c.Self, name, value)
			}
		}
		return nil
	}}
}

func (m *model) initRouter(c *python.Call) python.Value {
	self, ok := c.Self.Native.(*router)
	if !ok {
		return nil
	}
	self.at = placeOf(c)
	slash := "/"
	if with, known := c.Bool(0, "trailing_slash", true); known && !with {
		slash = ""
	}
	if regex, known := c.Bool(-1, "use_regex_path", true); known && !regex {
		self.regex = false
	}
	m.in.SetAttr(c.Self, "trailing_slash", python.Str(slash))
	m.in.SetAttr(c.Self, "registry", python.NewList())
	return nil
}

// initNested is NestedSimpleRouter(parent, prefix, lookup=…) of drf-nested-routers.
func (m *model) initNested(c *python.Call) python.Value {
	inner := *c
	if len(inner.Positional) > 2 {
		inner.Positional = inner.Positional[2:]
	} else {
		inner.Positional = nil
	}
	m.initRouter(&inner)
	self, ok := c.Self.Native.(*router)
	above, isRouter := c.Arg(0, "parent_router").(*python.Instance)
	if !ok || !isRouter {
		c.Diagnose("unknown-router", "the router that this one is nested in is not known")
		return nil
	}
	parent, isRouter := above.Native.(*router)
	prefix, known := c.Str(1, "parent_prefix", "")
	if !isRouter || !known {
		c.Diagnose("unknown-router", "the router that this one is nested in is not known")
		return nil
	}
	if c.Arg(-1, "trailing_slash") == nil {
		m.in.SetAttr(c.Self, "trailing_slash", m.in.Attr(above, "trailing_slash"))
	}
	self.nested = parent.nested + 1
	self.regex = parent.regex
	lookup, _ := c.Str(-1, "lookup", "nested_"+string(rune('0'+self.nested%10)))
	registered, _ := m.in.Iterate(m.in.Attr(above, "registry"))
	for _, entry := range registered {
		item, ok := entry.(*python.Tuple)
		if !ok || len(item.Items) < 2 {
			continue
		}
		if name, _ := python.AsStr(item.Items[0]); name != prefix {
			continue
		}
		value := m.in.Call(m.in.Attr(above, "get_lookup_regex"), []python.Value{item.Items[1], python.Str(lookup + "_")}, nil)
		regex, _ := python.AsStr(value)
		self.parent = parent.parent + prefix + "/" + regex + "/"
		if prefix == "" {
			self.parent = parent.parent + regex + "/"
		}
		return nil
	}
	c.Diagnose("unknown-router", "nothing is registered with the prefix "+prefix+" that this router is nested in")
	return nil
}

func (m *model) register(c *python.Call) python.Value {
	basename := c.Arg(2, "basename")
	if basename == nil {
		basename = c.Arg(-1, "base_name")
	}
	if _, isNone := basename.(python.None); isNone || basename == nil {
		basename = python.Unknown{}
	}
	entry := python.NewTuple(argument(c, 0, "prefix"), argument(c, 1, "viewset"), basename)
	if self, ok := c.Self.Native.(*router); ok {
		self.places[entry] = placeOf(c)
	}
	if registry, ok := m.in.Attr(c.Self, "registry").(*python.List); ok {
		registry.Items = append(registry.Items, entry)
	}
	prefix, _ := python.AsStr(entry.Items[0])
	return m.instance(registeredPath, &registered{router: c.Self, prefix: prefix, viewset: entry.Items[1]})
}

// registered is what register() returns with the routers of drf-extensions: what is registered with it is nested.
type registered struct {
	router  *python.Instance
	above   *registered
	prefix  string
	viewset python.Value
}

// registerNested is register(prefix, viewset, basename, parents_query_lookups) of what register() has returned.
func (m *model) registerNested(c *python.Call) python.Value {
	self, ok := c.Self.Native.(*registered)
	lookups, known := c.Strs(3, "parents_query_lookups")
	prefix, alsoKnown := c.Str(0, "prefix", "")
	if !ok || self == nil || !known || !alsoKnown {
		c.Diagnose("unknown-viewset", "what is registered here is not known")
		return nil
	}
	whole := prefix
	for item, i := self, len(lookups)-1; item != nil && i >= 0; item, i = item.above, i-1 {
		regex, ok := python.AsStr(orUnknown(m.in.Attr(item.viewset, "lookup_value_regex")))
		if !ok {
			regex = "[^/.]+"
		}
		whole = item.prefix + "/(?P<parent_lookup_" + lookups[i] + ">" + regex + ")/" + whole
	}
	inner := *c
	inner.Self = self.router
	inner.Positional = append([]python.Value{python.Str(whole)}, c.Positional[min(1, len(c.Positional)):]...)
	m.register(&inner)
	return m.instance(registeredPath, &registered{self.router, self, prefix, argument(c, 1, "viewset")})
}

func (m *model) routerURLsOnce(c *python.Call) python.Value {
	self, ok := c.Self.Native.(*router)
	if !ok {
		return python.NewList()
	}
	if self.urls == nil {
		// A subclass may have its own get_urls, which asks for urls again.
		self.urls = python.NewList()
		self.urls = m.in.Call(m.in.Attr(c.Self, "get_urls"), nil, nil)
	}
	return self.urls
}

// routerURLs is get_urls: the patterns of what is registered, the root view last.
func (m *model) routerURLs(c *python.Call) python.Value {
	self, ok := c.Self.Native.(*router)
	all := python.NewList()
	if !ok {
		return all
	}
	slash, known := python.AsStr(m.in.Attr(c.Self, "trailing_slash"))
	if !known {
		slash = "/"
	}
	routes := m.routesOf(c.Self)
	registered, _ := m.in.Iterate(m.in.Attr(c.Self, "registry"))
	for _, entry := range registered {
		item, ok := entry.(*python.Tuple)
		if !ok || len(item.Items) < 2 {
			continue
		}
		at, placed := self.places[item]
		if !placed {
			at = m.placeOfEntry(item, self.at)
		}
		viewset, ok := m.in.Unwrap(item.Items[1]).(*python.Class)
		prefix, known := python.AsStr(item.Items[0])
		if !ok || !known {
			m.in.Diagnose("unknown-viewset", "what is registered here is not known", at.file, at.line)
			continue
		}
		lookup, _ := python.AsStr(m.in.Call(m.in.Attr(c.Self, "get_lookup_regex"), []python.Value{viewset}, nil))
		fill := strings.NewReplacer("{prefix}", prefix, "{lookup}", lookup, "{trailing_slash}", slash)
		for _, template := range routes {
			m.addRoutes(all, self, template, viewset, item, fill, at)
		}
	}
	if root, known := m.in.Truth(m.in.Attr(c.Self, "include_root_view")); self.root && (root || !known) {
		m.addRoot(all, c.Self, self.at)
	}
	return all
}

// placeOfEntry finds where an entry was registered that another router's registry was extended with.
func (m *model) placeOfEntry(item *python.Tuple, fallback place) place {
	for _, other := range m.in.Instances(simpleRouterPath) {
		if state, ok := other.Native.(*router); ok {
			if at, ok := state.places[item]; ok {
				return at
			}
		}
	}
	return fallback
}

func (m *model) addRoutes(all *python.List, self *router, template routeTemplate, viewset *python.Class, entry *python.Tuple, fill *strings.Replacer, at place) {
	prefix, _ := python.AsStr(entry.Items[0])
	if self.regex {
		template.url = strings.ReplaceAll(template.url, "^", "^"+self.parent)
	}
	routes := []routeTemplate{template}
	if template.dynamic {
		routes = nil
		for _, extra := range m.extraActions(viewset) {
			if extra.detail == template.detail {
				url := strings.ReplaceAll(template.url, "{url_path}", extra.urlPath)
				name := strings.ReplaceAll(template.name, "{url_name}", extra.urlName)
				routes = append(routes, routeTemplate{url: url, name: name, bound: extra.bound, initial: extra.initial})
			}
		}
	}
	for _, one := range routes {
		view := &classView{class: viewset, actions: []methodAction{}, initial: one.initial, at: at}
		for _, bound := range one.bound {
			if _, _, ok := viewset.Lookup(bound.action); ok || isLibraryAction(viewset, bound.action) {
				view.actions = append(view.actions, bound)
			}
		}
		if len(view.actions) == 0 {
			continue
		}
		text := fill.Replace(one.url)
		if prefix == "" && strings.HasPrefix(text, "^/") {
			text = "^" + text[2:]
		}
		kind := regexText
		if !self.regex {
			kind, text = routeText, strings.TrimSuffix(strings.TrimPrefix(text, "^"), "$")
			if prefix == "" {
				text = strings.TrimPrefix(text, "/")
			}
			text = self.parent + text
		}
		leaf := &urlPattern{pattern{kind, text, true}, m.instance(asViewPath, view), routeName(one.name, entry), at}
		all.Items = append(all.Items, m.instance(patternPath, leaf))
	}
}

// routeName is the name of a route, Unknown where the viewset's model gives it.
func routeName(template string, entry *python.Tuple) python.Value {
	if len(entry.Items) > 2 {
		if basename, ok := python.AsStr(entry.Items[2]); ok {
			return python.Str(strings.ReplaceAll(template, "{basename}", basename))
		}
	}
	return python.Unknown{}
}

func (m *model) addRoot(all *python.List, self *python.Instance, at place) {
	class, ok := m.in.Attr(self, "APIRootView").(*python.Class)
	if !ok {
		class, ok = m.in.Native(apiRootPath).(*python.Class)
	}
	if !ok {
		return
	}
	view := m.instance(asViewPath, &classView{class: class, at: at})
	all.Items = append(all.Items, m.instance(patternPath, &urlPattern{pattern{regexText, "^$", true}, view, python.Str("api-root"), at}))
}

// routesOf are the templates of a router: those of its class where a project has written them.
func (m *model) routesOf(self *python.Instance) []routeTemplate {
	items, complete := m.in.Iterate(m.in.Attr(self, "routes"))
	if !complete || len(items) == 0 {
		return usualRoutes
	}
	var routes []routeTemplate
	for _, item := range items {
		template, ok := item.(*python.Instance)
		if !ok {
			continue
		}
		one := routeTemplate{dynamic: template.Class.Is(dynamicRoutePath)}
		one.url, _ = python.AsStr(orUnknown(m.in.Attr(template, "url")))
		one.name, _ = python.AsStr(orUnknown(m.in.Attr(template, "name")))
		one.detail, _ = m.in.Truth(orUnknown(m.in.Attr(template, "detail")))
		if mapping, ok := m.in.Attr(template, "mapping").(*python.Dict); ok {
			for i := range mapping.Len() {
				key, value := mapping.At(i)
				method, _ := python.AsStr(key)
				name, _ := python.AsStr(value)
				one.bound = append(one.bound, methodAction{strings.ToLower(method), name})
			}
		}
		routes = append(routes, one)
	}
	return routes
}

func orUnknown(value python.Value) python.Value {
	if value == nil {
		return python.Unknown{}
	}
	return value
}

// lookupRegex is get_lookup_regex(viewset, lookup_prefix).
func (m *model) lookupRegex(c *python.Call) python.Value {
	viewset := argument(c, 0, "viewset")
	prefix, _ := c.Str(1, "lookup_prefix", "")
	text := func(name, fallback string) string {
		if found, ok := python.AsStr(orUnknown(m.in.Attr(viewset, name))); ok && found != "" {
			return found
		}
		return fallback
	}
	name := prefix + text("lookup_url_kwarg", text("lookup_field", "pk"))
	if self, ok := c.Self.Native.(*router); ok && !self.regex {
		return python.Str("<" + text("lookup_value_converter", "str") + ":" + name + ">")
	}
	return python.Str("(?P<" + name + ">" + text("lookup_value_regex", "[^/.]+") + ")")
}
