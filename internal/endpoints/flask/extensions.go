package flask

import (
	"fmt"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const (
	smorestBlueprintPath  = "flask_smorest.blueprint.Blueprint"
	apiflaskPath          = "apiflask.app.APIFlask"
	apiflaskBlueprintPath = "apiflask.blueprint.APIBlueprint"
	apiViewPath           = "flask_openapi3.view.APIView"
)

// smorestClasses are flask-smorest's: its routes take classes of views.
func (m *model) smorestClasses() []*python.NativeClass {
	return []*python.NativeClass{
		{Path: smorestBlueprintPath, Aliases: []string{"flask_smorest.Blueprint", "flask_rest_api.Blueprint"}, Bases: []string{blueprintPath}},
		{
			Path: "flask_smorest.Api", Aliases: []string{"flask_rest_api.Api"},
			Alloc: func(*python.Class) any { return &registrar{} },
			Init: func(c *python.Call) python.Value {
				c.Self.Native.(*registrar).target, _ = m.target(c.Arg(0, "app"))
				return nil
			},
			Methods: map[string]python.NativeFunc{
				"init_app": func(c *python.Call) python.Value {
					c.Self.Native.(*registrar).target, _ = m.target(c.Arg(0, "app"))
					return nil
				},
				"register_blueprint": func(c *python.Call) python.Value {
					if target := c.Self.Native.(*registrar).target; target != nil {
						argument := c.Arg(0, "blp")
						if argument == nil {
							return nil
						}
						m.register(c, target, argument)
					}
					return nil
				},
			},
		},
	}
}

// makersOfPages are classes of extensions that make routes from a project's models or files, which is not modelled.
var makersOfPages = map[string]string{
	"flask_admin.Admin": "Flask-Admin", "flask_admin.base.Admin": "Flask-Admin", "flask_appbuilder.AppBuilder": "Flask-AppBuilder",
	"flask_appbuilder.base.AppBuilder": "Flask-AppBuilder", "flask_restless.APIManager": "Flask-Restless", "flask_security.Security": "Flask-Security",
	"connexion.App": "Connexion", "connexion.FlaskApp": "Connexion", "connexion.AsyncApp": "Connexion", "dash.Dash": "Dash", "eve.Eve": "Eve",
}

// pagesClasses tell of those extensions.
func pagesClasses() []*python.NativeClass {
	classes := make([]*python.NativeClass, 0, len(makersOfPages))
	for path, name := range makersOfPages {
		classes = append(classes, &python.NativeClass{Path: path, Init: func(c *python.Call) python.Value {
			c.Diagnose("extension-routes", "the routes that "+name+" makes are not found out")
			return nil
		}})
	}
	return classes
}

// registrar is the state of an extension that adds to an application which it was given before.
type registrar struct{ target *python.Instance }

// unique is how flask-smorest and others tell the endpoints of one blueprint apart.
func (b *blueprint) unique(endpoint string) string {
	if slices.Contains(b.endpoints, endpoint) {
		endpoint = fmt.Sprintf("%s_%d", endpoint, len(b.endpoints))
	}
	b.endpoints = append(b.endpoints, endpoint)
	return endpoint
}

func (m *model) apiflaskClasses() []*python.NativeClass {
	return []*python.NativeClass{
		{Path: apiflaskPath, Aliases: []string{"apiflask.APIFlask"}, Bases: []string{appPath}},
		{Path: apiflaskBlueprintPath, Aliases: []string{"apiflask.APIBlueprint"}, Bases: []string{blueprintPath}},
	}
}

// apiView is the state of a flask-openapi3 APIView.
type apiView struct {
	prefix prefix
	views  []resource
}

func (m *model) openapi3Classes() []*python.NativeClass {
	return []*python.NativeClass{
		{
			Path: "flask_openapi3.openapi.OpenAPI", Aliases: []string{"flask_openapi3.OpenAPI"}, Bases: []string{appPath},
			Methods: map[string]python.NativeFunc{"register_api": m.registerAPI, "register_api_view": m.registerAPIView},
		},
		{
			Path: "flask_openapi3.blueprint.APIBlueprint", Aliases: []string{"flask_openapi3.APIBlueprint"}, Bases: []string{blueprintPath},
			Methods: map[string]python.NativeFunc{"register_api": m.registerAPI, "register_api_view": m.registerAPIView},
		},
		{
			Path: apiViewPath, Aliases: []string{"flask_openapi3.APIView"},
			Alloc: func(*python.Class) any { return &apiView{} },
			Init: func(c *python.Call) python.Value {
				c.Self.Native.(*apiView).prefix = prefixOf(c.Arg(0, "url_prefix"))
				return nil
			},
			Methods: map[string]python.NativeFunc{"route": func(c *python.Call) python.Value {
				at, state := *c, c.Self.Native.(*apiView)
				rule, known := c.Str(0, "rule", "")
				return python.Decorator("route", func(_ *python.Call, class python.Value) {
					if !known {
						at.Diagnose("unknown-path", "the rule of this view is not known")
						return
					}
					state.views = append(state.views, resource{class: class, urls: []string{rule}, call: &at})
				})
			}},
		},
	}
}

// registerAPI is register_api: a prefix that is given replaces the blueprint's for good.
func (m *model) registerAPI(c *python.Call) python.Value {
	argument := c.Arg(0, "api")
	if child, ok := native[*blueprint](argument); ok {
		if given := prefixOf(c.Arg(-1, "url_prefix")); given.set && given.text != "" {
			child.prefix = given
		}
	}
	m.register(c, c.Self, argument)
	return nil
}

// registerAPIView is register_api_view: each method of each class becomes a rule of its own.
func (m *model) registerAPIView(c *python.Call) python.Value {
	state, ok := native[*apiView](c.Arg(0, "api_view"))
	if !ok {
		c.Diagnose("unknown-blueprint", "the view that is registered here is not known")
		return nil
	}
	outer := prefixOf(c.Arg(1, "url_prefix"))
	if outer.unknown || state.prefix.unknown {
		c.Diagnose("unknown-prefix", "the url_prefix of the view is not known")
		return nil
	}
	for _, v := range state.views {
		class, ok := m.in.Unwrap(v.class).(*python.Class)
		if !ok {
			continue
		}
		rule := v.urls[0]
		switch {
		case outer.set && outer.text != "":
			rule = strings.TrimRight(outer.text, "/") + "/" + strings.TrimLeft(rule, "/")
		case state.prefix.set:
			rule = strings.TrimRight(state.prefix.text, "/") + "/" + strings.TrimLeft(rule, "/")
		}
		for _, handler := range handlers {
			function := handlerOf(m.in, class, handler)
			if function == nil {
				continue
			}
			m.addTo(v.call, c.Self, pending{
				path: rule, endpoint: class.Name + "." + handler, view: function, methods: []string{strings.ToUpper(handler)},
				file: v.call.File, line: v.call.Line, assumed: v.call.Assumed || c.Assumed,
			})
		}
	}
	return nil
}

// sockClass is Flask-Sock's: its routes speak WebSocket.
func (m *model) sockClass() *python.NativeClass {
	return &python.NativeClass{
		Path:  "flask_sock.Sock",
		Alloc: func(*python.Class) any { return &sock{} },
		Init: func(c *python.Call) python.Value {
			if app := c.Arg(0, "app"); app != nil {
				c.Self.Native.(*sock).init(m, c, app)
			}
			return nil
		},
		Methods: map[string]python.NativeFunc{
			"init_app": func(c *python.Call) python.Value {
				if app := c.Arg(0, "app"); app != nil {
					c.Self.Native.(*sock).init(m, c, app)
				}
				return nil
			},
			"route": func(c *python.Call) python.Value {
				state := c.Self.Native.(*sock)
				p, ok := ruleOf(c)
				p.methods = []string{"WEBSOCKET"}
				at := *c
				return python.Decorator("route", func(_ *python.Call, view python.Value) {
					if !ok {
						return
					}
					p.view = view
					if bp, given := m.target(at.Arg(-1, "bp")); given {
						m.addTo(&at, bp, p)
					} else if state.target != nil {
						m.addTo(&at, state.target, p)
					} else {
						state.waiting = append(state.waiting, p)
					}
				})
			},
		},
	}
}

// sock is the state of a Sock: routes wait until it knows its application.
type sock struct {
	target  *python.Instance
	waiting []pending
}

func (s *sock) init(m *model, c *python.Call, value python.Value) {
	target, ok := m.target(value)
	if !ok {
		return
	}
	s.target = target
	for _, p := range s.waiting {
		m.addTo(c, target, p)
	}
	s.waiting = nil
}
