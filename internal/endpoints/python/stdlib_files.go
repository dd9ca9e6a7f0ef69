package python

import (
	"path"
	"strings"
)

// filePath is the state of a pathlib.Path.
type filePath struct{ text string }

func pathClass() *NativeClass {
	return &NativeClass{
		Path: "pathlib.Path", Aliases: []string{"pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath"}, closed: true,
		Alloc: func(*Class) any { return &filePath{} },
		Init: func(call *Call) Value {
			if joined, ok := joinArguments(call, "."); ok {
				call.Self.Native = &filePath{path.Clean(joined)}
			} else {
				call.Self.Native = nil
			}
			return nil
		},
		Properties: map[string]NativeFunc{
			"parent": onPath(func(call *Call, p string) Value { return newPath(call, path.Dir(p)) }),
			"name":   onPath(func(_ *Call, p string) Value { return Str(path.Base(p)) }),
			"stem":   onPath(func(_ *Call, p string) Value { return Str(strings.TrimSuffix(path.Base(p), suffix(p))) }),
			"suffix": onPath(func(_ *Call, p string) Value { return Str(suffix(p)) }),
			"parts":  onPath(pathParts), "parents": onPath(pathParents),
		},
		Methods: map[string]NativeFunc{
			"__str__": onPath(func(_ *Call, p string) Value { return Str(p) }), "__fspath__": onPath(func(_ *Call, p string) Value { return Str(p) }),
			"as_posix":    onPath(func(_ *Call, p string) Value { return Str(p) }),
			"resolve":     onPath(func(call *Call, p string) Value { return newPath(call, absolute(p)) }),
			"absolute":    onPath(func(call *Call, p string) Value { return newPath(call, absolute(p)) }),
			"expanduser":  onPath(func(call *Call, p string) Value { return newPath(call, p) }),
			"__truediv__": pathJoin, "joinpath": pathJoin, "__rtruediv__": vaguely,
			"exists":  onPath(func(call *Call, p string) Value { return exists(call, p) }),
			"is_dir":  onPath(func(call *Call, p string) Value { return isFolder(call, p) }),
			"is_file": onPath(func(call *Call, p string) Value { return isFile(call, p) }), "mkdir": ignore, "touch": ignore, "unlink": ignore,
			"iterdir":     onPath(func(call *Call, p string) Value { return pathList(call, p) }),
			"glob":        onPath(func(call *Call, p string) Value { return pathGlob(call, p, false) }),
			"rglob":       onPath(func(call *Call, p string) Value { return pathGlob(call, p, true) }),
			"read_text":   onPath(func(call *Call, p string) Value { return readText(call, p) }),
			"with_suffix": onPath(pathWithSuffix),
			"relative_to": onPath(pathRelative),
			"__eq__":      onPath(pathEqual),
			"is_absolute": onPath(func(_ *Call, p string) Value { return Bool(path.IsAbs(p)) }),
			"open":        openPath, "stat": vaguely,
			"__lt__": vaguely,
		},
		ClassMethods: map[string]NativeFunc{
			"cwd":  func(call *Call) Value { return newPath(call, strings.TrimSuffix(projectRoot, "/")) },
			"home": vaguely,
		},
	}
}

func suffix(p string) string {
	name := path.Base(p)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[i:]
	}
	return ""
}

// onPath makes a method of what it does with the path.
func onPath(f func(call *Call, p string) Value) NativeFunc {
	return func(call *Call) Value {
		p, ok := pathText(call.receiver)
		if !ok {
			return Unknown{}
		}
		return f(call, p)
	}
}

// pathText is the path that a string or a pathlib.Path is.
func pathText(value Value) (string, bool) {
	if instance, ok := value.(*Instance); ok {
		if p, ok := instance.Native.(*filePath); ok && p != nil {
			return p.text, true
		}
	}
	return AsStr(value)
}

func newPath(call *Call, text string) Value {
	class, ok := call.In.Native("pathlib.Path").(*Class)
	if !ok || len(text) > call.In.limits.String {
		return Unknown{}
	}
	instance := &Instance{Class: class, Attrs: &Namespace{}, Native: &filePath{text}, File: call.File, Line: call.Line}
	if !call.In.spend(len(text) + 2*valueSize) {
		return Unknown{}
	}
	return instance
}

// joinArguments joins a call's positional arguments as os.path.join does.
func joinArguments(call *Call, first string) (string, bool) {
	joined := first
	for i, part := range call.Positional {
		text, ok := pathText(part)
		if !ok || len(joined)+len(text) > call.In.limits.String {
			return "", false
		}
		if i == 0 || path.IsAbs(text) {
			joined = text
		} else {
			joined = strings.TrimSuffix(joined, "/") + "/" + text
		}
	}
	return joined, !call.OpenPositional
}

func pathJoin(call *Call) Value {
	base, ok := pathText(call.receiver)
	if !ok {
		return Unknown{}
	}
	all := *call
	all.Positional = append([]Value{Str(base)}, call.Positional...)
	joined, ok := joinArguments(&all, "")
	if !ok {
		return Unknown{}
	}
	return newPath(call, path.Clean(joined))
}

// absolute is a path from the top; relative ones are the project's.
func absolute(p string) string {
	if path.IsAbs(p) {
		return path.Clean(p)
	}
	return path.Join(projectRoot, p)
}

// inProject is a path in the project as the files have it; false for others.
func inProject(p string) (string, bool) {
	p = absolute(p) + "/"
	if !strings.HasPrefix(p, projectRoot) {
		return "", false
	}
	return strings.Trim(strings.TrimPrefix(p, projectRoot), "/"), true
}

func exists(call *Call, p string) Value {
	file, ok := inProject(p)
	_, isDir := call.In.project.list(file)
	return Bool(ok && (isDir || call.In.project.has(file)))
}

func isFolder(call *Call, p string) Value {
	file, ok := inProject(p)
	_, isDir := call.In.project.list(file)
	return Bool(ok && isDir)
}

func isFile(call *Call, p string) Value {
	file, ok := inProject(p)
	return Bool(ok && call.In.project.has(file))
}

func readText(call *Call, p string) Value {
	file, ok := inProject(p)
	if !ok || !call.In.project.has(file) {
		return Unknown{}
	}
	return call.In.text(string(call.In.project.Source(file)))
}

func pathParts(call *Call, p string) Value {
	var parts []Value
	if path.IsAbs(p) {
		parts = append(parts, Str("/"))
	}
	for _, part := range strings.Split(strings.Trim(p, "/"), "/") {
		parts = append(parts, Str(part))
	}
	if !call.In.spend(len(parts) * valueSize) {
		return Unknown{}
	}
	return NewTuple(parts...)
}

func pathParents(call *Call, p string) Value {
	const most = 64
	list := &List{}
	for at := path.Dir(p); len(list.Items) < most; at = path.Dir(at) {
		list.Items = append(list.Items, newPath(call, at))
		if at == path.Dir(at) {
			break
		}
	}
	return list
}

func pathList(call *Call, p string) Value {
	dir, ok := inProject(p)
	names, isDir := call.In.project.list(dir)
	if !ok || !isDir {
		return &List{Open: true}
	}
	list := &List{}
	for _, name := range names {
		call.In.push(list, newPath(call, path.Join(p, name)))
	}
	return list
}

func pathGlob(call *Call, p string, deep bool) Value {
	pattern, ok := AsStr(call.Arg(0, "pattern"))
	dir, inside := inProject(p)
	if !ok || !inside {
		return &List{Open: true}
	}
	if deep {
		pattern = "**/" + pattern
	}
	list := &List{}
	for _, found := range call.In.glob(dir, pattern) {
		call.In.push(list, newPath(call, path.Join(p, found)))
	}
	return list
}

// glob finds what matches a pattern below a folder, relative to it, in order.
func (in *Interpreter) glob(dir, pattern string) []string {
	const mostMatches = 100_000
	var found []string
	parts := strings.Split(pattern, "/")
	seen := map[string]bool{}
	work := mostMatches
	var walk func(at string, parts []string)
	walk = func(at string, parts []string) {
		if work--; work < 0 || len(found) >= in.limits.Iterations {
			return
		}
		if len(parts) == 0 {
			if rest := strings.TrimPrefix(strings.TrimPrefix(at, dir), "/"); !seen[rest] {
				seen[rest] = true
				found = append(found, rest)
			}
			return
		}
		names, _ := in.project.list(at)
		if parts[0] == "**" {
			walk(at, parts[1:])
			for _, name := range names {
				if _, isDir := in.project.list(path.Join(at, name)); isDir {
					walk(path.Join(at, name), parts)
				}
			}
			return
		}
		for _, name := range names {
			if ok, err := path.Match(strings.ReplaceAll(parts[0], "[!", "[^"), name); ok && err == nil {
				walk(path.Join(at, name), parts[1:])
			}
		}
	}
	walk(dir, parts)
	in.steps += mostMatches - work
	return found
}

func pathWithSuffix(call *Call, p string) Value {
	ending, ok := AsStr(call.Arg(0, "suffix"))
	if !ok {
		return Unknown{}
	}
	return newPath(call, strings.TrimSuffix(p, suffix(p))+ending)
}

func pathRelative(call *Call, p string) Value {
	base, ok := pathText(arg(call, 0))
	if !ok {
		return Unknown{}
	}
	rest, below := strings.CutPrefix(absolute(p)+"/", strings.TrimSuffix(absolute(base), "/")+"/")
	if !below {
		call.In.throw("ValueError")
		return Unknown{}
	}
	return newPath(call, path.Clean(rest))
}

// relativePath is os.path.relpath(path, start).
func relativePath(call *Call) Value {
	p, ok := pathText(arg(call, 0))
	base, known := ".", true
	if start := call.Arg(1, "start"); start != nil {
		base, known = pathText(start)
	}
	if !ok || !known {
		return Unknown{}
	}
	to, from := strings.Split(absolute(p), "/"), strings.Split(absolute(base), "/")
	for len(to) > 0 && len(from) > 0 && to[0] == from[0] {
		to, from = to[1:], from[1:]
	}
	up := min(len(from), call.In.limits.String/len("../"))
	return Str(path.Clean(strings.Repeat("../", up) + strings.Join(to, "/")))
}

func pathEqual(call *Call, p string) Value {
	other, ok := call.Arg(0, "").(*Instance)
	if !ok {
		return Bool(false)
	}
	text, ok := pathText(other)
	return Bool(ok && text == p)
}

// pathFunction makes a function of os.path of what it does with the text.
func pathFunction(f func(p string) string) NativeFunc {
	return func(call *Call) Value {
		p, ok := pathText(arg(call, 0))
		if !ok {
			return Unknown{}
		}
		return call.In.text(f(p))
	}
}

// askPath makes a function of os.path that answers a question about the files.
func askPath(f func(call *Call, p string) Value) NativeFunc {
	return func(call *Call) Value {
		p, ok := pathText(arg(call, 0))
		if !ok {
			return Unknown{}
		}
		return f(call, p)
	}
}

func dirname(p string) string {
	i := strings.LastIndexByte(p, '/')
	switch {
	case i < 0:
		return ""
	case i == 0:
		return "/"
	}
	return p[:i]
}

func osPathJoin(call *Call) Value {
	if joined, ok := joinArguments(call, ""); ok {
		return call.In.text(joined)
	}
	return Unknown{}
}

func osListdir(call *Call) Value {
	p := "."
	if given := call.Arg(0, "path"); given != nil {
		text, ok := pathText(given)
		if !ok {
			return &List{Open: true}
		}
		p = text
	}
	dir, ok := inProject(p)
	names, isDir := call.In.project.list(dir)
	if !ok || !isDir {
		return &List{Open: true}
	}
	return call.In.texts(names)
}

func osWalk(call *Call) Value {
	p, ok := pathText(arg(call, 0))
	dir, inside := inProject(p)
	list := &List{}
	if !ok || !inside {
		list.Open = true
		return list
	}
	const deepest = 50
	var walk func(dir, shown string, depth int)
	walk = func(dir, shown string, depth int) {
		names, _ := call.In.project.list(dir)
		var dirs, files []string
		for _, name := range names {
			if _, isDir := call.In.project.list(path.Join(dir, name)); isDir {
				dirs = append(dirs, name)
			} else {
				files = append(files, name)
			}
		}
		if depth > deepest || !call.In.push(list, NewTuple(Str(shown), call.In.texts(dirs), call.In.texts(files))) {
			return
		}
		for _, name := range dirs {
			walk(path.Join(dir, name), shown+"/"+name, depth+1)
		}
	}
	walk(dir, strings.TrimSuffix(p, "/"), 0)
	return list
}

func globGlob(call *Call) Value {
	pattern, ok := pathText(arg(call, 0))
	inside, is := inProject(pattern)
	if !ok || !is {
		return &List{Open: true}
	}
	list := &List{}
	for _, found := range call.In.glob("", inside) {
		if strings.HasPrefix(pattern, projectRoot) {
			found = projectRoot + found
		}
		call.In.push(list, Str(found))
	}
	return list
}

func splitExtension(call *Call) Value {
	p, ok := pathText(arg(call, 0))
	if !ok {
		return Unknown{}
	}
	ending := suffix(p)
	return NewTuple(Str(strings.TrimSuffix(p, ending)), Str(ending))
}

func splitPath(call *Call) Value {
	p, ok := pathText(arg(call, 0))
	if !ok {
		return Unknown{}
	}
	return NewTuple(Str(dirname(p)), Str(p[strings.LastIndexByte(p, '/')+1:]))
}

// openPath is path.open().
func openPath(call *Call) Value {
	all := *call
	all.Positional = append([]Value{call.receiver}, call.Positional...)
	return openFile(&all)
}
