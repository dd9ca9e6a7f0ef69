package flask

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const (
	restfulPath = "flask_restful.Api"
	restxPath   = "flask_restx.api.Api"
)

// api is the state of an Api of Flask-RESTful or of flask-restx, which has grown out of it.
type api struct {
	prefix prefix
	// order is the order of blueprint's prefix, Api's prefix and resource's path in Flask-RESTful.
	order string
	// target is the application or the blueprint that resources are added to as they come; without one they wait.
	target    *python.Instance
	blueprint *blueprint
	// state is the blueprint's setup, once it has been registered.
	state   *setup
	waiting []resource

	// What follows is flask-restx' alone.
	restx bool
	// endpoints counts those that were given out.
	endpoints    int
	namespaces   []*namespace
	paths        map[*namespace]string
	defaultSpace *python.Instance
}

// resource is a class of methods with the paths under which it is added.
type resource struct {
	class    python.Value
	urls     []string
	endpoint string
	tags     []string
	call     *python.Call
}

func (m *model) restfulClasses() []*python.NativeClass {
	return []*python.NativeClass{
		{
			Path: restfulPath, Aliases: []string{"flask_restful.api.Api", "flask_restful_swagger_2.Api", "flask_restful_swagger_3.Api"},
			Alloc: func(*python.Class) any { return &api{order: "bae"} },
			Init: func(c *python.Call) python.Value {
				state := c.Self.Native.(*api)
				state.prefix = prefixOf(c.Arg(1, "prefix"))
				state.order, _ = c.Str(6, "url_part_order", "bae")
				if target := c.Arg(0, "app"); target != nil {
					if instance, ok := m.target(target); ok {
						state.target = instance
						m.initAPI(state, instance)
					} else if _, none := target.(python.None); !none {
						c.Diagnose("unknown-application", "what this Api is made for is not known")
					}
				}
				return nil
			},
			Methods: map[string]python.NativeFunc{
				"init_app": func(c *python.Call) python.Value {
					if instance, ok := m.target(c.Arg(0, "app")); ok {
						m.initAPI(c.Self.Native.(*api), instance)
					}
					return nil
				},
				"add_resource": func(c *python.Call) python.Value {
					if class := c.Arg(0, "resource"); class != nil {
						m.addResource(c, c.Self.Native.(*api), class, 1)
					}
					return nil
				},
				"resource": func(c *python.Call) python.Value {
					at, state := *c, c.Self.Native.(*api)
					return python.Decorator("resource", func(_ *python.Call, class python.Value) { m.addResource(&at, state, class, 0) })
				},
			},
			Attrs: map[string]python.Value{"app": python.None{}},
		},
		{Path: "flask_restful.Resource", Aliases: []string{"flask_restful_swagger_2.Resource", "flask_restful_swagger_3.Resource", "flask_restful.views.Resource"}, Bases: []string{methodViewPath}},
	}
}

// urlsOf are the paths among positional arguments, from a place on; paths that are not known are diagnosed.
func urlsOf(c *python.Call, from int) []string {
	var urls []string
	for i := from; i < len(c.Positional); i++ {
		url, ok := python.AsStr(c.Positional[i])
		if !ok {
			c.Diagnose("unknown-path", "a path of this resource is not known")
			continue
		}
		urls = append(urls, url)
	}
	if c.OpenPositional {
		c.Diagnose("unknown-path", "not all paths of this resource are known")
	}
	return urls
}

func (m *model) addResource(c *python.Call, state *api, class python.Value, from int) {
	r := resource{class: class, urls: urlsOf(c, from), call: c}
	r.endpoint, _ = text(c.Arg(-1, "endpoint"))
	m.addOrWait(state, r)
}

func (m *model) addOrWait(state *api, r resource) {
	if state.target != nil {
		m.addView(state, state.target, r)
		return
	}
	state.waiting = append(state.waiting, r)
}

// initAPI is init_app: a blueprint does it when it is registered.
func (m *model) initAPI(state *api, target *python.Instance) {
	if bp, ok := target.Native.(*blueprint); ok {
		state.blueprint = bp
		bp.deferred = append(bp.deferred, func(s *setup) {
			state.state = s
			s.plainJoin = true
			m.addWaiting(state, s.app.self)
		})
		return
	}
	m.addWaiting(state, target)
}

func (m *model) addWaiting(state *api, target *python.Instance) {
	for _, r := range state.waiting {
		m.addView(state, target, r)
	}
}

// addView is Api._register_view.
func (m *model) addView(state *api, target *python.Instance, r resource) {
	class, ok := m.in.Unwrap(r.class).(*python.Class)
	if !ok {
		r.call.Diagnose("unknown-resource", "the class of this resource is not known")
		return
	}
	if state.prefix.unknown {
		r.call.Diagnose("unknown-prefix", "the prefix of the Api is not known")
		return
	}
	endpoint := r.endpoint
	if endpoint == "" {
		endpoint = strings.ToLower(class.Name)
	}
	function := m.viewFunction(r.call, class, endpoint)
	for _, url := range r.urls {
		p := pending{path: url, endpoint: endpoint, view: function, tags: r.tags, file: r.call.File, line: r.call.Line, assumed: r.call.Assumed}
		p.methods, _ = methodsOf(r.call, r.call.Arg(-1, "methods"))
		if state.blueprint != nil && state.state != nil {
			state.state.add(p)
			continue
		}
		p.whole = func(blueprintPrefix string) string { return state.whole(blueprintPrefix, url) }
		m.addTo(r.call, target, p)
	}
}

// whole is Api._complete_url.
func (a *api) whole(blueprintPrefix, url string) string {
	if a.restx {
		return blueprintPrefix + a.prefix.text + url
	}
	var out strings.Builder
	for _, part := range a.order {
		switch part {
		case 'b':
			out.WriteString(blueprintPrefix)
		case 'a':
			out.WriteString(a.prefix.text)
		case 'e':
			out.WriteString(url)
		}
	}
	return out.String()
}
