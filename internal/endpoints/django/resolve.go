// Package django finds the routes of projects made with Django, and with Django REST framework, Django Ninja and Channels on
// top of it. It runs the project's settings and URL configurations, and models what Django makes of them.
package django

import (
	"context"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// maxDepth bounds how deep URL configurations may include each other, maxRoutes how many routes are found.
const (
	maxDepth  = 40
	maxRoutes = 5000
)

// model is what is known of one project.
type model struct {
	in *python.Interpreter
	// settings and configured are those of the site at work.
	settings   *python.Module
	configured map[string]python.Value

	// allowed, apiViews and actions are what decorators have said of functions, restricted of classes.
	allowed    map[*python.Function][]string
	apiViews   map[*python.Function][]string
	actions    map[*python.Function]*action
	restricted map[*python.Class][]string
	// restricting are decorators that let only some methods through.
	restricting map[*python.Builtin][]string

	// operations and controllers are those of Django Ninja Extra, declared the controllers in order.
	operations  map[*python.Function]*ninjaOperation
	controllers map[*python.Class]ninjaMount
	declared    []*python.Class

	routes []route.Route
	seen   map[[2]string]bool
}

// Resolve finds the routes of a project's Django sites. A project without any has none.
func Resolve(ctx context.Context, project *python.Project) route.Found {
	m := &model{
		configured:  map[string]python.Value{},
		allowed:     map[*python.Function][]string{},
		apiViews:    map[*python.Function][]string{},
		actions:     map[*python.Function]*action{},
		restricted:  map[*python.Class][]string{},
		restricting: map[*python.Builtin][]string{},
		operations:  map[*python.Function]*ninjaOperation{},
		controllers: map[*python.Class]ninjaMount{},
		seen:        map[[2]string]bool{},
	}
	library := m.library()
	m.in = python.New(ctx, project, library, python.Limits{})
	library.Values["django.conf.settings"] = m.instance(settingsPath, nil)
	for _, site := range findSites(project) {
		m.resolveSite(site)
	}
	return route.Found{Routes: m.routes, Diagnostics: m.in.Diagnostics()}
}

func (m *model) library() python.Library {
	classes := []*python.NativeClass{{Path: patternPath, GetAttr: patternAttr}, {Path: resolverPath}, m.settingsClass(), adminSite()}
	for _, more := range [][]*python.NativeClass{m.viewClasses(), m.restClasses(), m.routerClasses(), m.ninjaClasses(), m.channelsClasses()} {
		classes = append(classes, more...)
	}
	functions := m.urlFunctions()
	for _, more := range []map[string]python.NativeFunc{m.decoratorFunctions(), m.controllerFunctions()} {
		for path, function := range more {
			functions[path] = function
		}
	}
	return python.Library{Classes: classes, Functions: functions, Values: map[string]python.Value{}, Aliases: aliases}
}

const adminURLs = "django.contrib.admin.site.urls"

func adminSite() *python.NativeClass {
	return &python.NativeClass{Path: "django.contrib.admin.AdminSite", Properties: map[string]python.NativeFunc{
		"urls": func(*python.Call) python.Value { return &python.External{Path: adminURLs} },
	}}
}

// visit is where a walk through the patterns is.
type visit struct {
	served
	namespaces []string
	depth      int
	assumed    bool
}

// walk adds the routes of what include() or ROOT_URLCONF names: a module, or a list of patterns.
func (m *model) walk(urls python.Value, v visit, at place) {
	if v.depth > maxDepth || len(m.routes) >= maxRoutes {
		m.in.Diagnose("too-deep", "these urls are nested too deep", at.file, at.line)
		return
	}
	switch u := urls.(type) {
	case *python.Module:
		patterns, ok := u.Attrs.Get("urlpatterns")
		if !ok {
			m.in.Diagnose("no-urlpatterns", "the module "+u.Name+" has no urlpatterns", at.file, at.line)
			return
		}
		m.walk(patterns, v, place{file: u.File, line: 1})
		return
	case *python.External:
		m.walkLibrary(u, v, at)
		return
	}
	items, complete := m.in.Iterate(urls)
	if !complete {
		m.in.Diagnose("unknown-urls", "these urls are computed at run time", at.file, at.line)
	}
	for _, item := range items {
		if !m.in.Visit() {
			return
		}
		switch native := nativeOf(item).(type) {
		case *urlResolver:
			m.walkResolver(native, v)
		case *urlPattern:
			m.addPattern(native, v)
		default:
			m.in.Diagnose("unknown-urls", "a pattern of these urls is not known", at.file, at.line)
		}
	}
}

func (m *model) walkResolver(resolver *urlResolver, v visit) {
	joined, ok := v.join(resolver.pattern)
	if !ok {
		m.in.Diagnose("unknown-path", "what these urls begin with is not known", resolver.at.file, resolver.at.line)
		return
	}
	below := visit{joined, v.namespaces, v.depth + 1, v.assumed || resolver.at.assumed}
	if resolver.namespace != "" {
		below.namespaces = append(below.namespaces[:len(below.namespaces):len(below.namespaces)], resolver.namespace)
	}
	m.walk(resolver.urls, below, resolver.at)
}

// walkLibrary adds the urls of a package.
func (m *model) walkLibrary(urls *python.External, v visit, at place) {
	known, ok := knownURLs[urls.Path]
	if !ok {
		switch {
		case urls.Path == adminURLs || strings.HasPrefix(urls.Path, "django.contrib.admin"):
			m.in.Diagnose("admin", "the pages of Django's admin are left out", at.file, at.line)
		default:
			m.in.Diagnose("unknown-package", "the urls of "+urls.Path+" are not known", at.file, at.line)
		}
		return
	}
	for _, one := range known.urls {
		joined, _ := v.join(pattern{one.kind, one.text, true})
		for _, method := range one.methods {
			m.add(row{method: strings.ToUpper(method), at: at}, visit{joined, v.namespaces, v.depth, v.assumed})
		}
	}
}

func (m *model) addPattern(leaf *urlPattern, v visit) {
	joined, ok := v.join(leaf.pattern)
	if !ok {
		m.in.Diagnose("unknown-path", "this path is not known", leaf.at.file, leaf.at.line)
		return
	}
	v.served, v.assumed = joined, v.assumed || leaf.at.assumed
	if operations, ok := nativeOf(leaf.view).(*ninjaOperation); ok {
		m.addOperation(operations, v)
		return
	}
	rows, ok := m.rowsOf(leaf.view, leaf.at)
	if !ok {
		m.in.Diagnose("unknown-view", "the view of "+joined.path+" is not known", leaf.at.file, leaf.at.line)
	}
	for _, one := range rows {
		if one.at.file == "" {
			// The view is a package's: its route is where the project has it served.
			one.at.file, one.at.line = leaf.at.file, leaf.at.line
		}
		m.add(one, v)
	}
}

// rowsOf are the methods of a view.
func (m *model) rowsOf(view python.Value, at place) ([]row, bool) {
	if name, ok := view.(python.Str); ok {
		if view = m.in.ImportString(string(name), at.file); view == nil {
			return nil, false
		}
	}
	switch v := view.(type) {
	case *python.Function:
		// A project's own decorator may wrap what as_view() has returned.
		if wrapped, ok := v.Inner().Attrs.Get("__wrapped__"); ok {
			if _, isInstance := wrapped.(*python.Instance); isInstance {
				return m.rowsOf(wrapped, at)
			}
		}
		return m.functionRows(v), true
	case *python.BoundMethod:
		return m.rowsOf(v.Func, at)
	case *python.Instance:
		return m.instanceRows(v, at)
	case *python.External:
		return m.externalRows(v, at)
	}
	if inner := m.in.Unwrap(view); inner != view {
		return m.rowsOf(inner, at)
	}
	return nil, false
}

func (m *model) instanceRows(view *python.Instance, at place) ([]row, bool) {
	switch native := view.Native.(type) {
	case *classView:
		rows := m.classRows(native)
		return rows, len(rows) > 0
	case *knownView:
		return libraryRows(native.methods, at), true
	}
	if call, _, ok := view.Class.Lookup("__call__"); ok {
		if function, ok := call.(*python.Function); ok {
			return m.functionRows(function), true
		}
	}
	if inner := m.in.Unwrap(view); inner != python.Value(view) {
		return m.rowsOf(inner, at)
	}
	return []row{{method: "GET", doc: view.Class.Doc, at: at, likely: true}}, true
}

func libraryRows(methods []string, at place) []row {
	rows := make([]row, 0, len(methods))
	for _, method := range methods {
		rows = append(rows, row{method: strings.ToUpper(method), at: at})
	}
	return rows
}

// externalRows are those of a view of a package, or of one that a package's decorator was called with.
func (m *model) externalRows(view *python.External, at place) ([]row, bool) {
	if methods, ok := libraryFunctions[view.Path]; ok {
		return libraryRows(methods, at), true
	}
	for path := range libraryFunctions {
		if strings.HasSuffix(path, ".") && strings.HasPrefix(view.Path, path) {
			return libraryRows(libraryFunctions[path], at), true
		}
	}
	if view.Call == nil {
		// Most functions that packages offer as views answer GET.
		return []row{{method: "GET", at: at, likely: true}}, true
	}
	for _, argument := range view.Call.Positional {
		switch argument.(type) {
		case *python.Function, *python.Instance, *python.BoundMethod, *python.External:
			return m.rowsOf(argument, at)
		}
	}
	return nil, false
}

// add adds a route unless an earlier one has its method and path.
func (m *model) add(one row, v visit) {
	path := v.path
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	key := [2]string{one.method, path}
	if m.seen[key] || len(m.routes) >= maxRoutes {
		return
	}
	m.seen[key] = true
	made := route.Route{
		Method: one.method, Path: path, Framework: "django", File: one.at.file, Line: one.at.line,
		Params: v.params, Tags: []string{}, Confidence: route.Exact,
	}
	made.Summary, made.Description = route.SplitDoc(one.doc)
	if len(v.namespaces) > 0 {
		made.Tags = append(made.Tags, strings.Join(v.namespaces, ":"))
	}
	if one.as != nil {
		made.Summary, made.Description, made.OperationID, made.Deprecated = one.as.Summary, one.as.Description, one.as.OperationID, one.as.Deprecated
		made.Tags = append(made.Tags, one.as.Tags...)
	}
	if one.likely || v.assumed || one.at.assumed {
		made.Confidence = route.Likely
	}
	m.routes = append(m.routes, made)
}
