package javascript

import (
	"path"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// Module is one file of the project.
type Module struct {
	// Path is relative to the project.
	Path string
	// Root is its syntax, nil when it is no program or has not been loaded.
	Root *syntax.Node

	object *Object
	scope  *scope
	esm    bool
	ran    bool
}

// root is where the project's folder is for the program.
const root = "/project"

// module makes a module of a file, which does not run yet.
func (in *Interpreter) module(file string) *Module {
	if m := in.modules[file]; m != nil {
		return m
	}
	m := &Module{Path: file, object: in.Object(), scope: &scope{function: true}}
	m.object.Set("exports", in.Object())
	m.object.Set("id", root+"/"+file)
	m.object.Set("filename", root+"/"+file)
	m.object.Set("children", in.Array(nil))
	m.object.Set("paths", in.Array(nil))
	m.object.Set("loaded", true)
	in.modules[file] = m
	return m
}

// exports is what require of the module gives.
func (in *Interpreter) exports(m *Module) Value { return in.Get(m.object, "exports") }

// run loads a module, unless it is loaded already, or is loading: then others see what it has exported so far.
func (in *Interpreter) run(m *Module) {
	if m.ran {
		return
	}
	m.ran = true
	if strings.HasSuffix(m.Path, ".json") || strings.HasSuffix(m.Path, ".json5") {
		m.object.Set("exports", in.jsonFile(m.Path))
		return
	}
	tree := in.project.tree(in.ctx, m.Path)
	if tree == nil {
		m.object.Set("exports", &Unknown{Name: m.Path})
		if syntax.LanguageOf(m.Path) != 0 {
			in.Diagnose("file", "the file cannot be parsed", m.Path, 0)
		}
		return
	}
	if in.depth > in.limits.Depth || in.calls >= in.limits.Calls*4 {
		m.object.Set("exports", &Unknown{Name: m.Path})
		return
	}
	in.loaded = append(in.loaded, m.Path)
	m.Root = tree.Root
	f := &frame{module: m, this: in.exports(m)}
	in.prepare(m)
	calls, uncertain := in.calls, in.uncertain
	in.calls, in.uncertain = 0, 0
	in.depth += 50
	in.link(f, m)
	in.statements(f, m.scope, m.Root.Children)
	in.depth -= 50
	in.calls, in.uncertain = calls, uncertain
}

func (in *Interpreter) prepare(m *Module) {
	sc := m.scope
	file := root + "/" + m.Path
	sc.declare("module", m.object)
	sc.own("exports").value = in.exports(m)
	sc.declare("__filename", file)
	sc.declare("__dirname", path.Dir(file))
	require := in.Func("require", func(c *Call) Value { return in.require(m, c) })
	resolve := in.Func("resolve", func(c *Call) Value {
		if name, ok := c.Text(0); ok {
			if found := in.project.Resolve(m.Path, name); found != "" {
				return root + "/" + found
			}
		}
		return c.Arg(0)
	})
	require.Set("resolve", resolve)
	require.Set("cache", in.Object())
	// require.main === module tells the entry.
	require.define("main", &Property{Get: func() Value {
		if in.entry == nil {
			return nil
		}
		return in.entry.object
	}})
	require.Set("context", in.Func("context", func(c *Call) Value { return in.requireContext(m, c) }))
	m.object.Set("require", require)
	sc.declare("require", require)
}

// Require loads what a file names, as require does.
func (in *Interpreter) Require(from, name string) Value {
	value, _ := in.load(in.module(from), name)
	return value
}

func (in *Interpreter) require(m *Module, c *Call) Value {
	name, known := ToString(c.Arg(0))
	if !known {
		in.Diagnose("require", "the name of the module that is loaded is not known", m.Path, c.Line())
		return &Unknown{Name: "require"}
	}
	value, found := in.load(m, name)
	if !found {
		if in.tries > 0 && in.uncertain == 0 {
			in.throwing = true
		} else {
			in.Diagnose("import", "the module "+name+" is not among the files", m.Path, c.Line())
		}
	}
	return value
}

// load is the exports of a module by the name that a file imports it with; found is false for one that would have to
// be in the project.
func (in *Interpreter) load(from *Module, name string) (value Value, found bool) {
	if strings.HasPrefix(name, root+"/") {
		name = relativeTo(from.Path, strings.TrimPrefix(name, root+"/"))
	} else if name == root {
		name = relativeTo(from.Path, ".")
	}
	if file := in.project.Resolve(from.Path, name); file != "" {
		m := in.module(file)
		in.run(m)
		return in.exports(m), true
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/") {
		return &Unknown{Name: name, Missing: true}, !isCode(name)
	}
	return in.external(strings.TrimPrefix(name, "node:")), true
}

// isCode reports whether a name that does not resolve should have been a program's file.
func isCode(name string) bool {
	switch path.Ext(name) {
	case ".css", ".scss", ".html", ".svg", ".png", ".graphql", ".gql", ".proto", ".txt", ".md", ".node", ".yaml", ".yml", ".pem":
		return false
	}
	return true
}

func relativeTo(from, to string) string {
	dir := path.Dir(from)
	up := ""
	for dir != "." && dir != "" && !strings.HasPrefix(to+"/", dir+"/") {
		dir = path.Dir(dir)
		up += "../"
	}
	if dir != "." && dir != "" {
		to = strings.TrimPrefix(strings.TrimPrefix(to, dir), "/")
	}
	if up == "" {
		up = "./"
	}
	return up + to
}

// external is a module that is not in the project: a model of it, or Unknown.
func (in *Interpreter) external(name string) Value {
	if v, ok := in.natives[name]; ok {
		return v
	}
	var v Value = &Unknown{Name: name}
	if model := in.library[name]; model != nil {
		v = model(in)
	} else if model := builtinModules[name]; model != nil {
		v = model(in)
	}
	in.natives[name] = v
	return v
}

// link makes the imports and the exports of a module before it runs.
func (in *Interpreter) link(f *frame, m *Module) {
	statements := m.Root.Children
	in.hoist(f, m.scope, statements)
	for _, n := range statements {
		if n.Kind == "import_statement" && n.ChildOfKind("import_require_clause") == nil ||
			n.Kind == "export_statement" && !isAssignment(n) {
			m.esm = true
		}
	}
	if m.esm {
		namespace := in.Object()
		namespace.ESModule = true
		m.object.Set("exports", namespace)
		m.scope.declare("exports", namespace)
	}
	// What is exported is known before what is imported runs, for modules that import each other.
	for _, n := range statements {
		if n.Kind == "export_statement" && n.Child("source") == nil {
			in.export(f, m, n)
		}
	}
	for _, n := range statements {
		switch {
		case n.Kind == "import_statement":
			in.importStatement(m, n)
		case n.Kind == "export_statement" && n.Child("source") != nil:
			in.reexport(m, n)
		}
	}
}

// isAssignment tells export = x.
func isAssignment(n *syntax.Node) bool { return n.ChildOfKind("=") != nil }

// defaultName is the variable that has what export default exports; no program can name it so.
const defaultName = "*default*"

func (in *Interpreter) namespaceOf(m *Module) *Object {
	o, ok := in.exports(m).(*Object)
	if !ok {
		return in.Object()
	}
	return o
}

func (in *Interpreter) export(f *frame, m *Module, n *syntax.Node) {
	namespace := in.namespaceOf(m)
	if isTypeOnly(n) || isAssignment(n) {
		return
	}
	variable := func(name, local string) {
		namespace.define(name, &Property{Get: func() Value {
			if b := m.scope.vars[local]; b != nil {
				return b.read()
			}
			return nil
		}})
	}
	declaration := n.Child("declaration")
	if n.ChildOfKind("default") != nil {
		local := defaultName
		if names := declared(declaration); len(names) > 0 {
			local = names[0]
		} else if value := n.Child("value"); value.Is("function_expression", "function", "generator_function") {
			m.scope.declare(defaultName, in.closure(f, m.scope, value, textOf(value.Child("name"))))
		}
		variable("default", local)
		return
	}
	for _, name := range declared(declaration) {
		variable(name, name)
	}
	for _, specifier := range n.ChildOfKind("export_clause").NamedChildren() {
		local, exported := specifierNames(specifier)
		if local != "" {
			variable(exported, local)
		}
	}
}

// specifierNames are the two names in a or a as b.
func specifierNames(n *syntax.Node) (local, exported string) {
	name := n.Child("name")
	if name == nil || isTypeOnly(n) {
		return "", ""
	}
	local = strings.Trim(name.Text, `"'`)
	exported = local
	if alias := n.Child("alias"); alias != nil {
		exported = strings.Trim(alias.Text, `"'`)
	}
	return local, exported
}

// isTypeOnly tells import type and export type, of a statement or of one of its names.
func isTypeOnly(n *syntax.Node) bool { return n.ChildOfKind("type") != nil }

func (in *Interpreter) reexport(m *Module, n *syntax.Node) {
	if isTypeOnly(n) {
		return
	}
	source := n.Child("source")
	value, found := in.load(m, unquote(source))
	if !found {
		in.Diagnose("import", "the module "+unquote(source)+" is not among the files", m.Path, n.Line)
	}
	namespace := in.namespaceOf(m)
	if clause := n.ChildOfKind("export_clause"); clause != nil {
		for _, specifier := range clause.NamedChildren() {
			local, exported := specifierNames(specifier)
			if local != "" {
				namespace.define(exported, &Property{Get: func() Value { return in.imported(value, local) }})
			}
		}
		return
	}
	if as := n.ChildOfKind("namespace_export"); as != nil {
		if names := as.NamedChildren(); len(names) > 0 {
			namespace.Set(strings.Trim(names[len(names)-1].Text, `"'`), value)
		}
		return
	}
	namespace.stars = append(namespace.stars, func() Value { return value })
}

// imported is one name of what a module exports; a CommonJS module is its own default.
func (in *Interpreter) imported(from Value, name string) Value {
	o, ok := from.(*Object)
	if !ok {
		if name == "default" {
			return from
		}
		return in.Get(from, name)
	}
	if name != "default" || o.ESModule {
		return in.Get(o, name)
	}
	if marker := o.Own("__esModule"); marker != nil {
		return in.Get(o, name)
	}
	return o
}

func (in *Interpreter) importStatement(m *Module, n *syntax.Node) {
	if isTypeOnly(n) {
		return
	}
	clause := n.ChildOfKind("import_clause")
	if require := n.ChildOfKind("import_require_clause"); require != nil {
		name := require.ChildOfKind("identifier")
		if source := require.Child("source"); name != nil && source != nil {
			value, _ := in.load(m, unquote(source))
			m.scope.declare(name.Text, value)
		}
		return
	}
	source := n.Child("source")
	if source == nil {
		return
	}
	value, found := in.load(m, unquote(source))
	if !found {
		in.Diagnose("import", "the module "+unquote(source)+" is not among the files", m.Path, n.Line)
	}
	bind := func(local, name string) {
		m.scope.own(local).get = func() Value { return in.imported(value, name) }
	}
	for _, child := range clause.NamedChildren() {
		switch child.Kind {
		case "identifier":
			bind(child.Text, "default")
		case "namespace_import":
			if name := child.ChildOfKind("identifier"); name != nil {
				m.scope.declare(name.Text, in.asNamespace(value))
			}
		case "named_imports":
			for _, specifier := range child.NamedChildren() {
				// In an import, the first name is the other module's.
				if name, local := specifierNames(specifier); name != "" {
					bind(local, name)
				}
			}
		}
	}
}

// asNamespace is import * as: of a CommonJS module the module itself, which has itself as its default.
func (in *Interpreter) asNamespace(v Value) Value {
	o, ok := v.(*Object)
	if !ok || o.ESModule || o.Own("default") != nil || o.Class == ClassArray || o.Call != nil {
		return v
	}
	namespace := in.Object()
	namespace.stars = []func() Value{func() Value { return o }}
	namespace.define("default", &Property{Value: o, hidden: true})
	namespace.Native = o.Native
	namespace.Proto = o
	return namespace
}

func (in *Interpreter) exportStatement(f *frame, sc *scope, n *syntax.Node) {
	if declaration := n.Child("declaration"); declaration != nil {
		in.exec(f, sc, declaration)
		return
	}
	if isAssignment(n) {
		if children := n.NamedChildren(); len(children) > 0 {
			f.module.object.Set("exports", in.eval(f, sc, children[len(children)-1]))
		}
		return
	}
	value := n.Child("value")
	if value == nil || n.ChildOfKind("default") == nil {
		return
	}
	if b := f.module.scope.vars[defaultName]; b != nil && value.Is("function_expression", "function", "generator_function") {
		return
	}
	f.module.scope.declare(defaultName, in.eval(f, sc, value))
}

// importAlias is import x = a.b.
func (in *Interpreter) importAlias(sc *scope, n *syntax.Node) {
	names := n.NamedChildren()
	if len(names) < 2 {
		return
	}
	parts := identifiers(names[1], nil)
	if len(parts) == 0 {
		return
	}
	v := in.name(sc, parts[0])
	for _, part := range parts[1:] {
		v = in.Get(v, part)
	}
	sc.declare(names[0].Text, v)
}

// dynamicImport is import(), whose promise is kept.
func (in *Interpreter) dynamicImport(f *frame, sc *scope, arguments *syntax.Node) Value {
	args, _ := in.arguments(f, sc, arguments)
	if len(args) == 0 {
		return in.resolved(&Unknown{Name: "import"})
	}
	name, known := ToString(args[0])
	if !known {
		in.Diagnose("require", "the name of the module that is imported is not known", f.module.Path, arguments.Line)
		return in.resolved(&Unknown{Name: "import"})
	}
	name = strings.TrimPrefix(name, "file://")
	value, found := in.load(f.module, name)
	if !found {
		in.Diagnose("import", "the module "+name+" is not among the files", f.module.Path, arguments.Line)
	}
	if o, ok := value.(*Object); ok && !o.ESModule && o.Own("default") == nil {
		namespace := in.Object()
		namespace.ESModule = true
		namespace.define("default", &Property{Value: value})
		namespace.stars = []func() Value{func() Value { return o }}
		return in.resolved(namespace)
	}
	return in.resolved(value)
}

func (in *Interpreter) importMeta(f *frame) Value {
	file := root + "/" + f.module.Path
	meta := in.Object()
	meta.Set("url", "file://"+file)
	meta.Set("filename", file)
	meta.Set("dirname", path.Dir(file))
	meta.Set("main", in.entry == f.module)
	meta.Set("env", in.Get(in.Get(in.globals, "process"), "env"))
	return meta
}
