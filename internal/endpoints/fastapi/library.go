// Package fastapi finds the routes of FastAPI applications: it is a model of what FastAPI and Starlette do while a project's modules
// run, over the interpreter of internal/endpoints/python. FastAPI 0.115 decides, which is what the previews serve with: a router's
// routes are copied when it is included.
package fastapi

import (
	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// Paths of the native classes.
const (
	appPath       = "fastapi.applications.FastAPI"
	starlettePath = "starlette.applications.Starlette"
	routerPath    = "fastapi.routing.APIRouter"
	bareRouter    = "starlette.routing.Router"
	apiRoutePath  = "fastapi.routing.APIRoute"
	routePath     = "starlette.routing.Route"
	apiSocketPath = "fastapi.routing.APIWebSocketRoute"
	socketPath    = "starlette.routing.WebSocketRoute"
	mountPath     = "starlette.routing.Mount"
)

const (
	// maxRoutes bounds the routes that a program makes, those of routers that are included many times among them.
	maxRoutes = 10_000
	// maxPath bounds a path in bytes; a longer one is not known.
	maxPath = 4096
	// maxTags bounds the tags of one route.
	maxTags = 100
)

// model is the state of one run that is not in the program's objects.
type model struct {
	// made counts the routes.
	made int
}

// methodNames are those of the decorators.
var methodNames = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Library is the model of FastAPI, Starlette and the packages that add routes to them.
func Library() python.Library { return (&model{}).library() }

func (m *model) library() python.Library {
	library := python.Library{
		Classes: []*python.NativeClass{
			m.bareRouterClass(), m.routerClass(), m.starletteClass(), m.appClass(),
			m.routeClass(), m.apiRouteClass(), m.socketClass(), m.apiSocketClass(), m.mountClass(),
		},
		Functions: map[string]python.NativeFunc{},
		Values:    map[string]python.Value{},
		Aliases:   map[string]string{},
	}
	parameterLibrary(&library)
	m.usersLibrary(&library)
	m.metricsLibrary(&library)
	m.viewsLibrary(&library)
	m.versionsLibrary(&library)
	m.generatedLibrary(&library)
	return library
}

func (m *model) appClass() *python.NativeClass {
	methods := map[string]python.NativeFunc{
		"include_router":          m.onRouter("include_router"),
		"add_api_route":           m.onRouter("add_api_route"),
		"add_api_websocket_route": m.onRouter("add_api_websocket_route"),
		"websocket":               m.onRouter("websocket"),
		"api_route":               m.appAPIRoute,
	}
	for _, name := range methodNames {
		methods[name] = m.onRouter(name)
	}
	return &python.NativeClass{
		Path: appPath, Aliases: []string{"fastapi.FastAPI"}, Bases: []string{starlettePath},
		Init: m.appInit, Methods: methods,
	}
}

func (m *model) starletteClass() *python.NativeClass {
	return &python.NativeClass{
		Path: starlettePath,
		Init: m.starletteInit,
		Methods: map[string]python.NativeFunc{
			"mount":               m.onRouter("mount"),
			"host":                ignore,
			"add_route":           m.onRouter("add_route"),
			"add_websocket_route": m.onRouter("add_websocket_route"),
			"route":               m.onRouter("route"),
			"websocket_route":     m.onRouter("websocket_route"),
		},
		Properties: map[string]python.NativeFunc{"routes": m.appRoutes},
	}
}

func (m *model) bareRouterClass() *python.NativeClass {
	return &python.NativeClass{
		Path: bareRouter,
		Init: m.bareRouterInit,
		Methods: map[string]python.NativeFunc{
			"mount":               m.mount,
			"host":                ignore,
			"add_route":           m.addRoute,
			"add_websocket_route": m.addSocketRoute,
			"route":               m.route,
			"websocket_route":     m.socketRoute,
		},
	}
}

func (m *model) routerClass() *python.NativeClass {
	methods := map[string]python.NativeFunc{
		"include_router":          m.includeRouter,
		"add_api_route":           m.addAPIRoute,
		"api_route":               m.apiRoute,
		"add_api_websocket_route": m.addAPISocketRoute,
		"websocket":               m.websocket,
		"add_route":               m.addRoute,
		"route":                   m.route,
	}
	for _, name := range methodNames {
		methods[name] = m.operation(name)
	}
	return &python.NativeClass{
		Path: routerPath, Aliases: []string{"fastapi.APIRouter"}, Bases: []string{bareRouter},
		Init: m.routerInit, Methods: methods,
	}
}

func ignore(*python.Call) python.Value { return nil }
