// Package express finds the routes of Express applications: it runs their modules abstractly, with a model in the place
// of Express, and walks what the applications have been given.
package express

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	js "github.com/codebegen/preview-operator/internal/endpoints/javascript"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// maxEntriesRun bounds how many modules are tried as a program's first.
const maxEntriesRun = 60

// totalSteps bounds what all of them do together: about a second.
const totalSteps = 6_000_000

// Resolve finds the routes of a project's applications. Paths of files are relative to the project, with slashes.
func Resolve(ctx context.Context, files map[string][]byte) route.Found {
	r := &resolver{ctx: ctx, project: js.NewProject(files), seen: map[string]bool{}, steps: totalSteps, loaded: map[string]bool{}}
	r.docs = &documents{ctx: ctx, project: r.project}
	r.packages()
	if r.found.Routes == nil {
		r.leftovers(nil)
	}
	return r.found
}

type resolver struct {
	ctx     context.Context
	project *js.Project
	docs    *documents
	found   route.Found
	seen    map[string]bool
	// loaded are the modules of applications that were found.
	loaded map[string]bool
	steps  int
	runs   int
}

// packages runs the program of each package that mentions Express.
func (r *resolver) packages() {
	packages := r.project.Packages()
	if !slices.ContainsFunc(packages, func(p *js.Package) bool { return p.Dir == "." }) {
		packages = append([]*js.Package{{Dir: "."}}, packages...)
	}
	for _, pkg := range packages {
		files := r.filesOf(pkg)
		if isAside(pkg.Dir+"/") || !r.mentions(files) {
			continue
		}
		if !r.program(pkg) {
			r.leftovers(files)
		}
	}
}

// filesOf are the modules that belong to a package, and to none inside of it.
func (r *resolver) filesOf(pkg *js.Package) []string {
	var files []string
	for _, file := range r.project.Files() {
		if syntax.LanguageOf(file) < syntax.JavaScript && path.Ext(file) != "" {
			continue
		}
		owner := r.project.PackageOf(file)
		if owner == pkg || (owner == nil && pkg.Dir == ".") || (owner != nil && owner.Dir == pkg.Dir) {
			files = append(files, file)
		}
	}
	return files
}

var mentionsExpress = regexp.MustCompile("[\"'`](?:express|ultimate-express|@awaitjs/express|express-[\\w-]+)[\"'`/]")

func (r *resolver) mentions(files []string) bool {
	return slices.ContainsFunc(files, func(file string) bool { return mentionsExpress.Match(r.project.Content(file)) })
}

// program runs the first of a package's candidates that has an application; false when there is none.
func (r *resolver) program(pkg *js.Package) bool {
	for _, candidate := range candidates(r.project, pkg) {
		if r.loaded[candidate] {
			return true
		}
		if r.run(candidate) {
			return true
		}
	}
	return false
}

// run runs a module as a program; false when it serves nothing.
func (r *resolver) run(file string) bool {
	if r.runs >= maxEntriesRun || r.steps <= 0 || r.ctx.Err() != nil {
		return false
	}
	r.runs++
	m := newModel()
	in := js.New(r.ctx, r.project, m.libraryFor(), js.Limits{Steps: min(r.steps, totalSteps/2)})
	in.Entry(file)
	r.steps -= in.Steps()
	w := &walker{in: in, docs: r.docs, version: r.version(file), seen: r.seen}
	for _, root := range m.roots(in.Exported(file)) {
		w.walk(root, "", nil)
	}
	if len(w.rows) == 0 {
		for _, d := range in.Diagnostics() {
			if d.Code == "framework" || d.Code == "prefix" || d.Code == "path" {
				r.found.Diagnostics = append(r.found.Diagnostics, d)
			}
		}
		return false
	}
	for _, loaded := range in.Loaded() {
		r.loaded[loaded] = true
	}
	r.found.Routes = append(r.found.Routes, w.rows...)
	r.found.Diagnostics = append(r.found.Diagnostics, in.Diagnostics()...)
	return true
}

// version is Express's major version, as the package.json of a module asks.
func (r *resolver) version(file string) int {
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		if pkg := r.project.PackageOf(path.Join(dir, "x")); pkg != nil {
			asked := pkg.Dependencies["express"]
			if asked == "" {
				asked = pkg.DevDependencies["express"]
			}
			major, _, _ := strings.Cut(asked, ".")
			if asked != "" && strings.Contains(major, "5") {
				return 5
			}
			if asked != "" {
				return 4
			}
			dir = pkg.Dir
		}
		if dir == "." || dir == "/" {
			return 4
		}
	}
}

// aside are folders whose modules are no programs of the project's.
var aside = regexp.MustCompile(`(^|/)(tests?|__tests__|__mocks__|specs?|e2e|examples?|docs?|fixtures|mocks?|samples?|node_modules|migrations|seeders|cypress|coverage)/`)

func isAside(file string) bool { return aside.MatchString(file) }

var makesApplication = regexp.MustCompile(`\bexpress\s*(?:\.\s*default\s*)?\(\s*\)|\bexpress\s+as\b|Express\(\)`)

// leftovers runs the modules that make an application and that no other one has loaded: all files' without files.
func (r *resolver) leftovers(files []string) {
	if files == nil {
		files = r.project.Files()
	}
	for _, file := range files {
		if r.loaded[file] || isAside(file) || strings.Contains(path.Base(file), ".test.") || strings.Contains(path.Base(file), ".spec.") {
			continue
		}
		if syntax.LanguageOf(file) >= syntax.JavaScript && makesApplication.Match(r.project.Content(file)) {
			r.run(file)
		}
	}
}

// usualNames of a program's first module.
var usualNames = []string{
	"index", "server", "app", "main", "src/index", "src/server", "src/main", "src/app", "bin/www", "server/index", "server/server", "server/app",
	"backend/index", "backend/server", "backend/app", "backend/src/index", "backend/src/server", "api/index", "src/bin/www", "src/api/index", "src/www", "lib/index", "lib/server",
	"lib/app", "src/index.server", "bin/server", "src/bin/server",
}

var word = regexp.MustCompile(`^[\w./@-]+$`)

// candidates are the modules that a package's program may begin with: what its scripts run, its main module, usual names.
func candidates(p *js.Project, pkg *js.Package) []string {
	var found []string
	add := func(name string) {
		if name == "" || name == "." || name == "./" || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "/") {
			return
		}
		file := p.Source(pkg, name)
		if file == "" || slices.Contains(found, file) || strings.HasSuffix(file, ".json") {
			return
		}
		if syntax.LanguageOf(file) >= syntax.JavaScript || path.Ext(file) == "" {
			found = append(found, file)
		}
	}
	for _, script := range []string{"start", "start:prod", "serve", "dev", "start:dev", "develop", "server", "start:server", "prod"} {
		for _, name := range scriptWords(pkg, script, 0) {
			add(name)
		}
	}
	add(pkg.Main)
	add(pkg.Source)
	for _, name := range usualNames {
		add(name)
	}
	return found
}

// maxScripts bounds scripts that run others.
const maxScripts = 4

// scriptWords are the words of a script that may be files, with those of the scripts that it runs.
func scriptWords(pkg *js.Package, script string, depth int) []string {
	text := pkg.Scripts[script]
	if depth > maxScripts || len(text) > 4096 {
		return nil
	}
	fields := strings.Fields(strings.NewReplacer(`"`, " ", "'", " ", ";", " ; ", `\`, "").Replace(text))
	var files, bare []string
	for i, field := range fields {
		if name, ok := strings.CutPrefix(field, "npm:"); ok {
			files = append(files, scriptWords(pkg, name, depth+1)...)
		}
		if i > 0 && (fields[i-1] == "run" || fields[i-1] == "yarn" || fields[i-1] == "pnpm") && pkg.Scripts[field] != "" && field != script {
			files = append(files, scriptWords(pkg, field, depth+1)...)
			continue
		}
		if i > 0 && skipsNext(fields[i-1]) || !word.MatchString(field) {
			continue
		}
		if strings.ContainsAny(field, "./") {
			files = append(files, field)
		} else if i > 0 && runs(fields[i-1]) {
			bare = append(bare, field)
		}
	}
	return append(files, bare...)
}

// skipsNext tells options whose value is a file that is not run, or that runs before.
func skipsNext(field string) bool {
	switch field {
	case "-r", "--require", "--watch", "-w", "--import", "--loader", "-p", "--project", "--config", "-c", "--ignore", "-i", "--env-file", "--out-dir", "-d", "rimraf", "rm", "-rf", "cp", "mkdir":
		return true
	}
	return false
}

func runs(field string) bool {
	switch path.Base(field) {
	case "node", "nodemon", "ts-node", "tsx", "ts-node-dev", "tsnd", "babel-node", "bun", "start", "run", "watch", "node-dev", "--exec":
		return true
	}
	_, err := strconv.Atoi(field)
	return err == nil || strings.HasPrefix(field, "--")
}
