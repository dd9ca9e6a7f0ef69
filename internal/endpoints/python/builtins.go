package python

import (
	"slices"
	"strings"
)

// builtin finds a builtin name.
func (in *Interpreter) builtin(name string) (Value, bool) {
	if value, ok := in.builtins[name]; ok {
		return value, true
	}
	value := in.makeBuiltin(name)
	if value == nil {
		return nil, false
	}
	in.builtins[name] = value
	return value, true
}

func (in *Interpreter) makeBuiltin(name string) Value {
	if f, ok := builtinFunctions[name]; ok {
		return &Builtin{Name: name, Func: f}
	}
	if t, ok := types()[name]; ok {
		return in.typeClass(name, t)
	}
	if base, ok := exceptions[name]; ok {
		class := &Class{Name: name, QualName: name, Path: "builtins." + name, Attrs: &Namespace{}}
		var bases []Value
		if base != "" {
			parent, _ := in.builtin(base)
			bases = []Value{parent}
		} else {
			class.Attrs.Set("__init__", &Builtin{Name: "__init__", Func: exceptionInit, method: true})
			class.Attrs.Set("__str__", &Builtin{Name: "__str__", Func: exceptionText, method: true})
		}
		in.inherit(class, bases)
		return class
	}
	switch name {
	case "Ellipsis":
		return Ellipsis{}
	case "NotImplemented":
		return Unknown{}
	case "__debug__":
		return Bool(true)
	case "__name__":
		return Str("builtins")
	}
	return nil
}

func exceptionInit(call *Call) Value {
	if call.Self != nil {
		call.Self.Attrs.Set("args", NewTuple(call.Positional...))
	}
	return nil
}

func exceptionText(call *Call) Value {
	if call.Self == nil {
		return Unknown{}
	}
	args, ok := call.In.Attr(call.Self, "args").(*Tuple)
	if !ok || len(args.Items) > 1 {
		return Unknown{}
	}
	if len(args.Items) == 0 {
		return Str("")
	}
	if text, ok := call.In.String(args.Items[0]); ok {
		return Str(text)
	}
	return Unknown{}
}

// exceptions are the builtin ones with their bases.
var exceptions = map[string]string{
	"BaseException": "", "Exception": "BaseException", "KeyboardInterrupt": "BaseException", "SystemExit": "BaseException",
	"GeneratorExit": "BaseException", "StopIteration": "Exception", "StopAsyncIteration": "Exception",
	"ArithmeticError": "Exception", "ZeroDivisionError": "ArithmeticError", "OverflowError": "ArithmeticError",
	"AssertionError": "Exception", "AttributeError": "Exception", "BufferError": "Exception", "EOFError": "Exception",
	"ImportError": "Exception", "ModuleNotFoundError": "ImportError", "LookupError": "Exception", "IndexError": "LookupError",
	"KeyError": "LookupError", "MemoryError": "Exception", "NameError": "Exception", "UnboundLocalError": "NameError",
	"OSError": "Exception", "IOError": "OSError", "EnvironmentError": "OSError", "FileNotFoundError": "OSError", "FileExistsError": "OSError",
	"PermissionError": "OSError", "ConnectionError": "OSError", "ConnectionRefusedError": "ConnectionError",
	"ConnectionResetError": "ConnectionError", "BrokenPipeError": "ConnectionError", "TimeoutError": "OSError", "IsADirectoryError": "OSError",
	"NotADirectoryError": "OSError", "InterruptedError": "OSError", "ProcessLookupError": "OSError", "ReferenceError": "Exception",
	"RuntimeError": "Exception", "NotImplementedError": "RuntimeError", "RecursionError": "RuntimeError", "SyntaxError": "Exception",
	"IndentationError": "SyntaxError", "SystemError": "Exception", "TypeError": "Exception", "ValueError": "Exception",
	"UnicodeError": "ValueError", "UnicodeDecodeError": "UnicodeError", "UnicodeEncodeError": "UnicodeError", "Warning": "Exception",
	"DeprecationWarning": "Warning", "PendingDeprecationWarning": "Warning", "RuntimeWarning": "Warning", "UserWarning": "Warning",
	"FutureWarning": "Warning", "ImportWarning": "Warning", "ResourceWarning": "Warning", "SyntaxWarning": "Warning",
	"ExceptionGroup": "Exception", "BaseExceptionGroup": "BaseException",
}

var builtinFunctions map[string]NativeFunc

func init() {
	builtinFunctions = map[string]NativeFunc{
		"print": ignore, "breakpoint": ignore, "exit": ignore, "quit": ignore, "help": ignore,
		"open": openFile, "input": vaguely, "eval": vaguely, "exec": vaguely, "compile": vaguely, "hash": vaguely, "memoryview": vaguely,
		"len": builtinLen, "isinstance": builtinIsInstance, "issubclass": builtinIsSubclass, "getattr": builtinGetattr,
		"setattr": builtinSetattr, "delattr": builtinDelattr, "hasattr": builtinHasattr, "callable": builtinCallable,
		"enumerate": builtinEnumerate, "zip": builtinZip, "map": builtinMap, "filter": builtinFilter, "sorted": builtinSorted,
		"reversed": builtinReversed, "any": builtinAny, "all": builtinAll, "sum": builtinSum, "min": builtinMin, "max": builtinMax,
		"abs": builtinAbs, "round": builtinRound, "range": builtinRange, "iter": builtinIter, "next": builtinNext, "aiter": builtinIter,
		"anext": builtinNext, "repr": builtinRepr, "ascii": builtinRepr, "format": builtinFormat, "ord": builtinOrd, "chr": builtinChr,
		"vars": builtinVars, "dir": builtinDir, "super": builtinSuper, "property": builtinProperty, "staticmethod": builtinStatic,
		"classmethod": builtinClassMethod, "globals": vaguely, "locals": vaguely, "__import__": builtinImport,
		"id": vaguely, "divmod": builtinDivmod, "pow": builtinPow, "hex": vaguely, "bin": vaguely, "oct": vaguely,
		"__build_class__": vaguely,
	}
}

func ignore(*Call) Value  { return nil }
func vaguely(*Call) Value { return Unknown{} }

func builtinLen(call *Call) Value {
	value := call.Arg(0, "")
	if instance, ok := value.(*Instance); ok {
		if method, ok := call.In.special(instance, "__len__"); ok {
			return call.In.call(method, call.In.newCall(nil, nil))
		}
	}
	switch v := plain(value).(type) {
	case Str:
		return Int(len([]rune(string(v))))
	case Bytes:
		return Int(len(v))
	}
	items, complete := call.In.Iterate(value)
	if !complete {
		return Unknown{}
	}
	return Int(len(items))
}

func builtinGetattr(call *Call) Value {
	name, ok := AsStr(call.Arg(1, ""))
	if !ok {
		return Unknown{}
	}
	fallback := call.Arg(2, "")
	var value Value
	if fallback == nil {
		value = call.In.Attr(call.Arg(0, ""), name)
	} else if call.In.attempt("AttributeError", func() { value = call.In.Attr(call.Arg(0, ""), name) }) {
		return fallback
	}
	switch {
	case value == nil && fallback != nil:
		return fallback
	case value == nil:
		call.In.throw("AttributeError")
		return Unknown{}
	}
	if external, ok := value.(*External); ok && fallback != nil && external.Call == nil {
		// Bases that are not known rarely have what a fallback is given for.
		switch call.Arg(0, "").(type) {
		case *Instance, *Class:
			return fallback
		}
	}
	return value
}

func builtinSetattr(call *Call) Value {
	if name, ok := AsStr(call.Arg(1, "")); ok && call.Arg(2, "") != nil {
		call.In.SetAttr(call.Arg(0, ""), name, call.Arg(2, ""))
	}
	return nil
}

func builtinDelattr(call *Call) Value {
	if instance, ok := call.Arg(0, "").(*Instance); ok && call.In.assume == 0 {
		if name, ok := AsStr(call.Arg(1, "")); ok {
			instance.Attrs.Delete(name)
		}
	}
	return nil
}

func builtinHasattr(call *Call) Value {
	name, ok := AsStr(call.Arg(1, ""))
	if !ok {
		return Unknown{}
	}
	var found Value
	if call.In.attempt("AttributeError", func() { found = call.In.Attr(call.Arg(0, ""), name) }) {
		return Bool(false)
	}
	switch value := found.(type) {
	case nil:
		return Bool(false)
	case Unknown:
		return Unknown{}
	case *External:
		if _, ok := call.Arg(0, "").(*External); ok || value.Call != nil {
			return Unknown{}
		}
		if instance, ok := call.Arg(0, "").(*Instance); ok {
			// A class that was asked for the attribute, and has none, is as sure of it as getattr with a default takes it to be.
			if asked := slices.ContainsFunc(instance.Class.MRO, func(class *Class) bool { return class.Native != nil && class.Native.GetAttr != nil }); asked {
				return Bool(false)
			}
			return Unknown{}
		}
	}
	return Bool(true)
}

func builtinCallable(call *Call) Value {
	switch v := call.Arg(0, "").(type) {
	case *Function, *BoundMethod, *Class, *Builtin, *StaticMethod, *ClassMethod, *Generic:
		return Bool(true)
	case nil, Unknown, *External:
		return Unknown{}
	case *Instance:
		if _, ok := call.In.special(v, "__call__"); ok {
			return Bool(true)
		}
		if v.Class.open {
			return Unknown{}
		}
	}
	return Bool(false)
}

func builtinIsInstance(call *Call) Value {
	value, kinds := call.Arg(0, ""), call.Arg(1, "")
	if value == nil || opaque(value) {
		return Unknown{}
	}
	if isExternal(kinds, "inspect.function") {
		_, ok := value.(*Function)
		return Bool(ok)
	}
	return call.In.ofKind(call.In.TypeOf(value), kinds, 0)
}

func builtinIsSubclass(call *Call) Value {
	class := call.Arg(0, "")
	switch class.(type) {
	case *Class:
		return call.In.ofKind(class, call.Arg(1, ""), 0)
	case nil, Unknown, *External:
		return Unknown{}
	}
	call.In.throw("TypeError")
	return Bool(false)
}

// ofKind tells whether a class is one of kinds, or derived from one.
func (in *Interpreter) ofKind(class, kinds Value, depth int) Value {
	c, ok := class.(*Class)
	if !ok || depth > maxNesting || !in.step(nil, nil) {
		return Unknown{}
	}
	var all []Value
	switch k := kinds.(type) {
	case *Tuple:
		all = k.Items
	case *Generic:
		all = []Value{k.Origin}
		if isExternal(k.Origin, "typing.Union") {
			all = k.Args
		}
	case *Class:
		if k.Path == "builtins.object" {
			return Bool(true)
		}
		for _, base := range c.MRO {
			if base == k {
				return Bool(true)
			}
		}
		if c.open && k.Native != nil {
			return Unknown{}
		}
		return Bool(false)
	case *External:
		if c.Is(k.Path) {
			return Bool(true)
		}
		if c.open || abstractKinds(k.Path) {
			return in.abstractly(c, k.Path)
		}
		return Bool(false)
	default:
		return Unknown{}
	}
	var result Value = Bool(false)
	for _, kind := range all {
		switch is := in.ofKind(class, kind, depth+1).(type) {
		case Bool:
			if is {
				return is
			}
		default:
			result = Unknown{}
		}
	}
	return result
}

func abstractKinds(path string) bool {
	return strings.HasPrefix(path, "collections.abc.") || strings.HasPrefix(path, "typing.") || strings.HasPrefix(path, "types.")
}

// abstractly answers for the abstract classes of collections.abc and typing.
func (in *Interpreter) abstractly(class *Class, path string) Value {
	var of []string
	switch lastPart(path) {
	case "Callable":
		return Bool(class.Path == "builtins.function" || class.Path == "builtins.type" || class.Path == "builtins.method")
	case "FunctionType":
		return Bool(class.Path == "builtins.function")
	case "ModuleType":
		return Bool(class.Path == "builtins.module")
	case "Iterable", "Collection", "Container", "Sized":
		of = []string{"list", "tuple", "set", "dict", "str"}
	case "Sequence", "MutableSequence":
		of = []string{"list", "tuple", "str"}
	case "Mapping", "MutableMapping", "Dict":
		of = []string{"dict"}
	case "List":
		of = []string{"list"}
	default:
		return Unknown{}
	}
	for _, name := range of {
		if class.Is("builtins." + name) {
			return Bool(true)
		}
	}
	if class.Native == nil || class.open {
		return Unknown{}
	}
	return Bool(false)
}

func builtinVars(call *Call) Value {
	if value := call.In.Attr(call.Arg(0, ""), "__dict__"); value != nil {
		return value
	}
	return Unknown{}
}

func builtinDir(call *Call) Value {
	var names []Value
	for _, member := range call.In.members(call.Arg(0, "")) {
		names = append(names, Str(member.Name))
	}
	if names == nil {
		return Unknown{}
	}
	return NewList(names...)
}

func builtinSuper(call *Call) Value {
	class, ok := call.Arg(0, "").(*Class)
	if !ok {
		return Unknown{}
	}
	switch self := call.Arg(1, "").(type) {
	case *Instance:
		return &Super{Self: self, After: class, class: self.Class}
	case *Class:
		return &Super{Self: self, After: class, class: self}
	}
	return Unknown{}
}

func builtinProperty(call *Call) Value {
	getter := call.Arg(0, "fget")
	if getter == nil {
		return Unknown{}
	}
	return &Property{Getter: getter, Setter: call.Arg(1, "fset")}
}

func builtinStatic(call *Call) Value {
	if f := call.Arg(0, ""); f != nil {
		return &StaticMethod{Func: f}
	}
	return Unknown{}
}

func builtinClassMethod(call *Call) Value {
	if f := call.Arg(0, ""); f != nil {
		return &ClassMethod{Func: f}
	}
	return Unknown{}
}

func builtinImport(call *Call) Value {
	name, ok := AsStr(call.Arg(0, "name"))
	if !ok || call.Module == nil {
		return Unknown{}
	}
	leaf, top := call.In.importModule(name, call.Module, call.Line)
	if from, known := call.In.Truth(call.Arg(3, "fromlist")); known && from {
		return leaf
	}
	return top
}
