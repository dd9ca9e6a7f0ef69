package javascript

import (
	"path"
	"strings"
)

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
