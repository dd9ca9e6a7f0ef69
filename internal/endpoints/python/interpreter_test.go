package python

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// router is the state of a class of testLibrary.
type router struct {
	prefix string
	known  bool
	routes []string
}

func testLibrary() Library {
	add := func(call *Call) Value {
		path, _ := call.Str(0, "path", "")
		owner, ok := call.Self.Native.(*router)
		return Decorator("get", func(_ *Call, decorated Value) {
			name := "?"
			if f, isFunction := decorated.(*Function); isFunction {
				name = f.Name
			}
			if ok {
				owner.routes = append(owner.routes, owner.prefix+path+" "+name)
			}
		})
	}
	return Library{
		Classes: []*NativeClass{{
			Path: "web.routing.Router", Aliases: []string{"web.Router"},
			Alloc: func(*Class) any { return &router{} },
			Init: func(call *Call) Value {
				if owner, ok := call.Self.Native.(*router); ok {
					owner.prefix, owner.known = call.Str(-1, "prefix", "")
				}
				return nil
			},
			Methods:      map[string]NativeFunc{"get": add},
			Properties:   map[string]NativeFunc{"size": func(call *Call) Value { return Int(len(call.Self.Native.(*router).routes)) }},
			ClassMethods: map[string]NativeFunc{"label": func(call *Call) Value { return Str("class " + call.Class.Name) }},
			Attrs:        map[string]Value{"kind": Str("native")},
		}},
		Functions: map[string]NativeFunc{"web.line": func(call *Call) Value { return Int(call.Line) }},
		Values:    map[string]Value{"web.OK": Int(200)},
		Aliases:   map[string]string{"web2": "web"},
	}
}

func run(t *testing.T, files map[string]string, library Library) *Interpreter {
	t.Helper()
	contents := map[string][]byte{}
	for name, source := range files {
		contents[name] = []byte(source)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return New(ctx, NewProject(ctx, contents), library, Limits{})
}

// show writes a value as Python would, and what has no such form by its kind.
func show(in *Interpreter, value Value) string {
	switch v := value.(type) {
	case nil:
		return "-"
	case Unknown:
		return "unknown"
	case *External:
		return "external " + v.Path
	case *Function:
		return "function " + v.Name
	case *Module:
		return "module " + v.Name
	}
	text, ok := in.Repr(value)
	if !ok {
		return "?"
	}
	return text
}

type program struct{ source, want string }

func TestPrograms(t *testing.T) {
	for name, test := range programs {
		t.Run(name, func(t *testing.T) {
			in := run(t, map[string]string{"main.py": test.source}, testLibrary())
			module, err := in.ImportFile("main.py")
			if err != nil {
				t.Fatal(err)
			}
			value, _ := module.Attrs.Get("r")
			if got := show(in, value); got != test.want {
				t.Errorf("r = %s, want %s; %v", got, test.want, in.Diagnostics())
			}
		})
	}
}

// TestBombs runs small programs that would take for ever or all memory.
func TestBombs(t *testing.T) {
	for name, source := range bombs {
		t.Run(name, func(t *testing.T) {
			in := run(t, map[string]string{"main.py": source + "\nlast = 1\n"}, Library{})
			start := time.Now()
			if _, err := in.ImportFile("main.py"); err != nil {
				t.Fatal(err)
			}
			if in.ctx.Err() != nil {
				t.Errorf("it ran for %s", time.Since(start))
			}
			if in.memory > 2*in.limits.Memory {
				t.Errorf("%d bytes were made", in.memory)
			}
		})
	}
}

func TestProjects(t *testing.T) {
	for name, test := range projects {
		t.Run(name, func(t *testing.T) {
			in := run(t, test.files, testLibrary())
			module, err := in.ImportFile(test.entry)
			if err != nil {
				t.Fatal(err)
			}
			value, _ := module.Attrs.Get("r")
			if got := show(in, value); got != test.want {
				t.Errorf("r = %s, want %s; %v", got, test.want, in.Diagnostics())
			}
		})
	}
}

func TestLibrary(t *testing.T) {
	in := run(t, map[string]string{"main.py": strings.TrimLeft(`
from web import Router, line, OK
from web2.routing import Router as Other
class Mine(Router):
    kind = "mine"
    def __init__(self, name, **kwargs):
        super().__init__(prefix="/" + name, **kwargs)
    def both(self, path):
        def use(f):
            self.get(path)(f)
            return super(Mine, self).get(path + "2")(f)
        return use
class Lazy(Router):
    def __init__(self):
        pass
a = Router(prefix="/a")
b = Mine("b")
@a.get("/x")
def first(): pass
@b.both("/y")
@b.unheard_of("z")
def second(): pass
sizes = a.size, b.size, Lazy().size
kinds = Router.kind, b.kind, Mine.label(), b.label(), Other is Router, OK, line()
`, "\n")}, testLibrary())
	module, err := in.ImportFile("main.py")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, name := range []string{"sizes", "kinds"} {
		value, _ := module.Attrs.Get(name)
		got[name] = show(in, value)
	}
	var routes []string
	for _, instance := range in.Instances("web.Router") {
		routes = append(routes, instance.Native.(*router).routes...)
	}
	got["routes"] = routes
	want := map[string]any{
		"sizes": "(1, 2, 0)", "kinds": "('native', 'mine', 'class Mine', 'class Mine', True, 200, 23)",
		"routes": []string{"/a/x first", "/b/y second", "/b/y2 second"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if classes := in.Classes("web.routing.Router"); len(classes) != 2 {
		t.Errorf("%d classes inherit from Router", len(classes))
	}
}

func TestRunMain(t *testing.T) {
	in := run(t, map[string]string{"main.py": "x = 1\nif __name__ == '__main__':\n    x = 2\n"}, Library{})
	module, err := in.ImportFile("main.py")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := module.Attrs.Get("x")
	if ran := in.RunMain(module); !ran || before != Int(1) {
		t.Errorf("ran %v, x was %v", ran, before)
	}
	if after, _ := module.Attrs.Get("x"); after != Int(2) {
		t.Errorf("x = %v after the guard has run", after)
	}
}
