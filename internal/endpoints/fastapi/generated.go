package fastapi

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// generatedLibrary is routers of packages that make their own routes: strawberry's GraphQL, and fastapi-crudrouter.
func (m *model) generatedLibrary(library *python.Library) {
	library.Classes = append(library.Classes, &python.NativeClass{
		Path: "strawberry.fastapi.router.GraphQLRouter", Aliases: []string{"strawberry.fastapi.GraphQLRouter"}, Bases: []string{routerPath},
		Init: m.graphqlInit,
	})
	for _, name := range []string{"Memory", "SQLAlchemy", "Databases", "Tortoise", "Ormar", "Gino"} {
		library.Classes = append(library.Classes, &python.NativeClass{
			Path: "fastapi_crudrouter." + name + "CRUDRouter", Bases: []string{routerPath}, Init: m.crudInit,
		})
	}
}

func (m *model) graphqlInit(c *python.Call) python.Value {
	m.routerInit(c)
	path := c.Arg(1, "path")
	if path == nil {
		path = python.Str("")
	}
	shown := either(c.In, argument(c, "graphiql", python.None{}), argument(c, "graphql_ide", python.Str("graphiql")), argument(c, "allow_queries_via_get", python.Bool(true)))
	if truth, known := c.In.Truth(shown); known {
		shown = python.Bool(truth)
	}
	endpoint := func(name string) []python.Value { return []python.Value{path, python.NewBuiltin(name, ignore)} }
	m.call(c, c.Self, "add_api_route", endpoint("handle_http_get"), []python.Keyword{{Name: "include_in_schema", Value: shown}})
	m.call(c, c.Self, "add_api_route", endpoint("handle_http_post"), []python.Keyword{{Name: "methods", Value: python.NewList(python.Str("POST"))}})
	m.call(c, c.Self, "add_api_websocket_route", endpoint("websocket_endpoint"), nil)
	return nil
}

// crudRoutes are those of fastapi-crudrouter, with the arguments that leave them out.
var crudRoutes = []struct{ method, path, name, summary, option string }{
	{"GET", "", "get_all", "Get All", "get_all_route"},
	{"POST", "", "create", "Create One", "create_route"},
	{"DELETE", "", "delete_all", "Delete All", "delete_all_route"},
	{"GET", "/{item_id}", "get_one", "Get One", "get_one_route"},
	{"PUT", "/{item_id}", "update", "Update One", "update_route"},
	{"DELETE", "/{item_id}", "delete_one", "Delete One", "delete_one_route"},
}

func (m *model) crudInit(c *python.Call) python.Value {
	prefix, known := c.Str(-1, "prefix", "")
	if class, ok := c.Arg(0, "schema").(*python.Class); ok && prefix == "" && known {
		prefix = strings.ToLower(class.Name)
	}
	prefix = "/" + strings.Trim(prefix, "/")
	known = known && prefix != "/"
	m.routerInit(c)
	c.Self.Attrs.Set("prefix", python.Value(python.Str(prefix)))
	if !known {
		c.Self.Attrs.Set("prefix", python.Unknown{})
	}
	if tags := attr(c.Self, "tags"); c.Arg(-1, "tags") == nil || isNone(tags) {
		name := strings.Trim(prefix, "/")
		c.Self.Attrs.Set("tags", python.NewList(python.Str(strings.ToUpper(name[:min(1, len(name))])+strings.ToLower(name[min(1, len(name)):]))))
	}
	for _, entry := range crudRoutes {
		if on, sure := c.Bool(-1, entry.option, true); sure && !on {
			if _, list := c.Arg(-1, entry.option).(*python.List); !list {
				continue
			}
		}
		m.call(c, c.Self, "add_api_route", []python.Value{python.Str(entry.path), python.NewBuiltin(entry.name, ignore)}, []python.Keyword{
			{Name: "methods", Value: python.NewList(python.Str(entry.method))}, {Name: "summary", Value: python.Str(entry.summary)},
		})
	}
	return nil
}
