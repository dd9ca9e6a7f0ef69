package javascript

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// Project is the files of a project and what its settings say about how modules find each other.
type Project struct {
	files    map[string][]byte
	dirs     map[string][]string
	names    []string
	packages map[string]*Package
	// byName are the packages of the project by their name.
	byName   map[string]*Package
	configs  map[string]*tsConfig
	trees    map[string]*syntax.Tree
	nodes    *syntax.Budget
	resolved map[[2]string]string
	// aliases are names of module-alias, with the folder or file that each stands for.
	aliases []alias
	// extra are folders that modules are looked for in, as NODE_PATH has them.
	extra []string
}

type alias struct{ name, target string }

// Package is a package.json.
type Package struct {
	// Dir is its folder, "." for the project's.
	Dir             string
	Name            string                     `json:"name"`
	Main            string                     `json:"main"`
	Module          string                     `json:"module"`
	Source          string                     `json:"source"`
	Type            string                     `json:"type"`
	Exports         json.RawMessage            `json:"exports"`
	Imports         map[string]json.RawMessage `json:"imports"`
	Scripts         map[string]string          `json:"-"`
	RawScripts      map[string]json.RawMessage `json:"scripts"`
	Aliases         map[string]string          `json:"_moduleAliases"`
	Dependencies    map[string]string          `json:"dependencies"`
	DevDependencies map[string]string          `json:"devDependencies"`
}

// skipped are folders whose files are not the project's own.
var skipped = []string{"node_modules", ".git", "bower_components", ".next", ".yarn"}

// NewProject reads a project's settings. Paths are relative, with slashes.
func NewProject(files map[string][]byte) *Project {
	p := &Project{
		files: map[string][]byte{}, dirs: map[string][]string{}, packages: map[string]*Package{}, byName: map[string]*Package{},
		configs: map[string]*tsConfig{}, trees: map[string]*syntax.Tree{}, nodes: syntax.NewBudget(syntax.ProjectNodes), resolved: map[[2]string]string{},
	}
	for name, content := range files {
		name = path.Clean(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
		if slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return slices.Contains(skipped, part) }) {
			continue
		}
		p.files[name] = content
		p.names = append(p.names, name)
	}
	slices.Sort(p.names)
	for _, name := range p.names {
		p.addToDirs(name)
		if path.Base(name) == "package.json" {
			p.addPackage(name)
		}
	}
	return p
}

func (p *Project) addToDirs(name string) {
	for name != "." {
		dir := path.Dir(name)
		entries, there := p.dirs[dir]
		p.dirs[dir] = append(entries, path.Base(name))
		if there {
			return
		}
		name = dir
	}
}

// maxConfig bounds settings files, in bytes.
const maxConfig = 1 << 20

func (p *Project) addPackage(name string) {
	content := p.files[name]
	pkg := &Package{Dir: path.Dir(name), Scripts: map[string]string{}}
	if len(content) > maxConfig {
		return
	}
	if err := json.Unmarshal(withoutComments(content), pkg); err != nil && pkg.Name == "" && pkg.Main == "" && pkg.RawScripts == nil {
		// A broken package.json still marks a package's folder.
		pkg.Name = ""
	}
	for key, raw := range pkg.RawScripts {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			pkg.Scripts[key] = text
		}
	}
	p.packages[pkg.Dir] = pkg
	if pkg.Name != "" && p.byName[pkg.Name] == nil {
		p.byName[pkg.Name] = pkg
	}
	for key, target := range pkg.Aliases {
		p.addAlias(key, path.Join(pkg.Dir, target))
	}
}

func (p *Project) addAlias(name, target string) {
	if len(p.aliases) < maxItems {
		p.aliases = append(p.aliases, alias{name: name, target: target})
		clear(p.resolved)
	}
}

// Files are the paths of the files, sorted.
func (p *Project) Files() []string { return p.names }

// Content is a file's content, or nil.
func (p *Project) Content(name string) []byte { return p.files[name] }

// Packages are the packages, by their folders' order.
func (p *Project) Packages() []*Package {
	packages := make([]*Package, 0, len(p.packages))
	for _, pkg := range p.packages {
		packages = append(packages, pkg)
	}
	slices.SortFunc(packages, func(a, b *Package) int { return strings.Compare(a.Dir, b.Dir) })
	return packages
}

// PackageOf is the package that a file belongs to, or nil.
func (p *Project) PackageOf(file string) *Package {
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		if pkg := p.packages[dir]; pkg != nil {
			return pkg
		}
		if dir == "." || dir == "/" {
			return nil
		}
	}
}

func (p *Project) packageDir(file string) string {
	if pkg := p.PackageOf(file); pkg != nil {
		return pkg.Dir
	}
	return "."
}

// tree is a file's syntax, or nil when there is none.
func (p *Project) tree(ctx context.Context, file string) *syntax.Tree {
	if tree, ok := p.trees[file]; ok {
		return tree
	}
	language := syntax.LanguageOf(file)
	content, ok := p.files[file]
	if !ok {
		return nil
	}
	if language == 0 {
		if path.Ext(file) != "" {
			return nil
		}
		language = syntax.JavaScript
	}
	tree, err := syntax.Parse(ctx, language, content, syntax.Limits{Budget: p.nodes})
	if err != nil {
		tree = nil
	}
	p.trees[file] = tree
	return tree
}

// Tree is a file's syntax, or nil when it is none of the languages or cannot be read.
func (p *Project) Tree(ctx context.Context, file string) *syntax.Tree { return p.tree(ctx, file) }

// tsConfig is what a tsconfig.json says about modules.
type tsConfig struct {
	baseURL string
	hasBase bool
	// pathsDir is the folder that paths are relative to.
	pathsDir string
	paths    map[string][]string
	rootDir  string
	outDir   string
}

// maxExtends bounds chains of settings that extend others.
const maxExtends = 8

// config is what holds for the modules of a folder.
func (p *Project) config(dir string) *tsConfig {
	if config, ok := p.configs[dir]; ok {
		return config
	}
	var config *tsConfig
	for _, name := range []string{"tsconfig.json", "jsconfig.json", "tsconfig.base.json", "tsconfig.build.json"} {
		file := path.Join(dir, name)
		if _, ok := p.files[file]; ok {
			config = p.readConfig(file, 0)
			break
		}
	}
	if config == nil && dir != "." && dir != "/" {
		config = p.config(path.Dir(dir))
	}
	p.configs[dir] = config
	return config
}

func (p *Project) readConfig(file string, depth int) *tsConfig {
	config := &tsConfig{}
	content := p.files[file]
	if content == nil || len(content) > maxConfig || depth > maxExtends {
		return config
	}
	var raw struct {
		Extends         json.RawMessage `json:"extends"`
		CompilerOptions struct {
			BaseURL *string             `json:"baseUrl"`
			Paths   map[string][]string `json:"paths"`
			RootDir *string             `json:"rootDir"`
			OutDir  *string             `json:"outDir"`
		} `json:"compilerOptions"`
	}
	// What could be read before an error counts.
	_ = json.Unmarshal(withoutComments(content), &raw)
	dir := path.Dir(file)
	for _, base := range stringOrList(raw.Extends) {
		if !strings.HasPrefix(base, ".") && !strings.HasPrefix(base, "/") {
			continue
		}
		target := path.Join(dir, base)
		if p.files[target] == nil {
			target += ".json"
		}
		config = p.readConfig(target, depth+1)
	}
	if raw.CompilerOptions.BaseURL != nil {
		config.baseURL, config.hasBase = path.Join(dir, *raw.CompilerOptions.BaseURL), true
	}
	if raw.CompilerOptions.Paths != nil {
		config.paths, config.pathsDir = raw.CompilerOptions.Paths, dir
	}
	if raw.CompilerOptions.RootDir != nil {
		config.rootDir = path.Join(dir, *raw.CompilerOptions.RootDir)
	}
	if raw.CompilerOptions.OutDir != nil {
		config.outDir = path.Join(dir, *raw.CompilerOptions.OutDir)
	}
	return config
}

func stringOrList(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// withoutComments takes comments and commas before closing brackets out of JSON.
func withoutComments(content []byte) []byte {
	out := make([]byte, 0, len(content))
	for i := 0; i < len(content); i++ {
		switch c := content[i]; {
		case c == '"':
			start := i
			for i++; i < len(content) && content[i] != '"'; i++ {
				if content[i] == '\\' {
					i++
				}
			}
			out = append(out, content[start:min(i+1, len(content))]...)
		case c == '/' && i+1 < len(content) && content[i+1] == '/':
			for i < len(content) && content[i] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(content) && content[i+1] == '*':
			for i += 2; i+1 < len(content) && (content[i] != '*' || content[i+1] != '/'); i++ {
			}
			i++
		case c == '}' || c == ']':
			for len(out) > 0 && strings.ContainsRune(" \t\r\n", rune(out[len(out)-1])) {
				out = out[:len(out)-1]
			}
			if len(out) > 0 && out[len(out)-1] == ',' {
				out = out[:len(out)-1]
			}
			out = append(out, c)
		default:
			out = append(out, c)
		}
	}
	return []byte(strings.TrimPrefix(string(out), "\ufeff"))
}
