package flask

import (
	"path"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const configPath = "flask.config.Config"

// config is the state of app.config.
type config struct {
	values *python.Dict
	// folder is where the files that from_pyfile reads are relative to.
	folder string
}

// configDefaults are those of Flask's settings that programs compute with.
var configDefaults = []python.Keyword{
	{Name: "DEBUG", Value: python.Bool(false)}, {Name: "TESTING", Value: python.Bool(false)}, {Name: "ENV", Value: python.Str("production")},
	{Name: "SECRET_KEY", Value: python.None{}}, {Name: "APPLICATION_ROOT", Value: python.Str("/")}, {Name: "SERVER_NAME", Value: python.None{}},
	{Name: "PREFERRED_URL_SCHEME", Value: python.Str("http")},
}

func (m *model) newConfig() *python.Instance {
	made, ok := m.in.Construct(m.in.Native(configPath).(*python.Class), nil, nil).(*python.Instance)
	if !ok {
		made = &python.Instance{Native: newConfigState()}
	}
	return made
}

func newConfigState() *config {
	state := &config{values: python.NewDict()}
	for _, k := range configDefaults {
		state.values.Set(python.Str(k.Name), k.Value)
	}
	return state
}

func folderOf(c *python.Call) string {
	if c.File == "" {
		return ""
	}
	if folder := path.Dir(c.File); folder != "." {
		return folder
	}
	return ""
}

func (m *model) configClass() *python.NativeClass {
	methods := map[string]python.NativeFunc{
		"from_object": func(c *python.Call) python.Value {
			m.fromObject(c, c.Arg(0, "obj"))
			return nil
		},
		"from_mapping": configUpdate, "update": configUpdate,
		"from_pyfile":       m.fromFile,
		"from_prefixed_env": func(*python.Call) python.Value { return python.Bool(true) },
		"from_envvar":       func(*python.Call) python.Value { return python.Bool(false) },
		"from_json":         m.fromUnknown, "from_file": m.fromUnknown,
		"__getitem__": func(c *python.Call) python.Value {
			if value := configGet(c); value != nil {
				return value
			}
			return python.Unknown{}
		},
		"__setitem__": func(c *python.Call) python.Value {
			if key, value := c.Arg(0, ""), c.Arg(1, ""); key != nil && value != nil {
				c.Self.Native.(*config).values.Set(key, value)
			}
			return nil
		},
	}
	// What is the same as a dict's is done by the dict itself.
	for _, name := range []string{"get", "setdefault", "pop", "keys", "values", "items", "copy", "__contains__", "__len__", "__iter__", "__delitem__"} {
		methods[name] = func(c *python.Call) python.Value {
			method := c.In.Attr(c.Self.Native.(*config).values, name)
			if method == nil {
				return python.Unknown{}
			}
			return c.In.CallFrom(c, method, c.Positional, c.Keywords)
		}
	}
	return &python.NativeClass{
		Path: configPath, Aliases: []string{"flask.Config", "quart.config.Config"},
		Alloc:   func(*python.Class) any { return newConfigState() },
		Methods: methods,
	}
}

// configGet is what a key has; nil when it is not there.
func configGet(c *python.Call) python.Value {
	values := c.Self.Native.(*config).values
	key := c.Arg(0, "key")
	if key == nil {
		return nil
	}
	if value, ok := values.Get(key); ok {
		return value
	}
	return nil
}

func configUpdate(c *python.Call) python.Value {
	values := c.Self.Native.(*config).values
	if mapping := c.Arg(0, ""); mapping != nil {
		switch from := mapping.(type) {
		case *python.Dict:
			for i := range from.Len() {
				values.Set(from.At(i))
			}
			values.Open = values.Open || from.Open
		case *python.Instance:
			if other, ok := from.Native.(*config); ok {
				for i := range other.values.Len() {
					values.Set(other.values.At(i))
				}
				break
			}
			values.Open = true
		default:
			values.Open = true
		}
	}
	for _, k := range c.Keywords {
		values.Set(python.Str(k.Name), k.Value)
	}
	values.Open = values.Open || c.OpenKeywords
	return nil
}

func (m *model) fromUnknown(c *python.Call) python.Value {
	c.Self.Native.(*config).values.Open = true
	return nil
}

// fromObject takes over an object's attributes in capitals: a module's, a class's, an instance's, or those of what a dotted name names.
func (m *model) fromObject(c *python.Call, object python.Value) {
	values := c.Self.Native.(*config).values
	if dotted, ok := python.AsStr(object); ok {
		object = m.in.ImportString(strings.Replace(dotted, ":", ".", 1), c.File)
		if object == nil {
			// The library has it, or nobody.
			values.Open = true
			return
		}
	}
	switch from := object.(type) {
	case *python.Module:
		m.capitals(values, from, from.Attrs.Names())
	case *python.Class:
		m.classCapitals(values, from, from)
	case *python.Instance:
		m.classCapitals(values, from.Class, from)
		m.capitals(values, from, from.Attrs.Names())
	default:
		values.Open = true
	}
}

func (m *model) classCapitals(values *python.Dict, class *python.Class, from python.Value) {
	for _, base := range class.MRO {
		m.capitals(values, from, base.Attrs.Names())
	}
}

func (m *model) capitals(values *python.Dict, from python.Value, names []string) {
	for _, name := range names {
		if strings.ToUpper(name) != name || strings.ToLower(name) == name {
			continue
		}
		if value := m.in.Attr(from, name); value != nil {
			values.Set(python.Str(name), value)
		}
	}
}

// fromFile runs a settings file as Python does, beside the application, in its instance folder, or from the project's folder.
func (m *model) fromFile(c *python.Call) python.Value {
	state := c.Self.Native.(*config)
	name, ok := python.AsStr(c.Arg(0, "filename"))
	if !ok {
		state.values.Open = true
		return python.Bool(true)
	}
	for _, file := range []string{
		path.Join(state.folder, name), path.Join("instance", name), path.Join(state.folder, "..", "instance", name), path.Join(state.folder, "..", name), name,
	} {
		if module, err := m.in.RunFile(strings.TrimPrefix(path.Clean(file), "/")); err == nil {
			m.capitals(state.values, module, module.Attrs.Names())
			return python.Bool(true)
		}
	}
	return python.Bool(false)
}
