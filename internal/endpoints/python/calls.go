package python

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

func (in *Interpreter) callExpression(n *syntax.Node, s *scope) Value {
	callee := n.Child("function")
	arguments := n.Child("arguments")
	if callee.Is("identifier") {
		if value, ok := in.scopeBuiltin(callee.Text, arguments, s); ok {
			return value
		}
	}
	function := in.eval(callee, s)
	if in.pending != nil {
		return Unknown{}
	}
	call := &Call{In: in, Module: s.module, File: s.module.File, Line: n.Line, Assumed: in.assume > 0}
	in.arguments(arguments, call, s)
	if in.pending != nil {
		return Unknown{}
	}
	before := in.locate(n, s)
	result := in.call(function, call)
	in.at = before
	return result
}

// scopeBuiltin calls those builtins that look at the scope they are called in.
func (in *Interpreter) scopeBuiltin(name string, arguments *syntax.Node, s *scope) (Value, bool) {
	switch name {
	case "super", "globals", "locals", "vars":
	default:
		return nil, false
	}
	if value, ok := in.lookup(s, name); !ok || value != in.builtins[name] {
		return nil, false
	}
	bare := len(arguments.NamedChildren()) == 0
	switch {
	case name == "globals":
		return &Dict{live: s.global().vars}, true
	case !bare:
		return nil, false
	case name == "super":
		return in.superOf(s), true
	}
	return &Dict{live: s.vars}, true
}

// superOf is super() within a method.
func (in *Interpreter) superOf(s *scope) Value {
	for at := s; at != nil; at = at.parent {
		if at.kind != functionScope || at.class == nil || at.self == nil {
			continue
		}
		switch self := at.self.(type) {
		case *Instance:
			return &Super{Self: self, After: at.class, class: self.Class}
		case *Class:
			return &Super{Self: self, After: at.class, class: self}
		}
	}
	return Unknown{}
}

// arguments evaluates what a call is given.
func (in *Interpreter) arguments(n *syntax.Node, call *Call, s *scope) {
	if n == nil {
		return
	}
	if n.Kind == "generator_expression" {
		call.Positional = []Value{in.eval(n, s)}
		return
	}
	for _, child := range n.Children {
		if !child.Named {
			continue
		}
		switch child.Kind {
		case "comment":
		case "keyword_argument":
			if name := child.Child("name"); name != nil {
				call.Keywords = append(call.Keywords, Keyword{name.Text, in.eval(child.Child("value"), s)})
			}
		case "dictionary_splat":
			in.spreadKeywords(in.inner(child, s), call)
		default:
			if !isSplat(child) {
				call.Positional = append(call.Positional, in.eval(child, s))
				continue
			}
			items, complete := in.Iterate(in.eval(child, s))
			if len(items) > in.limits.Iterations || !in.spend(len(items)*valueSize) {
				items, complete = nil, false
			}
			call.Positional = append(call.Positional, items...)
			call.OpenPositional = call.OpenPositional || !complete
		}
	}
}

func (in *Interpreter) spreadKeywords(value Value, call *Call) {
	dict, ok := in.dictOf(value)
	if !ok {
		call.OpenKeywords = true
		return
	}
	call.OpenKeywords = call.OpenKeywords || dict.Open
	for i := range min(dict.Len(), in.limits.Iterations) {
		key, value := dict.At(i)
		if name, ok := AsStr(key); ok {
			call.Keywords = append(call.Keywords, Keyword{name, value})
		}
	}
}

// call calls any value.
func (in *Interpreter) call(callee Value, call *Call) Value {
	if in.stopped || in.pending != nil || in.depth >= in.limits.Depth {
		return Unknown{}
	}
	in.depth++
	result := in.invoke(callee, call)
	in.depth--
	if result == nil {
		return None{}
	}
	return result
}

func (in *Interpreter) invoke(callee Value, call *Call) Value {
	switch c := callee.(type) {
	case *Function:
		return in.callFunction(c, call, nil)
	case *Builtin:
		return in.callBuiltin(c, call)
	case *BoundMethod:
		return in.callBound(c, call)
	case *Class:
		return in.construct(c, call)
	case *External:
		in.spend(callSize)
		return &External{Path: in.calledPath(c.Path), Call: call}
	case *Generic:
		return in.invoke(c.Origin, call)
	case *StaticMethod:
		return in.call(c.Func, call)
	case *ClassMethod:
		return in.call(c.Func, call)
	case *Instance:
		if method, ok := in.special(c, "__call__"); ok {
			return in.call(method, call)
		}
		if c.Class.open && c.Class.external != nil {
			return &External{Path: in.calledPath(c.Class.external.Path + ".__call__"), Call: call}
		}
		return Unknown{}
	}
	return Unknown{}
}

// calledPath is the path of what a call of something external returns. Chains of calls are cut off.
func (in *Interpreter) calledPath(path string) string {
	const most = 512
	if len(path) > most || strings.HasSuffix(path, "…") {
		return path
	}
	return path + "()"
}

func (in *Interpreter) callBuiltin(b *Builtin, call *Call) Value {
	if b.method && call.receiver == nil && len(call.Positional) > 0 {
		// Called on the class, with the instance as the first argument.
		return in.callReceiver(b, call, call.Positional[0], call.Positional[1:])
	}
	if !b.takes(call.receiver) {
		return Unknown{}
	}
	call.callee = b
	return b.Func(call)
}

// takes tells whether a value is one that a method can be called on. Python raises a TypeError for others, and a method in Go takes
// for granted that Call.Self is one of its class.
func (b *Builtin) takes(receiver Value) bool {
	if b.owner == nil {
		return true
	}
	instance, ok := receiver.(*Instance)
	return ok && instance.Class.Is(b.owner.Path)
}

// callReceiver calls a method in Go on a value. The call is a copy, since the caller's has other arguments.
func (in *Interpreter) callReceiver(b *Builtin, call *Call, receiver Value, positional []Value) Value {
	if !b.takes(receiver) {
		return Unknown{}
	}
	const bytesPerStep = 256
	if text, ok := receiver.(Str); ok {
		in.steps += len(text) / bytesPerStep
	}
	on := *call
	on.receiver, on.Positional = receiver, positional
	on.Self, _ = receiver.(*Instance)
	if class, ok := receiver.(*Class); ok {
		on.Class = class
	}
	return b.Func(&on)
}

func (in *Interpreter) callBound(bound *BoundMethod, call *Call) Value {
	switch f := bound.Func.(type) {
	case *Function:
		return in.callFunction(f, call, bound.Self)
	case *Builtin:
		return in.callReceiver(f, call, bound.Self, call.Positional)
	}
	on := *call
	on.Positional = append([]Value{bound.Self}, call.Positional...)
	return in.invoke(bound.Func, &on)
}

// construct calls a class: its metaclass's __call__ when that is the project's.
func (in *Interpreter) construct(class *Class, call *Call) Value {
	if meta, ok := class.metaclass.(*Class); ok && meta.Native == nil {
		if value, _, ok := meta.Lookup("__call__"); ok {
			if f, ok := value.(*Function); ok {
				return in.callFunction(f, call, class)
			}
		}
	}
	return in.instantiate(class, call)
}

// instantiate makes an instance of a class.
func (in *Interpreter) instantiate(class *Class, call *Call) Value {
	for _, base := range class.MRO {
		if base.construct == nil {
			continue
		}
		if base == class {
			return base.construct(call)
		}
		break
	}
	if class.namedTuple {
		if class.Native != nil {
			return makeNamedTuple(call)
		}
		return in.namedTuple(class, call)
	}
	if class.enum {
		return in.enumMember(class, call)
	}
	instance := in.newInstance(class, call)
	if made, ok := in.userNew(class, call, instance); !ok {
		return made
	}
	in.initialise(instance, call)
	if in.pending != nil {
		return Unknown{}
	}
	return instance
}

// newInstance makes an object on which no __init__ has run.
func (in *Interpreter) newInstance(class *Class, call *Call) *Instance {
	instance := &Instance{Class: class, Attrs: &Namespace{}, File: call.File, Line: call.Line, Assumed: call.Assumed}
	for _, base := range class.MRO {
		if base.Native != nil && base.Native.Alloc != nil {
			instance.Native = base.Native.Alloc(class)
			break
		}
	}
	for _, base := range class.MRO {
		if base.construct != nil {
			plainCall := *call
			instance.data = base.construct(&plainCall)
			if !hasData(instance.data) {
				instance.data = nil
			}
			break
		}
	}
	const instanceSize = 256
	if in.spend(instanceSize) && len(in.instances) < in.limits.Items {
		in.instances = append(in.instances, instance)
	}
	return instance
}

// hasData tells whether a value can be what an object of a derived class is.
func hasData(value Value) bool {
	switch value.(type) {
	case Str, Int, Float, Bool, *List, *Dict, *Set, *Tuple, Bytes:
		return true
	}
	return false
}

// userNew runs a __new__ of the project. It is false when that has made something else than the instance.
func (in *Interpreter) userNew(class *Class, call *Call, instance *Instance) (Value, bool) {
	value, _, ok := class.Lookup("__new__")
	if !ok {
		return instance, true
	}
	if static, ok := value.(*StaticMethod); ok {
		value = static.Func
	}
	f, ok := value.(*Function)
	if !ok {
		return instance, true
	}
	made := in.callFunction(f, call, class)
	if other, ok := made.(*Instance); ok && other != instance {
		if other.Class == class {
			in.initialise(other, call)
		}
		return other, false
	}
	return instance, true
}

func (in *Interpreter) initialise(instance *Instance, call *Call) {
	value, owner, ok := instance.Class.Lookup("__init__")
	if !ok {
		return
	}
	switch f := value.(type) {
	case *Function:
		in.callFunction(f, call, instance)
	case *Builtin:
		if owner.construct == nil {
			on := *call
			on.Self, on.receiver, on.Class = instance, instance, instance.Class
			f.Func(&on)
		}
	default:
		in.call(in.bound(value, instance, instance.Class), call)
	}
}
