package python

import (
	"sync"
)

// builtinType is a type such as str: how its values are made and what can be called on them.
type builtinType struct {
	construct NativeFunc
	methods   map[string]NativeFunc
	// static are called on the type, without a value.
	static map[string]NativeFunc
	bases  []string
}

// types are the builtin types.
var types func() map[string]builtinType

func init() {
	types = sync.OnceValue(func() map[string]builtinType {
		return map[string]builtinType{
			"object":    {methods: objectMethods},
			"type":      {construct: makeType},
			"str":       {construct: makeStr, methods: strMethods, static: map[string]NativeFunc{"maketrans": vaguely}},
			"int":       {construct: makeInt},
			"bool":      {construct: makeBool, bases: []string{"int"}},
			"float":     {construct: makeFloat},
			"complex":   {construct: vaguely},
			"bytes":     {construct: vaguely, methods: bytesMethods},
			"bytearray": {construct: vaguely},
			"list":      {construct: makeList, methods: listMethods},
			"tuple":     {construct: makeTuple, methods: tupleMethods},
			"dict":      {construct: makeDict, methods: dictMethods, static: map[string]NativeFunc{"fromkeys": dictFromKeys}},
			"set":       {construct: makeSet, methods: setMethods},
			"frozenset": {construct: makeSet, methods: setMethods},
			"function":  {construct: vaguely},
			"method":    {construct: vaguely},
			"module":    {construct: vaguely},
			"NoneType":  {construct: vaguely},
			"ellipsis":  {construct: vaguely},
			"slice":     {construct: makeSlice},
		}
	})
}

var objectMethods = map[string]NativeFunc{
	"__init__": ignore, "__init_subclass__": ignore, "__setattr__": objectSetattr, "__getattribute__": objectGetattribute,
}

func objectSetattr(call *Call) Value {
	name, ok := AsStr(call.Arg(0, ""))
	if instance, isInstance := call.receiver.(*Instance); ok && isInstance && call.Arg(1, "") != nil {
		call.In.setName(instance.Attrs, name, call.Arg(1, ""))
	}
	return nil
}

func objectGetattribute(call *Call) Value {
	name, ok := AsStr(call.Arg(0, ""))
	if instance, isInstance := call.receiver.(*Instance); ok && isInstance {
		if value, ok := instance.Attrs.Get(name); ok {
			return value
		}
	}
	return Unknown{}
}

// typeClass makes a builtin type for this interpreter.
func (in *Interpreter) typeClass(name string, t builtinType) *Class {
	class := &Class{Name: name, QualName: name, Path: "builtins." + name, Attrs: &Namespace{}, construct: t.construct}
	in.builtins[name] = class
	var bases []Value
	for _, base := range t.bases {
		value, _ := in.builtin(base)
		bases = append(bases, value)
	}
	in.inherit(class, bases)
	for _, method := range sortedKeys(t.methods) {
		class.Attrs.Set(method, &Builtin{Name: method, Func: t.methods[method], method: true})
	}
	for _, method := range sortedKeys(t.static) {
		class.Attrs.Set(method, &Builtin{Name: method, Func: t.static[method]})
	}
	return class
}

// TypeOf is what type(value) returns: a *Class, or Unknown.
func (in *Interpreter) TypeOf(value Value) Value {
	var name string
	switch v := value.(type) {
	case *Instance:
		return v.Class
	case Str:
		name = "str"
	case Int:
		name = "int"
	case Bool:
		name = "bool"
	case Float:
		name = "float"
	case Bytes:
		name = "bytes"
	case None:
		name = "NoneType"
	case Ellipsis:
		name = "ellipsis"
	case *List:
		name = "list"
	case *Tuple:
		if v.Class != nil {
			return v.Class
		}
		name = "tuple"
	case *Dict:
		name = "dict"
	case *Set:
		name = "set"
	case *Function, *Builtin:
		name = "function"
	case *BoundMethod:
		name = "method"
	case *Module:
		name = "module"
	case *Class:
		if v.metaclass != nil {
			return v.metaclass
		}
		name = "type"
	default:
		return Unknown{}
	}
	class, _ := in.builtin(name)
	return class
}

// makeType is type(value), or type(name, bases, attributes), which makes a class.
func makeType(call *Call) Value {
	if len(call.Positional) == 1 {
		return call.In.TypeOf(call.Positional[0])
	}
	if len(call.Positional) != 3 {
		return Unknown{}
	}
	name, ok := AsStr(call.Positional[0])
	bases, known := sequence(call.Positional[1])
	attributes, isDict := call.In.dictOf(call.Positional[2])
	if !ok || !known || !isDict || call.Module == nil {
		return Unknown{}
	}
	class := &Class{
		Name: name, QualName: name, Path: call.Module.Name + "." + name, Module: call.Module, File: call.File, Line: call.Line,
		Attrs: &Namespace{}, keywords: call.Keywords,
	}
	call.In.inherit(class, bases)
	for i := range attributes.Len() {
		key, value := attributes.At(i)
		if attribute, ok := AsStr(key); ok {
			class.Attrs.Set(attribute, value)
		}
	}
	if doc, ok := class.Attrs.Get("__doc__"); ok {
		class.Doc, _ = AsStr(doc)
	}
	call.In.defined(class, call)
	return class
}

func makeStr(call *Call) Value {
	value := call.Arg(0, "object")
	if value == nil {
		return Str("")
	}
	if text, ok := call.In.String(value); ok {
		return Str(text)
	}
	return Unknown{}
}

func makeInt(call *Call) Value {
	switch v := plain(call.Arg(0, "")).(type) {
	case nil:
		return Int(0)
	case Int:
		return v
	case Bool:
		number, _ := AsInt(v)
		return Int(number)
	case Float:
		if v < 1<<53 && v > -1<<53 {
			return Int(v)
		}
	case Str:
		if len(call.Positional) == 1 {
			if number := integer(trimSpace(string(v))); !isUnknown(number) {
				return number
			}
			call.In.throw("ValueError")
		}
	case None:
		call.In.throw("TypeError")
	}
	return Unknown{}
}

func makeBool(call *Call) Value {
	if call.Arg(0, "") == nil {
		return Bool(false)
	}
	truth, known := call.In.Truth(call.Arg(0, ""))
	if !known {
		return Unknown{}
	}
	return Bool(truth)
}

func makeFloat(call *Call) Value {
	value := plain(call.Arg(0, ""))
	if text, ok := value.(Str); ok {
		return parseFloat(trimSpace(string(text)))
	}
	if f, ok := asFloat(value); ok {
		return Float(f)
	}
	if value == nil {
		return Float(0)
	}
	return Unknown{}
}

func makeList(call *Call) Value {
	list := &List{}
	if value := call.Arg(0, ""); value != nil {
		call.In.extend(list, value)
	}
	return list
}

func makeTuple(call *Call) Value {
	list, _ := makeList(call).(*List)
	return &Tuple{Items: list.Items, Open: list.Open}
}

func makeSet(call *Call) Value {
	set := &Set{}
	if value := call.Arg(0, ""); value != nil {
		call.In.extendSet(set, value)
	}
	return set
}

func makeDict(call *Call) Value {
	dict := &Dict{Open: call.OpenKeywords}
	if value := call.Arg(0, ""); value != nil {
		call.In.update(dict, value)
	}
	for _, keyword := range call.Keywords {
		call.In.setKey(dict, Str(keyword.Name), keyword.Value)
	}
	return dict
}

func makeSlice(call *Call) Value {
	if len(call.Positional) == 1 {
		return &slice{to: call.Positional[0]}
	}
	return &slice{call.Arg(0, ""), call.Arg(1, ""), call.Arg(2, "")}
}
