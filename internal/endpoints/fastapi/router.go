package fastapi

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

func (m *model) appInit(c *python.Call) python.Value {
	router := m.construct(c, routerPath, keep(c, "routes", "dependencies", "deprecated", "include_in_schema", "generate_unique_id_function"))
	c.Self.Attrs.Set("router", router)
	for name, fallback := range map[string]python.Value{
		"title": python.Str("FastAPI"), "version": python.Str("0.1.0"), "description": python.Str(""), "root_path": python.Str(""),
		"openapi_url": python.Str("/openapi.json"), "docs_url": python.Str("/docs"), "redoc_url": python.Str("/redoc"), "debug": python.Bool(false),
	} {
		c.Self.Attrs.Set(name, argument(c, name, fallback))
	}
	return nil
}

func (m *model) starletteInit(c *python.Call) python.Value {
	keywords := keep(c, "routes")
	if routes := c.Arg(1, ""); routes != nil {
		keywords = append(keywords, python.Keyword{Name: "routes", Value: routes})
	}
	c.Self.Attrs.Set("router", m.construct(c, bareRouter, keywords))
	return nil
}

func (m *model) bareRouterInit(c *python.Call) python.Value {
	routes, ok := argument(c, "routes", c.Arg(0, "")).(*python.List)
	if !ok {
		routes = python.NewList(iterated(c, c.Arg(0, "routes"))...)
	} else {
		// list(routes)
		routes = python.NewList(routes.Items...)
	}
	c.Self.Attrs.Set("routes", routes)
	return nil
}

func (m *model) routerInit(c *python.Call) python.Value {
	c.Self.Attrs.Set("routes", python.NewList(iterated(c, c.Arg(-1, "routes"))...))
	c.Self.Attrs.Set("prefix", argument(c, "prefix", python.Str("")))
	for _, name := range []string{"tags", "dependencies"} {
		value := argument(c, name, python.NewList())
		if truth, known := c.In.Truth(value); known && !truth {
			value = python.NewList()
		}
		c.Self.Attrs.Set(name, value)
	}
	c.Self.Attrs.Set("deprecated", argument(c, "deprecated", python.None{}))
	c.Self.Attrs.Set("include_in_schema", argument(c, "include_in_schema", python.Bool(true)))
	c.Self.Attrs.Set("route_class", argument(c, "route_class", c.In.Native(apiRoutePath)))
	c.Self.Attrs.Set("generate_unique_id_function", argument(c, "generate_unique_id_function", python.None{}))
	return nil
}

// iterated are the items of an optional argument.
func iterated(c *python.Call, value python.Value) []python.Value {
	if isNone(value) {
		return nil
	}
	items, _ := c.In.Iterate(value)
	return items
}

// argument is a keyword argument, or fallback where it was not given.
func argument(c *python.Call, name string, fallback python.Value) python.Value {
	if value := c.Arg(-1, name); value != nil {
		return value
	}
	return fallback
}

// keep are those keyword arguments of the call that have one of the names.
func keep(c *python.Call, names ...string) []python.Keyword {
	var kept []python.Keyword
	for _, name := range names {
		if value := c.Arg(-1, name); value != nil {
			kept = append(kept, python.Keyword{Name: name, Value: value})
		}
	}
	return kept
}

func isNone(value python.Value) bool {
	if value == nil {
		return true
	}
	_, none := value.(python.None)
	return none
}

// construct makes an object of a native class, at the place of the call.
func (m *model) construct(c *python.Call, path string, keywords []python.Keyword) python.Value {
	return c.In.CallFrom(c, c.In.Native(path), nil, keywords)
}

// routerOf is the router of an application, which a subclass that calls no super().__init__ does not have yet.
func (m *model) routerOf(c *python.Call) *python.Instance {
	if value, ok := c.Self.Attrs.Get("router"); ok {
		if router, ok := value.(*python.Instance); ok {
			return router
		}
	}
	router, ok := m.construct(c, routerPath, nil).(*python.Instance)
	if !ok {
		return nil
	}
	c.Self.Attrs.Set("router", router)
	return router
}

// onRouter calls the method of the application's router, with the same arguments.
func (m *model) onRouter(name string) python.NativeFunc {
	return func(c *python.Call) python.Value {
		router := m.routerOf(c)
		if router == nil {
			return python.Unknown{}
		}
		return m.call(c, router, name, c.Positional, c.Keywords)
	}
}

// call calls a method of an object, its own or one that the project has put in its place.
func (m *model) call(c *python.Call, self *python.Instance, name string, positional []python.Value, keywords []python.Keyword) python.Value {
	method := c.In.Attr(self, name)
	if method == nil {
		return python.Unknown{}
	}
	return c.In.CallFrom(c, method, positional, keywords)
}

func (m *model) appRoutes(c *python.Call) python.Value {
	if router := m.routerOf(c); router != nil {
		return routesOf(router)
	}
	return python.NewList()
}

// routesOf is the list of a router's routes, which the program can see and change.
func routesOf(router *python.Instance) *python.List {
	if value, ok := router.Attrs.Get("routes"); ok {
		if routes, ok := value.(*python.List); ok {
			return routes
		}
	}
	routes := python.NewList()
	router.Attrs.Set("routes", routes)
	return routes
}

// with are the keyword arguments with one more, instead of what it replaces.
func with(keywords []python.Keyword, name string, value python.Value) []python.Keyword {
	all := make([]python.Keyword, 0, len(keywords)+1)
	for _, keyword := range keywords {
		if keyword.Name != name {
			all = append(all, keyword)
		}
	}
	return append(all, python.Keyword{Name: name, Value: value})
}

// named turns the call's first positional arguments into keyword arguments of these names.
func named(c *python.Call, names ...string) []python.Keyword {
	keywords := make([]python.Keyword, 0, len(c.Keywords)+len(names))
	for i, name := range names {
		if i < len(c.Positional) {
			keywords = append(keywords, python.Keyword{Name: name, Value: c.Positional[i]})
		}
	}
	return append(keywords, c.Keywords...)
}

// operation is router.get and the like.
func (m *model) operation(name string) python.NativeFunc {
	method := python.NewList(python.Str(strings.ToUpper(name)))
	return func(c *python.Call) python.Value {
		return m.call(c, c.Self, "api_route", nil, with(named(c, "path"), "methods", method))
	}
}

func (m *model) apiRoute(c *python.Call) python.Value {
	return m.adding(c, c.Self, "add_api_route", named(c, "path"))
}

func (m *model) appAPIRoute(c *python.Call) python.Value {
	router := m.routerOf(c)
	if router == nil {
		return python.Unknown{}
	}
	return m.adding(c, router, "add_api_route", named(c, "path"))
}

func (m *model) websocket(c *python.Call) python.Value {
	return m.adding(c, c.Self, "add_api_websocket_route", named(c, "path", "name"))
}

func (m *model) route(c *python.Call) python.Value {
	return m.adding(c, c.Self, "add_route", named(c, "path", "methods", "name", "include_in_schema"))
}

func (m *model) socketRoute(c *python.Call) python.Value {
	return m.adding(c, c.Self, "add_websocket_route", named(c, "path", "name"))
}

// adding is a decorator that gives what it decorates to a method of the router: path and function by position, as FastAPI does.
func (m *model) adding(c *python.Call, router *python.Instance, method string, keywords []python.Keyword) python.Value {
	at := *c
	return python.Decorator(method, func(d *python.Call, decorated python.Value) {
		path, rest := python.Value(python.Unknown{}), make([]python.Keyword, 0, len(keywords))
		for _, keyword := range keywords {
			if keyword.Name == "path" {
				path = keyword.Value
				continue
			}
			rest = append(rest, keyword)
		}
		at.In, at.Assumed = d.In, at.Assumed || d.Assumed
		m.call(&at, router, method, []python.Value{path, decorated}, rest)
	})
}
