package fastapi

import (
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// viewsLibrary is the class-based views of fastapi-utils, and of its fork fastapi-restful.
func (m *model) viewsLibrary(library *python.Library) {
	for _, name := range []string{"fastapi_utils", "fastapi_restful"} {
		library.Functions[name+".cbv.cbv"] = m.cbv
		library.Functions[name+".cbv_base.set_responses"] = passing
		library.Aliases[name+".set_responses"] = name + ".cbv_base.set_responses"
		library.Aliases[name+".inferring_router.InferringRouter"] = routerPath
		library.Aliases[name+".InferringRouter"] = routerPath
		library.Classes = append(library.Classes,
			&python.NativeClass{Path: name + ".cbv_base.Resource", Aliases: []string{name + ".Resource"}},
			&python.NativeClass{
				Path: name + ".cbv_base.Api", Aliases: []string{name + ".Api"},
				Init: func(c *python.Call) python.Value {
					c.Self.Attrs.Set("app", orUnknown(c.Arg(0, "app")))
					return nil
				},
				Methods: map[string]python.NativeFunc{"add_resource": m.addResource},
			})
	}
}

// passing is a function that returns a decorator which changes nothing.
func passing(*python.Call) python.Value {
	return python.Decorator("decorator", func(*python.Call, python.Value) {})
}

// cbv is the decorator cbv(router, *urls).
func (m *model) cbv(c *python.Call) python.Value {
	at := *c
	return python.Decorator("cbv", func(d *python.Call, decorated python.Value) {
		router, ok := at.Arg(0, "router").(*python.Instance)
		class, is := decorated.(*python.Class)
		if !ok || !is || !router.Class.Is(routerPath) {
			d.Diagnose("unknown-router", "the router of a class-based view is not known")
			return
		}
		at.In = d.In
		m.views(&at, router, class, at.Positional[1:])
	})
}

// addResource is Api.add_resource(resource, *urls, **kwargs).
func (m *model) addResource(c *python.Call) python.Value {
	resource, ok := c.Arg(0, "resource").(*python.Instance)
	app, is := attr(c.Self, "app").(*python.Instance)
	router, made := m.construct(c, routerPath, nil).(*python.Instance)
	if !ok || !is || !made {
		return nil
	}
	m.views(c, router, resource.Class, c.Positional[1:])
	m.call(c, app, "include_router", []python.Value{router}, c.Keywords)
	return nil
}

// views moves the routes of a class's methods to the end of the router's, under the class's name, as cbv does.
func (m *model) views(c *python.Call, router *python.Instance, class *python.Class, urls []python.Value) {
	members := functions(class)
	for _, url := range urls {
		for _, function := range members {
			if slices.Contains(methodNames, function.Name) {
				keywords := []python.Keyword{{Name: "methods", Value: python.NewList(python.Str(strings.ToUpper(function.Name)))}}
				m.call(c, router, "add_api_route", []python.Value{url, function}, keywords)
			}
		}
	}
	inner, ok := m.construct(c, routerPath, nil).(*python.Instance)
	if !ok {
		return
	}
	prefix, _ := python.AsStr(attr(router, "prefix"))
	own := func(item python.Value) bool {
		entry, ok := item.(*python.Instance)
		if !ok {
			return false
		}
		function, ok := attr(entry, "endpoint").(*python.Function)
		return ok && slices.Contains(members, function)
	}
	routes := routesOf(router)
	for _, item := range routes.Items {
		if !own(item) {
			continue
		}
		entry := item.(*python.Instance)
		if path, ok := python.AsStr(attr(entry, "path")); ok {
			entry.Attrs.Set("path", python.Str(strings.TrimPrefix(path, prefix)))
		}
		if name, ok := python.AsStr(attr(entry, "name")); ok {
			entry.Attrs.Set("name", python.Str(class.Name+"."+name))
		}
		routesOf(inner).Items = append(routesOf(inner).Items, entry)
	}
	routes.Items = slices.DeleteFunc(routes.Items, own)
	m.call(c, router, "include_router", []python.Value{inner}, nil)
}

// functions are the methods of a class and its bases, sorted by name as inspect.getmembers does.
func functions(class *python.Class) []*python.Function {
	byName := map[string]*python.Function{}
	for _, of := range class.MRO {
		for i := range of.Attrs.Len() {
			name, value := of.Attrs.At(i)
			if function, ok := value.(*python.Function); ok && byName[name] == nil {
				byName[name] = function
			}
		}
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	all := make([]*python.Function, 0, len(names))
	for _, name := range names {
		all = append(all, byName[name])
	}
	return all
}
