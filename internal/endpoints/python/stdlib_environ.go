package python

import (
	"path"
	"strings"
)

// environment is os.environ: empty but for what the program sets, and what it loads from a .env file of the project.
func (in *Interpreter) environment() *Namespace {
	instance, ok := in.Native("os.environ").(*Instance)
	if !ok {
		return &Namespace{}
	}
	return instance.Attrs
}

// setting is a variable of the environment as it was set.
func (in *Interpreter) setting(name Value) (Value, bool) {
	text, ok := AsStr(name)
	if !ok {
		return nil, false
	}
	return in.environment().Get(text)
}

// loadDotenv is load_dotenv and read_env: the file that is named, else the .env nearest to the caller. What is set stays.
func loadDotenv(call *Call) Value {
	in := call.In
	loaded := in.dotenv(in.dotenvFile(call))
	environment := in.environment()
	for i := range loaded.Len() {
		name, value := loaded.At(i)
		if _, ok := environment.Get(name); !ok {
			environment.Set(name, value)
		}
	}
	return Bool(loaded.Len() > 0)
}

func (in *Interpreter) dotenvFile(call *Call) string {
	for i, name := range []string{"dotenv_path", "path", "env_file"} {
		given := call.Arg(-1, name)
		if given == nil && i == 0 {
			given = call.Arg(0, "")
		}
		if text, ok := pathText(given); ok && text != "" {
			file, _ := inProject(text)
			if in.project.has(file) {
				return file
			}
		}
	}
	return in.nearest(call.File, ".env")
}

// nearest is the file of a name in the folder of another one, or in one around it; empty when there is none.
func (in *Interpreter) nearest(from, name string) string {
	for dir := folder(from); ; dir = folder(dir) {
		if file := path.Join(dir, name); in.project.has(file) {
			return file
		}
		if dir == "" {
			return ""
		}
	}
}

// dotenv reads a .env file: lines of NAME=value.
func (in *Interpreter) dotenv(file string) *Namespace {
	const mostLines = 1_000
	settings := &Namespace{}
	if file == "" || !in.spend(len(in.project.Source(file))) {
		return settings
	}
	for i, line := range strings.Split(string(in.project.Source(file)), "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		name, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") || i > mostLines {
			continue
		}
		if value = strings.TrimSpace(value); len(value) > 1 && (value[0] == '"' || value[0] == '\'') {
			value, _, _ = strings.Cut(value[1:], value[:1])
		} else {
			value, _, _ = strings.Cut(value, " #")
			value = strings.TrimSpace(value)
		}
		if strings.Contains(value, "${") {
			settings.Set(strings.TrimSpace(name), Unknown{})
			continue
		}
		settings.Set(strings.TrimSpace(name), Str(value))
	}
	return settings
}

// castAs turns the text of a setting into what a type or a reader's name says; what is not known how to is Unknown.
func castAs(value Value, kind string) Value {
	text, ok := AsStr(value)
	if !ok {
		return Unknown{}
	}
	switch kind {
	case "str", "unicode", "path", "":
		return value
	case "int":
		return integer(trimSpace(text))
	case "float":
		return parseFloat(trimSpace(text))
	case "bool":
		return boolText(text)
	case "list":
		list := &List{}
		for _, part := range splitComma(text) {
			list.Items = append(list.Items, Str(part))
		}
		return list
	}
	return Unknown{}
}

// settingsSource is where a pydantic settings class finds values besides its defaults.
type settingsSource struct {
	prefix string
	files  *Namespace
}

// settingsOf reads the configuration of a settings class; nil for models that read no environment.
func (in *Interpreter) settingsOf(class *Class) *settingsSource {
	if !class.Is("pydantic_settings.BaseSettings") {
		return nil
	}
	source := &settingsSource{}
	if prefix, ok := AsStr(in.classSetting(class, "env_prefix")); ok {
		source.prefix = prefix
	}
	if file, ok := pathText(in.classSetting(class, "env_file")); ok {
		inside, _ := inProject(file)
		if !in.project.has(inside) {
			inside = in.nearest(class.File, path.Base(file))
		}
		source.files = in.dotenv(inside)
	}
	return source
}

// classSetting is an entry of model_config, or of the class Config.
func (in *Interpreter) classSetting(class *Class, name string) Value {
	if config, _, ok := class.Lookup("Config"); ok {
		if inner, ok := config.(*Class); ok {
			if value, _, ok := inner.Lookup(name); ok {
				return value
			}
		}
	}
	config, _, _ := class.Lookup("model_config")
	switch c := config.(type) {
	case *External:
		if c.Call != nil {
			if value := c.Call.Arg(-1, name); value != nil {
				return value
			}
		}
	case *Dict:
		if value, ok := c.GetStr(name); ok {
			return value
		}
	}
	return Unknown{}
}

// value is what the environment or the file has for a field; nil when they have nothing.
func (s *settingsSource) value(in *Interpreter, field Field) Value {
	names := []string{s.prefix + field.Name}
	if instance, ok := field.Default.(*Instance); ok {
		if info, ok := instance.Native.(*fieldInfo); ok && info.env != "" {
			names = []string{info.env}
		}
	}
	for _, from := range []*Namespace{in.environment(), s.files} {
		for i := range from.Len() {
			name, value := from.At(i)
			for _, wanted := range names {
				if strings.EqualFold(name, wanted) {
					return castAs(value, in.simpleType(field.Annotation))
				}
			}
		}
	}
	return nil
}

// simpleType is the name of the builtin type that an annotation means.
func (in *Interpreter) simpleType(annotation *Expr) string {
	value := in.Eval(annotation)
	if generic, ok := value.(*Generic); ok && len(generic.Args) > 0 {
		value = generic.Args[0]
	}
	if class, ok := value.(*Class); ok && class.construct != nil && class.Name != "list" {
		return class.Name
	}
	return "unknown"
}
