package discover

import (
	"bytes"
	"context"
	"path"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/django"
	"github.com/codebegen/preview-operator/internal/endpoints/express"
	"github.com/codebegen/preview-operator/internal/endpoints/fastapi"
	"github.com/codebegen/preview-operator/internal/endpoints/flask"
	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// lane is a language: what is parsed for one resolver serves the next one.
type lane int

const (
	laneOfPython lane = iota
	laneOfJavaScript
	lanesOfAll
)

// resolver finds the routes of one framework.
type resolver struct {
	framework, name string
	lane            lane
	resolve         func(context.Context, *project) route.Found
}

// project is what resolvers read.
type project struct {
	files  map[string][]byte
	python *python.Project
}

func newProject(ctx context.Context, files map[string][]byte) *project {
	return &project{files: files, python: python.NewProject(ctx, files)}
}

// resolvers in the order in which the rows of one win over those of the next.
var resolvers = []resolver{
	{framework: "fastapi", name: "FastAPI", lane: laneOfPython, resolve: func(ctx context.Context, p *project) route.Found {
		return fastapi.Resolve(ctx, p.python)
	}},
	{framework: "flask", name: "Flask", lane: laneOfPython, resolve: func(ctx context.Context, p *project) route.Found {
		return flask.Resolve(ctx, p.python)
	}},
	{framework: "django", name: "Django", lane: laneOfPython, resolve: func(ctx context.Context, p *project) route.Found {
		return django.Resolve(ctx, p.python)
	}},
	{framework: "express", name: "Express", lane: laneOfJavaScript, resolve: func(ctx context.Context, p *project) route.Found {
		return express.Resolve(ctx, p.files)
	}},
}

// packages are what tells that a framework is used: any of them, or one whose name begins with it and _ or a dot.
var packages = map[string][]string{
	"fastapi": {"fastapi"},
	"flask":   {"flask", "apiflask", "quart"},
	"django":  {"django", "rest_framework", "ninja"},
}

// importedIn returns the frameworks that files import.
func importedIn(files map[string][]byte) map[string]bool {
	found := map[string]bool{}
	for name, content := range files {
		switch path.Ext(name) {
		case ".py":
			importedByPython(content, found)
		case ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx":
			if !found["express"] && importsExpress(content) {
				found["express"] = true
			}
		}
	}
	return found
}

// importedByPython looks at the lines that may be import statements. One inside of a string does no harm.
func importedByPython(content []byte, found map[string]bool) {
	for line := range bytes.Lines(content) {
		line = bytes.TrimLeft(line, " \t")
		if !bytes.HasPrefix(line, []byte("import")) && !bytes.HasPrefix(line, []byte("from")) {
			continue
		}
		for framework, names := range packages {
			if !found[framework] && mentions(line, names) {
				found[framework] = true
			}
		}
	}
}

// mentions reports whether a line has a package as a whole name.
func mentions(line []byte, names []string) bool {
	for _, word := range bytes.FieldsFunc(line, func(r rune) bool {
		return r == ' ' || r == '\t' || r == ',' || r == ';' || r == '\n' || r == '\r' || r == '('
	}) {
		top, _, _ := strings.Cut(string(word), ".")
		for _, name := range names {
			if top == name || strings.HasPrefix(top, name+"_") {
				return true
			}
		}
	}
	return false
}

// importsExpress reports whether a file names the package as import and require do.
func importsExpress(content []byte) bool {
	for rest := content; ; {
		at := bytes.Index(rest, []byte("express"))
		if at < 0 {
			return false
		}
		if at > 0 && (rest[at-1] == '\'' || rest[at-1] == '"' || rest[at-1] == '`') {
			return true
		}
		rest = rest[at+len("express"):]
	}
}
