package express

import (
	"strings"

	js "github.com/codebegen/preview-operator/internal/endpoints/javascript"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// stack is what an application or a router was given, in order.
type stack struct {
	app     bool
	entries []*entry
	// mounted: another stack uses it. served: it listens, or a server was made of it.
	mounted, served bool
	settings        map[string]js.Value
}

// entry is one call of use, or of a method such as get.
type entry struct {
	use     bool
	paths   []js.Value
	targets []js.Value
	calls   []*routeCall
	// unknown: the path is not known.
	unknown bool
	file    string
	line    int
}

// routeCall is one method of a route with its handlers.
type routeCall struct {
	method   string
	handlers []js.Value
	node     *syntax.Node
	file     string
	line     int
	likely   bool
}

// routeOf is what route(path) returns.
type routeOf struct{ entry *entry }

// maxEntries bounds what one stack holds.
const maxEntries = 20_000

// methods that Express has functions for.
var methodNames = []string{
	"get", "post", "put", "patch", "delete", "options", "head", "all", "trace", "copy", "link", "lock", "mkcol", "move", "purge",
	"propfind", "proppatch", "report", "search", "subscribe", "unsubscribe", "unlock", "unlink", "notify", "checkout", "merge",
	"mkactivity", "mkcalendar", "rebind", "unbind", "acl", "bind", "source",
}

// model is Express for one run.
type model struct {
	in          *js.Interpreter
	stacks      []*stack
	application *js.Object
	router      *js.Object
	routeProto  *js.Object
	library     *js.Object
}

func newModel() *model { return &model{} }

func (m *model) libraryFor() js.Library {
	express := func(in *js.Interpreter) js.Value { m.make(in); return m.library }
	router := func(in *js.Interpreter) js.Value { m.make(in); return m.router }
	library := js.Library{
		"express": express, "ultimate-express": express, "express-promise-router": router, "router": router,
		"express-ws": m.webSockets, "@awaitjs/express": m.awaitjs, "@root/async-router": m.awaitjs,
		"express-async-router": func(in *js.Interpreter) js.Value {
			m.make(in)
			o := in.Object()
			o.Set("AsyncRouter", m.router)
			return o
		},
		"http": m.servers, "https": m.servers, "http2": m.servers, "spdy": m.servers,
	}
	for _, name := range otherFrameworks {
		library[name] = func(in *js.Interpreter) js.Value {
			in.Diagnose("framework", name+" makes routes of its own, which are not found", "", 0)
			return &js.Unknown{Name: name}
		}
	}
	return library
}

// otherFrameworks route with decorators or in ways of their own over Express.
var otherFrameworks = []string{
	"@nestjs/core", "routing-controllers", "inversify-express-utils", "tsoa", "@tsed/common", "@feathersjs/express", "@overnightjs/core", "@loopback/rest",
}

func (m *model) make(in *js.Interpreter) {
	if m.library != nil {
		return
	}
	m.in = in
	m.routeProto = in.Object()
	m.application = in.Object()
	m.router = in.Func("Router", func(*js.Call) js.Value { return m.newStack(false) })
	m.router.Hide("prototype", m.router)
	for _, proto := range []*js.Object{m.application, m.router} {
		m.methods(proto)
	}
	m.appMethods()
	for _, name := range methodNames {
		method := strings.ToUpper(name)
		m.routeProto.Hide(name, in.Func(name, func(c *js.Call) js.Value { return m.onRoute(c, method) }))
	}
	m.library = in.Func("express", func(*js.Call) js.Value { return m.newStack(true) })
	m.library.Set("Router", m.router)
	m.library.Set("application", m.application)
	for _, name := range []string{"static", "json", "urlencoded", "raw", "text"} {
		m.library.Set(name, in.Func(name, func(*js.Call) js.Value { return in.Func("middleware", nothing) }))
	}
	for _, name := range []string{"request", "response", "Route"} {
		m.library.Set(name, &js.Unknown{Name: "express." + name})
	}
}

func nothing(*js.Call) js.Value { return nil }

func (m *model) newStack(app bool) *js.Object {
	s := &stack{app: app}
	o := m.in.Func("router", nothing)
	o.Proto = m.router
	if app {
		s.settings = map[string]js.Value{}
		o.Proto = m.application
		o.Set("locals", m.in.Object())
		o.Set("mountpath", "/")
	}
	o.Native = s
	m.stacks = append(m.stacks, s)
	return o
}

// stackOf is the stack of a value, or nil.
func stackOf(v js.Value) *stack {
	o, ok := v.(*js.Object)
	if !ok {
		return nil
	}
	if bound, ok := o.Native.(js.Bound); ok {
		o = bound.Function
	}
	s, _ := o.Native.(*stack)
	return s
}

func (m *model) methods(proto *js.Object) {
	hide := func(name string, native js.Native) { proto.Hide(name, m.in.Func(name, native)) }
	for _, name := range methodNames {
		method := strings.ToUpper(name)
		add := func(c *js.Call) js.Value { return m.route(c, method) }
		hide(name, add)
		hide(name+"Async", add)
	}
	hide("del", func(c *js.Call) js.Value { return m.route(c, "DELETE") })
	hide("ws", func(c *js.Call) js.Value { return m.route(c, route.WebSocket) })
	hide("use", m.use)
	hide("useAsync", m.use)
	hide("route", m.routeObject)
	hide("param", func(c *js.Call) js.Value { return c.This })
	hide("handle", nothing)
}

func (m *model) appMethods() {
	hide := func(name string, native js.Native) { m.application.Hide(name, m.in.Func(name, native)) }
	hide("listen", func(c *js.Call) js.Value {
		if s := stackOf(c.This); s != nil {
			s.served = true
		}
		// Its callback runs as that of any other server.
		return c.In.Call(&js.Unknown{Name: "http.Server.listen"}, nil, c.Args)
	})
	hide("set", func(c *js.Call) js.Value {
		name, known := c.Text(0)
		if s := stackOf(c.This); s != nil && s.settings != nil && known {
			if len(c.Args) < 2 {
				return s.settings[name]
			}
			if len(s.settings) < maxEntries {
				s.settings[name] = c.Arg(1)
			}
		}
		return c.This
	})
	for _, name := range []string{"enable", "disable", "engine"} {
		hide(name, func(c *js.Call) js.Value { return c.This })
	}
	for _, name := range []string{"enabled", "disabled", "render", "path"} {
		hide(name, func(c *js.Call) js.Value { return &js.Unknown{Name: name} })
	}
}

// flat takes arrays apart, as Express does with its arguments.
func flat(values []js.Value, into []js.Value, depth int) []js.Value {
	for _, v := range values {
		if a := js.AsArray(v); a != nil && depth < 32 && len(into) < maxEntries {
			into = flat(a.Items, into, depth+1)
			continue
		}
		into = append(into, v)
	}
	return into
}

func (s *stack) add(e *entry) {
	if len(s.entries) < maxEntries {
		s.entries = append(s.entries, e)
	}
}

func (m *model) use(c *js.Call) js.Value {
	s := stackOf(c.This)
	if s == nil || len(c.Args) == 0 {
		return c.This
	}
	e := &entry{use: true, paths: []js.Value{"/"}, file: c.File(), line: c.Line()}
	first := c.Args[0]
	for a := js.AsArray(first); a != nil && len(a.Items) > 0; a = js.AsArray(first) {
		first = a.Items[0]
	}
	targets := c.Args
	switch v := first.(type) {
	case string:
		e.paths, targets = flat(c.Args[:1], nil, 0), c.Args[1:]
	case *js.Object:
		if _, regular := js.RegexSource(v); regular {
			e.paths, targets = flat(c.Args[:1], nil, 0), c.Args[1:]
		}
	case *js.Unknown:
		if _, known := js.Text(v); known || v.Setting {
			e.paths, targets = flat(c.Args[:1], nil, 0), c.Args[1:]
			break
		}
		if len(c.Args) > 1 && isPathExpression(c.Node) {
			e.unknown, targets = true, c.Args[1:]
		}
	default:
		if len(c.Args) > 1 {
			e.unknown, targets = true, c.Args[1:]
		}
	}
	e.targets = flat(targets, nil, 0)
	for _, target := range e.targets {
		if inner := stackOf(target); inner != nil && inner != s {
			inner.mounted = true
			if o, ok := target.(*js.Object); ok && inner.app {
				if text, ok := e.paths[0].(string); ok {
					o.Set("mountpath", text)
				}
			}
		}
		if u, ok := target.(*js.Unknown); ok && u.Missing {
			m.in.Diagnose("router", "what is mounted comes from a module that is not among the files: "+u.Name, e.file, e.line)
		}
	}
	s.add(e)
	return c.This
}

// isPathExpression guesses whether the first argument of a call is a path that is not known, rather than a middleware.
func isPathExpression(call *syntax.Node) bool {
	for _, argument := range call.Child("arguments").NamedChildren() {
		switch argument.Kind {
		case "comment":
			continue
		case "template_string", "binary_expression", "string":
			return true
		case "identifier", "member_expression", "subscript_expression":
			name := strings.ToLower(argument.Text)
			if at := strings.LastIndexByte(name, '.'); at >= 0 {
				name = name[at+1:]
			}
			for _, word := range []string{"prefix", "path", "base", "url", "root", "version", "endpoint", "namespace", "mount"} {
				if strings.Contains(name, word) {
					return true
				}
			}
		}
		return false
	}
	return false
}

// route is get, post and so on of an application or a router.
func (m *model) route(c *js.Call, method string) js.Value {
	s := stackOf(c.This)
	if s == nil || len(c.Args) == 0 {
		return c.This
	}
	if len(c.Args) == 1 && method == "GET" {
		if name, known := c.Text(0); known {
			if v, ok := s.settings[name]; ok {
				return v
			}
		}
		return &js.Unknown{Name: "a setting"}
	}
	e := m.entry(c)
	e.calls = []*routeCall{m.call(c, method, c.Args[1:])}
	s.add(e)
	return c.This
}

func (m *model) entry(c *js.Call) *entry {
	return &entry{paths: flat(c.Args[:1], nil, 0), file: c.File(), line: c.Line()}
}

func (m *model) call(c *js.Call, method string, handlers []js.Value) *routeCall {
	return &routeCall{
		method: method, handlers: flat(handlers, nil, 0), node: c.Node, file: c.File(), line: c.Line(), likely: c.In.Uncertain(),
	}
}

func (m *model) routeObject(c *js.Call) js.Value {
	o := m.in.Object()
	o.Proto = m.routeProto
	s := stackOf(c.This)
	if s == nil || len(c.Args) == 0 {
		return o
	}
	e := m.entry(c)
	s.add(e)
	o.Native = routeOf{entry: e}
	return o
}

func (m *model) onRoute(c *js.Call, method string) js.Value {
	o, ok := c.This.(*js.Object)
	if !ok {
		return c.This
	}
	if r, ok := o.Native.(routeOf); ok && len(r.entry.calls) < maxEntries {
		r.entry.calls = append(r.entry.calls, m.call(c, method, c.Args))
	}
	return c.This
}

// servers are Node's modules that make servers of applications.
func (m *model) servers(in *js.Interpreter) js.Value {
	o := in.Object()
	o.Open = true
	create := in.Func("createServer", func(c *js.Call) js.Value {
		for _, arg := range c.Args {
			if s := stackOf(arg); s != nil {
				s.served = true
			}
		}
		return &js.Unknown{Name: "http.Server"}
	})
	for _, name := range []string{"createServer", "createSecureServer", "Server"} {
		o.Set(name, create)
	}
	return o
}

func (m *model) webSockets(in *js.Interpreter) js.Value {
	m.make(in)
	return in.Func("expressWs", func(c *js.Call) js.Value {
		o := in.Object()
		o.Open = true
		o.Set("app", c.Arg(0))
		return o
	})
}

func (m *model) awaitjs(in *js.Interpreter) js.Value {
	m.make(in)
	o := in.Object()
	o.Open = true
	pass := in.Func("addAsync", func(c *js.Call) js.Value { return c.Arg(0) })
	o.Set("addAsync", pass)
	o.Set("wrap", pass)
	o.Set("Router", m.router)
	return o
}
