package flask

import (
	"fmt"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const namespacePath = "flask_restx.namespace.Namespace"

// namespace is the state of a flask-restx Namespace.
type namespace struct {
	self *python.Instance
	name string
	path string
	// unknown says that the path or the name is not known.
	unknown   bool
	resources []resource
	apis      []*api
}

func (m *model) restxClasses() []*python.NativeClass {
	spaceMethods := map[string]python.NativeFunc{
		"route": func(c *python.Call) python.Value {
			at, space := *c, m.spaceOf(c.Self)
			return python.Decorator("route", func(_ *python.Call, class python.Value) { m.addToSpace(&at, space, class, 0) })
		},
		"add_resource": func(c *python.Call) python.Value {
			if class := c.Arg(0, "resource"); class != nil {
				m.addToSpace(c, m.spaceOf(c.Self), class, 1)
			}
			return nil
		},
		"doc": m.restxDoc,
	}
	apiMethods := map[string]python.NativeFunc{
		"init_app": func(c *python.Call) python.Value {
			if target, ok := m.target(c.Arg(0, "app")); ok {
				state := c.Self.Native.(*api)
				state.target = target
				m.initAPI(state, target)
			}
			return nil
		},
		"add_namespace": m.addNamespace,
		"namespace": func(c *python.Call) python.Value {
			space := m.in.CallFrom(c, m.in.Native(namespacePath), c.Positional, c.Keywords)
			if instance, ok := space.(*python.Instance); ok {
				m.joinSpace(c, c.Self.Native.(*api), instance, nil)
			}
			return space
		},
	}
	for name, method := range spaceMethods {
		apiMethods[name] = method
	}
	return []*python.NativeClass{
		{
			Path: restxPath, Aliases: []string{"flask_restx.Api"},
			Alloc: func(*python.Class) any {
				return &api{restx: true, paths: map[*namespace]string{}}
			},
			Init:    m.initRestx,
			Methods: apiMethods,
			Attrs:   map[string]python.Value{"app": python.None{}},
		},
		{
			Path: namespacePath, Aliases: []string{"flask_restx.Namespace"},
			Alloc:   func(*python.Class) any { return &namespace{} },
			Init:    initNamespace,
			Methods: spaceMethods,
			Properties: map[string]python.NativeFunc{
				"name": func(c *python.Call) python.Value { return python.Str(c.Self.Native.(*namespace).name) },
				"path": func(c *python.Call) python.Value {
					if space := c.Self.Native.(*namespace); !space.unknown {
						return python.Str(space.path)
					}
					return python.Unknown{}
				},
			},
		},
		{Path: "flask_restx.resource.Resource", Aliases: []string{"flask_restx.Resource"}, Bases: []string{methodViewPath}},
	}
}

func (m *model) initRestx(c *python.Call) python.Value {
	state := c.Self.Native.(*api)
	state.prefix = prefixOf(c.Arg(18, "prefix"))
	name, _ := c.Str(14, "default", "default")
	m.defaultSpace(state, name)
	if target := c.Arg(0, "app"); target != nil {
		if instance, ok := m.target(target); ok {
			state.target = instance
			m.initAPI(state, instance)
		} else if _, none := target.(python.None); !none {
			c.Diagnose("unknown-application", "what this Api is made for is not known")
		}
	}
	return nil
}

// defaultSpace makes the namespace that an Api's own routes are in.
func (m *model) defaultSpace(state *api, name string) {
	made, ok := m.in.Construct(m.in.Native(namespacePath).(*python.Class), []python.Value{python.Str(name)}, []python.Keyword{{Name: "path", Value: python.Str("/")}}).(*python.Instance)
	if !ok {
		return
	}
	space := made.Native.(*namespace)
	space.apis = []*api{state}
	state.namespaces = append(state.namespaces, space)
	state.defaultSpace = made
}

func initNamespace(c *python.Call) python.Value {
	space := c.Self.Native.(*namespace)
	space.self = c.Self
	var known, knownPath bool
	space.name, known = c.Str(0, "name", "")
	space.path, knownPath = c.Str(2, "path", "")
	if space.path == "" {
		space.path, knownPath = "/"+space.name, knownPath && known
	}
	space.path = strings.TrimRight(space.path, "/")
	space.unknown = !knownPath
	return nil
}

// spaceOf is a namespace, or an Api's default one.
func (m *model) spaceOf(self *python.Instance) *namespace {
	switch state := self.Native.(type) {
	case *namespace:
		return state
	case *api:
		if state.defaultSpace == nil {
			m.defaultSpace(state, "default")
		}
		if state.defaultSpace != nil {
			return state.defaultSpace.Native.(*namespace)
		}
	}
	return &namespace{}
}

// addToSpace is Namespace.add_resource.
func (m *model) addToSpace(c *python.Call, space *namespace, class python.Value, from int) {
	r := resource{class: class, urls: urlsOf(c, from), tags: []string{space.name}, call: c}
	r.endpoint, _ = text(c.Arg(-1, "endpoint"))
	space.resources = append(space.resources, r)
	for _, state := range space.apis {
		m.addFromSpace(state, space, r)
	}
}

// addFromSpace is Api.register_resource, with the paths that Api.ns_urls makes.
func (m *model) addFromSpace(state *api, space *namespace, r resource) {
	at := state.paths[space]
	if at == "" {
		if space.unknown {
			r.call.Diagnose("unknown-prefix", "the path of the namespace is not known")
			return
		}
		at = space.path
	}
	urls := make([]string, 0, len(r.urls))
	for _, url := range r.urls {
		urls = append(urls, at+url)
	}
	r.urls = urls
	if class, ok := m.in.Unwrap(r.class).(*python.Class); ok && r.endpoint == "" {
		r.endpoint = space.name + "_" + class.Name
	}
	// Classes of the same name get endpoints of their own, as default_endpoint does it.
	state.endpoints++
	r.endpoint = fmt.Sprintf("%s_%d", r.endpoint, state.endpoints)
	m.addOrWait(state, r)
}

func (m *model) addNamespace(c *python.Call) python.Value {
	if space, ok := c.Arg(0, "ns").(*python.Instance); ok {
		m.joinSpace(c, c.Self.Native.(*api), space, c.Arg(1, "path"))
		return nil
	}
	c.Diagnose("unknown-namespace", "the namespace that is added here is not known")
	return nil
}

func (m *model) joinSpace(c *python.Call, state *api, instance *python.Instance, path python.Value) {
	space, ok := instance.Native.(*namespace)
	if !ok {
		return
	}
	if !slices.Contains(state.namespaces, space) {
		state.namespaces = append(state.namespaces, space)
		if !slices.Contains(space.apis, state) {
			space.apis = append(space.apis, state)
		}
		at, known := text(path)
		if !known {
			c.Diagnose("unknown-prefix", "the path of the namespace "+space.name+" is not known")
			return
		}
		state.paths[space] = at
	}
	for _, r := range space.resources {
		m.addFromSpace(state, space, r)
	}
}

// restxDoc keeps the description that @doc gives a method of a resource.
func (m *model) restxDoc(c *python.Call) python.Value {
	description, _ := text(c.Arg(-1, "description"))
	return python.Decorator("doc", func(_ *python.Call, documented python.Value) {
		if function, ok := documented.(*python.Function); ok && description != "" {
			m.in.SetAttr(function, descriptionAttr, python.Str(description))
		}
	})
}

// descriptionAttr is a function's attribute, so that functools.wraps hands it on.
const descriptionAttr = "__apidoc_description__"
