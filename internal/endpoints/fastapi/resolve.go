package fastapi

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// resolver looks for the applications of one project.
type resolver struct {
	project *python.Project
	in      *python.Interpreter
	rows    *rows
	hints   []hint
	// taken are the folders of services of which the application has been found.
	taken []string
}

// Resolve finds the routes of a project's FastAPI applications: of the one that is served, and of those which have nothing to do with
// it, in other folders.
func Resolve(ctx context.Context, project *python.Project) route.Found {
	candidates := files(project)
	if len(candidates) == 0 {
		return route.Found{}
	}
	m := &model{}
	in := python.New(ctx, project, m.library(), python.Limits{})
	r := &resolver{project: project, in: in, rows: newRows(m, in), hints: hintsOf(project, candidates)}
	for _, hint := range r.hints {
		if module, err := in.Import(hint.module, hint.from); err == nil && module.File != "" && !leftOut(module.File) {
			r.module(module, hint.attr)
		}
	}
	for _, file := range candidates {
		if ctx.Err() != nil {
			break
		}
		if len(r.taken) > 0 && in.ModuleOf(file) != nil {
			// A part of an application that has been found.
			continue
		}
		if module, err := in.ImportFile(file); err == nil {
			r.module(module, "")
		}
	}
	return route.Found{Routes: r.rows.found, Diagnostics: in.Diagnostics()}
}

// module takes the application of a module, unless one has been found in its service.
func (r *resolver) module(module *python.Module, name string) {
	service := r.service(module.File)
	if slices.Contains(r.taken, service) || slices.Contains(r.taken, ".") && !r.manifest(service) {
		return
	}
	app := r.application(module, name)
	if app == nil {
		return
	}
	r.taken = append(r.taken, service)
	r.rows.app(app, "", 0)
}

// usualNames are those of applications and of functions that make one, best first.
var (
	usualNames = []string{"app", "application", "api", "asgi_app", "asgi", "server", "fastapi_app", "main_app", "root_app"}
	factories  = []string{
		"create_app", "get_app", "make_app", "create_application", "get_application", "build_app", "init_app", "app_factory",
		"application_factory", "create_fastapi_app", "start_application", "create_api", "get_fastapi_app", "main",
	}
)

// application finds the application of a module: one of its names, what one of its functions makes, or what it has made otherwise.
func (r *resolver) application(module *python.Module, name string) *python.Instance {
	before := len(r.in.Instances(starlettePath))
	if app := r.named(module, name); app != nil {
		return app
	}
	if app := r.made(module, name); app != nil {
		return app
	}
	if r.in.RunMain(module) {
		if app := r.named(module, ""); app != nil {
			return app
		}
	}
	// What was constructed while the module's functions ran, and nobody has kept under a name.
	var best *python.Instance
	all := r.in.Instances(starlettePath)
	for _, app := range all[min(before, len(all)):] {
		if !r.rows.apps[app] && (best == nil || r.size(app) > r.size(best)) && r.size(app) > 0 {
			best = app
		}
	}
	return best
}

// named is the application that the module has under a name, or under the best of them.
func (r *resolver) named(module *python.Module, name string) *python.Instance {
	if name != "" {
		if value, ok := module.Attrs.Get(name); ok {
			return r.unwrapped(value, 0)
		}
		return nil
	}
	var best *python.Instance
	rank := 0
	for i := range module.Attrs.Len() {
		name, value := module.Attrs.At(i)
		app := r.unwrapped(value, 0)
		if app == nil || r.rows.apps[app] {
			continue
		}
		place := slices.Index(usualNames, name)
		if place < 0 {
			place = len(usualNames)
		}
		if best == nil || place < rank || place == rank && r.size(app) > r.size(best) {
			best, rank = app, place
		}
	}
	return best
}

// size tells how many routes an application has, of which some are FastAPI's.
func (r *resolver) size(app *python.Instance) int {
	trial := newRows(r.rows.model, r.in)
	trial.app(app, "", 0)
	return len(trial.found)
}

// maxWrapped bounds the middleware around an application.
const maxWrapped = 8

// unwrapped is the application in a value: what middleware, socketio.ASGIApp, Mangum and the like are given.
func (r *resolver) unwrapped(value python.Value, depth int) *python.Instance {
	if depth > maxWrapped || !r.in.Visit() {
		return nil
	}
	switch v := value.(type) {
	case *python.Instance:
		if v.Class.Is(starlettePath) {
			return v
		}
		if v.Class.Is(bareRouter) || depth > 0 {
			return nil
		}
		for _, name := range []string{"app", "_app", "api", "fastapi_app", "fastapi", "server"} {
			if inner, ok := v.Attrs.Get(name); ok {
				if app := r.unwrapped(inner, depth+1); app != nil {
					return app
				}
			}
		}
	case *python.External:
		if v.Call == nil {
			return nil
		}
		for _, argument := range v.Call.Positional {
			if app := r.unwrapped(argument, depth+1); app != nil {
				return app
			}
		}
		for _, keyword := range v.Call.Keywords {
			if app := r.unwrapped(keyword.Value, depth+1); app != nil {
				return app
			}
		}
	}
	return nil
}

// made is the application that one of the module's functions makes.
func (r *resolver) made(module *python.Module, name string) *python.Instance {
	var functions []*python.Function
	for i := range module.Attrs.Len() {
		attr, value := module.Attrs.At(i)
		function, ok := r.in.Unwrap(value).(*python.Function)
		if !ok || name != "" && attr != name {
			continue
		}
		if name != "" || slices.Contains(factories, attr) || function.Module == module && r.constructs(function) {
			functions = append(functions, function)
		}
	}
	slices.SortStableFunc(functions, func(a, b *python.Function) int { return cmp.Compare(factoryRank(a.Name), factoryRank(b.Name)) })
	for _, function := range functions {
		if app := r.unwrapped(r.in.Call(function, nil, r.required(function)), 0); app != nil {
			return app
		}
	}
	return nil
}

func factoryRank(name string) int {
	if i := slices.Index(factories, name); i >= 0 {
		return i
	}
	return len(factories)
}

// constructs tells whether the text of a function makes an application.
func (r *resolver) constructs(function *python.Function) bool {
	body := function.Body()
	if body == nil {
		return false
	}
	source := r.project.Source(function.File)
	return body.End <= len(source) && strings.Contains(string(source[body.Start:body.End]), "FastAPI(")
}

// required are Unknown values for the parameters without a default.
func (r *resolver) required(function *python.Function) []python.Keyword {
	var keywords []python.Keyword
	for _, param := range function.Params {
		if param.Default == nil && (param.Kind == python.PositionalOrKeyword || param.Kind == python.KeywordOnly) {
			keywords = append(keywords, python.Keyword{Name: param.Name, Value: python.Unknown{}})
		}
	}
	return keywords
}

// manifests are files that say where a service begins.
var manifests = []string{"pyproject.toml", "requirements.txt", "setup.py", "Pipfile", "Dockerfile", "package.json", "serverless.yml"}

// service is the folder of the service that a file belongs to: the nearest one with a manifest; in a project without any, the first
// folder of the path.
func (r *resolver) service(file string) string {
	dir := path.Dir(file)
	for at := dir; ; at = path.Dir(at) {
		if r.manifest(at) {
			return at
		}
		if at == "." || at == "/" {
			break
		}
	}
	top, _, _ := strings.Cut(dir, "/")
	if wrappers[top] {
		return "."
	}
	return top
}

func (r *resolver) manifest(dir string) bool {
	return slices.ContainsFunc(manifests, func(name string) bool { return r.project.Source(path.Join(dir, name)) != nil })
}
