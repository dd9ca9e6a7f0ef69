package python

import (
	"context"
	"errors"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// ErrNoModule says that the project has no such module.
var ErrNoModule = errors.New("no such module in the project")

// Interpreter runs modules of one project with one library. It is for one goroutine.
type Interpreter struct {
	ctx         context.Context
	project     *Project
	limits      Limits
	diagnostics []route.Diagnostic
	modules     []*Module
}

// New makes an interpreter; several may share a project, one after the other.
func New(ctx context.Context, project *Project, library Library, limits Limits) *Interpreter {
	return &Interpreter{ctx: ctx, project: project, limits: limits.withDefaults()}
}

// Project is what the interpreter was made for.
func (in *Interpreter) Project() *Project { return in.project }

// ImportFile runs the module in a file of the project, unless it has run, and returns it. A module that fails is returned as far as
// it came; the error is ErrNoModule alone.
func (in *Interpreter) ImportFile(path string) (*Module, error) { return nil, ErrNoModule }

// Import runs the module of a dotted name. Of several candidates it takes the one nearest to the file from, which may be empty: then
// to the project's folder.
func (in *Interpreter) Import(name, from string) (*Module, error) { return nil, ErrNoModule }

// ImportString resolves "package.module.attr", as Django's settings and import strings do: the longest prefix that is a module, then
// attributes. It is nil when there is no such thing in the project or in the library.
func (in *Interpreter) ImportString(dotted, from string) Value { return nil }

// RunMain runs what a module guards with `if __name__ == "__main__"`, in the module's own scope. It returns false when there is no such
// guard.
func (in *Interpreter) RunMain(module *Module) bool { return false }

// Modules are those that have run, in the order in which they began.
func (in *Interpreter) Modules() []*Module { return in.modules }

// Instances are the objects that were constructed of a native class (by one of its paths) and of the classes derived from it, in order.
func (in *Interpreter) Instances(path string) []*Instance { return nil }

// Classes are the project's classes which inherit from a class of that path, native or External, in the order of their definition.
func (in *Interpreter) Classes(path string) []*Class { return nil }

// Native returns what the library has by a path, as a value: a native class, a function, a constant. For other paths it is External.
func (in *Interpreter) Native(path string) Value { return &External{Path: path} }

// Construct makes an instance of a class as a call of it does, without a place in the project.
func (in *Interpreter) Construct(class *Class, positional []Value, keywords []Keyword) Value {
	return in.Call(class, positional, keywords)
}

// Call calls any value. A result which is not known is Unknown or External.
func (in *Interpreter) Call(callee Value, positional []Value, keywords []Keyword) Value {
	return Unknown{}
}

// CallFrom is Call from within a native function: what is called sees the place of that call.
func (in *Interpreter) CallFrom(call *Call, callee Value, positional []Value, keywords []Keyword) Value {
	return Unknown{}
}

// Attr reads an attribute, bound as Python does. The value is nil when it is known that there is none.
func (in *Interpreter) Attr(value Value, name string) Value { return nil }

// SetAttr sets an attribute.
func (in *Interpreter) SetAttr(value Value, name string, to Value) {}

// Item reads value[key]: nil when it is known that there is none.
func (in *Interpreter) Item(value, key Value) Value { return nil }

// Iterate returns the items of an iterable as far as they are known, and whether that is all of them.
func (in *Interpreter) Iterate(value Value) (items []Value, complete bool) { return nil, false }

// Truth tells whether a value is true in a condition, and whether that is known.
func (in *Interpreter) Truth(value Value) (truth, known bool) { return false, false }

// Eval evaluates an expression in its own scope, such as a parameter's annotation. Nil gives Unknown.
func (in *Interpreter) Eval(expr *Expr) Value { return Unknown{} }

// Text is the source of an expression.
func (in *Interpreter) Text(expr *Expr) string { return "" }

// TypeOf is what type(value) returns: a *Class, or Unknown.
func (in *Interpreter) TypeOf(value Value) Value { return Unknown{} }

// String is what str(value) returns; false when it is not known.
func (in *Interpreter) String(value Value) (string, bool) { return "", false }

// Equal is value == other, and whether that is known.
func (in *Interpreter) Equal(value, other Value) (equal, known bool) { return false, false }

// Unwrap looks through what usually leaves a function as it is: bound methods, functools.partial, and calls of External decorators with
// one function or class as their first argument (csrf_exempt(view), login_required(view)). Other values it returns as they are.
func (in *Interpreter) Unwrap(value Value) Value { return value }

// Assumed tells whether what runs now is within a branch of a condition that is Unknown.
func (in *Interpreter) Assumed() bool { return false }

// Diagnose adds a diagnostic, up to Limits.Diagnostics, once per place and code.
func (in *Interpreter) Diagnose(code, message, file string, line int) {}

// Diagnostics are those of the run so far, in order.
func (in *Interpreter) Diagnostics() []route.Diagnostic { return in.diagnostics }
