package fastapi

import (
	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// known is a route that a package outside of the project declares.
type known struct{ method, path, name, description string }

// router makes an APIRouter with routes of a package, at the place of the call.
func (m *model) router(c *python.Call, routes ...known) python.Value {
	router, ok := m.construct(c, routerPath, nil).(*python.Instance)
	if !ok {
		return python.Unknown{}
	}
	for _, entry := range routes {
		m.call(c, router, "add_api_route", []python.Value{python.Str(entry.path), python.NewBuiltin(entry.name, ignore)}, entry.keywords())
	}
	return router
}

func (k known) keywords() []python.Keyword {
	keywords := []python.Keyword{{Name: "methods", Value: python.NewList(python.Str(k.method))}, {Name: "name", Value: python.Str(k.name)}}
	if k.description != "" {
		keywords = append(keywords, python.Keyword{Name: "description", Value: python.Str(k.description)})
	}
	return keywords
}

// nameOf is the name attribute of a backend or of an OAuth client.
func nameOf(c *python.Call, value python.Value) string {
	if instance, ok := value.(*python.Instance); ok {
		name, _ := python.AsStr(member(c.In, instance, "name"))
		return name
	}
	if external, ok := value.(*python.External); ok && external.Call != nil {
		if name, ok := external.Call.Str(-1, "name", ""); ok {
			return name
		}
	}
	return ""
}

// usersLibrary is fastapi-users.
func (m *model) usersLibrary(library *python.Library) {
	const callback = "The response varies based on the authentication backend used."
	router := func(routes ...known) python.NativeFunc {
		return func(c *python.Call) python.Value { return m.router(c, routes...) }
	}
	library.Classes = append(library.Classes, &python.NativeClass{
		Path: "fastapi_users.FastAPIUsers", Aliases: []string{"fastapi_users.fastapi_users.FastAPIUsers"},
		Methods: map[string]python.NativeFunc{
			"get_register_router": router(known{"POST", "/register", "register:register", ""}),
			"get_reset_password_router": router(
				known{"POST", "/forgot-password", "reset:forgot_password", ""}, known{"POST", "/reset-password", "reset:reset_password", ""}),
			"get_verify_router": router(
				known{"POST", "/request-verify-token", "verify:request-token", ""}, known{"POST", "/verify", "verify:verify", ""}),
			"get_users_router": router(
				known{"GET", "/me", "users:current_user", ""}, known{"PATCH", "/me", "users:patch_current_user", ""}, known{"GET", "/{id}", "users:user", ""},
				known{"PATCH", "/{id}", "users:patch_user", ""}, known{"DELETE", "/{id}", "users:delete_user", ""}),
			"get_auth_router": func(c *python.Call) python.Value {
				name := "auth:" + nameOf(c, c.Arg(0, "backend"))
				return m.router(c, known{"POST", "/login", name + ".login", ""}, known{"POST", "/logout", name + ".logout", ""})
			},
			"get_oauth_router": func(c *python.Call) python.Value {
				name := "oauth:" + nameOf(c, c.Arg(0, "oauth_client")) + "." + nameOf(c, c.Arg(1, "backend"))
				return m.router(c, known{"GET", "/authorize", name + ".authorize", ""}, known{"GET", "/callback", name + ".callback", callback})
			},
			"get_oauth_associate_router": func(c *python.Call) python.Value {
				name := "oauth-associate:" + nameOf(c, c.Arg(0, "oauth_client"))
				return m.router(c, known{"GET", "/authorize", name + ".authorize", ""}, known{"GET", "/callback", name + ".callback", callback})
			},
		},
	}, &python.NativeClass{
		Path: "fastapi_users.authentication.AuthenticationBackend", Aliases: []string{"fastapi_users.authentication.backend.AuthenticationBackend"},
		Init: func(c *python.Call) python.Value {
			c.Self.Attrs.Set("name", orUnknown(c.Arg(0, "name")))
			return nil
		},
	})
}

// metricsLibrary is prometheus-fastapi-instrumentator and starlette-exporter's like.
func (m *model) metricsLibrary(library *python.Library) {
	self := func(c *python.Call) python.Value { return c.Self }
	library.Classes = append(library.Classes, &python.NativeClass{
		Path: "prometheus_fastapi_instrumentator.instrumentation.PrometheusFastApiInstrumentator",
		Aliases: []string{
			"prometheus_fastapi_instrumentator.Instrumentator", "prometheus_fastapi_instrumentator.PrometheusFastApiInstrumentator",
		},
		Methods: map[string]python.NativeFunc{
			"instrument": self, "add": self,
			"expose": func(c *python.Call) python.Value {
				if app, ok := c.Arg(0, "app").(*python.Instance); ok && app.Class.Is(appPath) {
					m.expose(c, app)
				}
				return c.Self
			},
		},
	})
}

func (m *model) expose(c *python.Call, app *python.Instance) {
	keywords := with(c.Keywords, "methods", python.NewList(python.Str("GET")))
	kept := keywords[:0:0]
	for _, keyword := range keywords {
		switch keyword.Name {
		case "app", "endpoint", "should_gzip":
		default:
			kept = append(kept, keyword)
		}
	}
	if c.Arg(-1, "description") == nil {
		kept = append(kept, python.Keyword{Name: "description", Value: python.Str("Endpoint that serves Prometheus metrics.")})
	}
	path := c.Arg(2, "endpoint")
	if path == nil {
		path = python.Str("/metrics")
	}
	m.call(c, app, "add_api_route", []python.Value{path, python.NewBuiltin("metrics", ignore)}, kept)
}

// versionsLibrary is fastapi-versioning: an application for each version, mounted in a new one.
func (m *model) versionsLibrary(library *python.Library) {
	library.Functions["fastapi_versioning.versioning.version"] = func(c *python.Call) python.Value {
		version := python.NewTuple(orZero(c.Arg(0, "major")), orZero(c.Arg(1, "minor")))
		return python.Decorator("version", func(d *python.Call, decorated python.Value) {
			if function, ok := d.In.Unwrap(decorated).(*python.Function); ok {
				d.In.SetAttr(function, "_api_version", version)
			}
		})
	}
	library.Functions["fastapi_versioning.versioning.VersionedFastAPI"] = m.versioned
	library.Aliases["fastapi_versioning.version"] = "fastapi_versioning.versioning.version"
	library.Aliases["fastapi_versioning.VersionedFastAPI"] = "fastapi_versioning.versioning.VersionedFastAPI"
}

func orZero(value python.Value) python.Value {
	if value == nil {
		return python.Int(0)
	}
	return value
}
