package flask

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// entryNames are the files that applications are served from, best first: those that put an application together come before those that
// may only make it.
var entryNames = []string{
	"wsgi.py", "asgi.py", "autoapp.py", "run.py", "main.py", "manage.py", "server.py", "start.py", "serve.py", "run_server.py", "runserver.py",
	"app.py", "application.py", "api.py", "index.py", "flask_app.py", "web.py", "backend.py", "__init__.py", "factory.py",
}

// notServed are folders that hold no application, or none that is served.
var notServed = map[string]bool{
	"tests": true, "test": true, "testing": true, "docs": true, "doc": true, "examples": true, "example": true, "node_modules": true, "venv": true, ".venv": true,
	"env": true, "migrations": true, "alembic": true, "site-packages": true, "__pycache__": true, "fixtures": true,
}

// entry is a file that an application may be served from.
type entry struct {
	file string
	// rank orders the entries of one folder.
	rank int
	// names says that a file of the project (Procfile, .flaskenv, Dockerfile) names it.
	named bool
}

// entries are the files to begin with: those that the project names, then by folder, from the project's own on, then by rank.
func entries(project *python.Project, named map[string]bool) []entry {
	var found []entry
	for _, file := range project.Files() {
		if !served(file) {
			continue
		}
		rank := slices.Index(entryNames, path.Base(file))
		if rank < 0 {
			if !named[file] && !makesApplication(project.Source(file)) {
				continue
			}
			rank = len(entryNames)
		}
		found = append(found, entry{file: file, rank: rank, named: named[file]})
	}
	sort.SliceStable(found, func(i, j int) bool {
		a, b := found[i], found[j]
		if a.named != b.named {
			return a.named
		}
		if depthA, depthB := strings.Count(a.file, "/"), strings.Count(b.file, "/"); depthA != depthB {
			return depthA < depthB
		}
		if folderA, folderB := path.Dir(a.file), path.Dir(b.file); folderA != folderB {
			return folderA < folderB
		}
		return a.rank < b.rank
	})
	return found
}

func served(file string) bool {
	base := path.Base(file)
	if strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test.py") || base == "conftest.py" || base == "setup.py" {
		return false
	}
	for _, folder := range strings.Split(path.Dir(file), "/") {
		if notServed[folder] || strings.HasPrefix(folder, ".") && folder != "." {
			return false
		}
	}
	return true
}

func makesApplication(source []byte) bool {
	for _, maker := range []string{"Flask(", "APIFlask(", "OpenAPI(", "Quart("} {
		if bytes.Contains(source, []byte(maker)) {
			return true
		}
	}
	return false
}

var (
	flaskApp = regexp.MustCompile(`FLASK_APP["']?\s*[=:\s]\s*["']?([\w./-]+)`)
	servers  = regexp.MustCompile(`(?:gunicorn|waitress-serve|hypercorn|uvicorn|uwsgi)\b[^\n]*?[\s"',]([A-Za-z_][\w.]*):[A-Za-z_]\w*`)
	pythons  = regexp.MustCompile(`(?m)(?:^|[\s"'\[])python3?["',\s]+([\w./-]+\.py)`)
)

// serverFiles are the files that say how a project is served.
var serverFiles = []string{".flaskenv", "Procfile", ".env", "Dockerfile", "docker-compose.yml", "docker-compose.yaml"}

// namedEntries are the Python files that the project's own settings of servers name, in the outer folders that have any.
func namedEntries(project *python.Project) map[string]bool {
	folders := map[string]bool{".": true}
	for _, file := range project.Files() {
		if parts := strings.Split(file, "/"); len(parts) > 1 && served(file) {
			folders[parts[0]] = true
		}
	}
	named := map[string]bool{}
	for folder := range folders {
		for _, name := range serverFiles {
			source := project.Source(path.Join(folder, name))
			source = source[:min(len(source), maxServerFile)]
			for _, expression := range []*regexp.Regexp{flaskApp, servers, pythons} {
				for _, match := range expression.FindAllSubmatch(source, -1) {
					nameEntry(project, named, moduleFiles(folder, string(match[1])))
				}
			}
		}
	}
	return named
}

// nameEntry takes the first file that is there.
func nameEntry(project *python.Project, named map[string]bool, candidates []string) {
	for _, candidate := range candidates {
		if _, there := slices.BinarySearch(project.Files(), candidate); there && served(candidate) {
			named[candidate] = true
			return
		}
	}
}

// maxServerFile is how many bytes of a server's settings are looked at.
const maxServerFile = 64 << 10

// moduleFiles are where the module of a name or of a path may be.
func moduleFiles(folder, name string) []string {
	relative := strings.TrimPrefix(name, "./")
	if strings.HasSuffix(relative, ".py") {
		return []string{path.Join(folder, relative), path.Join(relative)}
	}
	relative = strings.ReplaceAll(relative, ".", "/")
	var all []string
	for _, root := range []string{folder, ".", path.Join(folder, "src"), path.Join(folder, "backend")} {
		all = append(all, path.Join(root, relative+".py"), path.Join(root, relative, "__init__.py"))
	}
	return all
}
