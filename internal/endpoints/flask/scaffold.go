package flask

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// Paths of the models' own classes.
const (
	appPath       = "flask.app.Flask"
	blueprintPath = "flask.blueprints.Blueprint"
)

// scaffold are the methods that applications and blueprints share.
func (m *model) scaffold() map[string]python.NativeFunc {
	methods := map[string]python.NativeFunc{
		"route":        func(c *python.Call) python.Value { return m.route(c, nil) },
		"add_url_rule": m.addURLRule,
		"websocket":    func(c *python.Call) python.Value { return m.route(c, []string{"WEBSOCKET"}) },
		"add_websocket": func(c *python.Call) python.Value {
			p, ok := ruleOf(c)
			if ok {
				p.methods = []string{"WEBSOCKET"}
				m.addTo(c, c.Self, p)
			}
			return nil
		},
		"endpoint": func(c *python.Call) python.Value {
			name, _ := c.Str(0, "endpoint", "")
			self := c.Self
			return python.Decorator("endpoint", func(_ *python.Call, view python.Value) {
				if state, ok := self.Native.(*app); ok && name != "" {
					state.views[name] = view
				}
			})
		},
	}
	for _, method := range []string{"get", "post", "put", "delete", "patch"} {
		methods[method] = func(c *python.Call) python.Value { return m.route(c, []string{strings.ToUpper(method)}) }
	}
	return methods
}

// route is the decorator that adds a rule. What it decorates may be a class with flask-smorest, APIFlask and Quart-like libraries.
func (m *model) route(c *python.Call, methods []string) python.Value {
	p, ok := ruleOf(c)
	if !ok {
		return python.Decorator("route", func(*python.Call, python.Value) {})
	}
	if methods != nil {
		p.methods = methods
	}
	at, self := *c, c.Self
	return python.Decorator("route", func(d *python.Call, view python.Value) {
		made := p
		made.assumed = at.Assumed || d.Assumed
		if own, ok := overridden(self, "add_url_rule"); ok {
			made.view = view
			m.callOwn(&at, own, made)
			return
		}
		made.view = view
		m.addTo(&at, self, made)
	})
}

// callOwn hands a rule to the add_url_rule of a project's own class, as Flask's route does.
func (m *model) callOwn(c *python.Call, own python.Value, p pending) {
	keywords := []python.Keyword{}
	for _, k := range c.Keywords {
		if k.Name != "rule" && k.Name != "endpoint" && k.Name != "methods" {
			keywords = append(keywords, k)
		}
	}
	callAddURLRule(c, own, p.path, p.endpoint, p, keywords)
}

// callAddURLRule calls a project's own add_url_rule. An endpoint that is not given is None.
func callAddURLRule(c *python.Call, own python.Value, path, endpoint string, p pending, keywords []python.Keyword) {
	view, name := p.view, python.Value(python.None{})
	if view == nil {
		view = python.None{}
	}
	if endpoint != "" {
		name = python.Str(endpoint)
	}
	if p.methods != nil {
		list := python.NewList()
		for _, method := range p.methods {
			list.Items = append(list.Items, python.Str(method))
		}
		keywords = append(keywords, python.Keyword{Name: "methods", Value: list})
	}
	c.In.CallFrom(c, own, []python.Value{python.Str(path), name, view}, keywords)
}

// overridden is a method of a project's own class.
func overridden(self *python.Instance, name string) (python.Value, bool) {
	value, _, ok := self.Class.Lookup(name)
	if !ok {
		return nil, false
	}
	function, ok := value.(*python.Function)
	if !ok {
		return nil, false
	}
	return &python.BoundMethod{Self: self, Func: function}, true
}

func (m *model) addURLRule(c *python.Call) python.Value {
	p, ok := ruleOf(c)
	if !ok {
		return nil
	}
	if p.endpoint, ok = text(c.Arg(1, "endpoint")); !ok {
		p.endpoint = "?"
	}
	if view := c.Arg(2, "view_func"); view != nil {
		p.view = view
	}
	if state, ok := c.Self.Native.(*app); ok {
		m.appOf(c.Self)
		if given := state.handed; given != nil {
			p.tags, p.file, p.line = given.tags, given.file, given.line
		}
		p.direct = true
	}
	m.addTo(c, c.Self, p)
	return nil
}

// ruleOf reads the arguments that route and add_url_rule share. It is false, after a diagnostic, when the path or the methods are not
// known.
func ruleOf(c *python.Call) (pending, bool) {
	p := pending{file: c.File, line: c.Line, assumed: c.Assumed}
	value := c.Arg(0, "rule")
	path, ok := python.AsStr(value)
	if !ok {
		c.Diagnose("unknown-path", "the rule of this route is not known")
		return p, false
	}
	p.path = path
	if p.endpoint, ok = text(c.Arg(-1, "endpoint")); !ok {
		p.endpoint = "?"
	}
	if p.methods, ok = methodsOf(c, c.Arg(-1, "methods")); !ok {
		c.Diagnose("unknown-methods", "the methods of "+path+" are not known")
		return p, false
	}
	return p, true
}

// methodsOf reads a list of methods; nil is for None and for what was not given.
func methodsOf(c *python.Call, value python.Value) ([]string, bool) {
	switch value.(type) {
	case nil, python.None:
		return nil, true
	}
	all, ok := texts(c.In, value)
	if !ok {
		return nil, false
	}
	methods := make([]string, 0, len(all))
	for _, method := range all {
		methods = append(methods, strings.ToUpper(method))
	}
	return methods, true
}

// texts are the strings of a collection.
func texts(in *python.Interpreter, value python.Value) ([]string, bool) {
	if one, ok := python.AsStr(value); ok {
		return []string{one}, true
	}
	items, complete := in.Iterate(value)
	all := make([]string, 0, len(items))
	for _, item := range items {
		one, ok := python.AsStr(item)
		if !ok {
			return nil, false
		}
		all = append(all, one)
	}
	return all, complete
}

// addTo adds a rule to an application, or to what a blueprint will do when it is registered.
func (m *model) addTo(c *python.Call, target *python.Instance, p pending) {
	if class, ok := p.view.(*python.Class); ok && takesClasses(target.Class) {
		p = classView(c, target, p, class)
	}
	switch state := target.Native.(type) {
	case *app:
		m.appOf(target).addPending(c, p)
	case *blueprint:
		state.deferred = append(state.deferred, func(s *setup) { s.add(p) })
	}
}

// registerBlueprint is the method of applications and of blueprints.
func (m *model) registerBlueprint(c *python.Call) python.Value {
	argument := c.Arg(0, "blueprint")
	if argument == nil {
		argument = c.Arg(-1, "blp")
	}
	m.register(c, c.Self, argument)
	return nil
}

func (m *model) register(c *python.Call, target *python.Instance, argument python.Value) {
	if proxied, ok := m.behindProxy(target); ok {
		target = proxied
	}
	child, ok := native[*blueprint](argument)
	if !ok || child.self == nil {
		if external, ok := argument.(*python.External); ok && strings.HasPrefix(external.Path, "flask_swagger_ui.") {
			// Its pages are left out, as all documentation is.
			return
		}
		c.Diagnose("unknown-blueprint", "what is registered here is not known to be a blueprint")
		return
	}
	o := options{prefix: prefixOf(c.Arg(-1, "url_prefix")), call: c, assumed: c.Assumed}
	o.name, _ = text(c.Arg(-1, "name"))
	switch state := target.Native.(type) {
	case *app:
		m.appOf(target)
		if own, ok := overridden(child.self, "register"); ok {
			m.in.CallFrom(c, own, []python.Value{target, m.optionDict(c)}, nil)
			return
		}
		child.register(state, o, 0)
	case *blueprint:
		if state != child {
			state.nested = append(state.nested, nested{child: child, options: o})
		}
	}
}

// optionDict is what a project's own Blueprint.register gets.
func (m *model) optionDict(c *python.Call) python.Value {
	dict := python.NewDict()
	for _, k := range c.Keywords {
		if k.Name != "blueprint" {
			dict.Set(python.Str(k.Name), k.Value)
		}
	}
	dict.Open = c.OpenKeywords
	return dict
}

// registerSelf is Blueprint.register(app, options), which projects call from their own subclasses.
func (m *model) registerSelf(c *python.Call) python.Value {
	target, ok := native[*app](c.Arg(0, "app"))
	if !ok {
		return nil
	}
	o := options{call: c, assumed: c.Assumed}
	if dict, ok := c.Arg(1, "options").(*python.Dict); ok {
		at, _ := dict.GetStr("url_prefix")
		o.prefix = prefixOf(at)
		name, _ := dict.GetStr("name")
		o.name, _ = text(name)
	}
	c.Self.Native.(*blueprint).register(target, o, 0)
	return nil
}

func (m *model) blueprintClass() *python.NativeClass {
	methods := m.scaffold()
	methods["register_blueprint"] = m.registerBlueprint
	methods["register"] = m.registerSelf
	methods["record"] = m.record
	methods["record_once"] = m.record
	return &python.NativeClass{
		Path: blueprintPath, Aliases: []string{"flask.Blueprint", "quart.Blueprint", "quart.blueprints.Blueprint", "flask.sansio.blueprints.Blueprint"},
		Alloc: func(*python.Class) any { return &blueprint{name: "?"} },
		Init: func(c *python.Call) python.Value {
			state := c.Self.Native.(*blueprint)
			state.self = c.Self
			state.name, _ = c.Str(0, "name", "?")
			state.prefix = prefixOf(c.Arg(5, "url_prefix"))
			return nil
		},
		Methods: methods,
		Properties: map[string]python.NativeFunc{
			"name": func(c *python.Call) python.Value { return python.Str(c.Self.Native.(*blueprint).name) },
			"url_prefix": func(c *python.Call) python.Value {
				at := c.Self.Native.(*blueprint).prefix
				switch {
				case at.unknown:
					return python.Unknown{}
				case at.set:
					return python.Str(at.text)
				}
				return python.None{}
			},
		},
	}
}

// record runs a project's own function when the blueprint is registered.
func (m *model) record(c *python.Call) python.Value {
	function := c.Arg(0, "func")
	if function == nil {
		return nil
	}
	at, state := *c, c.Self.Native.(*blueprint)
	state.deferred = append(state.deferred, func(s *setup) {
		made := m.in.Construct(m.in.Native(setupPath).(*python.Class), nil, nil)
		instance, ok := made.(*python.Instance)
		if !ok {
			return
		}
		instance.Native = s
		m.in.CallFrom(&at, function, []python.Value{instance}, nil)
	})
	return function
}

const setupPath = "flask.blueprints.BlueprintSetupState"

func (m *model) setupClass() *python.NativeClass {
	return &python.NativeClass{
		Path: setupPath,
		Methods: map[string]python.NativeFunc{
			"add_url_rule": func(c *python.Call) python.Value {
				p, ok := ruleOf(c)
				state, there := c.Self.Native.(*setup)
				if !ok || !there {
					return nil
				}
				p.endpoint, _ = text(c.Arg(1, "endpoint"))
				p.view = c.Arg(2, "view_func")
				state.add(p)
				return nil
			},
		},
		Properties: map[string]python.NativeFunc{
			"app": func(c *python.Call) python.Value {
				if state, ok := c.Self.Native.(*setup); ok {
					return state.app.self
				}
				return python.Unknown{}
			},
			"url_prefix": func(c *python.Call) python.Value {
				if state, ok := c.Self.Native.(*setup); ok && !state.prefix.unknown {
					if !state.prefix.set {
						return python.None{}
					}
					return python.Str(state.prefix.text)
				}
				return python.Unknown{}
			},
		},
	}
}
