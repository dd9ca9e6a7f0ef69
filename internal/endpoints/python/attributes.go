package python

// Attr reads an attribute, bound as Python does. The value is nil when it is known that there is none.
func (in *Interpreter) Attr(value Value, name string) Value {
	if in.depth >= in.limits.Depth {
		return Unknown{}
	}
	in.depth++
	defer in.leave()
	switch v := value.(type) {
	case nil, Unknown:
		return Unknown{}
	case *External:
		return in.externalAttr(v, name)
	case *Module:
		return in.moduleAttr(v, name)
	case *Instance:
		return in.instanceAttr(v, name)
	case *Class:
		return in.classAttr(v, name)
	case *Function:
		return in.functionAttr(v, name)
	case *Super:
		return in.superAttr(v, name)
	case *BoundMethod:
		switch name {
		case "__self__":
			return v.Self
		case "__func__":
			return v.Func
		}
		return in.Attr(v.Func, name)
	case *Generic:
		if name == "__origin__" {
			return v.Origin
		}
		if name == "__args__" {
			return NewTuple(v.Args...)
		}
		return in.Attr(v.Origin, name)
	case *Property:
		return v.accessor(name)
	case *StaticMethod:
		return in.Attr(v.Func, name)
	case *ClassMethod:
		return in.Attr(v.Func, name)
	case *Builtin:
		return in.builtinAttr(v, name)
	}
	return in.typedAttr(value, name)
}

// typedAttr is an attribute of a value of a builtin type.
func (in *Interpreter) typedAttr(value Value, name string) Value {
	if tuple, ok := value.(*Tuple); ok && tuple.Class != nil {
		if item, ok := in.namedField(tuple, name); ok {
			return item
		}
	}
	class, ok := in.TypeOf(value).(*Class)
	if !ok {
		return Unknown{}
	}
	if name == "__class__" {
		return class
	}
	found, _, ok := class.Lookup(name)
	if !ok {
		if name == "real" {
			return value
		}
		return nil
	}
	return in.bound(found, value, class)
}

// accessor is what @name.setter and the like call.
func (p *Property) accessor(name string) Value {
	switch name {
	case "setter":
		return NewBuiltin(name, func(call *Call) Value { return &Property{Getter: p.Getter, Setter: call.Arg(0, "fset")} })
	case "deleter", "getter":
		return NewBuiltin(name, func(*Call) Value { return p })
	case "fget":
		return p.Getter
	}
	return Unknown{}
}

func (in *Interpreter) builtinAttr(b *Builtin, name string) Value {
	switch name {
	case "__name__", "__qualname__":
		return Str(b.Name)
	case "__doc__":
		return None{}
	}
	if b.attrs != nil {
		if value, ok := b.attrs[name]; ok {
			return value
		}
	}
	return Unknown{}
}

func (in *Interpreter) externalAttr(external *External, name string) Value {
	const most = 512
	if len(external.Path) > most {
		return external
	}
	if external.Call == nil {
		switch name {
		case "__name__", "__qualname__":
			return Str(lastPart(external.Path))
		}
	}
	return in.Native(external.Path + "." + name)
}

func (in *Interpreter) functionAttr(f *Function, name string) Value {
	if value, ok := f.Attrs.Get(name); ok {
		return value
	}
	switch name {
	case "__name__":
		return Str(f.Name)
	case "__qualname__":
		return Str(f.QualName)
	case "__module__":
		if f.Module == nil {
			return Str("")
		}
		return Str(f.Module.Name)
	case "__doc__":
		if f.Doc == "" {
			return None{}
		}
		return Str(f.Doc)
	case "__wrapped__":
		if f.Wrapped != nil {
			return f.Wrapped
		}
		return nil
	case "__dict__":
		if f.Attrs == nil {
			f.Attrs = &Namespace{}
		}
		return &Dict{live: f.Attrs}
	case "__call__", "__get__":
		return f
	case "__annotations__", "__code__", "__defaults__", "__kwdefaults__", "__globals__", "__closure__", "__signature__":
		return Unknown{}
	}
	return nil
}

func (in *Interpreter) superAttr(super *Super, name string) Value {
	after := false
	for _, class := range super.class.MRO {
		if after {
			if value, ok := class.Attrs.Get(name); ok {
				return in.bound(value, super.Self, class)
			}
		}
		after = after || class == super.After
	}
	switch name {
	case "__init__", "__init_subclass__", "__setattr__", "__set_name__", "__post_init__":
		return NewBuiltin(name, func(*Call) Value { return None{} })
	case "__new__":
		return NewBuiltin(name, func(call *Call) Value {
			if in.making != nil && call.Arg(0, "") == in.making.metaclass {
				return in.making
			}
			if class, ok := call.Arg(0, "").(*Class); ok {
				return in.newInstance(class, call)
			}
			return Unknown{}
		})
	case "__call__":
		if class, ok := super.Self.(*Class); ok {
			return NewBuiltin(name, func(call *Call) Value { return in.instantiate(class, call) })
		}
	case "__getattribute__":
		return NewBuiltin(name, func(call *Call) Value {
			attribute, ok := AsStr(call.Arg(0, ""))
			instance, isInstance := super.Self.(*Instance)
			if !ok || !isInstance {
				return Unknown{}
			}
			value, _ := instance.Attrs.Get(attribute)
			return value
		})
	}
	if super.class.external != nil {
		return &External{Path: super.class.external.Path + "." + name}
	}
	if super.class.open {
		return Unknown{}
	}
	return nil
}

// instanceAttr looks at what the object has, then at its classes.
func (in *Interpreter) instanceAttr(instance *Instance, name string) Value {
	found, owner, inClass := instance.Class.Lookup(name)
	if inClass {
		switch p := found.(type) {
		case *Property:
			return in.property(p, instance, name)
		case *Builtin:
			if p.kind == propertyBuiltin {
				return in.callReceiver(p, in.newCall(nil, nil), instance, nil)
			}
		}
	}
	if value, ok := instance.Attrs.Get(name); ok {
		return value
	}
	if inClass {
		return in.bound(found, instance, owner)
	}
	switch name {
	case "__class__":
		return instance.Class
	case "__dict__":
		return &Dict{live: instance.Attrs}
	case "__doc__":
		return docOf(instance.Class.Doc)
	case "__module__":
		return in.classAttr(instance.Class, name)
	}
	if instance.Class.enum && name == "value" && instance.data != nil {
		return instance.data
	}
	return in.missingAttr(instance, name)
}

func (in *Interpreter) property(p *Property, instance *Instance, name string) Value {
	if !p.cached {
		return in.call(p.Getter, in.receiving(instance))
	}
	if value, ok := instance.Attrs.Get(name); ok {
		return value
	}
	value := in.call(p.Getter, in.receiving(instance))
	instance.Attrs.Set(name, value)
	return value
}

func (in *Interpreter) receiving(self Value) *Call {
	call := in.newCall([]Value{self}, nil)
	return call
}

func docOf(doc string) Value {
	if doc == "" {
		return None{}
	}
	return Str(doc)
}

// missingAttr asks __getattr__, the native classes and, for objects whose classes are not all known, gives what is external.
func (in *Interpreter) missingAttr(instance *Instance, name string) Value {
	if method, ok := in.special(instance, "__getattr__"); ok && name != "__getattr__" {
		return in.call(method, in.newCall([]Value{Str(name)}, nil))
	}
	native := ""
	for _, class := range instance.Class.MRO {
		if class.Native == nil {
			continue
		}
		if class.Native.GetAttr != nil {
			if value := class.Native.GetAttr(instance, name); value != nil {
				return value
			}
		}
		if native == "" && !class.Native.closed {
			native = class.Path
		}
	}
	if instance.data != nil {
		if value := in.Attr(instance.data, name); value != nil {
			return value
		}
	}
	switch {
	case native != "":
		return &External{Path: native + "." + name}
	case instance.Class.external != nil:
		return &External{Path: instance.Class.external.Path + "." + name}
	case instance.Class.open:
		return Unknown{}
	}
	return nil
}

func (in *Interpreter) classAttr(class *Class, name string) Value {
	if found, owner, ok := class.Lookup(name); ok {
		return in.boundToClass(found, class, owner)
	}
	switch name {
	case "__name__":
		return Str(class.Name)
	case "__qualname__":
		return Str(class.QualName)
	case "__module__":
		return Str(moduleOf(class))
	case "__doc__":
		return docOf(class.Doc)
	case "__dict__":
		return &Dict{live: class.Attrs}
	case "__mro__":
		return NewTuple(classValues(class.MRO)...)
	case "mro":
		return NewBuiltin(name, func(*Call) Value { return NewList(classValues(class.MRO)...) })
	case "__bases__":
		return NewTuple(class.Bases...)
	case "__subclasses__":
		return NewBuiltin(name, func(*Call) Value { return NewList(classValues(class.Subclasses)...) })
	case "__class__":
		return in.TypeOf(class)
	case "__annotations__":
		return in.annotations(class)
	}
	if class.enum {
		if value := in.enumAttr(class, name); value != nil {
			return value
		}
	}
	if value := in.metaAttr(class, name); value != nil {
		return value
	}
	return class.openAttr(name)
}

// metaAttr is a method or property of the metaclass.
func (in *Interpreter) metaAttr(class *Class, name string) Value {
	meta, ok := class.metaclass.(*Class)
	if !ok {
		return nil
	}
	found, owner, ok := meta.Lookup(name)
	if !ok || owner.construct != nil {
		return nil
	}
	if p, ok := found.(*Property); ok {
		return in.call(p.Getter, in.receiving(class))
	}
	return in.bound(found, class, owner)
}

func (c *Class) openAttr(name string) Value {
	for _, class := range c.MRO {
		if class.Native != nil && !class.Native.closed {
			return &External{Path: class.Path + "." + name}
		}
	}
	switch {
	case c.external != nil:
		return &External{Path: c.external.Path + "." + name}
	case c.open || c.metaclass != nil:
		return Unknown{}
	}
	return nil
}

func moduleOf(class *Class) string {
	if class.Module != nil {
		return class.Module.Name
	}
	return class.Path[:max(0, len(class.Path)-len(lastPart(class.Path))-1)]
}

func (in *Interpreter) annotations(class *Class) Value {
	dict := NewDict()
	for _, field := range class.Fields {
		in.setKey(dict, Str(field.Name), in.Eval(field.Annotation))
	}
	return dict
}

func classValues(classes []*Class) []Value {
	values := make([]Value, len(classes))
	for i, class := range classes {
		values[i] = class
	}
	return values
}

// bound is what reading an attribute of an object makes of what its class has.
func (in *Interpreter) bound(value, self Value, _ *Class) Value {
	switch v := value.(type) {
	case *Function:
		return &BoundMethod{Self: self, Func: v}
	case *StaticMethod:
		return v.Func
	case *ClassMethod:
		if class, ok := self.(*Class); ok {
			return &BoundMethod{Self: class, Func: v.Func}
		}
		return &BoundMethod{Self: in.TypeOf(self), Func: v.Func}
	case *Property:
		return in.call(v.Getter, in.receiving(self))
	case *Builtin:
		switch {
		case v.kind == propertyBuiltin:
			return in.callReceiver(v, in.newCall(nil, nil), self, nil)
		case v.kind == classBuiltin:
			if _, ok := self.(*Class); !ok {
				self = in.TypeOf(self)
			}
			return &BoundMethod{Self: self, Func: v}
		case v.method:
			return &BoundMethod{Self: self, Func: v}
		}
	case *Instance:
		if method, ok := in.special(v, "__get__"); ok {
			return in.call(method, in.newCall([]Value{self, in.TypeOf(self)}, nil))
		}
	}
	return value
}

// boundToClass is what reading an attribute of a class makes of what the class has.
func (in *Interpreter) boundToClass(value Value, class, _ *Class) Value {
	switch v := value.(type) {
	case *StaticMethod:
		return v.Func
	case *ClassMethod:
		return &BoundMethod{Self: class, Func: v.Func}
	case *Builtin:
		if v.kind == classBuiltin {
			return &BoundMethod{Self: class, Func: v}
		}
	case *Instance:
		if method, ok := in.special(v, "__get__"); ok {
			return in.call(method, in.newCall([]Value{None{}, class}, nil))
		}
	}
	return value
}

// SetAttr sets an attribute.
func (in *Interpreter) SetAttr(value Value, name string, to Value) {
	var attrs *Namespace
	switch v := value.(type) {
	case *Instance:
		if in.setProperty(v, name, to) {
			return
		}
		attrs = v.Attrs
	case *Class:
		attrs = v.Attrs
	case *Module:
		attrs = v.Attrs
	case *Function:
		if v.Attrs == nil {
			v.Attrs = &Namespace{}
		}
		if text, ok := AsStr(to); ok {
			switch name {
			case "__name__":
				v.Name = text
			case "__doc__":
				v.Doc = text
			case "__qualname__":
				v.QualName = text
			}
		}
		attrs = v.Attrs
	case *BoundMethod:
		in.setBoundAttr(v, name, to)
		return
	default:
		return
	}
	if in.spend(2 * valueSize) {
		in.setName(attrs, name, to)
	}
}

func (in *Interpreter) setBoundAttr(bound *BoundMethod, name string, to Value) {
	if f, ok := bound.Func.(*Function); ok {
		in.SetAttr(f, name, to)
	}
}

// setProperty calls a property's setter or a native class's, and tells whether there is one.
func (in *Interpreter) setProperty(instance *Instance, name string, to Value) bool {
	found, _, _ := instance.Class.Lookup(name)
	p, ok := found.(*Property)
	if !ok || p.Setter == nil {
		return false
	}
	in.call(p.Setter, in.newCall([]Value{instance, to}, nil))
	return true
}
