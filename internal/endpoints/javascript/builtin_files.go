package javascript

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// maxPattern bounds patterns of file names, in bytes.
const maxPattern = 512

// globExpression is a pattern of file names as a regular expression, or nil.
func globExpression(pattern string) *regexp.Regexp {
	if len(pattern) > maxPattern {
		return nil
	}
	var out strings.Builder
	out.WriteString("^")
	braces := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			out.WriteString(`(?:.*/)?`)
			i += 2
		case strings.HasPrefix(pattern[i:], "**"):
			out.WriteString(`.*`)
			i++
		case strings.HasPrefix(pattern[i:], "@(") || strings.HasPrefix(pattern[i:], "+("):
			out.WriteString("(?:")
			i++
		case c == ')' || c == '|':
			out.WriteByte(c)
		case c == '*':
			out.WriteString(`[^/]*`)
		case c == '?':
			out.WriteString(`[^/]`)
		case c == '{':
			out.WriteString(`(?:`)
			braces++
		case c == '}' && braces > 0:
			out.WriteString(`)`)
			braces--
		case c == ',' && braces > 0:
			out.WriteString(`|`)
		default:
			out.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	expression, err := regexp.Compile(out.String() + "$")
	if err != nil {
		return nil
	}
	return expression
}

// glob finds the project's files by patterns; those that begin with ! leave files out.
func glob(c *Call) Value {
	patterns, known := []string(nil), true
	if list := AsArray(c.Arg(0)); list != nil {
		patterns, known = texts(list.Items)
	} else if text, ok := c.Text(0); ok {
		patterns = []string{text}
	} else {
		known = false
	}
	if !known {
		return &Unknown{Name: "glob"}
	}
	base := path.Join(root, c.In.cwd)
	if dir, ok := c.In.option(c.Arg(1), "cwd").(string); ok {
		base = dir
	}
	absolute, _ := Truth(c.In.option(c.Arg(1), "absolute"))
	var found []string
	for _, pattern := range patterns {
		pattern, without := strings.CutPrefix(pattern, "!")
		full := pattern
		if !strings.HasPrefix(pattern, "/") {
			full = path.Join(base, pattern)
		}
		expression := globExpression(path.Clean(full))
		if expression == nil {
			return &Unknown{Name: "glob"}
		}
		if without {
			found = slices.DeleteFunc(found, func(name string) bool {
				return expression.MatchString(path.Join(base, name)) || expression.MatchString(name)
			})
			continue
		}
		for _, name := range c.In.project.names {
			name = root + "/" + name
			if !c.In.step() || !expression.MatchString(name) {
				continue
			}
			if !absolute && !strings.HasPrefix(pattern, "/") {
				name = strings.TrimPrefix(name, base+"/")
				if strings.HasPrefix(pattern, "./") {
					name = "./" + name
				}
			}
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return c.In.Strings(found)
}

func globModule(in *Interpreter) Value {
	o := in.Func("glob", withCallback(glob))
	in.define(o, methods{"sync": glob, "globSync": glob, "glob": promised(glob), "globby": promised(glob), "globbySync": glob, "async": promised(glob)})
	o.Set("default", o)
	return o
}

// requireDirectory models packages that load all modules of a folder.
func requireDirectory(in *Interpreter) Value {
	o := in.Func("requireDirectory", func(c *Call) Value {
		dir, known := "", false
		switch first := c.Arg(0).(type) {
		case string:
			dir, known = first, true
		case *Object:
			if name, ok := in.Get(first, "dirname").(string); ok {
				dir, known = name, true
			} else if file, ok := in.Get(first, "filename").(string); ok {
				dir, known = path.Dir(file), true
				if name, ok := c.Text(1); ok {
					dir = path.Join(dir, name)
				}
			}
		case nil:
			known = c.Module != nil
			dir = "."
		}
		if !known {
			return &Unknown{Name: "a folder of modules"}
		}
		if !strings.HasPrefix(dir, "/") && c.Module != nil {
			dir = path.Join(root, path.Dir(c.Module.Path), dir)
		}
		name, _ := c.In.local(dir)
		return c.In.folder(c.Module, name, 0)
	})
	return o
}

// folder loads the modules of a folder, by their names.
func (in *Interpreter) folder(from *Module, dir string, depth int) Value {
	o := in.Object()
	if depth > maxStringDepth {
		return o
	}
	entries := slices.Clone(in.project.dirs[dir])
	slices.Sort(entries)
	for _, entry := range entries {
		name := path.Join(dir, entry)
		if _, ok := in.project.dirs[name]; ok {
			o.Set(entry, in.folder(from, name, depth+1))
			continue
		}
		if (from != nil && name == from.Path) || (syntax.LanguageOf(name) == 0 && path.Ext(name) != ".json") || strings.HasSuffix(name, ".d.ts") {
			continue
		}
		m := in.module(name)
		in.run(m)
		o.Set(strings.TrimSuffix(entry, path.Ext(entry)), in.exports(m))
	}
	return o
}

// requireContext is webpack's require.context.
func (in *Interpreter) requireContext(m *Module, c *Call) Value {
	dir, ok := c.Text(0)
	if !ok {
		return &Unknown{Name: "require.context"}
	}
	dir = path.Join(path.Dir(m.Path), dir)
	var names []string
	for _, name := range in.below(dir) {
		if o, ok := c.Arg(2).(*Object); ok && o.regex != nil && o.regex.compiled != nil && !o.regex.compiled.MatchString("./"+name) {
			continue
		}
		names = append(names, "./"+name)
	}
	context := in.Func("context", func(c *Call) Value {
		name, known := c.Text(0)
		if !known {
			return &Unknown{Name: "require.context"}
		}
		v, _ := in.load(m, root+"/"+path.Join(dir, name))
		return v
	})
	context.Set("keys", in.Func("keys", func(c *Call) Value { return c.In.Strings(names) }))
	return context
}

// consignModule models consign, which calls the modules of folders with what they are loaded into.
func consignModule(in *Interpreter) Value {
	return in.Func("consign", func(c *Call) Value {
		base := in.cwd
		if dir, ok := in.option(c.Arg(0), "cwd").(string); ok {
			base = path.Join(in.cwd, dir)
			if strings.HasPrefix(dir, "/") {
				base, _ = in.local(dir)
			}
		}
		var files []string
		o := in.Object()
		add := func(c *Call) Value {
			name, known := c.Text(0)
			if !known {
				return o
			}
			target := path.Join(base, name)
			if _, ok := in.project.dirs[target]; !ok {
				if file := in.project.file(target, extensions, false); file != "" && !slices.Contains(files, file) {
					files = append(files, file)
				}
				return o
			}
			for _, below := range in.below(target) {
				if file := path.Join(target, below); syntax.LanguageOf(file) != 0 && !slices.Contains(files, file) {
					files = append(files, file)
				}
			}
			return o
		}
		in.define(o, methods{
			"include": add, "then": add,
			"exclude": func(c *Call) Value {
				name, _ := c.Text(0)
				target := path.Join(base, name)
				files = slices.DeleteFunc(files, func(file string) bool { return file == target || strings.HasPrefix(file, target+"/") })
				return o
			},
			"into": func(c *Call) Value {
				for _, file := range files {
					m := in.module(file)
					in.run(m)
					v := in.imported(in.exports(m), "default")
					if IsCallable(v) {
						v = in.Call(v, nil, c.Args)
					}
					in.place(c.Arg(0), strings.TrimPrefix(strings.TrimPrefix(file, base), "/"), v)
				}
				return o
			},
		})
		return o
	})
}

// place puts a module where consign does: app.controllers.users of controllers/users.js.
func (in *Interpreter) place(target Value, file string, v Value) {
	parts := strings.Split(strings.TrimSuffix(file, path.Ext(file)), "/")
	for _, part := range parts[:len(parts)-1] {
		next, ok := in.Get(target, part).(*Object)
		if !ok {
			next = in.Object()
			in.Put(target, part, next)
		}
		target = next
	}
	if v != nil {
		in.Put(target, parts[len(parts)-1], v)
	}
}

// lodashModule has the functions of lodash that arrays and objects have, too.
func lodashModule(in *Interpreter) Value {
	o := in.Func("lodash", func(c *Call) Value { return c.Arg(0) })
	o.Open = true
	each := func(c *Call) Value {
		list := AsArray(c.Arg(0))
		if list != nil {
			arrayMethods["forEach"](&Call{In: c.In, This: list, Args: c.Args[1:]})
			return list
		}
		if object, ok := c.Arg(0).(*Object); ok {
			for _, key := range c.In.keys(object) {
				c.In.Call(c.Arg(1), nil, []Value{c.In.Get(object, key), key, object})
			}
		} else if IsUnknown(c.Arg(0)) {
			c.In.callbacks("", c.Args)
		}
		return c.Arg(0)
	}
	onArray := func(name string) Native {
		return func(c *Call) Value {
			list := AsArray(c.Arg(0))
			if object, ok := c.Arg(0).(*Object); ok && list == nil {
				list = AsArray(objectStatics["values"](&Call{In: c.In, Args: []Value{object}}))
			}
			if list == nil || len(c.Args) < 1 || (len(c.Args) > 1 && !IsCallable(c.Arg(1)) && name != "concat") {
				return &Unknown{Name: name}
			}
			return arrayMethods[name](&Call{In: c.In, This: list, Args: c.Args[1:]})
		}
	}
	in.define(o, methods{
		"forEach": each, "each": each, "forOwn": each, "forIn": each,
		"map": onArray("map"), "filter": onArray("filter"), "find": onArray("find"), "reduce": onArray("reduce"),
		"flatten": onArray("flat"), "concat": onArray("concat"), "flatMap": onArray("flatMap"), "some": onArray("some"), "every": onArray("every"),
		"keys": objectKeys, "values": objectStatics["values"], "toPairs": objectStatics["entries"],
		"assign": objectStatics["assign"], "extend": objectStatics["assign"], "merge": objectStatics["assign"], "defaults": objectStatics["assign"],
		"cloneDeep": same, "clone": same,
		"get": func(c *Call) Value {
			name, known := c.Text(1)
			if !known {
				return &Unknown{Name: "get"}
			}
			v := c.Arg(0)
			for _, part := range strings.Split(name, ".") {
				if nullish(v) {
					break
				}
				v = c.In.Get(v, part)
			}
			if v == nil {
				return c.Arg(2)
			}
			return v
		},
	})
	return o
}
