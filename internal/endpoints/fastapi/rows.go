package fastapi

import (
	"strings"
	"unicode"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const (
	framework = "fastapi"
	// maxMounts bounds how deep applications are mounted in each other.
	maxMounts = 16
)

// rows collects the routes of applications.
type rows struct {
	model *model
	in    *python.Interpreter
	found []route.Route
	seen  map[[2]string]bool
	// apps are the applications that have been looked at, the mounted ones among them.
	apps map[*python.Instance]bool
}

func newRows(m *model, in *python.Interpreter) *rows {
	return &rows{model: m, in: in, seen: map[[2]string]bool{}, apps: map[*python.Instance]bool{}}
}

// app adds the routes of an application that is served below prefix.
func (r *rows) app(app *python.Instance, prefix string, depth int) {
	if depth > maxMounts || depth == 0 && r.apps[app] {
		return
	}
	r.apps[app] = true
	router, ok := attr(app, "router").(*python.Instance)
	if !ok {
		return
	}
	own := app.Class.Is(appPath)
	for _, item := range routesOf(router).Items {
		if len(r.found) > maxRoutes || !r.in.Visit() {
			return
		}
		entry, ok := item.(*python.Instance)
		if !ok {
			continue
		}
		switch {
		case entry.Class.Is(mountPath):
			r.mounted(entry, prefix, depth)
		case own && entry.Class.Is(apiRoutePath):
			r.operation(entry, prefix, depth)
		case own && entry.Class.Is(apiSocketPath):
			r.socket(entry, prefix, depth)
		}
	}
}

func (r *rows) mounted(entry *python.Instance, prefix string, depth int) {
	app, ok := attr(entry, "app").(*python.Instance)
	if !ok || !app.Class.Is(starlettePath) {
		return
	}
	path, ok := python.AsStr(formatted(attr(entry, "path")))
	if !ok || len(prefix)+len(path) > maxPath {
		r.unknownPath(entry)
		return
	}
	r.app(app, prefix+path, depth+1)
}

func (r *rows) unknownPath(entry *python.Instance) {
	r.in.Diagnose("unknown-path", "the path of a route is made at run time", entry.File, entry.Line)
}

// path is where a route is served.
func (r *rows) path(entry *python.Instance, prefix string) (string, bool) {
	path, ok := python.AsStr(attr(entry, "path_format"))
	if !ok || len(prefix)+len(path) > maxPath {
		r.unknownPath(entry)
		return "", false
	}
	return prefix + path, true
}

func (r *rows) operation(entry *python.Instance, prefix string, depth int) {
	shown, known := r.in.Truth(attr(entry, "include_in_schema"))
	if known && !shown {
		return
	}
	path, ok := r.path(entry, prefix)
	if !ok {
		return
	}
	methods, complete := r.in.Iterate(attr(entry, "methods"))
	if !complete {
		r.in.Diagnose("unknown-methods", "the methods of a route are not known", entry.File, entry.Line)
	}
	sure := known && complete && !entry.Assumed
	made := route.Route{
		Path: path, Framework: framework, File: entry.File, Line: entry.Line, Mounted: depth > 0,
		OperationID: r.model.operationID(r.in, entry),
	}
	made.Tags, sure = r.tags(entry, sure)
	made.Summary, sure = r.summary(entry, sure)
	if text, ok := python.AsStr(attr(entry, "description")); ok {
		made.Description = text
	} else {
		sure = false
	}
	deprecated, _ := r.in.Truth(attr(entry, "deprecated"))
	made.Deprecated = deprecated
	if extra, ok := attr(entry, "openapi_extra").(*python.Dict); ok {
		extend(r.in, &made, extra)
	}
	made.Params = r.params(entry)
	made.Confidence = confidence(sure)
	for _, method := range methods {
		if text, ok := python.AsStr(method); ok {
			made.Method = text
			r.add(made)
		}
	}
}

func confidence(sure bool) route.Confidence {
	if sure {
		return route.Exact
	}
	return route.Likely
}

// add adds a row; of several with the same method and path the first one is served.
func (r *rows) add(made route.Route) {
	key := [2]string{made.Method, made.Path}
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	r.found = append(r.found, made)
}

func (r *rows) socket(entry *python.Instance, prefix string, depth int) {
	path, ok := r.path(entry, prefix)
	if !ok {
		return
	}
	made := route.Route{Method: route.WebSocket, Path: path, Framework: framework, File: entry.File, Line: entry.Line, Mounted: depth > 0}
	name, sure := python.AsStr(attr(entry, "name"))
	made.Summary = title(name)
	made.Description = beforeFeed(route.CleanDoc(endpointDoc(r.in, attr(entry, "endpoint"))))
	made.Params = r.params(entry)
	made.Confidence = confidence(sure && !entry.Assumed)
	r.add(made)
}

// tags are a route's, Enum members by their value as pydantic writes them.
func (r *rows) tags(entry *python.Instance, sure bool) ([]string, bool) {
	items, complete := r.in.Iterate(attr(entry, "tags"))
	var tags []string
	for _, item := range items {
		text, ok := python.AsStr(item)
		if instance, is := item.(*python.Instance); is && !ok {
			if value := r.in.Attr(instance, "value"); value != nil {
				text, ok = r.in.String(value)
			}
		} else if !ok && !python.IsUnknown(item) {
			text, ok = r.in.String(item)
		}
		if !ok {
			complete = false
			continue
		}
		tags = append(tags, text)
	}
	return tags, sure && complete
}

func (r *rows) summary(entry *python.Instance, sure bool) (string, bool) {
	given := attr(entry, "summary")
	if text, ok := python.AsStr(given); ok && text != "" {
		return text, sure
	}
	name, ok := python.AsStr(attr(entry, "name"))
	return title(name), sure && ok && !python.IsUnknown(given)
}

// extend takes over what openapi_extra says of an operation.
func extend(in *python.Interpreter, made *route.Route, extra *python.Dict) {
	for key, into := range map[string]*string{"summary": &made.Summary, "description": &made.Description, "operationId": &made.OperationID} {
		if value, ok := extra.GetStr(key); ok {
			if text, ok := python.AsStr(value); ok {
				*into = text
			}
		}
	}
	if value, ok := extra.GetStr("tags"); ok {
		items, _ := in.Iterate(value)
		for _, item := range items {
			if text, ok := python.AsStr(item); ok {
				made.Tags = append(made.Tags, text)
			}
		}
	}
	if value, ok := extra.GetStr("deprecated"); ok {
		made.Deprecated, _ = in.Truth(value)
	}
}

// title is name.replace("_", " ").title(): what follows something that has no case begins with a capital.
func title(name string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		if r == '_' {
			r = ' '
		}
		cased := unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r)
		was := inside
		inside = cased
		if was {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, name)
}
