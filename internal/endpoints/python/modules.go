package python

import (
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
