package javascript

import (
	"path"
	"strings"
)

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
