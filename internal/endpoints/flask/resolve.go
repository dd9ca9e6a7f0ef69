package flask

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// Framework is what the routes of this package say they are of.
const Framework = "flask"

// factories are the functions that make an application; Flask itself looks for the first two.
var factories = []string{
	"create_app", "make_app", "create_application", "get_app", "make_application", "get_application", "build_app", "init_app", "app_factory",
	"application_factory", "setup_app", "create_flask_app", "create_api", "create_server", "configure_app", "build_application",
}

// Resolve finds the routes of the Flask applications in a project. It runs no longer than the context and the interpreter's limits let
// it, and returns what it has found until then.
func Resolve(ctx context.Context, project *python.Project) route.Found {
	m := &model{classRoutes: map[*python.Function][]classRoute{}}
	library := m.library()
	m.in = python.New(ctx, project, library, python.Limits{})
	if proxy, ok := m.proxy().(*python.Instance); ok {
		*library.Values["flask.current_app"].(*python.Instance) = *proxy
	}
	found := route.Found{}
	for _, served := range m.applications(project, namedEntries(project)) {
		found.Routes = append(found.Routes, m.routes(served)...)
	}
	found.Routes = firsts(found.Routes)
	found.Diagnostics = m.in.Diagnostics()
	return found
}

// applications runs the entries of a project until each of its folders has an application, or is known to belong to one.
func (m *model) applications(project *python.Project, named map[string]bool) []*python.Instance {
	var served []*python.Instance
	taken := map[string]bool{}
	for _, candidate := range entries(project, named) {
		folder := path.Dir(candidate.file)
		if taken[folder] || belongs(folder, taken) {
			continue
		}
		application := m.run(candidate.file)
		if application == nil {
			continue
		}
		served = append(served, application)
		taken[folder] = true
		for _, module := range m.in.Modules() {
			if module.File != "" {
				taken[path.Dir(module.File)] = true
			}
		}
	}
	return served
}

// belongs tells whether a folder is within a package of which modules have run for an application that was found.
func belongs(folder string, taken map[string]bool) bool {
	for at := folder; at != "." && at != "/"; at = path.Dir(at) {
		if taken[at] {
			return true
		}
	}
	return false
}

// run runs a file and returns the application that it serves, nil when it has none.
func (m *model) run(file string) *python.Instance {
	before := len(m.in.Instances(appPath))
	module, err := m.in.ImportFile(file)
	if err != nil {
		return nil
	}
	if application := m.pick(module, before); application != nil {
		return application
	}
	m.callFactories(module)
	if application := m.pick(module, before); application != nil {
		return application
	}
	if path.Base(file) == "__init__.py" {
		return nil
	}
	m.in.RunMain(module)
	return m.pick(module, before)
}

// pick chooses among the applications that a module knows: the one with the usual name, then any, then the last one that was made
// meanwhile. Those without rules are none.
func (m *model) pick(module *python.Module, before int) *python.Instance {
	for _, name := range []string{"app", "application"} {
		if value, ok := module.Attrs.Get(name); ok {
			if application, ok := m.withRules(value); ok {
				return application
			}
		}
	}
	for i := range module.Attrs.Len() {
		_, value := module.Attrs.At(i)
		if application, ok := m.withRules(value); ok {
			return application
		}
	}
	all := m.in.Instances(appPath)
	for i := len(all) - 1; i >= min(before, len(all)); i-- {
		if application, ok := m.withRules(all[i]); ok {
			return application
		}
	}
	return nil
}

func (m *model) withRules(value python.Value) (*python.Instance, bool) {
	state, ok := native[*app](value)
	if !ok || len(state.rules) == 0 {
		return nil, false
	}
	return state.self, true
}

// callFactories calls the functions of a module that make an application: those with a usual name, else those whose body does.
func (m *model) callFactories(module *python.Module) {
	before := len(m.in.Instances(appPath))
	for _, name := range factories {
		if value, ok := module.Attrs.Get(name); ok {
			if function, ok := m.in.Unwrap(value).(*python.Function); ok {
				m.callFactory(function, value)
			}
			if len(m.in.Instances(appPath)) > before {
				return
			}
		}
	}
	for i := range module.Attrs.Len() {
		_, value := module.Attrs.At(i)
		function, ok := value.(*python.Function)
		if !ok || function.File != module.File || !makesApplication([]byte(m.source(function))) {
			continue
		}
		m.callFactory(function, value)
		if len(m.in.Instances(appPath)) > before {
			return
		}
	}
}

// source is the text of a function's body.
func (m *model) source(f *python.Function) string {
	body := f.Body()
	if body == nil {
		return ""
	}
	source := m.in.Project().Source(f.File)
	if body.Start < 0 || body.End > len(source) || body.Start > body.End {
		return ""
	}
	return string(source[body.Start:body.End])
}

// callFactory calls a factory; for the name of a configuration that has no default it passes "default", which is what those are called.
func (m *model) callFactory(function *python.Function, value python.Value) {
	var arguments []python.Value
	for _, param := range function.Params {
		if param.Default != nil || param.Kind > python.PositionalOnly {
			break
		}
		var argument python.Value = python.Unknown{}
		for _, word := range []string{"config", "env", "setting", "name", "mode", "stage"} {
			if strings.Contains(strings.ToLower(param.Name), word) {
				argument = python.Str("default")
				break
			}
		}
		arguments = append(arguments, argument)
	}
	m.in.Call(value, arguments, nil)
}

// routes are an application's rules as rows.
func (m *model) routes(application *python.Instance) []route.Route {
	state, ok := application.Native.(*app)
	if !ok {
		return nil
	}
	var rows []route.Route
	for _, r := range state.rules {
		if r.endpoint == "static" || strings.HasSuffix(r.endpoint, ".static") {
			continue
		}
		rows = append(rows, m.rows(state, r)...)
	}
	return rows
}

func (m *model) rows(state *app, r *rule) []route.Route {
	at, params := parseRule(r.path)
	var shown view
	if value, ok := state.views[r.endpoint]; ok {
		shown = lookAt(m.in, value)
	}
	tags := r.tags
	if dot := strings.LastIndexByte(r.endpoint, '.'); tags == nil && dot > 0 {
		tags = []string{r.endpoint[:dot]}
	}
	confidence := route.Exact
	if r.assumed {
		confidence = route.Likely
	}
	methods := slices.Clone(r.methods)
	slices.Sort(methods)
	rows := make([]route.Route, 0, len(methods))
	for _, method := range slices.Compact(methods) {
		row := route.Route{
			Method: method, Path: at, Tags: tags, Framework: Framework, File: r.file, Line: r.line, Params: params, Confidence: confidence,
		}
		row.Summary, row.Description = route.SplitDoc(docOf(m.in, shown, method))
		if said := m.saidDescription(shown, method); said != "" {
			row.Description = said
		}
		rows = append(rows, row)
	}
	return rows
}

// saidDescription is what flask-restx' @doc says of a method.
func (m *model) saidDescription(shown view, method string) string {
	if shown.class == nil {
		return ""
	}
	handler := handlerOf(m.in, shown.class, method)
	if handler == nil {
		return ""
	}
	value, _ := handler.Attrs.Get(descriptionAttr)
	if value == nil {
		return ""
	}
	said, _ := python.AsStr(value)
	return strings.TrimSpace(said)
}

// firsts keeps the first route of each method and path, which is the one that answers.
func firsts(rows []route.Route) []route.Route {
	seen := map[[2]string]bool{}
	kept := rows[:0]
	for _, row := range rows {
		key := [2]string{row.Method, row.Path}
		if !seen[key] {
			seen[key] = true
			kept = append(kept, row)
		}
	}
	return kept
}
