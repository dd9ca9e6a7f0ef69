package flask

import (
	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

func (m *model) appClass() *python.NativeClass {
	methods := m.scaffold()
	methods["register_blueprint"] = m.registerBlueprint
	methods["app_context"] = m.context
	methods["test_request_context"] = m.context
	methods["run"] = func(*python.Call) python.Value { return nil }
	return &python.NativeClass{
		Path:    appPath,
		Aliases: []string{"flask.Flask", "quart.Quart", "quart.app.Quart", "flask.sansio.app.App", "quart_trio.QuartTrio", "flask_api.FlaskAPI"},
		Alloc: func(*python.Class) any {
			return &app{views: map[string]python.Value{}, blueprints: map[string]*blueprint{}}
		},
		Init: func(c *python.Call) python.Value {
			state := m.appOf(c.Self)
			if name := c.Arg(0, "import_name"); name != nil {
				m.in.SetAttr(c.Self, "import_name", name)
				m.in.SetAttr(c.Self, "name", name)
			}
			state.config.Native.(*config).folder = folderOf(c)
			m.current = c.Self
			return nil
		},
		Methods: methods,
		Properties: map[string]python.NativeFunc{
			"config": func(c *python.Call) python.Value { return m.appOf(c.Self).config },
			"blueprints": func(c *python.Call) python.Value {
				dict := python.NewDict()
				for name, b := range m.appOf(c.Self).blueprints {
					if b.self != nil {
						dict.Set(python.Str(name), b.self)
					}
				}
				return dict
			},
		},
		Attrs: map[string]python.Value{"debug": python.Bool(false), "testing": python.Bool(false), "before_first_request_funcs": python.NewList()},
		GetAttr: func(self *python.Instance, name string) python.Value {
			if name != "extensions" {
				return nil
			}
			extensions := python.NewDict()
			m.in.SetAttr(self, name, extensions)
			return extensions
		},
	}
}

// appOf is the state of an application, also of one whose class does not call Flask's constructor.
func (m *model) appOf(self *python.Instance) *app {
	state := self.Native.(*app)
	if state.self == nil {
		state.self = self
		state.config = m.newConfig()
	}
	return state
}

const contextPath = "flask.ctx.AppContext"

// context is app_context(): entering it, or pushing it, makes the application the current one.
func (m *model) context(c *python.Call) python.Value {
	made, ok := m.in.Construct(m.in.Native(contextPath).(*python.Class), nil, nil).(*python.Instance)
	if !ok {
		return python.Unknown{}
	}
	made.Native = c.Self
	m.current = c.Self
	return made
}

func (m *model) contextClass() *python.NativeClass {
	enter := func(c *python.Call) python.Value {
		if application, ok := c.Self.Native.(*python.Instance); ok {
			m.current = application
		}
		return c.Self
	}
	return &python.NativeClass{
		Path: contextPath,
		Methods: map[string]python.NativeFunc{
			"__enter__": enter, "push": enter, "__aenter__": enter,
			"__exit__":  func(*python.Call) python.Value { return python.Bool(false) },
			"__aexit__": func(*python.Call) python.Value { return python.Bool(false) },
			"pop":       func(*python.Call) python.Value { return nil },
		},
		Properties: map[string]python.NativeFunc{"app": func(c *python.Call) python.Value {
			if application, ok := c.Self.Native.(*python.Instance); ok {
				return application
			}
			return python.Unknown{}
		}},
	}
}

const proxyPath = "flask.globals.AppProxy"

// proxyClass is what current_app is: modules imported within an application's context decorate with it.
func (m *model) proxyClass() *python.NativeClass {
	return &python.NativeClass{
		Path: proxyPath,
		GetAttr: func(_ *python.Instance, name string) python.Value {
			if m.current == nil {
				return python.Unknown{}
			}
			if name == "_get_current_object" {
				return python.NewBuiltin(name, func(*python.Call) python.Value { return m.current })
			}
			return m.in.Attr(m.current, name)
		},
	}
}

// behindProxy is the application that current_app stands for.
func (m *model) behindProxy(value python.Value) (*python.Instance, bool) {
	instance, ok := value.(*python.Instance)
	if !ok || m.current == nil || !instance.Class.Is(proxyPath) {
		return nil, false
	}
	return m.current, true
}

// target is what an extension is given to work on: an application or a blueprint.
func (m *model) target(value python.Value) (*python.Instance, bool) {
	if application, ok := m.behindProxy(value); ok {
		return application, true
	}
	instance, ok := value.(*python.Instance)
	if !ok {
		return nil, false
	}
	switch instance.Native.(type) {
	case *app:
		m.appOf(instance)
		return instance, true
	case *blueprint:
		return instance, true
	}
	return nil, false
}
