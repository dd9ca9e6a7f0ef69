package python

import (
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

func (in *Interpreter) bindClass(n *syntax.Node, s *scope, decorators []decorator) {
	class := in.class(n, s)
	if class == nil {
		return
	}
	for _, d := range decorators {
		class.Decorators = append(class.Decorators, d.value)
	}
	in.assign(s, class.Name, in.decorate(class, decorators, s))
}

// class runs a class statement.
func (in *Interpreter) class(n *syntax.Node, s *scope) *Class {
	name := n.Child("name")
	if name == nil {
		return nil
	}
	class := &Class{
		Name: name.Text, QualName: name.Text, Module: s.module, File: s.module.File, Line: n.Line, Attrs: &Namespace{},
	}
	if s.kind == classScope {
		class.QualName = s.class.QualName + "." + class.Name
	}
	class.Path = s.module.Name + "." + class.QualName
	call := &Call{In: in, Module: s.module, File: s.module.File, Line: n.Line, Assumed: in.assume > 0}
	in.arguments(n.Child("superclasses"), call, s)
	if in.pending != nil {
		return nil
	}
	for _, keyword := range call.Keywords {
		if keyword.Name == "metaclass" && !isExternal(keyword.Value, "abc.ABCMeta") {
			class.metaclass = keyword.Value
		}
	}
	class.keywords = call.Keywords
	class.open = call.OpenPositional
	in.inherit(class, call.Positional)
	body := n.Child("body")
	class.Doc = in.docstring(body, s)
	inner := &scope{vars: class.Attrs, parent: s, module: s.module, kind: classScope, class: class}
	in.block(body, inner)
	in.defined(class, call)
	return in.metaclass(class, call)
}

// metaclass runs the __new__ and the __init__ that a metaclass of the project has, after the class has been made.
func (in *Interpreter) metaclass(class *Class, call *Call) *Class {
	meta, ok := class.metaclass.(*Class)
	if !ok || meta.Native != nil {
		return class
	}
	arguments := []Value{Str(class.Name), NewTuple(class.Bases...), &Dict{live: class.Attrs}}
	if value, _, ok := meta.Lookup("__new__"); ok {
		if f, ok := value.(*Function); ok {
			before := in.making
			in.making = class
			made, isClass := in.callFunction(f, in.within(call, arguments), meta).(*Class)
			in.making = before
			if isClass {
				class = made
			}
		}
	}
	if value, _, ok := meta.Lookup("__init__"); ok {
		if f, ok := value.(*Function); ok {
			in.callFunction(f, in.within(call, arguments), class)
		}
	}
	return class
}

// within is a call with other arguments at the same place.
func (in *Interpreter) within(call *Call, positional []Value) *Call {
	inner := in.newCall(positional, nil)
	inner.Module, inner.File, inner.Line = call.Module, call.File, call.Line
	return inner
}

// inherit works out the bases, and the order in which they are looked at.
func (in *Interpreter) inherit(class *Class, bases []Value) {
	for _, base := range bases {
		for {
			generic, ok := base.(*Generic)
			if !ok {
				break
			}
			base = generic.Origin
		}
		switch b := base.(type) {
		case *Class:
			if b == class {
				continue
			}
			class.open = class.open || b.open
			if class.external == nil {
				class.external = b.external
			}
			class.enum = class.enum || b.enum
			class.dataclass = class.dataclass || b.dataclass
			class.namedTuple = class.namedTuple || b.namedTuple
			if class.metaclass == nil {
				class.metaclass = b.metaclass
			}
		case *External:
			if transparentBases[b.Path] {
				continue
			}
			class.open = true
			if class.external == nil {
				class.external = b
			}
		case *Builtin:
			// NamedTuple and the like.
		default:
			class.open = true
			base = Unknown{}
		}
		class.Bases = append(class.Bases, base)
	}
	class.MRO = linearise(class, mostBases)
	in.steps += 4 * len(class.MRO)
	in.spend(len(class.MRO) * valueSize)
}

// transparentBases are bases that add nothing.
var transparentBases = map[string]bool{
	"typing.Generic": true, "typing.Protocol": true, "abc.ABC": true, "typing.TypedDict": true,
	"typing_extensions.TypedDict": true, "typing_extensions.Protocol": true,
}

// mostBases is how many classes a class may inherit from; what is beyond is not looked at.
const mostBases = 64

// linearise is Python's C3; where that has no answer, depth first.
func linearise(class *Class, most int) []*Class {
	var lists [][]*Class
	var direct []*Class
	for _, base := range class.Bases {
		if b, ok := base.(*Class); ok {
			lists = append(lists, append([]*Class(nil), b.MRO...))
			direct = append(direct, b)
		}
	}
	lists = append(lists, direct)
	mro := []*Class{class}
	for len(mro) < most {
		head := (*Class)(nil)
		rest := false
		for _, list := range lists {
			if len(list) == 0 {
				continue
			}
			rest = true
			if !inTail(list[0], lists) {
				head = list[0]
				break
			}
		}
		if !rest {
			break
		}
		if head == nil {
			return depthFirst(class, direct, most)
		}
		mro = append(mro, head)
		for i := range lists {
			if len(lists[i]) > 0 && lists[i][0] == head {
				lists[i] = lists[i][1:]
			}
		}
	}
	return mro
}

func inTail(class *Class, lists [][]*Class) bool {
	for _, list := range lists {
		for i := 1; i < len(list); i++ {
			if list[i] == class {
				return true
			}
		}
	}
	return false
}

func depthFirst(class *Class, direct []*Class, most int) []*Class {
	mro := []*Class{class}
	seen := map[*Class]bool{class: true}
	for _, base := range direct {
		for _, b := range base.MRO {
			if !seen[b] && len(mro) < most {
				seen[b] = true
				mro = append(mro, b)
			}
		}
	}
	return mro
}

// defined does what follows the body of a class: what bases do with their subclasses.
func (in *Interpreter) defined(class *Class, call *Call) {
	const classSize = 512
	if !in.spend(classSize) {
		return
	}
	in.classes = append(in.classes, class)
	for _, base := range class.Bases {
		if b, ok := base.(*Class); ok && len(b.Subclasses) < in.limits.Items {
			b.Subclasses = append(b.Subclasses, class)
		}
	}
	if class.enum {
		in.enumMembers(class)
	}
	var rest []Keyword
	for _, keyword := range class.keywords {
		if keyword.Name != "metaclass" {
			rest = append(rest, keyword)
		}
	}
	on := &Call{In: in, Class: class, receiver: class, Keywords: rest, Module: call.Module, File: call.File, Line: call.Line, Assumed: call.Assumed}
	for _, base := range class.MRO[1:] {
		if value, ok := base.Attrs.Get("__init_subclass__"); ok {
			if method, ok := value.(*ClassMethod); ok {
				value = method.Func
			}
			if f, ok := value.(*Function); ok {
				in.callFunction(f, on, class)
			}
			break
		}
	}
	for _, base := range class.MRO[1:] {
		if base.Native != nil && base.Native.Subclassed != nil {
			base.Native.Subclassed(on)
		}
	}
	in.setNames(class, call)
}

// setNames calls __set_name__ of what the body has assigned.
func (in *Interpreter) setNames(class *Class, call *Call) {
	for i := 0; i < class.Attrs.Len(); i++ {
		name, value := class.Attrs.At(i)
		instance, ok := value.(*Instance)
		if !ok || instance.Class == class {
			continue
		}
		if method, ok := in.special(instance, "__set_name__"); ok {
			in.CallFrom(call, method, []Value{class, Str(name)}, nil)
		}
	}
}
