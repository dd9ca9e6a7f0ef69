package python

import (
	"sort"
	"strings"
)

// native is a class of the caller's library.
type native struct{ class *NativeClass }

func indexLibrary(natives map[string]native, library Library) {
	for _, class := range library.Classes {
		natives[class.Path] = native{class}
		for _, alias := range class.Aliases {
			natives[alias] = native{class}
		}
	}
}

// Native returns what the library has by a path, as a value: a native class, a function, a constant. For other paths it is External.
func (in *Interpreter) Native(path string) Value {
	path = in.alias(path)
	if value, ok := in.values[path]; ok {
		return value
	}
	if value, ok := in.library.Values[path]; ok {
		return value
	}
	if found, ok := in.natives[path]; ok {
		return in.nativeClass(found.class)
	}
	if f, ok := in.library.Functions[path]; ok {
		return in.remember(path, &Builtin{Name: lastPart(path), Func: f})
	}
	if name, ok := standardAliases[path]; ok {
		path = name
	}
	if class, ok := standard().classes[path]; ok {
		return in.nativeClass(class)
	}
	if f, ok := standardFunctions[path]; ok {
		return in.remember(path, &Builtin{Name: lastPart(path), Func: f})
	}
	if make, ok := standardValues[path]; ok {
		return in.remember(path, make(in))
	}
	if name, ok := strings.CutPrefix(path, "builtins."); ok {
		if value, ok := in.builtin(name); ok {
			return value
		}
	}
	return &External{Path: path}
}

func (in *Interpreter) remember(path string, value Value) Value {
	in.values[path] = value
	return value
}

// alias follows the library's aliases for a path, or for the package it begins with.
func (in *Interpreter) alias(path string) string {
	if len(in.library.Aliases) == 0 {
		return path
	}
	const most = 4
	for range most {
		name, rest := path, ""
		for {
			if to, ok := in.library.Aliases[name]; ok {
				path = to + rest
				break
			}
			i := strings.LastIndexByte(name, '.')
			if i < 0 {
				return path
			}
			name, rest = name[:i], path[i:]
		}
	}
	return path
}

// nativeClass makes a native class for this interpreter, once.
func (in *Interpreter) nativeClass(definition *NativeClass) Value {
	if value, ok := in.values[definition.Path]; ok {
		return value
	}
	class := &Class{Name: lastPart(definition.Path), Path: definition.Path, Native: definition, Attrs: &Namespace{}}
	class.QualName = class.Name
	class.enum, class.namedTuple = class.Path == "enum.Enum", class.Path == "typing.NamedTuple"
	in.values[definition.Path] = class
	for _, alias := range definition.Aliases {
		in.values[alias] = class
	}
	var bases []Value
	for _, base := range definition.Bases {
		bases = append(bases, in.Native(base))
	}
	in.inherit(class, bases)
	if definition.Init != nil {
		class.Attrs.Set("__init__", &Builtin{Name: "__init__", Func: definition.Init, method: true, owner: definition})
	}
	for _, name := range sortedKeys(definition.Methods) {
		class.Attrs.Set(name, &Builtin{Name: name, Func: definition.Methods[name], method: true, owner: definition})
	}
	for name, f := range definition.Properties {
		class.Attrs.Set(name, &Builtin{Name: name, Func: f, method: true, owner: definition, kind: propertyBuiltin})
	}
	for name, f := range definition.ClassMethods {
		class.Attrs.Set(name, &Builtin{Name: name, Func: f, kind: classBuiltin})
	}
	for name, value := range definition.Attrs {
		class.Attrs.Set(name, value)
	}
	return class
}

func sortedKeys[V any](from map[string]V) []string {
	keys := make([]string, 0, len(from))
	for key := range from {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// namesBelow are the names that the libraries have in a module, sorted.
func (in *Interpreter) namesBelow(path string) []string {
	names := map[string]bool{}
	add := func(full string) {
		if name, ok := strings.CutPrefix(full, path+"."); ok && !strings.Contains(name, ".") && !strings.HasPrefix(name, "_") {
			names[name] = true
		}
	}
	for full := range in.natives {
		add(full)
	}
	for full := range in.library.Functions {
		add(full)
	}
	for full := range in.library.Values {
		add(full)
	}
	for full := range standard().classes {
		add(full)
	}
	for full := range standardFunctions {
		add(full)
	}
	for full := range standardValues {
		add(full)
	}
	return sortedKeys(names)
}

// elsewhere tells whether a top-level name is the standard library's, the library's or that of a package which many projects use.
func (in *Interpreter) elsewhere(top string) bool {
	if in.tops == nil {
		in.tops = map[string]bool{}
		note := func(path string) {
			first, _, _ := strings.Cut(path, ".")
			in.tops[first] = true
		}
		for path := range in.natives {
			note(path)
		}
		for path := range in.library.Functions {
			note(path)
		}
		for path := range in.library.Values {
			note(path)
		}
		for path := range in.library.Aliases {
			note(path)
		}
	}
	return in.tops[top] || knownTops()[top]
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
