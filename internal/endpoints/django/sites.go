package django

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// site is one Django site of a project.
type site struct {
	// file is what names the settings, such as manage.py; settings is their module. Without that module the file is the settings.
	file, settings string
}

// rootSetting is how settings name the urls.
var rootSetting = regexp.MustCompile(`(?m)^ROOT_URLCONF\s*=`)

// usualSettings are the names of modules of settings, those that others take over first.
var usualSettings = []string{"settings", "base", "common", "defaults", "__init__", "dev", "development", "local"}

// settingsName is how manage.py, wsgi.py and asgi.py name the settings.
var settingsName = regexp.MustCompile(`DJANGO_SETTINGS_MODULE["']\s*(?:,|\]\s*=)\s*["']([\w.]+)["']`)

// left are folders that hold no site, or somebody else's.
var left = []string{"tests", "test", "docs", "examples", "node_modules", "venv", ".venv", "env", "site-packages", "migrations"}

func isLeft(file string) bool {
	for _, folder := range strings.Split(path.Dir(file), "/") {
		if slices.Contains(left, folder) {
			return true
		}
	}
	return false
}

// findSites finds the settings that a project's manage.py names, else those of wsgi.py and asgi.py. Sites without any have
// urls alone.
func findSites(project *python.Project) []site {
	for _, names := range [][]string{{"manage.py"}, {"wsgi.py", "asgi.py"}} {
		var found []site
		for _, file := range project.Files() {
			if !slices.Contains(names, path.Base(file)) || isLeft(file) {
				continue
			}
			match := settingsName.FindSubmatch(project.Source(file))
			if match == nil {
				continue
			}
			one := site{file, string(match[1])}
			if !slices.ContainsFunc(found, func(other site) bool {
				return other.settings == one.settings && path.Dir(other.file) == path.Dir(one.file)
			}) {
				found = append(found, one)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	if found := guessSites(project); len(found) > 0 {
		return found
	}
	return []site{{}}
}

// guessSites finds settings that nothing names: one module of each folder.
func guessSites(project *python.Project) []site {
	var found []site
	for _, file := range project.Files() {
		if isLeft(file) || !rootSetting.Match(project.Source(file)) {
			continue
		}
		rank := func(one site) int {
			i := slices.Index(usualSettings, strings.TrimSuffix(path.Base(one.file), ".py"))
			if i < 0 {
				i = len(usualSettings)
			}
			return i
		}
		one := site{file: file}
		at := slices.IndexFunc(found, func(other site) bool { return path.Dir(other.file) == path.Dir(file) })
		if at < 0 {
			found = append(found, one)
		} else if rank(one) < rank(found[at]) {
			found[at] = one
		}
	}
	return found
}

// resolveSite adds the routes of one site.
func (m *model) resolveSite(one site) {
	m.settings = m.importSettings(one)
	clear(m.configured)
	root, from := python.Value(nil), one.file
	if m.settings != nil {
		root, from = m.setting("ROOT_URLCONF"), m.settings.File
	}
	name, named := "", false
	if root != nil {
		name, named = python.AsStr(root)
	}
	if named {
		urls, err := m.in.Import(name, from)
		if err != nil {
			urls, err = m.in.Import(name, one.file)
		}
		if err == nil {
			m.walk(urls, visit{}, place{file: urls.File, line: 1})
			m.walkSockets(one, from)
			return
		}
	}
	for _, urls := range m.topURLs(one) {
		m.walk(urls, visit{}, place{file: urls.File, line: 1})
	}
	m.walkSockets(one, from)
}

// importSettings imports the settings of a site. When the named ones lack ROOT_URLCONF, as a package whose parts are chosen
// at run time does, it looks for them beside.
func (m *model) importSettings(one site) *python.Module {
	if one.file == "" {
		return nil
	}
	if one.settings == "" {
		module, _ := m.in.ImportFile(one.file)
		return module
	}
	module, err := m.in.Import(one.settings, one.file)
	if err == nil {
		if _, ok := module.Attrs.Get("ROOT_URLCONF"); ok {
			return module
		}
	}
	base := one.settings
	for range 2 {
		for _, name := range []string{"base", "common", "development", "dev", "local", "production", "prod", "settings"} {
			if beside, err := m.in.Import(base+"."+name, one.file); err == nil {
				if _, ok := beside.Attrs.Get("ROOT_URLCONF"); ok {
					return beside
				}
			}
		}
		cut := strings.LastIndexByte(base, '.')
		if cut < 0 {
			break
		}
		base = base[:cut]
	}
	return module
}

// topURLs are the modules named urls that no other one includes: what a site has whose settings do not say it.
func (m *model) topURLs(one site) []*python.Module {
	dir := path.Dir(one.file)
	if path.Base(one.file) != "manage.py" {
		// It is in the package of the settings, beside those of the applications.
		dir = path.Dir(dir)
	}
	var modules []*python.Module
	for _, file := range m.in.Project().Files() {
		if path.Base(file) != "urls.py" || isLeft(file) || one.file != "" && dir != "." && !strings.HasPrefix(file, dir+"/") {
			continue
		}
		if module, err := m.in.ImportFile(file); err == nil {
			modules = append(modules, module)
		}
	}
	var included []*python.Module
	for _, resolver := range m.in.Instances(resolverPath) {
		if native, ok := resolver.Native.(*urlResolver); ok {
			if module, ok := native.urls.(*python.Module); ok {
				included = append(included, module)
			}
		}
	}
	return slices.DeleteFunc(modules, func(module *python.Module) bool {
		_, has := module.Attrs.Get("urlpatterns")
		return !has || slices.Contains(included, module)
	})
}
