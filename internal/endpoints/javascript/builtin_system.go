package javascript

import (
	"path"
	"slices"
	"strings"
)

// builtinModules are what is known of Node's modules and of a few packages that projects use to find their files.
// It is filled in init, for the models use the interpreter.
var builtinModules Library

func init() {
	builtinModules = Library{
		"path": pathModule, "path/posix": pathModule, "upath": pathModule,
		"fs": fsModule, "fs/promises": promisedFS, "fs-extra": fsModule, "graceful-fs": fsModule,
		"url": urlModule, "util": utilModule, "events": eventsModule, "module-alias": aliasModule, "module": moduleModule,
		"glob": globModule, "fast-glob": globModule, "globby": globModule, "tiny-glob": globModule, "tiny-glob/sync": globModule,
		"lodash": lodashModule, "underscore": lodashModule, "lodash-es": lodashModule,
		"require-directory": requireDirectory, "require-dir": requireDirectory, "require-all": requireDirectory,
		"config": configModule, "app-root-path": rootPathModule, "app-module-path": modulePathModule,
		"module-alias/register": emptyModule, "dotenv": emptyModule, "dotenv/config": emptyModule, "tsconfig-paths/register": emptyModule,
		"process": func(in *Interpreter) Value { return in.Get(in.globals, "process") },
		"consign": consignModule, "typedi": containerModule, "tsyringe": containerModule, "inversify": containerModule,
	}
}

func emptyModule(in *Interpreter) Value { return &Unknown{Name: "a module without exports"} }

// makeProcess makes process, whose environment is empty.
func (in *Interpreter) makeProcess() *Object {
	p := in.Object()
	p.Open = true
	env := in.Object()
	env.Native = environment{}
	p.Set("env", env)
	p.Set("argv", in.Strings([]string{"/usr/bin/node", root + "/main"}))
	p.Set("platform", "linux")
	p.Set("version", "v20.0.0")
	p.Set("execArgv", in.Array(nil))
	in.define(p, methods{
		"cwd":      func(c *Call) Value { return path.Join(root, c.In.cwd) },
		"exit":     nothing,
		"nextTick": timer,
		"on":       func(c *Call) Value { return c.This },
		"once":     func(c *Call) Value { return c.This },
		"chdir":    nothing,
	})
	return p
}

// environment has what the project's .env files say of variables, by their names.
type environment map[string]string

// environmentFiles are read in this order; the first that has a variable counts.
var environmentFiles = []string{".env", ".env.example", ".env.sample", ".env.development", ".env.local", ".env.dev", ".env.template", ".env.default", ".env.dist", "example.env", "sample.env", "env.example", ".env.production", ".env.test"}

// readEnvironment reads the files of the program's folder, and of the project's.
func (in *Interpreter) readEnvironment() {
	env, ok := in.Get(in.Get(in.globals, "process"), "env").(*Object)
	if !ok {
		return
	}
	examples := environment{}
	env.Native = examples
	for _, dir := range []string{in.cwd, path.Join(in.cwd, "config"), "."} {
		for _, name := range environmentFiles {
			content := in.project.files[path.Join(dir, name)]
			if len(content) > maxConfig {
				continue
			}
			for line := range strings.Lines(string(content)) {
				key, value, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
				key, value = strings.TrimSpace(key), strings.TrimSpace(value)
				if _, there := examples[key]; found && !there && !strings.HasPrefix(key, "#") && len(examples) < maxItems {
					value, _, _ = strings.Cut(value, " #")
					examples[key] = strings.Trim(strings.TrimSpace(value), `"'`)
				}
			}
		}
	}
}

// texts converts arguments; known is false when one is not known.
func texts(args []Value) (list []string, known bool) {
	for _, arg := range args {
		text, ok := Text(arg)
		if !ok {
			return nil, false
		}
		list = append(list, text)
	}
	return list, true
}

func onPaths(f func(c *Call, parts []string) Value) Native {
	return func(c *Call) Value {
		parts, known := texts(c.Args)
		if !known || c.Open {
			return &Unknown{Name: "path"}
		}
		return f(c, parts)
	}
}

func onPath(f func(string) string) Native {
	return onPaths(func(c *Call, parts []string) Value {
		if len(parts) == 0 {
			return &Unknown{}
		}
		return c.In.text(f(parts[0]))
	})
}

func pathModule(in *Interpreter) Value {
	o := in.Object()
	in.define(o, methods{
		"join": onPaths(func(c *Call, parts []string) Value {
			joined := path.Join(parts...)
			if last := len(parts) - 1; last >= 0 && strings.HasSuffix(parts[last], "/") && joined != "/" && joined != "" {
				joined += "/"
			}
			if joined == "" {
				joined = "."
			}
			return c.In.text(joined)
		}),
		"resolve": onPaths(func(c *Call, parts []string) Value {
			full := path.Join(root, c.In.cwd)
			for _, part := range parts {
				if strings.HasPrefix(part, "/") {
					full = part
				} else {
					full = path.Join(full, part)
				}
			}
			return c.In.text(path.Clean(full))
		}),
		"basename": onPaths(func(c *Call, parts []string) Value {
			if len(parts) == 0 {
				return &Unknown{}
			}
			base := path.Base(parts[0])
			if len(parts) > 1 && base != parts[1] {
				base = strings.TrimSuffix(base, parts[1])
			}
			return c.In.text(base)
		}),
		"dirname": onPath(path.Dir), "normalize": onPath(path.Clean),
		"extname": onPath(func(name string) string {
			if strings.LastIndexByte(path.Base(name), '.') <= 0 {
				return ""
			}
			return path.Ext(name)
		}),
		"isAbsolute": onPaths(func(_ *Call, parts []string) Value { return len(parts) > 0 && strings.HasPrefix(parts[0], "/") }),
		"relative": onPaths(func(c *Call, parts []string) Value {
			if len(parts) < 2 {
				return &Unknown{}
			}
			up := relativeTo(path.Join(parts[0], "x"), path.Clean(parts[1]))
			return c.In.text(path.Clean(up))
		}),
		"parse": onPaths(func(c *Call, parts []string) Value {
			if len(parts) == 0 {
				return &Unknown{}
			}
			dir, base := path.Split(parts[0])
			o := c.In.Object()
			extension := path.Ext(base)
			o.Set("dir", strings.TrimSuffix(dir, "/"))
			o.Set("base", base)
			o.Set("ext", extension)
			o.Set("name", strings.TrimSuffix(base, extension))
			return o
		}),
	})
	o.Set("sep", "/")
	o.Set("delimiter", ":")
	o.Set("posix", o)
	return o
}

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

// location is an URL as new URL makes it.
type location struct{ href string }

func (l location) String() string { return l.href }

func urlModule(in *Interpreter) Value {
	o := in.Object()
	o.Open = true
	in.define(o, methods{
		"fileURLToPath": func(c *Call) Value {
			text, known := ToString(c.Arg(0))
			if !known {
				return &Unknown{Name: "fileURLToPath"}
			}
			return strings.TrimPrefix(text, "file://")
		},
		"pathToFileURL": func(c *Call) Value {
			text, known := ToString(c.Arg(0))
			if !known {
				return &Unknown{Name: "pathToFileURL"}
			}
			return newURL(c.In, "file://"+text)
		},
	})
	o.Set("URL", in.Get(in.globals, "URL"))
	return o
}

func newURL(in *Interpreter, href string) Value {
	o := in.Object()
	o.Native = location{href: href}
	o.Open = true
	o.Set("href", href)
	if strings.HasPrefix(href, "file://") {
		o.Set("pathname", strings.TrimPrefix(href, "file://"))
	}
	return o
}

// makeURL is new URL(name, base), of files.
func makeURL(c *Call) Value {
	name, known := ToString(c.Arg(0))
	base, baseKnown := ToString(c.Arg(1))
	if known && len(c.Args) == 1 {
		return newURL(c.In, name)
	}
	if !known || !baseKnown || !strings.HasPrefix(base, "file://") {
		return &Unknown{Name: "URL"}
	}
	joined := path.Join(path.Dir(strings.TrimPrefix(base, "file://")), name)
	if strings.HasSuffix(base, "/") {
		joined = path.Join(strings.TrimPrefix(base, "file://"), name)
	}
	if strings.HasSuffix(name, "/") || name == "." {
		joined += "/"
	}
	return newURL(c.In, "file://"+joined)
}

func utilModule(in *Interpreter) Value {
	o := in.Object()
	o.Open = true
	in.define(o, methods{
		"promisify": func(c *Call) Value {
			function := c.Arg(0)
			return c.In.Func("promisified", func(c *Call) Value {
				p := &promise{}
				done := c.In.Func("done", func(c *Call) Value {
					p.value, p.settled = c.Arg(1), true
					return nil
				})
				inner := *c
				inner.Args = append(slices.Clone(c.Args), done)
				if IsUnknown(function) {
					return &Unknown{Name: "promisified"}
				}
				c.In.apply(function, &inner)
				return &Object{Class: ClassPromise, Proto: c.In.protos.promise, promise: p}
			})
		},
		"inherits": func(c *Call) Value {
			child, ok := c.Arg(0).(*Object)
			parent, isObject := c.Arg(1).(*Object)
			if ok && isObject && child.Call != nil && parent.Call != nil {
				c.In.setProto(c.In.prototype(child), c.In.prototype(parent))
			}
			return nil
		},
		"deprecate": same,
	})
	return o
}

// eventsModule models emitters whose listeners are called when something is emitted.
func eventsModule(in *Interpreter) Value {
	prototype := &Object{Proto: in.protos.object, Open: true}
	listeners := func(c *Call) *Object {
		o, ok := c.This.(*Object)
		if !ok {
			return nil
		}
		if list, ok := c.In.Get(o, "@@listeners").(*Object); ok {
			return list
		}
		list := c.In.Object()
		o.Hide("@@listeners", list)
		return list
	}
	on := func(c *Call) Value {
		event, known := c.In.propertyKey(c.Arg(0))
		if list := listeners(c); list != nil && known {
			array := AsArray(c.In.Get(list, event))
			if array == nil {
				array = c.In.Array(nil)
				list.Set(event, array)
			}
			c.In.push(array, c.Arg(1))
		}
		return c.This
	}
	in.define(prototype, methods{
		"on": on, "once": on, "addListener": on,
		"emit": func(c *Call) Value {
			event, known := c.In.propertyKey(c.Arg(0))
			if list := listeners(c); list != nil && known {
				if array := AsArray(c.In.Get(list, event)); array != nil {
					for _, listener := range slices.Clone(array.Items) {
						c.In.Call(listener, c.This, c.Args[1:])
					}
				}
			}
			return true
		},
		"removeListener": same, "setMaxListeners": same,
	})
	o := in.Func("EventEmitter", func(c *Call) Value {
		made := c.In.Object()
		made.Proto = prototype
		return made
	})
	o.Hide("prototype", prototype)
	o.Set("EventEmitter", o)
	return o
}

func aliasModule(in *Interpreter) Value {
	add := func(in *Interpreter, name string, v Value) {
		if target, known := in.localPath(v); known && name != "" {
			in.project.addAlias(name, target)
		}
	}
	o := in.Func("moduleAlias", nothing)
	in.define(o, methods{
		"addAlias": func(c *Call) Value {
			name, _ := c.Text(0)
			add(c.In, name, c.Arg(1))
			return nil
		},
		"addAliases": func(c *Call) Value {
			if aliases, ok := c.Arg(0).(*Object); ok {
				for _, name := range c.In.keys(aliases) {
					add(c.In, name, c.In.Get(aliases, name))
				}
			}
			return nil
		},
		"addPath": addModulePath,
	})
	return o
}

func addModulePath(c *Call) Value {
	if dir, known := c.In.localPath(c.Arg(0)); known && len(c.In.project.extra) < 32 {
		c.In.project.extra = append(c.In.project.extra, dir)
		clear(c.In.project.resolved)
	}
	return nil
}

func modulePathModule(in *Interpreter) Value {
	return in.define(in.Object(), methods{"addPath": addModulePath})
}

// moduleModule is Node's module, for createRequire.
func moduleModule(in *Interpreter) Value {
	o := in.Object()
	o.Open = true
	return in.define(o, methods{"createRequire": func(c *Call) Value {
		name, known := c.In.localPath(c.Arg(0))
		if !known {
			return &Unknown{Name: "require"}
		}
		m := c.In.module(name)
		return c.In.Func("require", func(c *Call) Value { return c.In.require(m, c) })
	}})
}

func rootPathModule(in *Interpreter) Value {
	o := in.Object()
	dir := path.Join(root, in.cwd)
	o.Native = location{href: dir}
	o.Set("path", dir)
	in.define(o, methods{
		"toString": func(*Call) Value { return dir },
		"resolve": func(c *Call) Value {
			name, known := ToString(c.Arg(0))
			if !known {
				return &Unknown{}
			}
			return path.Join(dir, name)
		},
		"require": func(c *Call) Value {
			name, known := ToString(c.Arg(0))
			if !known || c.Module == nil {
				return &Unknown{}
			}
			v, _ := c.In.load(c.Module, path.Join(dir, name))
			return v
		},
	})
	return o
}

// configModule is the package config, which reads config/default.json and its kin.
func configModule(in *Interpreter) Value {
	settings := in.Object()
	for _, name := range []string{"default", "development", "local"} {
		for _, extension := range []string{".json", ".json5", ".js", ".cjs", ".ts"} {
			file := path.Join(in.cwd, "config", name+extension)
			if _, ok := in.project.files[file]; !ok {
				continue
			}
			m := in.module(file)
			in.run(m)
			in.merge(settings, in.imported(in.exports(m), "default"), 0)
		}
	}
	if len(settings.keys) == 0 {
		return &Unknown{Name: "config"}
	}
	settings.Hide("util", &Unknown{Name: "config.util"})
	lookup := func(c *Call) Value {
		name, known := c.Text(0)
		if !known {
			return &Unknown{Name: "config.get"}
		}
		var v Value = settings
		for _, part := range strings.Split(name, ".") {
			v = c.In.Get(v, part)
		}
		return v
	}
	return in.define(settings, methods{"get": lookup, "has": func(c *Call) Value { return lookup(c) != nil }})
}

func (in *Interpreter) merge(into *Object, v Value, depth int) {
	from, ok := v.(*Object)
	if !ok || depth > maxStringDepth {
		return
	}
	for _, key := range in.keys(from) {
		value := in.Get(from, key)
		inner, isObject := value.(*Object)
		before, there := in.Get(into, key).(*Object)
		if isObject && there && inner.Class == ClassObject && before.Class == ClassObject {
			in.merge(before, inner, depth+1)
			continue
		}
		into.Set(key, value)
	}
}
