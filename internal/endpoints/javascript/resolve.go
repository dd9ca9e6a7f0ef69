package javascript

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
)

// extensions in the order in which they are tried.
var extensions = []string{".js", ".ts", ".tsx", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".json"}

var typeScriptFirst = []string{".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"}

// Resolve returns the file that a module names with an import, or nothing.
func (p *Project) Resolve(from, name string) string {
	key := [2]string{path.Dir(from) + path.Ext(from), name}
	if file, ok := p.resolved[key]; ok {
		return file
	}
	file := p.resolve(from, name)
	if len(p.resolved) < maxItems {
		p.resolved[key] = file
	}
	return file
}

func (p *Project) resolve(from, name string) string {
	name, _, _ = strings.Cut(name, "?")
	if name == "" || len(name) > 1024 {
		return ""
	}
	order := extensions
	if strings.HasSuffix(path.Ext(from), "ts") || strings.HasSuffix(path.Ext(from), "tsx") {
		order = typeScriptFirst
	}
	dir := path.Dir(from)
	if name == "." || name == ".." || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") {
		return p.file(path.Join(dir, name), order, strings.HasSuffix(name, "/"))
	}
	if strings.HasPrefix(name, "/") {
		return p.file(strings.TrimPrefix(name, "/"), order, false)
	}
	if strings.HasPrefix(name, "#") {
		if file := p.subpathImport(from, name); file != "" {
			return file
		}
	}
	if file := p.mapped(dir, name, order); file != "" {
		return file
	}
	if file := p.aliased(name, order); file != "" {
		return file
	}
	if file := p.workspace(name, order); file != "" {
		return file
	}
	return p.bare(from, name, order)
}

// file finds a module at a path: the file, with an ending, or the folder's main module.
func (p *Project) file(target string, order []string, folder bool) string {
	if !folder {
		if file := p.exact(target, order); file != "" {
			return file
		}
	}
	if _, ok := p.dirs[target]; !ok {
		return ""
	}
	if pkg := p.packages[target]; pkg != nil && target != "." {
		if file := p.packageMain(pkg, order); file != "" {
			return file
		}
	}
	return p.exact(path.Join(target, "index"), order)
}

func (p *Project) exact(target string, order []string) string {
	if _, ok := p.files[target]; ok {
		return target
	}
	for _, extension := range order {
		if _, ok := p.files[target+extension]; ok && !strings.HasSuffix(target+extension, ".d.ts") {
			return target + extension
		}
	}
	// The names of what TypeScript compiles to mean its sources.
	extension := path.Ext(target)
	stem := strings.TrimSuffix(target, extension)
	var sources []string
	switch extension {
	case ".js":
		sources = []string{".ts", ".tsx", ".jsx", ".mjs"}
	case ".jsx":
		sources = []string{".tsx"}
	case ".mjs":
		sources = []string{".mts", ".ts"}
	case ".cjs":
		sources = []string{".cts", ".ts"}
	}
	for _, source := range sources {
		if _, ok := p.files[stem+source]; ok {
			return stem + source
		}
	}
	return ""
}

// outputs are folders that compilers write to, and sources those that they read.
var (
	outputs = []string{"dist", "build", "lib", "out", "output", ".build", "bin", "compiled", "public"}
	sources = []string{"src", ".", "source", "app", "server", "lib"}
)

// Source finds the module that a path in a package means, which may be what a compiler makes of it.
func (p *Project) Source(pkg *Package, target string) string {
	target = path.Clean(strings.TrimPrefix(target, "./"))
	if file := p.file(path.Join(pkg.Dir, target), extensions, false); file != "" {
		return file
	}
	first, rest, found := strings.Cut(target, "/")
	if !found {
		if !slices.Contains(outputs, target) {
			return ""
		}
		first, rest = target, "index"
	}
	config := p.config(pkg.Dir)
	if config != nil && config.rootDir != "" && (config.outDir == path.Join(pkg.Dir, first) || slices.Contains(outputs, first)) {
		if file := p.file(path.Join(config.rootDir, rest), typeScriptFirst, false); file != "" {
			return file
		}
	}
	if !slices.Contains(outputs, first) && (config == nil || config.outDir != path.Join(pkg.Dir, first)) {
		return ""
	}
	for {
		for _, source := range sources {
			if file := p.file(path.Join(pkg.Dir, source, rest), typeScriptFirst, false); file != "" {
				return file
			}
		}
		// dist/apps/api/main.js is apps/api/src/main.ts in some layouts, dist/cjs/index.js is src/index.ts.
		if dir, base := path.Split(rest); dir != "" {
			if file := p.file(path.Join(pkg.Dir, dir, "src", base), typeScriptFirst, false); file != "" {
				return file
			}
		}
		if _, rest, found = strings.Cut(rest, "/"); !found {
			return ""
		}
	}
}

func (p *Project) packageMain(pkg *Package, order []string) string {
	candidates := append(exportTargets(pkg.Exports, 0), pkg.Source, pkg.Module, pkg.Main)
	for _, candidate := range candidates {
		if candidate == "" || strings.HasSuffix(candidate, ".d.ts") {
			continue
		}
		if file := p.Source(pkg, candidate); file != "" {
			return file
		}
	}
	for _, candidate := range []string{"index", "src/index"} {
		if file := p.exact(path.Join(pkg.Dir, candidate), order); file != "" {
			return file
		}
	}
	return ""
}

// exportTargets are the files that the root of a package's exports names, in order.
func exportTargets(raw json.RawMessage, depth int) []string {
	if len(raw) == 0 || depth > 8 {
		return nil
	}
	if list := stringOrList(raw); list != nil {
		return list
	}
	var conditions map[string]json.RawMessage
	if json.Unmarshal(raw, &conditions) != nil {
		return nil
	}
	var targets []string
	for _, key := range []string{".", "source", "development", "import", "node", "require", "default"} {
		targets = append(targets, exportTargets(conditions[key], depth+1)...)
	}
	return targets
}

// subpathImport resolves names that begin with # by package.json's imports.
func (p *Project) subpathImport(from, name string) string {
	pkg := p.PackageOf(from)
	if pkg == nil {
		return ""
	}
	for _, key := range sortedKeys(pkg.Imports) {
		rest, ok := matchStar(key, name)
		if !ok {
			continue
		}
		for _, target := range exportTargets(pkg.Imports[key], 0) {
			target = strings.ReplaceAll(target, "*", rest)
			if file := p.Source(pkg, target); file != "" {
				return file
			}
		}
	}
	return ""
}

// matchStar matches a name with a pattern that may have one star, and returns what the star stands for.
func matchStar(pattern, name string) (string, bool) {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return "", pattern == name
	}
	if len(name) < len(before)+len(after) || !strings.HasPrefix(name, before) || !strings.HasSuffix(name, after) {
		return "", false
	}
	return name[len(before) : len(name)-len(after)], true
}

// sortedKeys has the longest, that is, the most particular, first.
func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return keys
}

// mapped resolves by the paths and the base of TypeScript's settings.
func (p *Project) mapped(dir, name string, order []string) string {
	config := p.config(dir)
	if config == nil {
		return ""
	}
	base := config.pathsDir
	if config.hasBase {
		base = config.baseURL
	}
	for _, pattern := range sortedKeys(config.paths) {
		rest, ok := matchStar(pattern, name)
		if !ok {
			continue
		}
		for _, target := range config.paths[pattern] {
			if file := p.file(path.Join(base, strings.Replace(target, "*", rest, 1)), order, false); file != "" {
				return file
			}
		}
	}
	if config.hasBase && !p.isDependency(dir, name) {
		return p.file(path.Join(config.baseURL, name), order, false)
	}
	return ""
}

// isDependency reports whether a name is one of a package that package.json installs.
func (p *Project) isDependency(dir, name string) bool {
	pkg := p.PackageOf(path.Join(dir, "x"))
	if pkg == nil {
		return false
	}
	first, rest, _ := strings.Cut(name, "/")
	second, _, _ := strings.Cut(rest, "/")
	return pkg.Dependencies[first] != "" || pkg.DevDependencies[first] != "" || pkg.Dependencies[first+"/"+second] != ""
}

func (p *Project) aliased(name string, order []string) string {
	for _, a := range p.aliases {
		rest, ok := strings.CutPrefix(name, a.name)
		if !ok || (rest != "" && rest[0] != '/' && !strings.HasSuffix(a.name, "/")) {
			continue
		}
		if file := p.file(path.Join(a.target, rest), order, false); file != "" {
			return file
		}
		// An alias of compiled files means their sources.
		for _, pkg := range p.Packages() {
			if inside, ok := strings.CutPrefix(path.Join(a.target, rest), strings.TrimPrefix(pkg.Dir+"/", "./")); ok {
				if file := p.Source(pkg, inside); file != "" {
					return file
				}
			}
		}
	}
	return ""
}

// workspace resolves the names of the project's own packages.
func (p *Project) workspace(name string, order []string) string {
	parts := 1
	if strings.HasPrefix(name, "@") {
		parts = 2
	}
	split := strings.SplitN(name, "/", parts+1)
	pkg := p.byName[strings.Join(split[:min(parts, len(split))], "/")]
	if pkg == nil {
		return ""
	}
	if len(split) <= parts {
		return p.packageMain(pkg, order)
	}
	rest := split[parts]
	var exports map[string]json.RawMessage
	if json.Unmarshal(pkg.Exports, &exports) == nil {
		for _, key := range sortedKeys(exports) {
			star, ok := matchStar(key, "./"+rest)
			if !ok {
				continue
			}
			for _, target := range exportTargets(exports[key], 0) {
				if file := p.Source(pkg, strings.ReplaceAll(target, "*", star)); file != "" {
					return file
				}
			}
		}
	}
	if file := p.Source(pkg, rest); file != "" {
		return file
	}
	return p.file(path.Join(pkg.Dir, "src", rest), order, false)
}

// bare resolves names that are neither relative nor a package's: some projects run with NODE_PATH, or a bundler's
// roots. What is a dependency, or a name without a folder, is not looked for.
func (p *Project) bare(from, name string, order []string) string {
	for _, dir := range p.extra {
		if file := p.file(path.Join(dir, name), order, false); file != "" {
			return file
		}
	}
	pkg := p.PackageOf(from)
	first, rest, found := strings.Cut(name, "/")
	if !found {
		return ""
	}
	if p.isDependency(path.Dir(from), name) {
		return ""
	}
	dir := "."
	if pkg != nil {
		dir = pkg.Dir
	}
	if first == "@" || first == "~" {
		if file := p.file(path.Join(dir, "src", rest), order, false); file != "" {
			return file
		}
		return p.file(path.Join(dir, rest), order, false)
	}
	if strings.HasPrefix(first, "@") || strings.HasPrefix(first, "~") {
		for _, base := range []string{"src", "."} {
			if file := p.file(path.Join(dir, base, first[1:], rest), order, false); file != "" {
				return file
			}
		}
		return ""
	}
	for _, base := range []string{".", "src"} {
		if file := p.file(path.Join(dir, base, name), order, false); file != "" {
			return file
		}
	}
	return ""
}
