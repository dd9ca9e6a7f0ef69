package python

import "strings"

// dataclass is @dataclass, with or without arguments.
func dataclass(call *Call) Value {
	mark := func(value Value) Value {
		if class, ok := value.(*Class); ok {
			class.dataclass = true
			if _, own := class.Attrs.Get("__init__"); !own {
				class.Attrs.Set("__init__", &Builtin{Name: "__init__", Func: fieldsInit, method: true})
			}
		}
		return value
	}
	if class := call.Arg(0, ""); class != nil {
		return mark(class)
	}
	return NewBuiltin("dataclass", func(inner *Call) Value { return mark(arg(inner, 0)) })
}

// fieldInfo is what dataclasses.field, pydantic's Field and the like have made.
type fieldInfo struct {
	fallback, factory Value
	excluded          bool
	// env is the name of the variable that pydantic takes the value from.
	env string
}

func fieldClass(path string, aliases ...string) *NativeClass {
	return &NativeClass{
		Path: path, Aliases: aliases, closed: true,
		Alloc: func(*Class) any { return &fieldInfo{} },
		Init: func(call *Call) Value {
			info, ok := call.Self.Native.(*fieldInfo)
			if !ok {
				return nil
			}
			info.fallback = call.Arg(0, "default")
			if _, required := info.fallback.(Ellipsis); required {
				info.fallback = nil
			}
			for _, name := range []string{"env", "validation_alias", "alias"} {
				if info.env == "" {
					info.env, _ = AsStr(call.Arg(-1, name))
				}
			}
			info.factory = call.Arg(-1, "default_factory")
			if info.factory == nil {
				info.factory = call.Arg(-1, "factory")
			}
			init, known := call.Bool(-1, "init", true)
			info.excluded = known && !init
			return nil
		},
	}
}

// fieldDefault is what a field has when it is not given; nil when it has to be.
func (in *Interpreter) fieldDefault(field Field, call *Call) Value {
	value := field.Default
	if value == nil {
		return in.annotatedDefault(field, call)
	}
	if instance, ok := value.(*Instance); ok {
		if info, ok := instance.Native.(*fieldInfo); ok {
			return in.infoDefault(info, call)
		}
	}
	return value
}

func (in *Interpreter) infoDefault(info *fieldInfo, call *Call) Value {
	if info.factory != nil {
		return in.CallFrom(call, info.factory, nil, nil)
	}
	return info.fallback
}

// annotatedDefault finds the default in Annotated[T, Field(default=...)] and gives optional fields of models None.
func (in *Interpreter) annotatedDefault(field Field, call *Call) Value {
	generic, ok := in.Eval(field.Annotation).(*Generic)
	if !ok || !isExternal(generic.Origin, "typing.Annotated") && !isExternal(generic.Origin, "typing_extensions.Annotated") {
		return nil
	}
	for _, part := range generic.Args[min(1, len(generic.Args)):] {
		if instance, ok := part.(*Instance); ok {
			if info, ok := instance.Native.(*fieldInfo); ok {
				return in.infoDefault(info, call)
			}
		}
	}
	return nil
}

// fieldsOf are the fields of a class and its bases, the bases' first.
func fieldsOf(class *Class) []Field {
	var fields []Field
	at := map[string]int{}
	for i := len(class.MRO) - 1; i >= 0; i-- {
		for _, field := range class.MRO[i].Fields {
			if known, ok := at[field.Name]; ok {
				fields[known] = field
				continue
			}
			at[field.Name] = len(fields)
			fields = append(fields, field)
		}
	}
	return fields
}

// fieldsInit is the __init__ of dataclasses, pydantic's models and settings.
func fieldsInit(call *Call) Value {
	in, self := call.In, call.Self
	if self == nil {
		return nil
	}
	position := 0
	environment := in.settingsOf(self.Class)
	taken := map[string]bool{}
	for _, field := range fieldsOf(self.Class) {
		if in.classVar(field) {
			continue
		}
		var value Value
		if position < len(call.Positional) {
			value = call.Positional[position]
			position++
		} else {
			value = keyword(call, field.Name)
		}
		taken[field.Name] = true
		if value == nil && environment != nil {
			value = environment.value(in, field)
		}
		if value == nil {
			value = in.fieldDefault(field, call)
		}
		if value == nil {
			value = Unknown{}
		}
		self.Attrs.Set(field.Name, value)
	}
	if !self.Class.dataclass {
		in.plainFields(self, taken)
		for _, given := range call.Keywords {
			if !taken[given.Name] && given.Name[0] != '_' {
				self.Attrs.Set(given.Name, given.Value)
			}
		}
	}
	for _, hook := range []string{"__post_init__", "model_post_init"} {
		if method, ok := in.special(self, hook); ok {
			in.CallFrom(call, method, nil, nil)
		}
	}
	return nil
}

func (in *Interpreter) classVar(field Field) bool {
	generic, ok := field.Annotation.generic()
	return ok && generic == "ClassVar"
}

// generic is the name that an annotation begins with: ClassVar of typing.ClassVar[str].
func (e *Expr) generic() (string, bool) {
	if e == nil || e.Node == nil {
		return "", false
	}
	text := e.Node.Text
	for i := range len(text) {
		if text[i] == '[' {
			return lastPart(text[:i]), true
		}
	}
	return "", false
}

// plainFields gives objects of models their own copies of what class bodies made with Field without an annotation.
func (in *Interpreter) plainFields(self *Instance, taken map[string]bool) {
	for _, class := range self.Class.MRO {
		if class.Native != nil {
			continue
		}
		for i := range class.Attrs.Len() {
			name, value := class.Attrs.At(i)
			instance, ok := value.(*Instance)
			if !ok || taken[name] {
				continue
			}
			if info, ok := instance.Native.(*fieldInfo); ok && info.fallback != nil {
				self.Attrs.Set(name, info.fallback)
			}
		}
	}
}

// modelDump is model.dict() and model.model_dump().
func modelDump(call *Call) Value {
	dict := NewDict()
	if call.Self == nil {
		return dict
	}
	for i := range call.Self.Attrs.Len() {
		name, value := call.Self.Attrs.At(i)
		call.In.setKey(dict, Str(name), value)
	}
	return dict
}

// namedTupleInit is the constructor of classes that inherit from typing.NamedTuple.
func (in *Interpreter) namedTuple(class *Class, call *Call) Value {
	tuple := &Tuple{Class: class, Open: call.OpenPositional}
	for i, field := range fieldsOf(class) {
		value := call.Arg(i, field.Name)
		if value == nil {
			value = field.Default
		}
		if value == nil {
			value = Unknown{}
		}
		tuple.Items = append(tuple.Items, value)
	}
	return tuple
}

func (in *Interpreter) namedField(tuple *Tuple, name string) (Value, bool) {
	for i, field := range fieldsOf(tuple.Class) {
		if field.Name == name && i < len(tuple.Items) {
			return tuple.Items[i], true
		}
	}
	return nil, false
}

// makeNamedTuple is collections.namedtuple(name, fields) and the functional form of typing.NamedTuple.
func makeNamedTuple(call *Call) Value {
	name, ok := AsStr(call.Arg(0, "typename"))
	if !ok || call.Module == nil {
		return Unknown{}
	}
	fields := call.Arg(1, "field_names")
	if text, ok := AsStr(fields); ok {
		fields = call.In.texts(strings.Fields(strings.ReplaceAll(text, ",", " ")))
	}
	items, complete := call.In.Iterate(fields)
	if !complete {
		return Unknown{}
	}
	class := &Class{
		Name: name, QualName: name, Path: call.Module.Name + "." + name, Module: call.Module, File: call.File, Line: call.Line, Attrs: &Namespace{},
		namedTuple: true,
	}
	defaults, _ := call.In.Iterate(call.Arg(-1, "defaults"))
	for i, item := range items {
		if pair, ok := sequence(item); ok && len(pair) > 0 {
			item = pair[0]
		}
		text, _ := AsStr(item)
		field := Field{Name: text}
		if at := i - (len(items) - len(defaults)); at >= 0 {
			field.Default = defaults[at]
		}
		class.Fields = append(class.Fields, field)
	}
	tuple, _ := call.In.builtin("tuple")
	call.In.inherit(class, []Value{tuple})
	return class
}
