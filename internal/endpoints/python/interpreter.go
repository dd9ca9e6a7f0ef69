package python

import (
	"context"
	"errors"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// ErrNoModule says that the project has no such module.
var ErrNoModule = errors.New("no such module in the project")

// Interpreter runs modules of one project with one library. It is for one goroutine.
type Interpreter struct {
	ctx     context.Context
	project *Project
	limits  Limits

	library  Library
	natives  map[string]native
	values   map[string]Value
	builtins map[string]Value

	modules []*Module
	// loaded has the modules by file, and namespace packages by folder with a slash at the end.
	loaded map[string]*Module
	codes  map[*syntax.Node]*code
	// tops are the top-level names of the library.
	tops      map[string]bool
	instances []*Instance
	classes   []*Class

	diagnostics []route.Diagnostic
	diagnosed   map[diagnosis]bool

	steps, depth, calls, memory, visits int
	// nextCheck is the number of steps at which the context is looked at again.
	nextCheck int
	// stopped is set when a budget is used up: everything is Unknown from then on.
	stopped bool
	// assume counts the branches around, which may not be taken.
	assume int
	// pending is the exception on its way to the innermost of tries that takes it.
	pending Value
	tries   []handlers
	// making is the class whose metaclass's __new__ runs.
	making *Class
	// at is the place of the call that runs.
	at place
}

type diagnosis struct {
	code, file string
	line       int
}

// place is a place in the project.
type place struct {
	module *Module
	file   string
	line   int
}

// New makes an interpreter; several may share a project, one after the other.
func New(ctx context.Context, project *Project, library Library, limits Limits) *Interpreter {
	in := &Interpreter{
		ctx: ctx, project: project, limits: limits.withDefaults(), library: library,
		natives: make(map[string]native, 2*len(library.Classes)+len(library.Functions)+len(library.Values)),
		values:  map[string]Value{}, builtins: map[string]Value{}, loaded: map[string]*Module{}, codes: map[*syntax.Node]*code{}, diagnosed: map[diagnosis]bool{},
	}
	indexLibrary(in.natives, library)
	return in
}

// Project is what the interpreter was made for.
func (in *Interpreter) Project() *Project { return in.project }

// Modules are those that have run, in the order in which they began.
func (in *Interpreter) Modules() []*Module { return in.modules }

// Instances are the objects that were constructed of a native class (by one of its paths) and of the classes derived from it, in order.
func (in *Interpreter) Instances(path string) []*Instance {
	var found []*Instance
	for _, instance := range in.instances {
		if instance.Class.Is(path) {
			found = append(found, instance)
		}
	}
	return found
}

// Classes are the project's classes which inherit from a class of that path, native or External, in the order of their definition.
func (in *Interpreter) Classes(path string) []*Class {
	var found []*Class
	for _, class := range in.classes {
		if class.Is(path) {
			found = append(found, class)
		}
	}
	return found
}

// Construct makes an instance of a class as a call of it does.
func (in *Interpreter) Construct(class *Class, positional []Value, keywords []Keyword) Value {
	return in.Call(class, positional, keywords)
}

// Call calls any value. A result which is not known is Unknown or External.
func (in *Interpreter) Call(callee Value, positional []Value, keywords []Keyword) Value {
	return in.call(callee, in.newCall(positional, keywords))
}

func (in *Interpreter) newCall(positional []Value, keywords []Keyword) *Call {
	return &Call{
		In: in, Positional: positional, Keywords: keywords,
		Module: in.at.module, File: in.at.file, Line: in.at.line, Assumed: in.assume > 0,
	}
}

// CallFrom is Call from within a native function: what is called sees the place of that call.
func (in *Interpreter) CallFrom(call *Call, callee Value, positional []Value, keywords []Keyword) Value {
	inner := in.newCall(positional, keywords)
	inner.Module, inner.File, inner.Line = call.Module, call.File, call.Line
	return in.call(callee, inner)
}

// Eval evaluates an expression in its own scope, such as a parameter's annotation. Nil gives Unknown.
func (in *Interpreter) Eval(expr *Expr) Value {
	if expr == nil || expr.Node == nil {
		return Unknown{}
	}
	value := in.eval(expr.Node, expr.scope)
	in.pending = nil
	// A string is an annotation that is written before its names exist.
	if text, ok := value.(Str); ok {
		return in.evalText(string(text), expr.scope)
	}
	return value
}

// evalText evaluates the source of an expression.
func (in *Interpreter) evalText(source string, s *scope) Value {
	const most = 1 << 10
	if len(source) > most {
		return Unknown{}
	}
	tree, err := syntax.Parse(in.ctx, syntax.Python, []byte(strings.TrimSpace(source)), syntax.Limits{})
	if err != nil || tree.HasErrors || len(tree.Root.Children) != 1 || !tree.Root.Children[0].Is("expression_statement") {
		return Unknown{}
	}
	children := tree.Root.Children[0].Children
	if len(children) != 1 {
		return Unknown{}
	}
	value := in.eval(children[0], s)
	in.pending = nil
	return value
}

// Text is the source of an expression.
func (in *Interpreter) Text(expr *Expr) string {
	if expr == nil || expr.Node == nil {
		return ""
	}
	return expr.Node.Text
}

// Unwrap looks through what usually leaves a function as it is: bound methods, functools.partial, and calls of External decorators with
// one function or class as their first argument (csrf_exempt(view), login_required(view)). Other values it returns as they are.
func (in *Interpreter) Unwrap(value Value) Value {
	for range in.limits.Calls {
		switch v := value.(type) {
		case *BoundMethod:
			value = v.Func
		case *StaticMethod:
			value = v.Func
		case *ClassMethod:
			value = v.Func
		case *Instance:
			inner, ok := v.Native.(*partial)
			if !ok {
				return value
			}
			value = inner.function
		case *External:
			inner := wrapped(v)
			if inner == nil {
				return value
			}
			value = inner
		default:
			return value
		}
	}
	return value
}

// wrapped is the function or class that an External call was given as its first argument, nil if there is none.
func wrapped(external *External) Value {
	if external.Call == nil || len(external.Call.Positional) == 0 {
		return nil
	}
	switch v := external.Call.Positional[0].(type) {
	case *Function, *Class, *BoundMethod, *Builtin:
		return v
	case *External:
		if v.Call != nil {
			return v
		}
	}
	return nil
}

// Assumed tells whether what runs now is within a branch of a condition that is Unknown.
func (in *Interpreter) Assumed() bool { return in.assume > 0 }

// Diagnose adds a diagnostic, up to Limits.Diagnostics, once per place and code.
func (in *Interpreter) Diagnose(code, message, file string, line int) {
	key := diagnosis{code, file, line}
	if in.diagnosed[key] || len(in.diagnostics) >= in.limits.Diagnostics {
		return
	}
	in.diagnosed[key] = true
	in.diagnostics = append(in.diagnostics, route.Diagnostic{Code: code, Message: message, File: file, Line: line})
}

// Diagnostics are those of the run so far, in order.
func (in *Interpreter) Diagnostics() []route.Diagnostic { return in.diagnostics }

// step counts one evaluation and tells whether there may be more.
func (in *Interpreter) step(n *syntax.Node, s *scope) bool {
	if in.stopped {
		return false
	}
	const checkEvery = 1 << 10
	in.steps++
	if in.steps >= in.nextCheck {
		in.nextCheck = in.steps + checkEvery
		if in.ctx.Err() != nil {
			in.stop("the time is up", n, s)
		}
	}
	if in.steps > in.limits.Steps {
		in.stop("it takes too many steps", n, s)
	}
	return !in.stopped
}

func (in *Interpreter) stop(why string, n *syntax.Node, s *scope) {
	if in.stopped {
		return
	}
	in.stopped = true
	var file string
	var line int
	if s != nil {
		file = s.module.File
	}
	if n != nil {
		line = n.Line
	}
	in.Diagnose("budget", "the program was not run to its end: "+why, file, line)
}

// maxVisits is how many places resolvers look at: 20 times as many as there may be routes.
const maxVisits = 200_000

// Visit counts a place that a resolver looks at after the program was run, and tells whether there may be more: where parts are
// in each other many times there are very many ways through them, and perhaps not one route. It does not depend on the steps
// that the program took.
func (in *Interpreter) Visit() bool {
	const checkEvery = 1 << 10
	if in.visits++; in.visits%checkEvery == 0 && in.ctx.Err() != nil {
		in.visits = maxVisits + 1
	}
	if in.visits > maxVisits {
		in.Diagnose("budget", "not all that was made was looked at: there are too many ways through it", "", 0)
	}
	return in.visits <= maxVisits
}

// spend takes bytes from the budget of memory and tells whether it was enough.
func (in *Interpreter) spend(bytes int) bool {
	if in.memory += bytes; in.memory > in.limits.Memory {
		in.stop("it takes too much memory", nil, nil)
	}
	return !in.stopped
}

// valueSize is what an item of a collection takes in bytes, its share of the collection's growth included.
const valueSize = 32

// What an object takes besides its items: an empty collection, a function with its parameters, a call with its scope.
const (
	collectionSize = 64
	functionSize   = 320
	callSize       = 256
)

// text makes a string, unless it is too long.
func (in *Interpreter) text(s string) Value {
	if len(s) > in.limits.String || !in.spend(len(s)) {
		return Unknown{}
	}
	return Str(s)
}
