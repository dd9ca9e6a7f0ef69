package python

import (
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// Value is what an expression evaluates to: one of the types of this file, a *List, *Tuple, *Dict or *Set. It is never nil, but where
// a comment says that nil stands for what was not given.
type Value interface{ value() }

// Unknown is a value of which nothing is known.
type Unknown struct{}

// None is Python's None.
type None struct{}

// Bool is True or False.
type Bool bool

// Int is an integer that fits in 64 bits; larger ones are Unknown.
type Int int64

// Float is a floating-point number.
type Float float64

// Str is a string.
type Str string

// Bytes is a bytes literal.
type Bytes string

// Function is a function or a lambda of the project.
type Function struct {
	// Name is what functools.wraps may have changed; Doc is the docstring as it is written, empty when there is none.
	Name, QualName, Doc string
	Module              *Module
	// File and Line, from 1, are where `def` stands.
	File       string
	Line       int
	Params     []Param
	Returns    *Expr
	Decorators []Value
	IsAsync    bool
	// Wrapped is the function which functools.wraps names.
	Wrapped *Function
	// Attrs are the attributes set on the function; nil when there are none.
	Attrs *Namespace
	// Class is the class whose body the function was defined in; nil for others.
	Class *Class

	code  *code
	scope *scope
	// assumed says that the definition is one of several possible ones.
	assumed bool
	// cache has what the function has returned by its arguments, for functions that are run once for each.
	cache map[any]Value
}

// Inner follows Wrapped to the function that inspect.signature looks at.
func (f *Function) Inner() *Function {
	for range 100 {
		if f.Wrapped == nil {
			return f
		}
		f = f.Wrapped
	}
	return f
}

// Free is the value of a name that the function sees where it was defined, such as the function that a decorator's wrapper calls. It is
// nil when there is none.
func (f *Function) Free(in *Interpreter, name string) Value {
	if f.scope == nil {
		return nil
	}
	value, _ := in.lookup(f.scope, name)
	return value
}

// Body is the syntax of the function's body, nil for functions that were made in Go.
func (f *Function) Body() *syntax.Node {
	if f.code == nil {
		return nil
	}
	return f.code.body
}

// ParamKind says how a parameter takes its argument.
type ParamKind uint8

// The kinds of parameters.
const (
	PositionalOrKeyword ParamKind = iota
	PositionalOnly
	KeywordOnly
	// VarPositional is *args, VarKeyword **kwargs.
	VarPositional
	VarKeyword
)

// Param is a parameter of a function. Default is nil when there is none, Annotation too.
type Param struct {
	Name       string
	Kind       ParamKind
	Default    Value
	Annotation *Expr
}

// Expr is an expression that Interpreter.Eval evaluates when somebody asks.
type Expr struct {
	Node  *syntax.Node
	scope *scope
}

// BoundMethod is a function or a builtin together with what it is called on: an *Instance, a *Class, or a value of a builtin type.
type BoundMethod struct {
	Self Value
	Func Value
}

// Class is a class of the project, a native class, or a builtin type.
type Class struct {
	Name, QualName, Doc string
	// Path is the dotted name: module and QualName.
	Path   string
	Module *Module
	File   string
	Line   int
	// Bases are as written, with generics taken off: *Class, *External or Unknown. MRO begins with the class itself, and has no *External.
	Bases []Value
	MRO   []*Class
	// Attrs are what the body defines, in order.
	Attrs *Namespace
	// Fields are the annotated names of the body, in order.
	Fields     []Field
	Decorators []Value
	// Native is set for native classes alone.
	Native *NativeClass
	// Subclasses are the direct ones, in the order of their definition.
	Subclasses []*Class

	// external is the first base that is not known, by which missing attributes are External; open says that there is such a base.
	external *External
	open     bool
	// construct makes the values of builtin types; nil for others.
	construct NativeFunc
	metaclass Value
	enum      bool
	dataclass bool
	// namedTuple says that the objects are tuples.
	namedTuple bool
	keywords   []Keyword
	members    []*Instance
}

// Field is an annotated name of a class body. Default is nil when it has none.
type Field struct {
	Name       string
	Annotation *Expr
	Default    Value
}

// Is tells whether the class is path's, or inherits from it. Path is one of a native class's names, or an External base's.
func (c *Class) Is(path string) bool {
	for _, class := range c.MRO {
		if class.Path == path || class.Native != nil && class.Native.named(path) {
			return true
		}
		for _, base := range class.Bases {
			if external, ok := base.(*External); ok && external.Path == path {
				return true
			}
		}
	}
	return false
}

// Lookup finds an attribute along the MRO, without binding it, and the class that has it.
func (c *Class) Lookup(name string) (value Value, owner *Class, ok bool) {
	for _, class := range c.MRO {
		if value, ok := class.Attrs.Get(name); ok {
			return value, class, true
		}
	}
	return nil, nil, false
}

// Instance is an object of a class of the project, or of a native one.
type Instance struct {
	Class *Class
	// Attrs are what was set on the object.
	Attrs *Namespace
	// Native is the state that the first class of the MRO with an Alloc has made.
	Native any
	// File and Line are where it was constructed, Assumed whether that was within something assumed.
	File    string
	Line    int
	Assumed bool

	// data is the str, int, list or dict that an object of a class derived from such a type is.
	data Value
	// name is an enum member's.
	name string
}

// Module is a module of the project.
type Module struct {
	Name string
	// File is its path in the project; empty for a namespace package.
	File string
	// Dir is the folder of a package, empty for a module that is none.
	Dir   string
	Doc   string
	Attrs *Namespace

	root      string
	isPackage bool
	state     moduleState
	tree      *syntax.Tree
	scope     *scope
}

type moduleState uint8

const (
	moduleNew moduleState = iota
	moduleRunning
	moduleDone
)

// External is something from outside of the project which no Library has: a module, a class, a function, or what a call of one has
// returned. Its attributes are External too.
type External struct {
	// Path is dotted: "rest_framework.routers.DefaultRouter". For the result of a call it ends with "()".
	Path string
	// Call is how it was made, nil for what was imported. As decorators, and wrapped around a single function, such calls are often
	// transparent: see Interpreter.Unwrap.
	Call *Call
}

// Builtin is a function in Go.
type Builtin struct {
	Name string
	Func NativeFunc

	kind builtinKind
	// method says that it is called on a value; of a native class, owner is the class that the value has to be an instance of.
	method bool
	owner  *NativeClass
	attrs  map[string]Value
}

type builtinKind uint8

const (
	plainBuiltin builtinKind = iota
	staticBuiltin
	classBuiltin
	propertyBuiltin
)

// Property is a property of a class. Getter and Setter are a *Function or a *Builtin; Setter is nil when there is none.
type Property struct {
	Getter, Setter Value
	// cached says that the getter runs once for each object.
	cached bool
}

// StaticMethod and ClassMethod wrap the function that the decorators were given.
type StaticMethod struct{ Func Value }

// ClassMethod is called with the class.
type ClassMethod struct{ Func Value }

// Super is what super() returns.
type Super struct {
	Self  Value
	After *Class
	class *Class
}

// Generic is a subscripted type: Optional[int], list[Item], int | None (of the origin External "typing.Union").
type Generic struct {
	Origin Value
	Args   []Value
}

func (Unknown) value()       {}
func (None) value()          {}
func (Bool) value()          {}
func (Int) value()           {}
func (Float) value()         {}
func (Str) value()           {}
func (Bytes) value()         {}
func (*Function) value()     {}
func (*BoundMethod) value()  {}
func (*Class) value()        {}
func (*Instance) value()     {}
func (*Module) value()       {}
func (*External) value()     {}
func (*Builtin) value()      {}
func (*Property) value()     {}
func (*StaticMethod) value() {}
func (*ClassMethod) value()  {}
func (*Super) value()        {}
func (*Generic) value()      {}

// Ellipsis is `...`.
type Ellipsis struct{}

func (Ellipsis) value() {}

// slice is what value[a:b:c] is called with; nil where there is nothing.
type slice struct{ from, to, step Value }

func (*slice) value() {}
