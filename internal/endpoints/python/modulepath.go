package python

import (
	"path"
	"strings"
)

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
