package python

import (
	"path"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// ImportFile runs the module in a file of the project, unless it has run, and returns it. A module that fails is returned as far as
// it came; the error is ErrNoModule alone.
func (in *Interpreter) ImportFile(file string) (*Module, error) {
	if !in.project.has(file) {
		return nil, ErrNoModule
	}
	root := in.project.rootOf(file)
	if loaded, ok := in.loaded[file]; ok {
		return loaded, nil
	}
	module := in.load(root, nameOf(file, root))
	in.pending = nil
	if module == nil {
		return nil, ErrNoModule
	}
	return module, nil
}

// RunFile runs a file of the project that is Python whatever its name is, such as Flask's settings.cfg, once.
func (in *Interpreter) RunFile(file string) (*Module, error) {
	if module, err := in.ImportFile(file); err == nil {
		return module, nil
	}
	if !in.project.has(file) {
		return nil, ErrNoModule
	}
	module, loaded := in.loaded[file]
	if !loaded {
		module = &Module{Name: file, File: file, Attrs: &Namespace{}, root: in.project.rootOf(file)}
		in.loaded[file] = module
		in.runModule(module)
		in.pending = nil
	}
	return module, nil
}

// Import runs the module of a dotted name. Of several candidates it takes the one nearest to the file from, which may be empty: then
// to the project's folder.
func (in *Interpreter) Import(name, from string) (*Module, error) {
	root, ok := in.rootFor(name, from, "")
	if loaded := in.loaded[from]; loaded != nil {
		root, ok = in.rootFor(name, from, loaded.root)
	}
	if !ok {
		return nil, ErrNoModule
	}
	module := in.load(root, name)
	in.pending = nil
	if module == nil {
		return nil, ErrNoModule
	}
	return module, nil
}

// ImportString resolves "package.module.attr", as Django's settings and import strings do: the longest prefix that is a module, then
// attributes. It is nil when there is no such thing in the project or in the library.
func (in *Interpreter) ImportString(dotted, from string) Value {
	const most = 32
	dotted = strings.ReplaceAll(dotted, ":", ".")
	parts := strings.Split(dotted, ".")
	if len(parts) > most {
		return nil
	}
	for size := len(parts); size > 0; size-- {
		module, err := in.Import(strings.Join(parts[:size], "."), from)
		if err != nil {
			continue
		}
		var value Value = module
		for _, name := range parts[size:] {
			if value = in.Attr(value, name); value == nil {
				return nil
			}
		}
		return value
	}
	if native := in.Native(dotted); !IsUnknown(native) {
		return native
	}
	return nil
}

// ModuleOf is the module of a file which has run, or nil.
func (in *Interpreter) ModuleOf(file string) *Module { return in.loaded[file] }

// RunMain runs what a module guards with `if __name__ == "__main__"`, in the module's own scope. It returns false when there is no such
// guard.
func (in *Interpreter) RunMain(module *Module) bool {
	if module == nil || module.tree == nil || module.scope == nil {
		return false
	}
	found := false
	for _, statement := range module.tree.Root.Children {
		if statement.Kind == "if_statement" && isMainGuard(statement.Child("condition")) {
			found = true
			in.block(statement.Child("consequence"), module.scope)
			in.pending = nil
		}
	}
	return found
}

// load runs the modules on the way to a dotted name below a root, and returns the last one; nil when there is none.
func (in *Interpreter) load(root, dotted string) *Module {
	const most = 32
	parts := strings.Split(dotted, ".")
	if len(parts) > most {
		return nil
	}
	var parent *Module
	for i := range parts {
		module := in.loadOne(root, strings.Join(parts[:i+1], "."), parts[i], parent)
		if module == nil {
			return nil
		}
		parent = module
	}
	return parent
}

func (in *Interpreter) loadOne(root, dotted, name string, parent *Module) *Module {
	file, dir, ok := in.project.find(root, dotted)
	if !ok {
		return nil
	}
	key := file
	if file == "" {
		key = dir + "/"
	}
	module, loaded := in.loaded[key]
	if !loaded {
		module = &Module{Name: dotted, File: file, Dir: dir, Attrs: &Namespace{}, root: root, isPackage: dir != ""}
		in.loaded[key] = module
		in.runModule(module)
	}
	if parent != nil && parent != module {
		if _, ok := parent.Attrs.Get(name); !ok || module.state == moduleDone && !loaded {
			parent.Attrs.Set(name, module)
		}
	}
	return module
}

// runModule runs a module's statements. What fails is left out.
func (in *Interpreter) runModule(module *Module) {
	module.state = moduleDone
	if module.File == "" {
		return
	}
	in.modules = append(in.modules, module)
	module.scope = &scope{vars: module.Attrs, module: module, kind: moduleScope}
	module.Attrs.Set("__name__", Str(module.Name))
	if in.depth >= in.limits.Depth/2 || in.calls >= in.limits.Calls {
		in.Diagnose("depth", "modules import each other too deep", module.File, 1)
		return
	}
	tree := in.project.Tree(module.File)
	if tree == nil {
		in.Diagnose("parse", "the file cannot be parsed", module.File, 1)
		return
	}
	module.tree = tree
	if tree.HasErrors {
		in.Diagnose("syntax", "some of the file does not parse", module.File, errorLine(tree.Root))
	}
	module.state = moduleRunning
	module.Doc = in.docstring(tree.Root, module.scope)
	tries, assume, at := in.tries, in.assume, in.at
	in.assume = 0
	for _, statement := range tree.Root.Children {
		if statement.Named {
			in.exec(statement, module.scope)
		}
		if in.stopped || in.pending != nil {
			break
		}
	}
	in.tries, in.assume, in.at = tries, assume, at
	module.state = moduleDone
}

// errorLine is the line of the first error in a tree.
func errorLine(n *syntax.Node) int {
	const deepest = 1_000
	for range deepest {
		if n.Kind == syntax.ErrorKind || n.Missing {
			return n.Line
		}
		found := false
		for _, child := range n.Children {
			if child.Kind == syntax.ErrorKind || child.Missing {
				return child.Line
			}
		}
		for _, child := range n.Children {
			if child.Named && strings.Contains(child.Kind, "_") && hasError(child, 0) {
				n, found = child, true
				break
			}
		}
		if !found {
			break
		}
	}
	return n.Line
}

func hasError(n *syntax.Node, depth int) bool {
	const deepest = 40
	if n.Kind == syntax.ErrorKind || n.Missing {
		return true
	}
	if depth > deepest {
		return false
	}
	for _, child := range n.Children {
		if hasError(child, depth+1) {
			return true
		}
	}
	return false
}

func (in *Interpreter) moduleAttr(module *Module, name string) Value {
	if value, ok := module.Attrs.Get(name); ok {
		return value
	}
	switch name {
	case "__file__":
		if module.File == "" {
			return None{}
		}
		return Str(projectRoot + module.File)
	case "__package__":
		return Str(module.packageName())
	case "__path__":
		if module.isPackage {
			return NewList(Str(projectRoot + module.Dir))
		}
		return nil
	case "__doc__":
		return docOf(module.Doc)
	case "__dict__":
		return &Dict{live: module.Attrs}
	case "__spec__", "__loader__", "__builtins__":
		return Unknown{}
	}
	if getter, ok := module.Attrs.Get("__getattr__"); ok {
		return in.call(getter, in.newCall([]Value{Str(name)}, nil))
	}
	return nil
}

// packageName is the package that relative imports of the module start from.
func (m *Module) packageName() string {
	if m.isPackage {
		return m.Name
	}
	i := strings.LastIndexByte(m.Name, '.')
	if i < 0 {
		return ""
	}
	return m.Name[:i]
}

// rootFor chooses the root below which a dotted name is imported by a file: that of the importing module, a folder around it, then
// any folder of the project that holds the top package, the one with most in common with the file's path first.
func (in *Interpreter) rootFor(dotted, from, own string) (root string, ok bool) {
	top, _, _ := strings.Cut(dotted, ".")
	if top == "" {
		return "", false
	}
	partial, partly := "", false
	try := func(candidate string, others bool) bool {
		if !in.importable(candidate, top, others) {
			return false
		}
		if in.sibling(candidate, own, top, dotted, from) {
			return false
		}
		if _, _, ok := in.project.find(candidate, dotted); ok {
			root = candidate
			return true
		}
		inner := candidate != own && in.project.has(path.Join(candidate, "__init__.py"))
		if _, _, holds := in.project.find(candidate, top); holds && !partly && !inner {
			partial, partly = candidate, true
		}
		return false
	}
	if try(own, false) {
		return root, true
	}
	for _, added := range in.searchPath() {
		if try(added, true) {
			return root, true
		}
	}
	dir := folder(from)
	for {
		if try(dir, true) {
			return root, true
		}
		if dir == "" {
			break
		}
		dir = folder(dir)
	}
	best := -1
	for _, holder := range in.project.holders(top) {
		if common := commonParts(holder, folder(from)); common > best && try(holder, true) {
			best = common
			partial, partly = root, true
		}
	}
	if best >= 0 {
		return partial, true
	}
	return partial, partly
}

// searchPath are the project's folders that the program has put into sys.path.
func (in *Interpreter) searchPath() []string {
	list, ok := in.values["sys.path"].(*List)
	if !ok {
		return nil
	}
	var folders []string
	for _, item := range list.Items {
		if text, ok := AsStr(item); ok {
			if inside, ok := inProject(text); ok {
				folders = append(folders, inside)
			}
		}
	}
	return folders
}

// sibling tells whether a name that is looked for within a package, and not below the module's own root, is that of the module itself or
// of the package it is in: a module named after the library that it imports.
func (in *Interpreter) sibling(candidate, own, top, dotted, from string) bool {
	if candidate == own || dotted != top || !in.project.has(path.Join(candidate, "__init__.py")) {
		return false
	}
	base := path.Join(candidate, top)
	return from == base+".py" || strings.HasPrefix(from, base+"/")
}

// importable tells whether the top of a dotted name is the project's below a root. Folders without __init__.py are not taken for
// packages that exist elsewhere, and other roots than the module's own not for the standard library.
func (in *Interpreter) importable(root, top string, others bool) bool {
	file, _, ok := in.project.find(root, top)
	if !ok {
		return false
	}
	return !in.elsewhere(top) || file != "" && !others
}

func commonParts(a, b string) int {
	first, second := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < len(first) && n < len(second) && first[n] == second[n] {
		n++
	}
	return n
}

// importModule imports a dotted name for a module. It returns the last part and the first.
func (in *Interpreter) importModule(dotted string, importer *Module, line int) (leaf, top Value) {
	first, _, nested := strings.Cut(dotted, ".")
	root, ok := in.rootFor(dotted, importer.File, importer.root)
	if !ok {
		leaf = in.Native(dotted)
		if !nested {
			return leaf, leaf
		}
		return leaf, in.Native(first)
	}
	module := in.load(root, dotted)
	if module == nil {
		in.noModule(dotted, importer, line)
		leaf = Unknown{}
	} else {
		leaf = module
	}
	top = leaf
	if nested {
		top = Unknown{}
		if module := in.load(root, first); module != nil {
			top = module
		}
	}
	return leaf, top
}

// noModule raises ImportError, or says that there is no such module.
func (in *Interpreter) noModule(dotted string, importer *Module, line int) {
	if !in.throw("ModuleNotFoundError") {
		in.Diagnose("import", "there is no module "+dotted, importer.File, line)
	}
}

// relative imports level dots and a dotted name.
func (in *Interpreter) relative(level int, dotted string, importer *Module, line int) Value {
	root, name := importer.root, importer.packageName()
	for range level - 1 {
		if name == "" {
			root = folder(root)
			continue
		}
		i := strings.LastIndexByte(name, '.')
		name = name[:max(i, 0)]
	}
	if dotted != "" && name != "" {
		name += "."
	}
	name += dotted
	if name == "" {
		// The folder of files which are in no package.
		return &Module{Name: "", Dir: root, Attrs: &Namespace{}, root: root, isPackage: true, state: moduleDone}
	}
	if module := in.load(root, name); module != nil {
		return module
	}
	in.noModule(strings.Repeat(".", level)+dotted, importer, line)
	return Unknown{}
}

func (in *Interpreter) importStatement(n *syntax.Node, s *scope) {
	for _, child := range n.Children {
		switch child.Kind {
		case "dotted_name":
			_, top := in.importModule(textOf(child), s.module, n.Line)
			if in.pending != nil {
				return
			}
			in.assign(s, child.Children[0].Text, top)
		case "aliased_import":
			leaf, _ := in.importModule(textOf(child.Child("name")), s.module, n.Line)
			if in.pending != nil {
				return
			}
			in.assign(s, textOf(child.Child("alias")), leaf)
		}
	}
}

func (in *Interpreter) importFrom(n *syntax.Node, s *scope) {
	from := n.Child("module_name")
	if from == nil {
		return
	}
	var source Value
	if from.Kind == "relative_import" {
		dots, rest := 0, ""
		for _, child := range from.Children {
			if child.Kind == "import_prefix" {
				dots = strings.Count(child.Text, ".")
			} else {
				rest = textOf(child)
			}
		}
		source = in.relative(min(dots, 64), rest, s.module, n.Line)
	} else {
		source, _ = in.importModule(textOf(from), s.module, n.Line)
	}
	for _, child := range n.Children {
		if in.pending != nil {
			return
		}
		switch {
		case child.Kind == "wildcard_import":
			in.importAll(source, s)
		case child.Field != "name":
		case child.Kind == "aliased_import":
			name := textOf(child.Child("name"))
			in.assign(s, textOf(child.Child("alias")), in.fromModule(source, name, s.module, n.Line))
		default:
			value := in.fromModule(source, child.Text, s.module, n.Line)
			if in.pending == nil {
				in.assign(s, child.Text, value)
			}
		}
	}
}

// fromModule is one name of `from source import name`: an attribute, else a module.
func (in *Interpreter) fromModule(source Value, name string, importer *Module, line int) Value {
	module, ok := source.(*Module)
	if !ok {
		if value := in.Attr(source, name); value != nil {
			return value
		}
		return Unknown{}
	}
	if value := in.moduleAttr(module, name); value != nil {
		return value
	}
	if module.isPackage {
		if sub := in.submodule(module, name); sub != nil {
			return sub
		}
	}
	if in.pending == nil && !in.throw("ImportError") {
		in.Diagnose("import", "the module "+module.Name+" has no "+name, importer.File, line)
	}
	return Unknown{}
}

func (in *Interpreter) submodule(module *Module, name string) *Module {
	if module.Name == "" {
		return in.load(module.root, name)
	}
	if module.Name == "__init__" {
		return in.load(module.root, name)
	}
	return in.load(module.root, module.Name+"."+name)
}

// importAll is `from source import *`.
func (in *Interpreter) importAll(source Value, s *scope) {
	switch v := source.(type) {
	case *External:
		for _, name := range in.namesBelow(v.Path) {
			in.assign(s, name, in.Native(v.Path+"."+name))
		}
	case *Module:
		if all, ok := v.Attrs.Get("__all__"); ok {
			items, _ := in.Iterate(all)
			for _, item := range items {
				if name, ok := AsStr(item); ok {
					in.assign(s, name, in.fromModule(v, name, s.module, 0))
				}
			}
			return
		}
		for i := 0; i < v.Attrs.Len(); i++ {
			if name, value := v.Attrs.At(i); !strings.HasPrefix(name, "_") {
				in.assign(s, name, value)
			}
		}
	}
}

// textOf is the text of a name.
func textOf(n *syntax.Node) string {
	if n == nil {
		return ""
	}
	if n.Kind == "dotted_name" && len(n.Children) > 1 {
		// There may be spaces around the dots.
		var parts []string
		for _, part := range n.NamedChildren() {
			if part.Kind == "identifier" {
				parts = append(parts, part.Text)
			}
		}
		return strings.Join(parts, ".")
	}
	return n.Text
}
