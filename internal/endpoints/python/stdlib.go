package python

import (
	"path"
	"regexp"
	"strings"
	"unicode"
)

// standardFunctions are functions of the standard library, and of packages that add nothing to what is looked for.
var standardFunctions map[string]NativeFunc

func init() {
	standardFunctions = map[string]NativeFunc{
		"os.path.join": osPathJoin, "os.path.dirname": pathFunction(dirname), "os.path.abspath": pathFunction(absolute),
		"os.path.relpath":  relativePath,
		"os.path.realpath": pathFunction(absolute), "os.path.normpath": pathFunction(path.Clean),
		"os.path.basename": pathFunction(func(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }),
		"os.path.exists":   askPath(exists), "os.path.isdir": askPath(isFolder), "os.path.isfile": askPath(isFile),
		"os.path.splitext": splitExtension, "os.path.split": splitPath, "os.listdir": osListdir, "os.walk": osWalk,
		"glob.glob": globGlob, "glob.iglob": globGlob, "os.fspath": pathFunction(func(p string) string { return p }),
		"os.getcwd":   func(*Call) Value { return Str(strings.TrimSuffix(projectRoot, "/")) },
		"os.makedirs": ignore, "os.mkdir": ignore, "os.chdir": ignore,

		"importlib.import_module": importlibImport, "pkgutil.iter_modules": pkgutilModules, "pkgutil.walk_packages": pkgutilWalk,
		"importlib.reload": returnsFirst, "inspect.getmembers": inspectMembers, "inspect.getdoc": inspectDoc, "inspect.cleandoc": vaguely,
		"inspect.unwrap": func(call *Call) Value { return call.In.Unwrap(arg(call, 0)) },

		"functools.wraps": functoolsWraps, "functools.update_wrapper": updateWrapper, "functools.lru_cache": memoise,
		"functools.cached_property": cachedProperty, "functools.reduce": functoolsReduce, "functools.singledispatch": returnsFirst, "functools.total_ordering": returnsFirst,
		"dataclasses.dataclass": dataclass, "dataclasses.replace": vaguely, "dataclasses.asdict": asDict,
		"dataclasses.fields": vaguely, "dataclasses.is_dataclass": vaguely,
		"enum.unique": returnsFirst, "contextlib.contextmanager": returnsFirst, "contextlib.suppress": vaguely,
		"abc.abstractmethod": returnsFirst, "typing.cast": func(call *Call) Value { return arg(call, 1) },
		"typing.NewType": func(call *Call) Value { return arg(call, 1) }, "typing.final": returnsFirst, "typing.overload": returnsFirst,
		"typing.no_type_check": returnsFirst, "typing.runtime_checkable": returnsFirst, "typing_extensions.override": returnsFirst,
		"typing.override": returnsFirst, "typing.get_type_hints": vaguely, "warnings.filterwarnings": ignore, "warnings.warn": ignore,
		"logging.getLogger": vaguely, "copy.copy": copyValue, "copy.deepcopy": copyValue, "sys.exit": ignore,
		"collections.namedtuple": makeNamedTuple, "collections.defaultdict": makeDefaultDict, "collections.deque": makeList,
		"collections.ChainMap": vaguely, "types.MappingProxyType": returnsFirst, "types.MethodType": bindMethod,
		"itertools.chain": itertoolsChain, "itertools.product": itertoolsProduct, "itertools.islice": itertoolsSlice,
		"itertools.count": vaguely, "itertools.chain.from_iterable": chainFromIterable, "itertools.starmap": itertoolsStarmap,
		"operator.attrgetter": attrGetter, "operator.itemgetter": itemGetter,
		"re.escape": reEscape, "re.compile": vaguely, "re.sub": reSub, "re.split": reSplit, "textwrap.dedent": textwrapDedent,
		"pydantic.computed_field": decorates, "pydantic.validator": transparent, "pydantic.field_validator": transparent,
		"pydantic.model_validator": transparent, "pydantic.root_validator": transparent, "pydantic.create_model": vaguely,
		"asyncio.run": returnsFirst, "asyncio.get_event_loop": vaguely, "asyncio.gather": vaguely,
		"json.dumps": vaguely, "json.loads": jsonLoads, "json.load": jsonLoad, "atexit.register": returnsFirst,
		"django.utils.decorators.decorator": transparent,
	}
	for name, f := range settingsFunctions {
		standardFunctions[name] = f
	}
}

// transparent is a decorator with arguments that changes nothing.
func transparent(*Call) Value { return NewBuiltin("decorator", returnsFirst) }

func importlibImport(call *Call) Value {
	name, ok := AsStr(call.Arg(0, "name"))
	if !ok || call.Module == nil {
		return Unknown{}
	}
	dotted := strings.TrimLeft(name, ".")
	if level := len(name) - len(dotted); level > 0 {
		pack, ok := AsStr(call.Arg(1, "package"))
		if !ok {
			return call.In.relative(min(level, 64), dotted, call.Module, call.Line)
		}
		for range min(level-1, 64) {
			pack = pack[:max(0, strings.LastIndexByte(pack, '.'))]
		}
		if dotted = pack + "." + dotted; pack == "" {
			dotted = strings.TrimLeft(name, ".")
		}
	}
	leaf, _ := call.In.importModule(strings.Trim(dotted, "."), call.Module, call.Line)
	return leaf
}

// packageFolder is the folder that a path list such as package.__path__ names.
func packageFolder(call *Call) (string, bool) {
	items, _ := call.In.Iterate(arg(call, 0))
	if len(items) == 0 {
		return "", false
	}
	text, ok := pathText(items[0])
	if !ok {
		return "", false
	}
	return inProject(text)
}

var moduleInfo = &NativeClass{
	Path: "pkgutil.ModuleInfo", closed: true,
	Methods: map[string]NativeFunc{"__iter__": func(call *Call) Value {
		name, _ := call.Self.Attrs.Get("name")
		isPackage, _ := call.Self.Attrs.Get("ispkg")
		return NewTuple(Unknown{}, name, isPackage)
	}, "__getitem__": func(call *Call) Value {
		name, _ := call.Self.Attrs.Get("name")
		if at, ok := AsInt(call.Arg(0, "")); ok && at == 1 {
			return name
		}
		isPackage, _ := call.Self.Attrs.Get("ispkg")
		return isPackage
	}},
}

func pkgutilModules(call *Call) Value { return iterModules(call, false) }
func pkgutilWalk(call *Call) Value    { return iterModules(call, true) }

func iterModules(call *Call, deep bool) Value {
	dir, ok := packageFolder(call)
	prefix, known := call.Str(1, "prefix", "")
	list := &List{}
	if !ok || !known {
		list.Open = true
		return list
	}
	call.In.addModules(list, dir, prefix, deep, 0)
	return list
}

func (in *Interpreter) addModules(list *List, dir, prefix string, deep bool, depth int) {
	const deepest = 32
	names, _ := in.project.list(dir)
	for _, name := range names {
		full := path.Join(dir, name)
		isPackage := in.project.has(full + "/__init__.py")
		module, isModule := strings.CutSuffix(name, ".py")
		if !isPackage && !isModule || module == "__init__" {
			continue
		}
		class, _ := in.nativeClass(moduleInfo).(*Class)
		info := &Instance{Class: class, Attrs: &Namespace{}}
		info.Attrs.Set("name", Str(prefix+module))
		info.Attrs.Set("ispkg", Bool(isPackage))
		info.Attrs.Set("module_finder", Unknown{})
		if !in.push(list, info) {
			return
		}
		if deep && isPackage && depth < deepest {
			in.addModules(list, full, prefix+module+".", deep, depth+1)
		}
	}
}

// members are the attributes of a module, a class or an object, sorted by name as dir does.
func (in *Interpreter) members(value Value) []Keyword {
	found := map[string]bool{}
	add := func(names *Namespace) {
		for i := range names.Len() {
			name, _ := names.At(i)
			found[name] = true
		}
	}
	switch v := value.(type) {
	case *Module:
		add(v.Attrs)
	case *Class:
		for _, class := range v.MRO {
			add(class.Attrs)
		}
	case *Instance:
		add(v.Attrs)
		for _, class := range v.Class.MRO {
			add(class.Attrs)
		}
	default:
		return nil
	}
	var members []Keyword
	if !in.spend(len(found) * valueSize) {
		return nil
	}
	for _, name := range sortedKeys(found) {
		members = append(members, Keyword{Name: name})
	}
	return members
}

func inspectMembers(call *Call) Value {
	value, predicate := arg(call, 0), call.Arg(1, "predicate")
	members := call.In.members(value)
	if members == nil {
		return &List{Open: true}
	}
	list := &List{}
	for _, member := range members {
		attribute := call.In.Attr(value, member.Name)
		if attribute == nil {
			continue
		}
		if predicate != nil && !isNone(predicate) {
			truth, known := call.In.Truth(call.In.CallFrom(call, predicate, []Value{attribute}, nil))
			// Of what is not the project's nothing is registered.
			if !truth || !known {
				continue
			}
		}
		call.In.push(list, NewTuple(Str(member.Name), attribute))
	}
	return list
}

func isNone(value Value) bool { _, ok := value.(None); return ok }

func inspectDoc(call *Call) Value {
	if value := call.In.Attr(arg(call, 0), "__doc__"); value != nil {
		return value
	}
	return None{}
}

func functoolsWraps(call *Call) Value {
	wrapped := call.Arg(0, "wrapped")
	return NewBuiltin("wraps", func(inner *Call) Value {
		wrap(inner.In, arg(inner, 0), wrapped)
		return arg(inner, 0)
	})
}

func updateWrapper(call *Call) Value {
	wrap(call.In, arg(call, 0), call.Arg(1, "wrapped"))
	return arg(call, 0)
}

// wrap makes a wrapper look like what it wraps.
func wrap(in *Interpreter, wrapper, wrapped Value) {
	f, ok := wrapper.(*Function)
	if !ok || wrapped == nil {
		return
	}
	if bound, ok := wrapped.(*BoundMethod); ok {
		wrapped = bound.Func
	}
	var attrs *Namespace
	switch w := wrapped.(type) {
	case *Function:
		if w.Inner() == f {
			return
		}
		f.Name, f.QualName, f.Doc, f.Wrapped = w.Name, w.QualName, w.Doc, w
		attrs = w.Attrs
	case *Class:
		f.Name, f.QualName, f.Doc = w.Name, w.QualName, w.Doc
	case *Instance:
		attrs = w.Attrs
	}
	if f.Attrs == nil {
		f.Attrs = &Namespace{}
	}
	for i := range attrs.Len() {
		name, value := attrs.At(i)
		in.setName(f.Attrs, name, value)
	}
	f.Attrs.Set("__wrapped__", wrapped)
}

// memoise is lru_cache.
func memoise(call *Call) Value {
	if f, ok := call.Arg(0, "").(*Function); ok && len(call.Positional) == 1 {
		return cached(f)
	}
	return NewBuiltin("lru_cache", func(inner *Call) Value {
		if f, ok := inner.Arg(0, "").(*Function); ok {
			return cached(f)
		}
		return arg(inner, 0)
	})
}

// cached makes a function that is run once for each set of arguments. It stays a function, so that others can look at it.
func cached(f *Function) Value {
	once := *f
	once.cache = map[any]Value{}
	return &once
}

func cachedProperty(call *Call) Value { return &Property{Getter: arg(call, 0), cached: true} }

func functoolsReduce(call *Call) Value {
	items, complete := call.In.Iterate(arg(call, 1))
	total := call.Arg(2, "initial")
	if !complete || total == nil && len(items) == 0 {
		return Unknown{}
	}
	if total == nil {
		total, items = items[0], items[1:]
	}
	for _, item := range items {
		total = call.In.CallFrom(call, arg(call, 0), []Value{total, item}, nil)
	}
	return total
}

func asDict(call *Call) Value {
	instance, ok := arg(call, 0).(*Instance)
	if !ok {
		return Unknown{}
	}
	inner := *call
	inner.Self = instance
	return modelDump(&inner)
}

// copyValue copies the outermost collection or object, which is enough for settings and tables.
func copyValue(call *Call) Value {
	switch v := arg(call, 0).(type) {
	case *List:
		return listCopy(call, v)
	case *Dict:
		return call.In.copyDict(v)
	case *Set:
		return call.In.setOperator("|", v, &Set{})
	default:
		return v
	}
}

func makeDefaultDict(call *Call) Value {
	factory := call.Arg(0, "default_factory")
	inner := *call
	inner.Positional = call.Positional[min(1, len(call.Positional)):]
	dict, ok := makeDict(&inner).(*Dict)
	if ok && factory != nil && !isNone(factory) {
		dict.missing = factory
	}
	return dict
}

func bindMethod(call *Call) Value { return &BoundMethod{Func: arg(call, 0), Self: arg(call, 1)} }

func itertoolsChain(call *Call) Value {
	list := &List{Open: call.OpenPositional, generator: true}
	for _, part := range call.Positional {
		call.In.extend(list, part)
	}
	return list
}

func chainFromIterable(call *Call) Value {
	parts, complete := call.In.Iterate(arg(call, 0))
	list := &List{Open: !complete, generator: true}
	for _, part := range parts {
		call.In.extend(list, part)
	}
	return list
}

func itertoolsProduct(call *Call) Value {
	rows := [][]Value{nil}
	complete := !call.OpenPositional && len(call.Keywords) == 0
	for _, part := range call.Positional {
		items, all := call.In.Iterate(part)
		complete = complete && all
		if len(rows)*len(items) > call.In.limits.Iterations || !call.In.spend(len(rows)*len(items)*4*valueSize) {
			return &List{Open: true}
		}
		next := make([][]Value, 0, len(rows)*len(items))
		for _, row := range rows {
			for _, item := range items {
				next = append(next, append(row[:len(row):len(row)], item))
			}
		}
		rows = next
	}
	list := &List{Open: !complete, generator: true}
	for _, row := range rows {
		call.In.push(list, NewTuple(row...))
	}
	return list
}

func itertoolsSlice(call *Call) Value {
	items, complete := call.In.Iterate(arg(call, 0))
	bounds := &slice{}
	switch len(call.Positional) {
	case 2:
		bounds.to = call.Positional[1]
	case 3, 4:
		bounds.from, bounds.to, bounds.step = call.Positional[1], call.Positional[2], call.Arg(3, "")
	}
	taken, ok := bounds.of(items)
	return &List{Items: taken, Open: !ok || !complete, generator: true}
}

func itertoolsStarmap(call *Call) Value {
	rows, complete := call.In.Iterate(arg(call, 1))
	list := &List{Open: !complete, generator: true}
	for _, row := range rows {
		items, _ := call.In.Iterate(row)
		call.In.push(list, call.In.CallFrom(call, arg(call, 0), items, nil))
	}
	return list
}

func attrGetter(call *Call) Value {
	name, ok := AsStr(call.Arg(0, ""))
	return NewBuiltin("attrgetter", func(inner *Call) Value {
		if !ok || len(call.Positional) != 1 {
			return Unknown{}
		}
		value := arg(inner, 0)
		for _, part := range strings.Split(name, ".") {
			if value = inner.In.Attr(value, part); value == nil {
				return Unknown{}
			}
		}
		return value
	})
}

func itemGetter(call *Call) Value {
	return NewBuiltin("itemgetter", func(inner *Call) Value {
		if len(call.Positional) != 1 {
			return Unknown{}
		}
		if value := inner.In.Item(arg(inner, 0), call.Positional[0]); value != nil {
			return value
		}
		return Unknown{}
	})
}

func reEscape(call *Call) Value {
	text, ok := AsStr(call.Arg(0, "pattern"))
	if !ok {
		return Unknown{}
	}
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune(" \t\n\r\v\f#$&()*+-.?[\\]^{|}~", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return call.In.text(out.String())
}

// reSub is re.sub with a plain pattern and replacement; Go's and Python's regular expressions agree on these.
func reSub(call *Call) Value {
	pattern, ok := AsStr(call.Arg(0, "pattern"))
	replacement, known := AsStr(call.Arg(1, "repl"))
	text, given := AsStr(call.Arg(2, "string"))
	const longest = 1 << 10
	if !ok || !known || !given || len(call.Positional)+len(call.Keywords) != 3 || len(pattern) > longest || len(text) > longest || len(replacement) > longest {
		return Unknown{}
	}
	if before := splitBefore[pattern]; before != nil {
		return call.In.text(splitCapitals(text, replacement, before))
	}
	const compiling = 1_000
	call.In.steps += compiling
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return Unknown{}
	}
	return call.In.text(compiled.ReplaceAllString(text, groupReference.ReplaceAllString(strings.ReplaceAll(replacement, "$", "$$"), "${$1$2}")))
}

// reSplit is re.split without groups and bounds.
func reSplit(call *Call) Value {
	pattern, ok := AsStr(call.Arg(0, "pattern"))
	text, given := AsStr(call.Arg(1, "string"))
	const longest = 1 << 10
	if !ok || !given || len(call.Positional)+len(call.Keywords) != 2 || len(pattern) > longest || len(text) > longest {
		return Unknown{}
	}
	const compiling = 1_000
	call.In.steps += compiling
	compiled, err := regexp.Compile(pattern)
	if err != nil || compiled.NumSubexp() > 0 || compiled.MatchString("") {
		return Unknown{}
	}
	return call.In.texts(compiled.Split(text, -1))
}

// splitBefore has, for those patterns with look-around by which names are usually taken apart before capitals, what may stand before
// the capital.
var splitBefore = map[string]func(r rune) bool{
	`(?<!^)(?=[A-Z])`:           func(rune) bool { return true },
	`(?<=[a-z])(?=[A-Z])`:       func(r rune) bool { return r >= 'a' && r <= 'z' },
	`(?<=[a-z0-9])(?=[A-Z])`:    func(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' },
	`(?<!^)(?<!_)(?=[A-Z])`:     func(r rune) bool { return r != '_' },
	`(?<=[a-zA-Z0-9])(?=[A-Z])`: func(r rune) bool { return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) },
}

func splitCapitals(text, between string, before func(r rune) bool) string {
	var out strings.Builder
	last := rune(0)
	for i, r := range text {
		if i > 0 && r >= 'A' && r <= 'Z' && before(last) {
			out.WriteString(between)
		}
		out.WriteRune(r)
		last = r
	}
	return out.String()
}

var groupReference = regexp.MustCompile(`\\(?:(\d)|g<(\w+)>)`)

func textwrapDedent(call *Call) Value { return arg(call, 0) }
