package django

import (
	"strings"
	"unicode"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const (
	ninjaAPIPath       = "ninja.NinjaAPI"
	ninjaRouterPath    = "ninja.Router"
	ninjaOperationPath = "ninja.operation.Operation"
)

// ninjaRouter is the state of a router of Django Ninja, and of an API.
type ninjaRouter struct {
	operations []*ninjaOperation
	children   []ninjaMount
	// tags are nil where none were given.
	tags      []string
	namespace string
}

type ninjaMount struct {
	prefix string
	router *ninjaRouter
	tags   []string
	at     place
}

// ninjaOperation is what one decorator declares.
type ninjaOperation struct {
	methods  []string
	path     string
	function *python.Function
	tags     []string
	as       route.Route
	at       place
}

func (m *model) ninjaClasses() []*python.NativeClass {
	methods := map[string]python.NativeFunc{
		"api_operation": func(c *python.Call) python.Value {
			listed, _ := c.Strs(0, "methods")
			return m.operation(c, listed, 1)
		},
		"add_router":                m.addNinjaRouter,
		"register_controllers":      m.registerControllers,
		"auto_discover_controllers": m.discoverControllers,
	}
	for _, method := range []string{"get", "post", "put", "patch", "delete"} {
		methods[method] = func(c *python.Call) python.Value { return m.operation(c, []string{method}, 0) }
	}
	alloc := func(*python.Class) any { return &ninjaRouter{} }
	return []*python.NativeClass{
		{Path: ninjaOperationPath},
		{
			Path: ninjaAPIPath, Aliases: []string{"ninja.main.NinjaAPI", "ninja_extra.NinjaExtraAPI"}, Alloc: alloc, Methods: methods,
			Init: func(c *python.Call) python.Value {
				if self, ok := c.Self.Native.(*ninjaRouter); ok {
					version, _ := c.Str(-1, "version", "1.0.0")
					self.namespace, _ = c.Str(-1, "urls_namespace", "api-"+version)
				}
				return nil
			},
			Properties: map[string]python.NativeFunc{"urls": m.ninjaURLs},
		},
		{
			Path: ninjaRouterPath, Aliases: []string{"ninja.router.Router", "ninja.pagination.RouterPaginated", "ninja_extra.Router"},
			Alloc: alloc, Methods: methods,
			Init: func(c *python.Call) python.Value {
				if self, ok := c.Self.Native.(*ninjaRouter); ok {
					self.tags, _ = c.Strs(-1, "tags")
				}
				return nil
			},
		},
	}
}

// operation is @api.get(path, …) and its like.
func (m *model) operation(c *python.Call, methods []string, position int) python.Value {
	self, ok := c.Self.Native.(*ninjaRouter)
	made, shown := newOperation(c, methods, position)
	return python.Decorator("operation", func(_ *python.Call, decorated python.Value) {
		if function, isFunction := m.in.Unwrap(decorated).(*python.Function); ok && isFunction && made != nil && shown {
			made.of(function)
			self.operations = append(self.operations, made)
		}
	})
}

// newOperation reads the arguments of a decorator; nil for a path that is not known.
func newOperation(c *python.Call, methods []string, position int) (made *ninjaOperation, shown bool) {
	text, known := c.Str(position, "path", "")
	if !known {
		c.Diagnose("unknown-path", "this path is not known")
		return nil, false
	}
	made = &ninjaOperation{methods: methods, path: text, at: placeOf(c)}
	made.tags, _ = c.Strs(-1, "tags")
	made.as.Summary, _ = c.Str(-1, "summary", "")
	made.as.Description, _ = c.Str(-1, "description", "")
	made.as.OperationID, _ = c.Str(-1, "operation_id", "")
	made.as.Deprecated, _ = c.Bool(-1, "deprecated", false)
	shown, known = c.Bool(-1, "include_in_schema", true)
	return made, shown || !known
}

// of says which function answers, which tells what the decorator does not.
func (o *ninjaOperation) of(function *python.Function) {
	o.function = function
	if o.as.Summary == "" {
		o.as.Summary = strings.ReplaceAll(title(function.Name), "_", " ")
	}
	if o.as.Description == "" {
		o.as.Description = strings.TrimSpace(route.CleanDoc(function.Doc))
	}
}

// title is Python's str.title.
func title(text string) string {
	var out strings.Builder
	inWord := false
	for _, r := range text {
		if inWord {
			r = unicode.ToLower(r)
		} else {
			r = unicode.ToTitle(r)
		}
		inWord = unicode.IsLetter(r)
		out.WriteRune(r)
	}
	return out.String()
}

func (m *model) addNinjaRouter(c *python.Call) python.Value {
	self, ok := c.Self.Native.(*ninjaRouter)
	prefix, known := c.Str(0, "prefix", "")
	child := argument(c, 1, "router")
	if dotted, isName := python.AsStr(child); isName {
		if imported := m.in.ImportString(dotted, c.File); imported != nil {
			child = imported
		}
	}
	router, isRouter := nativeOf(child).(*ninjaRouter)
	if !ok || !known || !isRouter {
		c.Diagnose("unknown-router", "this router, or its prefix, is not known")
		return nil
	}
	tags, _ := c.Strs(-1, "tags")
	self.children = append(self.children, ninjaMount{prefix, router, tags, placeOf(c)})
	return nil
}

// ninjaURLs is api.urls: patterns, the application's name and the namespace.
func (m *model) ninjaURLs(c *python.Call) python.Value {
	self, ok := c.Self.Native.(*ninjaRouter)
	if !ok {
		return python.Unknown{}
	}
	all := python.NewList()
	m.addNinja(all, ninjaMount{router: self}, nil, 0)
	return python.NewTuple(all, python.Str("ninja"), python.Str(self.namespace))
}

func (m *model) addNinja(all *python.List, mount ninjaMount, inherited []string, depth int) {
	if depth > maxDepth || len(all.Items) > maxRoutes {
		return
	}
	tags := mount.tags
	if tags == nil {
		tags = append(inherited[:len(inherited):len(inherited)], mount.router.tags...)
	}
	for _, one := range mount.router.operations {
		bound := *one
		if bound.tags == nil {
			bound.tags = tags
		}
		text := strings.TrimLeft(joinNinja(mount.prefix, one.path), "/")
		leaf := &urlPattern{pattern{routeText, text, true}, m.instance(ninjaOperationPath, &bound), python.Unknown{}, one.at}
		all.Items = append(all.Items, m.instance(patternPath, leaf))
	}
	if mount.router.tags != nil {
		inherited = mount.router.tags
	}
	for _, child := range mount.router.children {
		child.prefix = strings.TrimLeft(joinNinja(mount.prefix, child.prefix), "/")
		m.addNinja(all, child, inherited, depth+1)
	}
}

// joinNinja joins paths as Django Ninja does, with its parameters as path() writes them.
func joinNinja(prefix, path string) string {
	joined := prefix + "/" + path
	if prefix == "" {
		joined = path
	} else if path == "" {
		joined = prefix
	}
	joined = strings.NewReplacer("{", "<", "}", ">").Replace(joined)
	for strings.Contains(joined, "//") {
		joined = strings.ReplaceAll(joined, "//", "/")
	}
	return joined
}

func (m *model) addOperation(one *ninjaOperation, v visit) {
	v.namespaces = nil
	as := one.as
	as.Tags = one.tags
	for _, method := range one.methods {
		m.add(row{method: strings.ToUpper(method), at: place{one.function.File, one.function.Line, one.at.assumed}, as: &as}, v)
	}
}
