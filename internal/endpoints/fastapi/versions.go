package fastapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

type version struct{ major, minor int64 }

// versioned is VersionedFastAPI(app, version_format, prefix_format, default_version, enable_latest, **kwargs).
func (m *model) versioned(c *python.Call) python.Value {
	app, ok := c.Arg(0, "app").(*python.Instance)
	parent, made := m.construct(c, appPath, nil).(*python.Instance)
	if !ok || !made || !app.Class.Is(starlettePath) {
		return python.Unknown{}
	}
	router, ok := attr(app, "router").(*python.Instance)
	if !ok {
		return parent
	}
	routes := map[version][]*python.Instance{}
	fallback := version{major: 1}
	if given, ok := asVersion(c.Arg(3, "default_version")); ok {
		fallback = given
	}
	for _, item := range routesOf(router).Items {
		if entry, ok := item.(*python.Instance); ok && entry.Class.Is(apiRoutePath) {
			at := versionOf(c.In, entry, fallback)
			routes[at] = append(routes[at], entry)
		}
	}
	m.versions(c, parent, routes)
	return parent
}

// versions mounts an application for each version; it has the routes of the versions before that it does not replace.
func (m *model) versions(c *python.Call, parent *python.Instance, routes map[version][]*python.Instance) {
	order := make([]version, 0, len(routes))
	for at := range routes {
		order = append(order, at)
	}
	slices.SortFunc(order, func(a, b version) int {
		if a.major != b.major {
			return int(a.major - b.major)
		}
		return int(a.minor - b.minor)
	})
	format, ok := c.Str(2, "prefix_format", "/v{major}_{minor}")
	if !ok {
		c.Diagnose("unknown-prefix", "the prefix of the versions is not known")
		return
	}
	byRoute, names := map[string]*python.Instance{}, []string(nil)
	for i, at := range order {
		for _, entry := range routes[at] {
			for _, key := range routeKeys(c.In, entry) {
				if byRoute[key] == nil {
					names = append(names, key)
				}
				byRoute[key] = entry
			}
		}
		prefix := strings.NewReplacer("{major}", strconv.FormatInt(at.major, 10), "{minor}", strconv.FormatInt(at.minor, 10)).Replace(format)
		m.mountVersion(c, parent, prefix, names, byRoute)
		if latest, _ := c.Bool(4, "enable_latest", false); latest && i == len(order)-1 {
			m.mountVersion(c, parent, "/latest", names, byRoute)
		}
	}
}

func (m *model) mountVersion(c *python.Call, parent *python.Instance, prefix string, names []string, byRoute map[string]*python.Instance) {
	app, ok := m.construct(c, appPath, nil).(*python.Instance)
	if !ok {
		return
	}
	router, ok := attr(app, "router").(*python.Instance)
	if !ok {
		return
	}
	routes, seen := routesOf(router), map[*python.Instance]bool{}
	for _, name := range names {
		if entry := byRoute[name]; !seen[entry] && m.made < maxRoutes {
			m.made++
			seen[entry] = true
			routes.Items = append(routes.Items, entry)
		}
	}
	m.call(c, parent, "mount", []python.Value{python.Str(prefix), app}, nil)
}

func routeKeys(in *python.Interpreter, entry *python.Instance) []string {
	path, _ := python.AsStr(attr(entry, "path"))
	methods, _ := in.Iterate(attr(entry, "methods"))
	var keys []string
	for _, method := range methods {
		text, _ := python.AsStr(method)
		keys = append(keys, path+"|"+text)
	}
	return keys
}

func versionOf(in *python.Interpreter, entry *python.Instance, fallback version) version {
	if function, ok := in.Unwrap(attr(entry, "endpoint")).(*python.Function); ok {
		if value, ok := function.Attrs.Get("_api_version"); ok {
			if at, ok := asVersion(value); ok {
				return at
			}
		}
	}
	return fallback
}

func asVersion(value python.Value) (version, bool) {
	tuple, ok := value.(*python.Tuple)
	if !ok || len(tuple.Items) != 2 {
		return version{}, false
	}
	major, ok := python.AsInt(tuple.Items[0])
	minor, known := python.AsInt(tuple.Items[1])
	return version{major, minor}, ok && known
}
