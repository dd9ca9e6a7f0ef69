package python

// Library is what is known of packages outside of the project, by dotted path. The interpreter adds its own models of the standard
// library, of pydantic and of the readers of settings; a Library's entries win over them.
type Library struct {
	Classes []*NativeClass
	// Functions are called as such: "django.urls.path". As attributes of classes they are static.
	Functions map[string]NativeFunc
	// Values are anything else, such as constants.
	Values map[string]Value
	// Aliases are further names, each for one of the names above or for an attribute of one: "flask_restx.Resource":
	// "flask_restplus.Resource". An alias may name a package, and then everything in it: "rest_framework_extensions.routers":
	// "rest_framework.routers".
	Aliases map[string]string
}

// NativeFunc is a function or a method in Go. A method finds what it is called on in Call.Self. Nil is None.
type NativeFunc func(call *Call) Value

// NativeClass is a class in Go, of which classes of the project may inherit.
type NativeClass struct {
	// Path is the dotted name, Aliases are others: "fastapi.routing.APIRouter", "fastapi.APIRouter".
	Path    string
	Aliases []string
	// Bases are the paths of native classes.
	Bases []string
	// Alloc makes Instance.Native before any constructor runs, also for subclasses whose __init__ does not call super's. Of the
	// classes of an MRO the first that has one wins.
	Alloc func(class *Class) any
	// Init is __init__; Call.Self is the instance. Nil takes the bases', or any arguments.
	Init NativeFunc
	// Methods, by name. `__call__`, `__getitem__` and so on may be among them.
	Methods map[string]NativeFunc
	// Properties are called when the attribute is read.
	Properties map[string]NativeFunc
	// ClassMethods are called with Call.Class set, on instances too, and on subclasses.
	ClassMethods map[string]NativeFunc
	// Attrs are class attributes.
	Attrs map[string]Value
	// GetAttr is asked for attributes of instances which nothing else has; nil, or a nil answer, make them External.
	GetAttr func(self *Instance, name string) Value
	// Subclassed is called when a class of the project has been defined that inherits from this one, directly or not; Call.Class is the
	// new class and Call.Keywords are those of the class statement.
	Subclassed func(call *Call)

	// closed says that the class has no attributes but these.
	closed bool
}

func (n *NativeClass) named(path string) bool {
	if n.Path == path {
		return true
	}
	for _, alias := range n.Aliases {
		if alias == path {
			return true
		}
	}
	return false
}

// NewBuiltin makes a callable value.
func NewBuiltin(name string, f NativeFunc) *Builtin { return &Builtin{Name: name, Func: f} }

// Decorator makes what a method such as app.get(path) returns: a callable that gives the decorated value to use, and returns it.
func Decorator(name string, use func(call *Call, decorated Value)) *Builtin {
	return NewBuiltin(name, func(call *Call) Value {
		decorated := call.Arg(0, "")
		if decorated == nil {
			return Unknown{}
		}
		use(call, decorated)
		return decorated
	})
}
