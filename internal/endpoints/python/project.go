package python

import (
	"bytes"
	"context"
	"path"
	"sort"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// Project is the Python files of a project: an index of its folders, and the syntax trees, each made when it is first asked for. It is
// for one goroutine.
type Project struct {
	ctx   context.Context
	files map[string][]byte
	paths []string
	// folders has every folder with Python files in it or below.
	folders map[string]bool
	// tops are the folders in which a top-level module or package of a name is found, the shallowest first.
	tops  map[string][]string
	trees map[string]*syntax.Tree
	nodes *syntax.Budget
	// all has every file and folder, for programs that list folders; made when it is first asked for.
	all map[string][]string
}

// NewProject indexes files by their slash-separated paths, relative to the project. It keeps the map; other files than Python's may be
// in it, and are seen by the program as files.
func NewProject(ctx context.Context, files map[string][]byte) *Project {
	p := &Project{ctx: ctx, files: files, folders: map[string]bool{"": true}, trees: map[string]*syntax.Tree{}, nodes: syntax.NewBudget(syntax.ProjectNodes)}
	for file := range files {
		if strings.HasSuffix(file, ".py") {
			p.paths = append(p.paths, file)
		}
	}
	sort.Strings(p.paths)
	for _, file := range p.paths {
		for dir := folder(file); !p.folders[dir]; dir = folder(dir) {
			p.folders[dir] = true
		}
	}
	return p
}

// Files are the paths of the Python files, sorted. The slice is the project's own.
func (p *Project) Files() []string { return p.paths }

// Source is the text of a file.
func (p *Project) Source(file string) []byte { return p.files[file] }

// Mentions are the Python files with a text in them, sorted.
func (p *Project) Mentions(text string) []string {
	var found []string
	for _, file := range p.paths {
		if bytes.Contains(p.files[file], []byte(text)) {
			found = append(found, file)
		}
	}
	return found
}

// Tree is the syntax of a file, nil for what cannot be parsed.
func (p *Project) Tree(file string) *syntax.Tree {
	if tree, ok := p.trees[file]; ok {
		return tree
	}
	source, ok := p.files[file]
	if !ok {
		return nil
	}
	source = bytes.TrimPrefix(source, []byte("\xef\xbb\xbf"))
	// Python reads sources with universal newlines: none of its strings has a carriage return from the file.
	if bytes.IndexByte(source, '\r') >= 0 {
		source = bytes.ReplaceAll(source, []byte("\r\n"), []byte("\n"))
		source = bytes.ReplaceAll(source, []byte("\r"), []byte("\n"))
	}
	tree, err := syntax.Parse(p.ctx, syntax.Python, source, syntax.Limits{Budget: p.nodes})
	if err != nil {
		tree = nil
	}
	p.trees[file] = tree
	return tree
}

// has tells whether there is such a file.
func (p *Project) has(file string) bool {
	_, ok := p.files[file]
	return ok
}

// find is the file of a module of a dotted name below a root: for packages that of __init__.py, for namespace packages none.
func (p *Project) find(root, dotted string) (file, dir string, ok bool) {
	base := path.Join(root, strings.ReplaceAll(dotted, ".", "/"))
	if init := path.Join(base, "__init__.py"); p.has(init) {
		return init, base, true
	}
	if p.has(base + ".py") {
		return base + ".py", "", true
	}
	return "", base, base != "" && p.folders[base]
}

// rootOf is the folder from which the package that a file is in is imported.
func (p *Project) rootOf(file string) string {
	dir := folder(file)
	for dir != "" && p.has(path.Join(dir, "__init__.py")) {
		dir = folder(dir)
	}
	return dir
}

// nameOf is the dotted name of a file's module below a root.
func nameOf(file, root string) string {
	name := strings.TrimPrefix(strings.TrimSuffix(file, ".py"), root)
	name = strings.TrimPrefix(name, "/")
	if name == "__init__" {
		return name
	}
	return strings.ReplaceAll(strings.TrimSuffix(name, "/__init__"), "/", ".")
}

// holders are the folders that hold a top-level module or package, the shallowest first. Folders of packages are left out.
func (p *Project) holders(top string) []string {
	if p.tops == nil {
		p.indexTops()
	}
	return p.tops[top]
}

func (p *Project) indexTops() {
	p.tops = map[string][]string{}
	add := func(name string, dir string) {
		if !p.has(path.Join(dir, "__init__.py")) {
			p.tops[name] = append(p.tops[name], dir)
		}
	}
	for _, file := range p.paths {
		if name := strings.TrimSuffix(path.Base(file), ".py"); name != "__init__" {
			add(name, folder(file))
		}
	}
	for dir := range p.folders {
		if dir != "" {
			add(path.Base(dir), folder(dir))
		}
	}
	for _, dirs := range p.tops {
		sort.Slice(dirs, func(i, j int) bool {
			if a, b := strings.Count(dirs[i], "/"), strings.Count(dirs[j], "/"); a != b {
				return a < b
			}
			return dirs[i] < dirs[j]
		})
	}
}

// folder is the folder that a file or folder is in, empty for the project's.
func folder(file string) string {
	i := strings.LastIndexByte(file, '/')
	if i < 0 {
		return ""
	}
	return file[:i]
}

// list is what a folder has in it, sorted, and whether it is a folder.
func (p *Project) list(dir string) ([]string, bool) {
	if p.all == nil {
		p.indexAll()
	}
	names, ok := p.all[dir]
	return names, ok
}

func (p *Project) indexAll() {
	p.all = map[string][]string{"": nil}
	seen := map[string]bool{}
	for file := range p.files {
		for at := file; at != "" && !seen[at]; at = folder(at) {
			seen[at] = true
			dir := folder(at)
			p.all[dir] = append(p.all[dir], path.Base(at))
		}
	}
	for _, names := range p.all {
		sort.Strings(names)
	}
}
