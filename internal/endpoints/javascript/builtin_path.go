package javascript

import (
	"path"
	"strings"
)

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
