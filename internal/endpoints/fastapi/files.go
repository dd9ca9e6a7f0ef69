package fastapi

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// others are folders that hold no application of the project.
var others = map[string]bool{
	"test": true, "tests": true, "testing": true, "docs": true, "doc": true, "docs_src": true, "example": true, "examples": true, "samples": true,
	"node_modules": true, "venv": true, ".venv": true, "env": true, "migrations": true, "alembic": true, "site-packages": true,
	"benchmarks": true, "benchmark": true, "notebooks": true, "templates": true, "__pycache__": true, "e2e": true,
}

// leftOut tells whether a file is in a folder that holds no application.
func leftOut(file string) bool {
	dir, name := path.Split(file)
	for part := range strings.SplitSeq(dir, "/") {
		if others[part] || strings.HasPrefix(part, ".") && len(part) > 1 {
			return true
		}
	}
	return strings.HasPrefix(name, "test_") || strings.HasSuffix(name, "_test.py") || name == "conftest.py" || name == "setup.py"
}

// usualFiles are where applications usually are, best first.
var usualFiles = []string{
	"main", "asgi", "app", "server", "api", "application", "run", "index", "wsgi", "start", "web", "__main__", "__init__",
}

// files are those which an application may be in, best first.
func files(project *python.Project) []string {
	var found []string
	for _, file := range project.Files() {
		source := project.Source(file)
		if !leftOut(file) && bytes.Contains(source, []byte("FastAPI")) {
			found = append(found, file)
		}
	}
	if len(found) == 0 {
		return nil
	}
	// A module can take its application from another one, and add to it: main.py before app.py.
	for _, file := range project.Files() {
		if rank(file) < len(usualFiles) && !leftOut(file) && !slices.Contains(found, file) && uses.Match(project.Source(file)) {
			found = append(found, file)
		}
	}
	slices.SortStableFunc(found, compareFiles)
	return found
}

// uses is how a module looks that serves or makes an application which another one defines.
var uses = regexp.MustCompile(`(?m)uvicorn|include_router|(?:create|get|make|build)_app|create_application|^(?:app|application|api|server)\b.*=|\bimport\b.*\bapp\b`)

func compareFiles(a, b string) int {
	// The folder counts more than the name, except for folders that only wrap the sources.
	if d := depth(a) - depth(b); d != 0 {
		return d
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// wrappers are folders that usually hold the application itself.
var wrappers = map[string]bool{"src": true, "app": true, "backend": true, "server": true, "api": true, "application": true, "service": true}

func depth(file string) int {
	deep := 0
	for part := range strings.SplitSeq(path.Dir(file), "/") {
		if part != "." && !wrappers[part] {
			deep += 2
		}
	}
	if path.Base(file) == "__init__.py" {
		deep++
	}
	if rank(file) == len(usualFiles) {
		// An unusual name at the top comes after a usual one in a folder.
		deep += 3
	}
	return deep
}

func rank(file string) int {
	name := strings.TrimSuffix(path.Base(file), ".py")
	if i := slices.Index(usualFiles, name); i >= 0 {
		return i
	}
	return len(usualFiles)
}

// hint is an application that a file names: how it is started.
type hint struct{ module, attr, from string }

// hintFiles say how an application is started, best first.
var hintFiles = []string{
	"Dockerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", "Procfile", "render.yaml", "fly.toml", "railway.json",
	"railway.toml", "vercel.json", "app.yaml", "start.sh", "run.sh", "entrypoint.sh", "docker-entrypoint.sh", "scripts/start.sh", "scripts/run.sh",
	"Makefile", "pyproject.toml", "package.json", "README.md", "readme.md",
}

var (
	served  = regexp.MustCompile(`(?:uvicorn|gunicorn|hypercorn|granian)\b[^\n]*?\b([A-Za-z_][A-Za-z0-9_.]*):([A-Za-z_][A-Za-z0-9_]*)\b`)
	started = regexp.MustCompile(`fastapi["', ]+(?:run|dev)["', ]+([A-Za-z0-9_./-]+\.py)\b`)
	runs    = regexp.MustCompile(`(?s)\brun\(\s*(?:app\s*=\s*)?f?["']([A-Za-z_][A-Za-z0-9_.]*):([A-Za-z_][A-Za-z0-9_]*)["']`)
)

const (
	// maxHints bounds what is tried, maxHintBytes what is read of one file.
	maxHints     = 16
	maxHintBytes = 64 << 10
)

// hintsOf reads how the applications are started, in the folders that hold them.
func hintsOf(project *python.Project, candidates []string) []hint {
	var found []hint
	add := func(next hint) {
		if len(found) < maxHints && !slices.Contains(found, next) {
			found = append(found, next)
		}
	}
	for _, dir := range folders(candidates) {
		for _, name := range hintFiles {
			from := path.Join(dir, name)
			text := project.Source(from)
			text = text[:min(len(text), maxHintBytes)]
			for _, match := range served.FindAllSubmatch(text, maxHints) {
				add(hint{strings.TrimPrefix(string(match[1]), "."), string(match[2]), from})
			}
			for _, match := range started.FindAllSubmatch(text, maxHints) {
				module := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSuffix(string(match[1]), ".py"), "./"), "/", ".")
				add(hint{module, "", from})
			}
		}
	}
	for _, file := range candidates {
		text := project.Source(file)
		for _, match := range runs.FindAllSubmatch(text[:min(len(text), maxHintBytes)], maxHints) {
			add(hint{string(match[1]), string(match[2]), file})
		}
	}
	return found
}

// folders are those of the files and the ones above, the outermost first.
func folders(files []string) []string {
	var found []string
	for _, file := range files {
		for dir := path.Dir(file); ; dir = path.Dir(dir) {
			if !slices.Contains(found, dir) {
				found = append(found, dir)
			}
			if dir == "." || dir == "/" {
				break
			}
		}
	}
	slices.SortStableFunc(found, func(a, b string) int {
		if a == "." || b == "." {
			return strings.Compare(a, b)
		}
		return strings.Count(a, "/") - strings.Count(b, "/")
	})
	return found
}
