package express

import (
	"slices"
	"strings"

	js "github.com/codebegen/preview-operator/internal/endpoints/javascript"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// Bounds of the walk over what applications have mounted.
const (
	// maxVisits of stacks: routers that mount each other many times over make more.
	maxVisits = 20_000
	maxRows   = 10_000
	// maxPath of a prefix in bytes.
	maxPath = 2_048
	// maxNesting of stacks.
	maxNesting = 100
)

// walker collects the rows of the applications of one run.
type walker struct {
	in      *js.Interpreter
	docs    *documents
	version int
	rows    []route.Route
	seen    map[string]bool
	visits  int
}

// roots are the applications that are served: those that listen, or all that no other one has mounted.
func (m *model) roots(exported []js.Value) []*stack {
	for _, v := range exported {
		if s := stackOf(v); s != nil && s.app {
			s.served = true
		}
	}
	var served, free []*stack
	for _, s := range m.stacks {
		if !s.app || s.mounted {
			continue
		}
		free = append(free, s)
		if s.served && len(s.entries) > 0 {
			served = append(served, s)
		}
	}
	if len(served) > 0 {
		return served
	}
	return free
}

func (w *walker) walk(s *stack, prefix string, parents []*stack) {
	if slices.Contains(parents, s) || len(parents) > maxNesting || len(prefix) > maxPath {
		return
	}
	if w.visits++; w.visits > maxVisits || len(w.rows) > maxRows {
		w.in.Diagnose("size", "there are more routes than are listed", "", 0)
		return
	}
	inner := append(slices.Clip(parents), s)
	for _, e := range s.entries {
		if e.use {
			w.mounts(e, prefix, inner)
			continue
		}
		for _, path := range e.paths {
			text, known := plain(path)
			if !known {
				w.pathUnknown(e, path)
				continue
			}
			full := joined(prefix, text)
			if !strings.HasPrefix(full, "/") || (text != "" && text != "*" && text != "(.*)" && text[0] != '/' && !strings.HasPrefix(text, "{")) {
				w.in.Diagnose("path", "the path does not begin with a slash: nothing is ever served there", e.file, e.line)
				continue
			}
			for _, call := range e.calls {
				w.row(call, full)
			}
		}
	}
}

func (w *walker) mounts(e *entry, prefix string, parents []*stack) {
	for _, target := range e.targets {
		inner := stackOf(target)
		if inner == nil {
			continue
		}
		if e.unknown {
			if len(inner.entries) > 0 {
				w.in.Diagnose("prefix", "the path that a router is mounted at is not known", e.file, e.line)
			}
			continue
		}
		for _, path := range e.paths {
			text, known := plain(path)
			if !known {
				w.in.Diagnose("prefix", "the path that a router is mounted at is not known", e.file, e.line)
				continue
			}
			w.walk(inner, prefix+strings.TrimRight(text, "/"), parents)
		}
	}
}

func (w *walker) pathUnknown(e *entry, path js.Value) {
	if source, ok := js.RegexSource(path); ok {
		w.in.Diagnose("path", "the path is a regular expression: "+source[:min(len(source), 100)], e.file, e.line)
		return
	}
	w.in.Diagnose("path", "the path of the route is not known", e.file, e.line)
}

func (w *walker) row(call *routeCall, full string) {
	text, params := written(full, w.version)
	key := call.method + " " + text
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	row := route.Route{
		Method: call.method, Path: text, Framework: "express", File: call.file, Line: call.line, Params: params,
		Confidence: route.Exact, Tags: []string{},
	}
	if call.likely {
		row.Confidence = route.Likely
	}
	w.docs.describe(&row, call)
	w.rows = append(w.rows, row)
}
