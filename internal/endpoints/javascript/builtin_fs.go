package javascript

import (
	"path"
	"slices"
	"strings"
)

// local is the path in the project of a path that the program uses.
func (in *Interpreter) local(name string) (string, bool) {
	name = strings.TrimPrefix(name, "file://")
	if !strings.HasPrefix(name, "/") {
		name = path.Join(root, in.cwd, name)
	}
	name = path.Clean(name)
	if name == root {
		return ".", true
	}
	return strings.CutPrefix(name, root+"/")
}

// localPath is the file or the folder that a path, or an URL object, names.
func (in *Interpreter) localPath(v Value) (string, bool) {
	text, known := ToString(v)
	if !known {
		return "", false
	}
	return in.local(text)
}

func (in *Interpreter) stats(name string) Value {
	_, file := in.project.files[name]
	_, dir := in.project.dirs[name]
	o := in.Object()
	o.Open = true
	in.define(o, methods{
		"isDirectory": func(*Call) Value { return dir },
		"isFile":      func(*Call) Value { return file },
	})
	return o
}

// listing is the content of a folder; known is false when it is not one of the project's.
func (in *Interpreter) listing(c *Call) (Value, bool) {
	name, known := in.localPath(c.Arg(0))
	entries, there := in.project.dirs[name]
	if !known || !there {
		return &Unknown{Name: "readdir"}, false
	}
	entries = slices.Clone(entries)
	slices.Sort(entries)
	withTypes, _ := Truth(in.option(c.Arg(1), "withFileTypes"))
	if recursive, _ := Truth(in.option(c.Arg(1), "recursive")); recursive {
		entries = in.below(name)
	}
	if !withTypes {
		return in.Strings(entries), true
	}
	list := make([]Value, 0, len(entries))
	for _, entry := range entries {
		o, _ := in.stats(path.Join(name, entry)).(*Object)
		o.Set("name", path.Base(entry))
		o.Set("parentPath", path.Join(root, name, path.Dir(entry)))
		o.Set("path", path.Join(root, name, path.Dir(entry)))
		list = append(list, o)
	}
	return in.Array(list), true
}

// below are the files below a folder, relative to it.
func (in *Interpreter) below(dir string) []string {
	var names []string
	for _, name := range in.project.names {
		if dir == "." {
			names = append(names, name)
		} else if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			names = append(names, rest)
		}
	}
	in.take(16 * len(names))
	return names
}

func (in *Interpreter) option(v Value, key string) Value {
	if o, ok := v.(*Object); ok {
		return in.Get(o, key)
	}
	return nil
}

func readdir(c *Call) Value {
	v, known := c.In.listing(c)
	if !known && c.In.tries > 0 {
		c.In.throwing = c.In.uncertain == 0
	}
	return v
}

func readFile(c *Call) Value {
	name, known := c.In.localPath(c.Arg(0))
	content, there := c.In.project.files[name]
	if !known || !there {
		return &Unknown{Name: "readFile"}
	}
	if len(content) > maxJSON {
		return &Unknown{Name: "readFile"}
	}
	c.In.take(len(content))
	return string(content)
}

func exists(c *Call) Value {
	name, known := c.In.localPath(c.Arg(0))
	if !known {
		return &Unknown{Name: "exists"}
	}
	_, file := c.In.project.files[name]
	_, dir := c.In.project.dirs[name]
	return file || dir
}

func stat(c *Call) Value {
	name, known := c.In.localPath(c.Arg(0))
	if !known {
		return &Unknown{Name: "stat"}
	}
	return c.In.stats(name)
}

// withCallback makes the form of a function that gives its result to a callback.
func withCallback(f Native) Native {
	return func(c *Call) Value {
		last := len(c.Args) - 1
		if last < 0 || !IsCallable(c.Args[last]) {
			return c.In.pending(func() Value { return f(c) })
		}
		callback := c.Args[last]
		c.In.later(func() { c.In.Call(callback, nil, []Value{Null{}, f(c)}) })
		return nil
	}
}

// promised makes the form of a function that gives a promise.
func promised(f Native) Native {
	return func(c *Call) Value { return c.In.resolved(f(c)) }
}

func fsModule(in *Interpreter) Value {
	o := in.Object()
	o.Open = true
	in.define(o, methods{
		"readdirSync": readdir, "readFileSync": readFile, "existsSync": exists, "statSync": stat, "lstatSync": stat,
		"readdir": withCallback(readdir), "readFile": withCallback(readFile), "stat": withCallback(stat), "lstat": withCallback(stat),
		"readJsonSync": func(c *Call) Value { return jsonParse(&Call{In: c.In, Args: []Value{readFile(c)}}) },
		"mkdirSync":    nothing, "ensureDirSync": nothing, "writeFileSync": nothing, "accessSync": nothing,
		"realpathSync": same,
	})
	o.Set("promises", promisedFS(in))
	return o
}

func promisedFS(in *Interpreter) Value {
	o := in.Object()
	o.Open = true
	in.define(o, methods{"readdir": promised(readdir), "readFile": promised(readFile), "stat": promised(stat), "lstat": promised(stat)})
	return o
}
