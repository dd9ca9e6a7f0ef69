package python

// settingsFunctions read settings from an environment that is empty.
var settingsFunctions = map[string]NativeFunc{
	"os.environ.get": readSetting, "decouple.config": readSetting, "environ.get": readSetting, "prettyconf.config": readSetting,
	"dotenv.load_dotenv": loadDotenv, "dotenv.find_dotenv": func(*Call) Value { return Str("") }, "dotenv.dotenv_values": func(*Call) Value { return NewDict() },
	"decouple.Csv": transparentCast, "os.putenv": ignore, "environs.load_dotenv": loadDotenv,
}

// transparentCast makes a cast that leaves lists as they are and splits strings at commas.
func transparentCast(*Call) Value {
	return NewBuiltin("Csv", func(call *Call) Value {
		if text, ok := AsStr(call.Arg(0, "")); ok {
			list := &List{}
			for _, part := range splitComma(text) {
				list.Items = append(list.Items, Str(part))
			}
			return list
		}
		return arg(call, 0)
	})
}

// readSetting reads a name that is not set: it is the default, cast when there is a cast. Of os.environ.get that is None.
func readSetting(call *Call) Value {
	fallback := call.Arg(1, "default")
	if set, ok := call.In.setting(call.Arg(0, "")); ok {
		return castSetting(call, set)
	}
	if callName(call) == "config" {
		file := call.In.dotenv(call.In.nearest(call.File, ".env"))
		name, _ := AsStr(call.Arg(0, ""))
		if set, ok := file.Get(name); ok {
			return castSetting(call, set)
		}
	}
	if fallback == nil {
		if name := callName(call); name == "config" {
			return Unknown{}
		}
		return None{}
	}
	return castSetting(call, fallback)
}

func callName(call *Call) string {
	if builtin, ok := call.callee.(*Builtin); ok {
		return builtin.Name
	}
	return ""
}

func castSetting(call *Call, fallback Value) Value {
	cast := call.Arg(2, "cast")
	if cast == nil || isNone(cast) {
		return fallback
	}
	if text, ok := AsStr(fallback); ok {
		if class, ok := cast.(*Class); ok && class.Path == "builtins.bool" {
			return boolText(text)
		}
	}
	return call.In.CallFrom(call, cast, []Value{fallback}, nil)
}

func boolText(text string) Value {
	switch text {
	case "1", "true", "True", "yes", "on", "TRUE", "y", "t":
		return Bool(true)
	case "0", "false", "False", "no", "off", "FALSE", "n", "f", "":
		return Bool(false)
	}
	return Unknown{}
}

func splitComma(text string) []string {
	var parts []string
	start := 0
	for i := 0; i <= len(text); i++ {
		if i == len(text) || text[i] == ',' {
			if part := trimSpace(text[start:i]); part != "" {
				parts = append(parts, part)
			}
			start = i + 1
		}
	}
	return parts
}

// settingsClasses are os.environ and the objects of packages that read the environment.
func settingsClasses() []*NativeClass {
	return []*NativeClass{
		{
			Path: "os._Environ", closed: true,
			Methods: map[string]NativeFunc{
				"get": readSetting, "__getitem__": environItem, "__contains__": environHas,
				"setdefault": environSetDefault, "__setitem__": environSet, "items": vaguely, "keys": vaguely, "copy": returnsReceiver,
				"pop": readSetting, "update": ignore,
			},
		},
		{
			Path: "environs.Env", Aliases: []string{"environs.FileAwareEnv"}, closed: true,
			Methods: environsReaders("prefixed"),
		},
		{
			Path: "environ.Env", Aliases: []string{"environ.FileAwareEnv"}, closed: true, Alloc: func(*Class) any { return NewDict() },
			Init: environSchema, Methods: environsReaders("prefix"),
			ClassMethods: map[string]NativeFunc{"read_env": loadDotenv},
		},
		{
			Path: "starlette.config.Config", closed: true,
			Methods: map[string]NativeFunc{"__call__": func(call *Call) Value {
				if fallback := call.Arg(2, "default"); fallback != nil {
					return castStarlette(call, fallback)
				}
				return Unknown{}
			}},
		},
		{Path: "decouple.Config", Aliases: []string{"decouple.AutoConfig"}, closed: true, Methods: map[string]NativeFunc{
			"__call__": func(call *Call) Value {
				if fallback := call.Arg(1, "default"); fallback != nil {
					return castSetting(call, fallback)
				}
				return Unknown{}
			},
		}},
	}
}

func returnsReceiver(call *Call) Value { return call.receiver }

// environItem is what the environment has to have; only what the program has set itself is known.
func environItem(call *Call) Value {
	if name, ok := AsStr(call.Arg(0, "")); ok {
		if value, ok := call.In.environment().Get(name); ok {
			return value
		}
	}
	call.In.throw("KeyError")
	return Unknown{}
}

func environSet(call *Call) Value {
	if name, ok := AsStr(call.Arg(0, "")); ok {
		call.In.setName(call.Self.Attrs, name, arg(call, 1))
	}
	return nil
}

func environHas(call *Call) Value {
	_, ok := call.In.setting(call.Arg(0, ""))
	return Bool(ok)
}

func environSetDefault(call *Call) Value {
	if value, ok := call.In.setting(call.Arg(0, "")); ok {
		return value
	}
	environSet(call)
	return arg(call, 1)
}

func environsReaders(others ...string) map[string]NativeFunc {
	methods := map[string]NativeFunc{"__call__": envReader("str")}
	for _, name := range []string{
		"str", "bool", "int", "float", "list", "dict", "json", "url", "tuple", "path", "decimal", "enum", "log_level", "email", "unicode", "bytes",
	} {
		methods[name] = envReader(name)
	}
	for _, name := range others {
		methods[name] = ignore
	}
	methods["read_env"] = loadDotenv
	return methods
}

func envReader(kind string) NativeFunc {
	return func(call *Call) Value {
		if set, ok := call.In.setting(call.Arg(0, "")); ok {
			return castAs(set, kind)
		}
		return envDefault(call)
	}
}

// envDefault is env(name, default): of django-environ also what the schema that Env was made with says.
func envDefault(call *Call) Value {
	fallback := call.Arg(1, "default")
	if fallback == nil {
		fallback = call.Arg(2, "default")
	}
	if fallback == nil {
		if schema, ok := call.Self.Native.(*Dict); ok {
			if entry, ok := schema.Get(arg(call, 0)); ok {
				if parts, ok := sequence(entry); ok && len(parts) == 2 {
					return parts[1]
				}
			}
		}
		return Unknown{}
	}
	if class, ok := fallback.(*Class); ok && class.construct != nil {
		return Unknown{}
	}
	return fallback
}

func environSchema(call *Call) Value {
	schema, ok := call.Self.Native.(*Dict)
	if !ok {
		return nil
	}
	for _, keyword := range call.Keywords {
		schema.Set(Str(keyword.Name), keyword.Value)
	}
	return nil
}

func castStarlette(call *Call, fallback Value) Value {
	cast := call.Arg(1, "cast")
	if cast == nil || isNone(cast) || isNone(fallback) {
		return fallback
	}
	if text, ok := AsStr(fallback); ok {
		if class, ok := cast.(*Class); ok && class.Path == "builtins.bool" {
			return boolText(text)
		}
	}
	return call.In.CallFrom(call, cast, []Value{fallback}, nil)
}
