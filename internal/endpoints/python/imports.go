package python

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

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
