package javascript

import "github.com/codebegen/preview-operator/internal/endpoints/syntax"

// class makes a class, whose static parts run now.
func (in *Interpreter) class(f *frame, sc *scope, n *syntax.Node) Value {
	name := textOf(n.Child("name"))
	inner := sc.child()
	in.take(512)
	fn := &Function{Name: name, Node: n, Module: f.module, scope: inner, class: n}
	o := &Object{Class: ClassFunction, Proto: in.protos.function, Call: fn}
	fn.object = o
	prototype := in.prototype(o)
	if heritage := n.ChildOfKind("class_heritage"); heritage != nil {
		if parent := superclass(heritage); parent != nil {
			fn.derived = true
			fn.parent = in.eval(f, sc, parent)
			in.inherit(o, prototype, fn.parent)
		}
	}
	if name != "" {
		inner.declare(name, o)
	}
	// Names a class is known by in its own static parts.
	static := &frame{module: f.module, fn: fn, this: o, home: o}
	for _, member := range n.Child("body").NamedChildren() {
		isStatic := member.ChildOfKind("static") != nil
		switch member.Kind {
		case "method_definition":
			if textOf(member.Child("name")) == "constructor" && !isStatic {
				continue
			}
			if isStatic {
				in.method(f, inner, member, o)
			} else {
				in.method(f, inner, member, prototype)
			}
		case "public_field_definition", "field_definition":
			if isStatic {
				in.field(static, inner, member, o)
			}
		case "class_static_block":
			in.body(static, inner, member.Child("body"))
		}
	}
	return o
}

// superclass is the expression after extends.
func superclass(heritage *syntax.Node) *syntax.Node {
	if clause := heritage.ChildOfKind("extends_clause"); clause != nil {
		return clause.Child("value")
	}
	for _, child := range heritage.NamedChildren() {
		if !child.Is("implements_clause", "comment") {
			return child
		}
	}
	return nil
}

func (in *Interpreter) inherit(o, prototype *Object, parent Value) {
	p, ok := parent.(*Object)
	if !ok || p.Call == nil {
		// What it has from a parent that is not known is not known.
		o.Open, prototype.Open = true, true
		return
	}
	in.setProto(o, p)
	in.setProto(prototype, in.prototype(p))
	prototype.Open = in.prototype(p).Open
	o.Open = p.Open
}

// method defines a method, a getter or a setter.
func (in *Interpreter) method(f *frame, sc *scope, n *syntax.Node, on *Object) {
	key, known := in.key(f, sc, n.Child("name"))
	if !known || n.Child("body") == nil {
		return
	}
	function := in.closure(f, sc, n, key)
	function.Call.home = on
	kind := ""
	for _, child := range n.Children {
		if child.Kind == "get" || child.Kind == "set" {
			kind = child.Kind
		}
		if child.Field == "name" {
			break
		}
	}
	if kind == "" {
		property := &Property{Value: function, hidden: on.Call != nil || on.Own("constructor") != nil}
		on.define(key, property)
		return
	}
	property := on.Own(key)
	if property == nil {
		property = &Property{}
		on.define(key, property)
	}
	if kind == "get" {
		property.getter = function
	} else {
		property.setter = function
	}
}

func (in *Interpreter) field(f *frame, sc *scope, n *syntax.Node, on *Object) {
	name := n.Child("name")
	if name == nil {
		name = n.Child("property")
	}
	key, known := in.key(f, sc, name)
	if !known {
		return
	}
	value := n.Child("value")
	if value == nil {
		if n.Kind == "field_definition" || on.Own(key) == nil {
			on.Set(key, nil)
		}
		return
	}
	on.Set(key, in.named(in.eval(f, sc, value), name))
}

// fields initializes the fields of an instance.
func (in *Interpreter) fields(class, instance *Object) {
	fn := class.Call
	if fn.class == nil {
		return
	}
	f := &frame{module: fn.Module, fn: fn, this: instance, home: in.prototype(class)}
	for _, member := range fn.class.Child("body").NamedChildren() {
		if member.Is("public_field_definition", "field_definition") && member.ChildOfKind("static") == nil && member.ChildOfKind("declare") == nil {
			in.field(f, fn.scope, member, instance)
		}
	}
}

// initialize runs the constructor of a class, or a function that is used as one, for an instance.
func (in *Interpreter) initialize(o, instance *Object, c *Call, target *Object) Value {
	fn := o.Call
	call := *c
	call.This = instance
	if fn.class == nil {
		if made, ok := in.invoke(o, &call, target).(*Object); ok {
			return made
		}
		return instance
	}
	constructor := constructorOf(fn.class)
	if constructor == nil {
		made := instance
		if fn.derived {
			made = in.constructParent(fn.parent, instance, &call, target)
		}
		in.fields(o, made)
		return made
	}
	if !fn.derived {
		in.fields(o, instance)
	}
	f := &frame{module: fn.Module, fn: fn, this: instance, args: c.Args, home: in.prototype(o), class: o, target: target}
	if fn.active > maxUncertain && in.uncertain > 0 {
		return instance
	}
	fn.active++
	defer func() { fn.active-- }()
	sc := &scope{parent: fn.scope, function: true}
	sc.declare("arguments", in.Array(c.Args))
	in.parameters(f, sc, constructor, &call)
	if made, ok := in.runBody(f, sc, constructor.Child("body")).(*Object); ok {
		return made
	}
	return f.this
}

func constructorOf(class *syntax.Node) *syntax.Node {
	for _, member := range class.Child("body").NamedChildren() {
		if member.Kind == "method_definition" && textOf(member.Child("name")) == "constructor" && member.Child("body") != nil {
			return member
		}
	}
	return nil
}

// constructParent runs the constructor of a parent for an instance of its child. What a native one makes is the instance.
func (in *Interpreter) constructParent(parent Value, instance *Object, c *Call, target *Object) *Object {
	o, ok := parent.(*Object)
	if !ok || o.Call == nil {
		return instance
	}
	if !in.step() || in.calls >= in.limits.Calls || in.depth > in.limits.Depth {
		return instance
	}
	in.calls++
	defer func() { in.calls-- }()
	if o.Call.native == nil {
		if made, ok := in.initialize(o, instance, c, target).(*Object); ok {
			return made
		}
		return instance
	}
	call := *c
	call.New = true
	made, ok := o.Call.native(&call).(*Object)
	if !ok || made == o {
		return instance
	}
	if target != nil {
		made.Proto = in.prototype(target)
	}
	return made
}

func (in *Interpreter) superCall(f *frame, sc *scope, n *syntax.Node) Value {
	args, open := in.arguments(f, sc, n.Child("arguments"))
	instance, ok := f.this.(*Object)
	if !ok || f.class == nil {
		return nil
	}
	call := &Call{In: in, This: instance, Args: args, Open: open, New: true, Node: n, Module: f.module}
	made := in.constructParent(f.class.Call.parent, instance, call, f.target)
	f.this = made
	in.fields(f.class, made)
	return made
}
