package flask

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// model is what the frameworks' models know together in one run.
type model struct {
	in *python.Interpreter
	// current is the application whose context has been entered last.
	current *python.Instance
	// classRoutes are the rules that flask_classful.route has put on methods.
	classRoutes map[*python.Function][]classRoute
}

// app is the state of a Flask object.
type app struct {
	self  *python.Instance
	rules []*rule
	// views are the view functions by endpoint.
	views map[string]python.Value
	// blueprints are those registered, by their dotted names.
	blueprints map[string]*blueprint
	config     *python.Instance
	// work counts rules and registrations: blueprints that hold others many times over would take forever.
	work int
	// handed is the rule that the project's own add_url_rule is being called with.
	handed *pending
}

const (
	// maxWork bounds the rules and registrations of one application.
	maxWork = 20_000
	// maxPath bounds a path in bytes; a longer one is not known.
	maxPath = 4096
)

// tired counts, and tells whether it has become too much.
func (a *app) tired(call *python.Call) bool {
	if a.work++; a.work < maxWork {
		return false
	}
	if a.work == maxWork {
		call.Diagnose("too-many-routes", "the application has too many routes: the rest is left out")
	}
	return true
}

// rule is a rule of the URL map.
type rule struct {
	path     string
	endpoint string
	methods  []string
	// tags say more than the endpoint's blueprint does.
	tags    []string
	file    string
	line    int
	assumed bool
}

// pending is a rule before it is known where it will be served.
type pending struct {
	path     string
	endpoint string
	view     python.Value
	// methods are nil when the view says them.
	methods []string
	tags    []string
	// whole makes the path from the prefix of the blueprint. Flask-RESTful and flask-restx join in their own way.
	whole func(prefix string) string
	// direct says that the rule comes from Flask's own add_url_rule.
	direct  bool
	file    string
	line    int
	assumed bool
}

// prefix is a url_prefix: None, or a text, which may not be known.
type prefix struct {
	text    string
	set     bool
	unknown bool
}

// blueprint is the state of a Blueprint object.
type blueprint struct {
	self     *python.Instance
	name     string
	prefix   prefix
	deferred []func(*setup)
	nested   []nested
	// endpoints are those which flask-smorest has given out.
	endpoints []string
}

// nested is a blueprint registered on a blueprint.
type nested struct {
	child   *blueprint
	options options
}

// options are what register_blueprint was given.
type options struct {
	prefix     prefix
	name       string
	namePrefix string
	call       *python.Call
	assumed    bool
}

// setup is Flask's BlueprintSetupState.
type setup struct {
	app     *app
	prefix  prefix
	name    string
	assumed bool
	call    *python.Call
	// plainJoin is set once an Api of Flask-RESTful or flask-restx has taken over how rules are joined; bare is then the blueprint's
	// name in endpoints.
	plainJoin bool
	bare      string
}

// add adds a rule to the application, as Flask.add_url_rule does.
func (a *app) add(call *python.Call, path, endpoint string, p pending) {
	if a.tired(call) {
		return
	}
	if len(path) > maxPath {
		call.In.Diagnose("unknown-path", "the rule of this route is too long", p.file, p.line)
		return
	}
	if !strings.HasPrefix(path, "/") {
		call.In.Diagnose("bad-rule", "Flask refuses a rule that does not begin with a slash: "+path, p.file, p.line)
		return
	}
	view := p.view
	if _, none := view.(python.None); none {
		view = nil
	}
	methods := p.methods
	if methods == nil {
		methods = viewMethods(call.In, view)
	}
	a.rules = append(a.rules, &rule{
		path: path, endpoint: endpoint, methods: methods, tags: p.tags, file: p.file, line: p.line,
		assumed: p.assumed || call.Assumed || a.self.Assumed,
	})
	if view != nil {
		a.views[endpoint] = view
	}
}

// addPending adds a rule to the application itself.
func (a *app) addPending(call *python.Call, p pending) {
	path := p.path
	if p.whole != nil {
		path = p.whole("")
	}
	endpoint := p.endpoint
	if endpoint == "" {
		endpoint = viewName(call.In, p.view)
	}
	a.dispatch(call, path, endpoint, p)
}

// dispatch adds a rule by the add_url_rule of the project's own class, when it has one.
func (a *app) dispatch(call *python.Call, path, endpoint string, p pending) {
	own, ok := overridden(a.self, "add_url_rule")
	if !ok || p.direct || a.handed != nil || a.tired(call) {
		a.add(call, path, endpoint, p)
		return
	}
	a.handed = &p
	callAddURLRule(call, own, path, endpoint, p, nil)
	a.handed = nil
}

// add adds a rule of a blueprint, as BlueprintSetupState.add_url_rule does.
func (s *setup) add(p pending) {
	if s.prefix.unknown {
		s.call.In.Diagnose("unknown-prefix", "the url_prefix of the blueprint "+s.name+" is not known", p.file, p.line)
		return
	}
	endpoint := p.endpoint
	if endpoint == "" {
		endpoint = viewName(s.call.In, p.view)
	}
	path := p.path
	switch {
	case p.whole != nil:
		path = p.whole(s.prefix.text)
	case s.plainJoin:
		path = s.prefix.text + path
	case s.prefix.set && path == "":
		path = s.prefix.text
	case s.prefix.set:
		path = strings.TrimRight(s.prefix.text, "/") + "/" + strings.TrimLeft(path, "/")
	}
	name := s.name
	if s.plainJoin {
		name = s.bare
	}
	p.assumed = p.assumed || s.assumed
	s.app.dispatch(s.call, path, name+"."+endpoint, p)
}

// register applies a blueprint to an application, as Blueprint.register does.
func (b *blueprint) register(a *app, o options, depth int) {
	own := o.name
	if own == "" {
		own = b.name
	}
	name := strings.TrimLeft(o.namePrefix+"."+own, ".")
	a.blueprints[name] = b
	at := o.prefix
	if !at.set && !at.unknown {
		at = b.prefix
	}
	state := &setup{app: a, prefix: at, name: name, bare: b.name, call: o.call, assumed: o.assumed || o.call.Assumed || b.self.Assumed}
	for i := 0; i < len(b.deferred) && !a.tired(o.call); i++ {
		b.deferred[i](state)
	}
	if depth >= maxNesting {
		return
	}
	for _, n := range b.nested {
		if a.tired(o.call) {
			return
		}
		inner := n.options
		inner.prefix = nestedPrefix(at, n)
		inner.namePrefix = name
		inner.assumed = inner.assumed || state.assumed
		n.child.register(a, inner, depth+1)
	}
}

// maxNesting is how deep blueprints may nest: one that holds itself, through others, would never end.
const maxNesting = 16

func nestedPrefix(outer prefix, n nested) prefix {
	inner := n.options.prefix
	if !inner.set && !inner.unknown {
		inner = n.child.prefix
	}
	switch {
	case outer.unknown || inner.unknown:
		return prefix{unknown: true}
	case outer.set && inner.set:
		return prefix{set: true, text: strings.TrimRight(outer.text, "/") + "/" + strings.TrimLeft(inner.text, "/")}
	case inner.set:
		return inner
	}
	return outer
}

// prefixOf reads an argument that is a prefix.
func prefixOf(value python.Value) prefix {
	switch value.(type) {
	case nil, python.None:
		return prefix{}
	}
	if text, ok := python.AsStr(value); ok {
		return prefix{text: text, set: true}
	}
	return prefix{unknown: true}
}

// text reads an argument that is a string; empty is for None and what was not given.
func text(value python.Value) (string, bool) {
	switch value.(type) {
	case nil, python.None:
		return "", true
	}
	return python.AsStr(value)
}

func native[T any](value python.Value) (T, bool) {
	var none T
	instance, ok := value.(*python.Instance)
	if !ok {
		return none, false
	}
	state, ok := instance.Native.(T)
	return state, ok
}
