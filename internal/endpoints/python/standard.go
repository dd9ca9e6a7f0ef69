package python

import (
	"strings"
	"sync"
)

// projectRoot is where programs see the project's files.
const projectRoot = "/project/"

// standardIndex is what is modelled of the standard library and of packages that projects keep their settings with.
type standardIndex struct{ classes map[string]*NativeClass }

// The tables are filled in init functions, since what is in them looks things up in them.
var standard func() standardIndex

func init() {
	standard = sync.OnceValue(func() standardIndex {
		index := standardIndex{map[string]*NativeClass{}}
		for _, class := range standardClasses() {
			index.classes[class.Path] = class
			for _, alias := range class.Aliases {
				index.classes[alias] = class
			}
		}
		return index
	})
}

func standardClasses() []*NativeClass {
	return append([]*NativeClass{
		{Path: "enum.Enum", closed: true},
		{Path: "enum.Flag", Bases: []string{"enum.Enum"}, closed: true},
		{Path: "enum.IntFlag", Bases: []string{"builtins.int", "enum.Enum"}, closed: true},
		{Path: "enum.IntEnum", Bases: []string{"builtins.int", "enum.Enum"}, closed: true},
		{Path: "enum.StrEnum", Aliases: []string{"strenum.StrEnum"}, Bases: []string{"builtins.str", "enum.Enum"}, closed: true},
		{Path: "enum.auto"},
		fieldClass("dataclasses.field", "attr.ib", "attr.attrib", "attrs.field"),
		fieldClass("pydantic.Field", "pydantic.fields.Field", "pydantic.PrivateAttr", "sqlmodel.Field"),
		model("pydantic.BaseModel", "pydantic.main.BaseModel"),
		model("pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings", "pydantic_settings.main.BaseSettings"),
		model("pydantic.generics.GenericModel"),
		model("sqlmodel.SQLModel"),
		{
			Path: "functools.partial", closed: true, Alloc: func(*Class) any { return &partial{} }, Init: partialInit,
			Methods: map[string]NativeFunc{"__call__": partialCall},
			GetAttr: func(self *Instance, name string) Value {
				if p, ok := self.Native.(*partial); ok && name == "func" && p.function != nil {
					return p.function
				}
				return nil
			},
		},
		{Path: "typing.NamedTuple", Bases: []string{"builtins.tuple"}, closed: true},
		{Path: "types.SimpleNamespace", Aliases: []string{"argparse.Namespace"}, closed: true, Init: func(call *Call) Value {
			for _, keyword := range call.Keywords {
				call.Self.Attrs.Set(keyword.Name, keyword.Value)
			}
			return nil
		}},
	}, append(settingsClasses(), pathClass())...)
}

// partial is what functools.partial has made.
type partial struct {
	function   Value
	positional []Value
	keywords   []Keyword
}

func partialInit(call *Call) Value {
	if p, ok := call.Self.Native.(*partial); ok && len(call.Positional) > 0 {
		p.function, p.positional, p.keywords = call.Positional[0], call.Positional[1:], call.Keywords
	}
	return nil
}

func partialCall(call *Call) Value {
	p, ok := call.Self.Native.(*partial)
	if !ok || p.function == nil {
		return Unknown{}
	}
	inner := *call
	inner.Self, inner.Class, inner.receiver = nil, nil, nil
	inner.Positional = append(append([]Value(nil), p.positional...), call.Positional...)
	inner.Keywords = nil
	for _, keyword := range p.keywords {
		if call.Arg(-1, keyword.Name) == nil {
			inner.Keywords = append(inner.Keywords, keyword)
		}
	}
	inner.Keywords = append(inner.Keywords, call.Keywords...)
	if len(inner.Positional)+len(inner.Keywords) > call.In.limits.Items {
		return Unknown{}
	}
	return call.In.call(p.function, &inner)
}

// model is a class whose annotated names are fields, as pydantic's.
func model(path string, aliases ...string) *NativeClass {
	return &NativeClass{
		Path: path, Aliases: aliases, Init: fieldsInit,
		Methods: map[string]NativeFunc{"dict": modelDump, "model_dump": modelDump},
		ClassMethods: map[string]NativeFunc{
			"model_rebuild": ignore, "update_forward_refs": ignore,
			"construct": constructModel, "model_construct": constructModel,
		},
	}
}

func constructModel(call *Call) Value {
	if call.Class == nil {
		return Unknown{}
	}
	return call.In.CallFrom(call, call.Class, call.Positional, call.Keywords)
}

// standardAliases are further names of what is modelled, by the name they stand for.
var standardAliases = map[string]string{
	"functools.cache": "functools.lru_cache", "collections.OrderedDict": "builtins.dict", "typing.OrderedDict": "builtins.dict",
	"collections.UserDict": "builtins.dict", "collections.UserList": "builtins.list", "collections.UserString": "builtins.str",
	"collections.Counter": "builtins.dict", "typing.Text": "builtins.str",
	"attr.s": "dataclasses.dataclass", "attr.dataclass": "dataclasses.dataclass", "attr.attrs": "dataclasses.dataclass",
	"attrs.define": "dataclasses.dataclass", "attrs.frozen": "dataclasses.dataclass", "attr.define": "dataclasses.dataclass",
	"attr.frozen": "dataclasses.dataclass", "pydantic.dataclasses.dataclass": "dataclasses.dataclass",
	"importlib.__import__": "builtins.__import__", "builtins.builtins": "builtins", "os.getenv": "os.environ.get",
	"django.utils.module_loading.import_module": "importlib.import_module", "contextlib.asynccontextmanager": "contextlib.contextmanager",
	"posixpath.join": "os.path.join", "typing.cast_": "typing.cast", "typing_extensions.cast": "typing.cast",
	"django.utils.functional.cached_property": "functools.cached_property", "werkzeug.utils.cached_property": "functools.cached_property", "abc.abstractproperty": "builtins.property",
	"pydantic.computed_field": "pydantic.computed_field", "functools.update_wrapper": "functools.update_wrapper",
	"abc.abstractclassmethod": "builtins.classmethod", "abc.abstractstaticmethod": "builtins.staticmethod",
}

// returnsFirst gives back its first argument: decorators that change nothing, and casts.
func returnsFirst(call *Call) Value { return arg(call, 0) }

// decorates is a decorator that changes nothing, used with or without arguments.
func decorates(call *Call) Value {
	if len(call.Positional) == 1 && len(call.Keywords) == 0 {
		switch value := call.Positional[0].(type) {
		case *Function, *Class, *Property, *StaticMethod, *ClassMethod, *BoundMethod, *Builtin:
			return value
		case *Instance:
			if _, ok := value.Native.(*partial); ok {
				return value
			}
		}
	}
	return NewBuiltin("decorator", returnsFirst)
}

func fixed(value Value) func(*Interpreter) Value { return func(*Interpreter) Value { return value } }

// standardValues are made once for each interpreter.
var standardValues map[string]func(in *Interpreter) Value

func init() {
	standardValues = map[string]func(in *Interpreter) Value{
		"typing.TYPE_CHECKING": fixed(Bool(false)), "typing_extensions.TYPE_CHECKING": fixed(Bool(false)),
		"os.sep": fixed(Str("/")), "os.curdir": fixed(Str(".")), "os.linesep": fixed(Str("\n")), "os.name": fixed(Str("posix")),
		"sys.platform": fixed(Str("linux")), "os.path.sep": fixed(Str("/")),
		"sys.version_info":       fixed(NewTuple(Int(3), Int(11), Int(0), Str("final"), Int(0))),
		"sys.argv":               func(*Interpreter) Value { return NewList(Str("main.py")) },
		"sys.path":               func(*Interpreter) Value { return NewList() },
		"sys.modules":            sysModules,
		"string.ascii_lowercase": fixed(Str("abcdefghijklmnopqrstuvwxyz")), "string.digits": fixed(Str("0123456789")),
		"string.ascii_uppercase": fixed(Str("ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
		"string.ascii_letters":   fixed(Str("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")),
		"math.pi":                fixed(Float(3.141592653589793)), "math.inf": fixed(Unknown{}),
		"inspect.isfunction": kindOf("function"), "inspect.isroutine": kindOf("function", "method"), "inspect.ismethod": kindOf("method"),
		"inspect.isclass": kindOf("type"), "inspect.ismodule": kindOf("module"), "inspect.iscoroutinefunction": isAsync,
		"asyncio.iscoroutinefunction": isAsync,
		"os.environ":                  func(in *Interpreter) Value { return in.Call(in.Native("os._Environ"), nil, nil) },
	}
}

// kindOf asks whether a value is of one of the builtin types.
func kindOf(names ...string) func(*Interpreter) Value {
	return func(*Interpreter) Value {
		return NewBuiltin("is"+names[0], func(call *Call) Value {
			value := arg(call, 0)
			if opaque(value) {
				return Unknown{}
			}
			if _, isClass := value.(*Class); isClass && names[0] == "type" {
				return Bool(true)
			}
			class, ok := call.In.TypeOf(value).(*Class)
			if !ok {
				return Bool(false)
			}
			for _, name := range names {
				if class.Path == "builtins."+name {
					return Bool(true)
				}
			}
			return Bool(false)
		})
	}
}

func isAsync(*Interpreter) Value {
	return NewBuiltin("iscoroutinefunction", func(call *Call) Value {
		switch f := call.In.Unwrap(arg(call, 0)).(type) {
		case *Function:
			return Bool(f.IsAsync)
		}
		return Unknown{}
	})
}

func sysModules(in *Interpreter) Value {
	class := &NativeClass{Path: "sys._modules", closed: true, Methods: map[string]NativeFunc{
		"__getitem__":  func(call *Call) Value { return in.loadedModule(arg(call, 0)) },
		"get":          func(call *Call) Value { return in.loadedModule(arg(call, 0)) },
		"__contains__": func(call *Call) Value { return Bool(!isUnknown(in.loadedModule(arg(call, 0)))) },
	}}
	return in.Call(in.nativeClass(class), nil, nil)
}

func (in *Interpreter) loadedModule(name Value) Value {
	text, ok := AsStr(name)
	if !ok {
		return Unknown{}
	}
	for _, module := range in.modules {
		if module.Name == text {
			return module
		}
	}
	return Unknown{}
}

// knownTops are top-level names of the standard library and of packages that are in wide use: a folder of such a name that is no
// package does not stand for it.
var knownTops = sync.OnceValue(func() map[string]bool {
	tops := map[string]bool{}
	for _, name := range strings.Fields(knownNames) {
		tops[name] = true
	}
	return tops
})

const knownNames = `abc argparse array ast asyncio base64 binascii bisect builtins bz2 calendar cgi cmath cmd code codecs collections
colorsys concurrent configparser contextlib contextvars copy csv ctypes curses dataclasses datetime dbm decimal difflib dis email encodings
enum errno faulthandler filecmp fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib grp gzip hashlib heapq
hmac html http imaplib importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap
multiprocessing netrc numbers operator os pathlib pdb pickle pkgutil platform plistlib poplib posixpath pprint profile pstats pty pwd queue quopri
random re readline resource runpy sched secrets select selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 ssl stat
statistics string struct subprocess symtable sys sysconfig syslog tarfile tempfile termios textwrap threading time timeit tkinter token
tokenize tomllib trace traceback tracemalloc turtle types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser wsgiref
xml xmlrpc zipfile zipimport zlib zoneinfo typing_extensions
fastapi flask django rest_framework starlette pydantic pydantic_settings sqlalchemy sqlmodel redis celery requests httpx aiohttp uvicorn gunicorn
jinja2 werkzeug click typer rich numpy pandas scipy sklearn torch tensorflow boto3 botocore psycopg2 psycopg asyncpg pymongo motor alembic
marshmallow apispec flask_restful flask_restx flask_sqlalchemy flask_login flask_jwt_extended flask_cors flask_migrate flask_smorest
flask_marshmallow flask_bcrypt flask_mail flask_wtf flask_limiter flask_caching flask_admin flasgger connexion apiflask environ decouple
environs dotenv dynaconf jwt jose passlib bcrypt cryptography pytest yaml toml orjson ujson loguru structlog sentry_sdk prometheus_client
grpc google openai langchain anthropic stripe twilio elasticsearch kafka pika kombu django_filters drf_yasg drf_spectacular corsheaders
rest_framework_simplejwt rest_framework_nested channels graphene strawberry ariadne mangum PIL cv2 bs4 lxml markdown docker kubernetes
beanie tortoise peewee mongoengine odmantic databases slowapi fastapi_users fastapi_pagination fastapi_cache fastapi_utils aioredis
whitenoise storages allauth dj_rest_auth debug_toolbar wagtail ninja tenacity apscheduler dateutil pytz attr attrs cattrs zope`
