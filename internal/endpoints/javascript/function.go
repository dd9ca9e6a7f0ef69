package javascript

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// Function is what a function object does when it is called.
type Function struct {
	Name string
	// Node is where it is declared, nil for what Go implements; Module is the file.
	Node   *syntax.Node
	Module *Module

	native Native
	scope  *scope
	// around is the frame that an arrow function takes this from.
	around *frame
	home   *Object
	async  bool
	// class is the node of the class that it constructs, parent what the class extends.
	class     *syntax.Node
	derived   bool
	parent    Value
	object    *Object
	active    int
	called    bool
	generator bool
}

// Call is one call of a function that Go implements.
type Call struct {
	In   *Interpreter
	This Value
	Args []Value
	// New: it is called with new.
	New bool
	// Open: there are more arguments, which are not known.
	Open bool
	// Node is the call, nil where another native function makes it; Module is the file.
	Node   *syntax.Node
	Module *Module
}

// Arg is an argument, undefined when there is none.
func (c *Call) Arg(i int) Value {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return nil
}

// Text is an argument as a string; known is false when it is no string that is known.
func (c *Call) Text(i int) (text string, known bool) {
	text, known = c.Arg(i).(string)
	return text, known
}

// Line is where the call is, or 0.
func (c *Call) Line() int {
	if c.Node == nil {
		return 0
	}
	if property := c.Node.Child("function").Child("property"); property != nil {
		return property.Line
	}
	return c.Node.Line
}

// File is the module that has the call, or nothing.
func (c *Call) File() string {
	if c.Module == nil {
		return ""
	}
	return c.Module.Path
}

// closure makes a function of a declaration, an expression or a method.
func (in *Interpreter) closure(f *frame, sc *scope, n *syntax.Node, name string) *Object {
	in.take(256)
	fn := &Function{Name: name, Node: n, Module: f.module, scope: sc}
	for _, child := range n.Children {
		switch child.Kind {
		case "async":
			fn.async = true
		case "*":
			fn.generator = true
		}
		if child.Named && child.Field == "parameters" {
			break
		}
	}
	o := &Object{Class: ClassFunction, Proto: in.protos.function, Call: fn}
	if n.Kind == "arrow_function" {
		fn.around = f
		return o
	}
	fn.generator = fn.generator || strings.HasPrefix(n.Kind, "generator_function")
	return o
}

func (in *Interpreter) functionExpression(f *frame, sc *scope, n *syntax.Node) Value {
	name := n.Child("name")
	if name == nil {
		return in.closure(f, sc, n, "")
	}
	inner := sc.child()
	o := in.closure(f, inner, n, name.Text)
	inner.declare(name.Text, o)
	return o
}

// prototype is the object that instances of a function inherit from, made when it is asked for.
func (in *Interpreter) prototype(o *Object) *Object {
	if property := o.Own("prototype"); property != nil {
		if p, ok := property.Value.(*Object); ok {
			return p
		}
	}
	p := in.Object()
	p.Hide("constructor", o)
	o.Hide("prototype", p)
	return p
}

// Call calls a function, or what may be one.
func (in *Interpreter) Call(function Value, this Value, args []Value) Value {
	return in.apply(function, &Call{In: in, This: this, Args: args})
}

func (in *Interpreter) apply(function Value, c *Call) Value {
	o, ok := function.(*Object)
	if !ok || o.Call == nil {
		name := ""
		if u, ok := function.(*Unknown); ok {
			name = u.Name
		}
		in.callbacks(name, c.Args)
		return &Unknown{Name: name}
	}
	if !in.step() || in.calls >= in.limits.Calls || in.depth > in.limits.Depth {
		return &Unknown{Name: o.Call.Name}
	}
	in.calls++
	defer func() { in.calls-- }()
	if o.Call.native != nil {
		in.steps += cost(c.This)
		for _, arg := range c.Args {
			in.steps += cost(arg)
		}
		return o.Call.native(c)
	}
	return in.invoke(o, c, nil)
}

// cost is what a native function may do with a value, in steps.
func cost(v Value) int {
	switch v := v.(type) {
	case string:
		return len(v) / 16
	case *Object:
		return (len(v.Items) + len(v.keys)) / 64
	}
	return 0
}

// maxUncertain bounds how often a function is entered again under conditions that are not known: each would
// otherwise double the work.
const maxUncertain = 1

// invoke runs a function of the program. Of a class's constructor, target is what new was used on.
func (in *Interpreter) invoke(o *Object, c *Call, target *Object) Value {
	fn := o.Call
	if fn.active > maxUncertain && in.uncertain > 0 {
		return &Unknown{Name: fn.Name}
	}
	fn.active++
	defer func() { fn.active-- }()
	f := &frame{module: fn.Module, fn: fn, this: c.This, args: c.Args, home: fn.home, class: fn.object, target: target}
	if fn.around != nil {
		f.this, f.home, f.class, f.target = fn.around.this, fn.around.home, fn.around.class, fn.around.target
		f.args = fn.around.args
	}
	sc := &scope{parent: fn.scope, function: true}
	if fn.around == nil {
		arguments := in.Array(c.Args)
		arguments.Open = c.Open
		sc.declare("arguments", arguments)
	}
	in.parameters(f, sc, fn.Node, c)
	body := fn.Node.Child("body")
	if fn.generator {
		f.yields = in.Array(nil)
		in.runBody(f, sc, body)
		return f.yields
	}
	if fn.async {
		return in.runAsync(f, sc, body)
	}
	return in.runBody(f, sc, body)
}

// runBody runs a function's body and returns what the function returns.
func (in *Interpreter) runBody(f *frame, sc *scope, body *syntax.Node) Value {
	if body == nil {
		return &Unknown{}
	}
	if body.Kind != "statement_block" {
		return in.eval(f, sc, body)
	}
	in.hoist(f, sc, body.Children)
	return in.runStatements(f, sc, body.Children)
}

func (in *Interpreter) runStatements(f *frame, sc *scope, list []*syntax.Node) Value {
	switch in.statements(f, sc, list) {
	case returned:
		return f.best(f.result)
	case thrown:
		if v := f.best(nil); v != nil {
			return v
		}
		return &Unknown{Name: "what throws"}
	}
	return f.best(nil)
}

func (in *Interpreter) parameters(f *frame, sc *scope, n *syntax.Node, c *Call) {
	if single := n.Child("parameter"); single != nil {
		in.bind(f, sc, single, c.argument(0), sc)
		return
	}
	index := 0
	for _, p := range n.Child("parameters").NamedChildren() {
		pattern, initial := p, (*syntax.Node)(nil)
		switch p.Kind {
		case "comment", "decorator":
			continue
		case "required_parameter", "optional_parameter":
			pattern, initial = p.Child("pattern"), p.Child("value")
			if pattern.Is("this") {
				continue
			}
		case "assignment_pattern":
			pattern, initial = p.Child("left"), p.Child("right")
		}
		if pattern.Is("rest_pattern") {
			rest := in.Array(append([]Value(nil), c.Args[min(index, len(c.Args)):]...))
			rest.Open = c.Open
			in.bind(f, sc, pattern, rest, sc)
			return
		}
		v := c.argument(index)
		index++
		if undefined(v) && initial != nil {
			v = in.eval(f, sc, initial)
		}
		in.bind(f, sc, pattern, v, sc)
		// A parameter property of TypeScript's: constructor(private app: App).
		if o, ok := f.this.(*Object); ok && pattern.Is("identifier") && (p.ChildOfKind("accessibility_modifier") != nil || p.ChildOfKind("readonly") != nil) {
			o.Set(pattern.Text, v)
		}
	}
}

func (c *Call) argument(i int) Value {
	if i >= len(c.Args) && c.Open {
		return &Unknown{}
	}
	return c.Arg(i)
}

// callbacks puts off the functions that are given to a function that is not known: they are called once.
func (in *Interpreter) callbacks(name string, args []Value) {
	if event, ok := firstText(args); ok && isFailure(event) {
		return
	}
	if strings.HasSuffix(name, ".catch") {
		return
	}
	for _, arg := range args {
		o, ok := arg.(*Object)
		if !ok {
			continue
		}
		if o.Class == ClassArray && len(o.Items) <= 32 {
			for _, item := range o.Items {
				in.callback(item)
			}
			continue
		}
		in.callback(o)
	}
}

func firstText(args []Value) (string, bool) {
	if len(args) == 0 {
		return "", false
	}
	text, ok := args[0].(string)
	return text, ok
}

// isFailure reports whether an event tells of a failure or of the end: what is done then makes no endpoints.
func isFailure(event string) bool {
	switch event {
	case "error", "disconnected", "close", "exit", "uncaughtException", "unhandledRejection", "SIGINT", "SIGTERM", "SIGUSR2":
		return true
	}
	return false
}

func (in *Interpreter) callback(v Value) {
	o, ok := v.(*Object)
	if !ok || o.Call == nil || o.Call.Node == nil || o.Call.class != nil || o.Call.called || in.isHandler(o.Call.Node) {
		return
	}
	o.Call.called = true
	in.later(func() {
		args := make([]Value, len(o.Call.Node.Child("parameters").NamedChildren()))
		for i := range args {
			args[i] = &Unknown{Name: "an argument"}
		}
		in.Call(o, nil, args)
	})
}

// isHandler reports whether a function handles requests, by the names of its parameters. It does not run while the
// program starts.
func (in *Interpreter) isHandler(n *syntax.Node) bool {
	if known, ok := in.handlers[n]; ok {
		return known
	}
	handler := false
	names := patternNames(n.Child("parameter"), nil)
	for _, p := range n.Child("parameters").NamedChildren() {
		if pattern := p.Child("pattern"); pattern != nil {
			p = pattern
		}
		if p.Kind == "identifier" {
			names = append(names, p.Text)
		}
	}
	for _, name := range names {
		switch strings.ToLower(strings.Trim(name, "_$")) {
		case "req", "res", "request", "response", "ctx", "socket":
			handler = true
		}
	}
	in.handlers[n] = handler
	return handler
}

func (in *Interpreter) callExpression(f *frame, sc *scope, n *syntax.Node) Value {
	callee, arguments := n.Child("function"), n.Child("arguments")
	if callee == nil {
		return &Unknown{}
	}
	switch callee.Kind {
	case "super":
		return in.superCall(f, sc, n)
	case "import":
		return in.dynamicImport(f, sc, arguments)
	}
	this, function := in.callee(f, sc, callee)
	if (n.ChildOfKind("optional_chain") != nil || callee.Child("optional_chain") != nil) && nullish(function) {
		return nil
	}
	if arguments.Is("template_string") {
		return &Unknown{Name: "a tagged template"}
	}
	args, open := in.arguments(f, sc, arguments)
	if u, ok := function.(*Unknown); ok {
		return in.callUnknown(this, u, args)
	}
	return in.apply(function, &Call{In: in, This: this, Args: args, Open: open, Node: n, Module: f.module})
}

// callee evaluates what is called, and what this is in it.
func (in *Interpreter) callee(f *frame, sc *scope, callee *syntax.Node) (this, function Value) {
	for callee.Is("parenthesized_expression", "non_null_expression", "as_expression") {
		children := callee.NamedChildren()
		if len(children) == 0 {
			return nil, nil
		}
		callee = children[0]
	}
	if callee.Is("member_expression", "subscript_expression") {
		return in.reference(f, sc, callee)
	}
	return nil, in.eval(f, sc, callee)
}

func (in *Interpreter) arguments(f *frame, sc *scope, n *syntax.Node) ([]Value, bool) {
	if n == nil {
		return nil, false
	}
	return in.list(f, sc, n)
}

// callUnknown calls what is not known. Promises of libraries are taken as kept.
func (in *Interpreter) callUnknown(this Value, function *Unknown, args []Value) Value {
	switch {
	case strings.HasSuffix(function.Name, ".then") && len(args) > 0 && IsCallable(args[0]):
		return in.then(in.resolved(&Unknown{Name: function.Name}), args[0])
	case strings.HasSuffix(function.Name, ".catch"):
		return this
	}
	in.callbacks(function.Name, args)
	if len(args) == 1 && IsCallable(args[0]) {
		// A wrapper, which gives back a function that does the same, and more.
		return args[0]
	}
	return &Unknown{Name: function.Name}
}

// Captured is the function that a wrapper's result calls: the first that its text names among the variables around it.
func (fn *Function) Captured() *Object {
	if fn.Node == nil || fn.scope == nil || !fn.scope.function || fn.scope.parent == nil {
		return nil
	}
	var found *Object
	first := 0
	for name, b := range fn.scope.vars {
		o, ok := b.value.(*Object)
		if !ok || o.Call == nil || o.Call == fn || o.Call.class != nil {
			continue
		}
		if _, bound := o.Native.(Bound); o.Call.Node == nil && !bound {
			continue
		}
		at := strings.Index(fn.Node.Text, name)
		if at >= 0 && (found == nil || at < first) {
			found, first = o, at
		}
	}
	return found
}

func (in *Interpreter) newExpression(f *frame, sc *scope, n *syntax.Node) Value {
	constructor := in.eval(f, sc, n.Child("constructor"))
	args, open := in.arguments(f, sc, n.Child("arguments"))
	return in.construct(constructor, &Call{In: in, Args: args, Open: open, New: true, Node: n, Module: f.module})
}

// construct is new.
func (in *Interpreter) construct(constructor Value, c *Call) Value {
	o, ok := constructor.(*Object)
	if !ok || o.Call == nil {
		return in.apply(constructor, c)
	}
	if o.Call.native != nil {
		return in.apply(constructor, c)
	}
	if !in.step() || in.calls >= in.limits.Calls || in.depth > in.limits.Depth {
		return &Unknown{Name: o.Call.Name}
	}
	in.calls++
	defer func() { in.calls-- }()
	instance := in.Object()
	instance.Proto = in.prototype(o)
	return in.initialize(o, instance, c, o)
}
