package django

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const (
	patternPath  = "django.urls.resolvers.URLPattern"
	resolverPath = "django.urls.resolvers.URLResolver"
)

// place is where something is declared.
type place struct {
	file    string
	line    int
	assumed bool
}

func placeOf(c *python.Call) place { return place{c.File, c.Line, c.Assumed} }

// urlPattern is a pattern with a view.
type urlPattern struct {
	pattern pattern
	view    python.Value
	// name is None where there is none.
	name python.Value
	at   place
}

// urlResolver is a pattern with more patterns below it.
type urlResolver struct {
	pattern pattern
	// urls is what include() was given: a module, or a list of patterns.
	urls      python.Value
	namespace string
	at        place
}

func (m *model) urlFunctions() map[string]python.NativeFunc {
	identity := func(c *python.Call) python.Value { return argument(c, 0, "message") }
	nothing := func(*python.Call) python.Value { return python.NewList() }
	route := func(c *python.Call) python.Value { return m.path(c, "route", routeText) }
	regex := func(c *python.Call) python.Value { return m.path(c, "route", regexText) }
	return map[string]python.NativeFunc{
		"django.urls.path":                                        route,
		"django.urls.re_path":                                     regex,
		"django.conf.urls.url":                                    func(c *python.Call) python.Value { return m.path(c, "regex", regexText) },
		"django.urls.include":                                     m.include,
		"django.conf.urls.patterns":                               m.patterns,
		"django.conf.urls.i18n.i18n_patterns":                     m.i18nPatterns,
		"django.conf.urls.static.static":                          nothing,
		"django.contrib.staticfiles.urls.staticfiles_urlpatterns": nothing,
		"debug_toolbar.toolbar.debug_toolbar_urls":                nothing,
		"rest_framework.documentation.include_docs_urls":          includeDocs,
		"rest_framework.urlpatterns.format_suffix_patterns":       func(c *python.Call) python.Value { return argument(c, 0, "urlpatterns") },
		"django.utils.translation.gettext":                        identity,
		"django.utils.translation.gettext_lazy":                   identity,
		"django.utils.translation.ugettext":                       identity,
		"django.utils.translation.ugettext_lazy":                  identity,
		"django.utils.translation.gettext_noop":                   identity,
		"django.utils.translation.pgettext_lazy":                  func(c *python.Call) python.Value { return argument(c, 1, "message") },
		"django.utils.translation.pgettext":                       func(c *python.Call) python.Value { return argument(c, 1, "message") },
		"django.apps.apps.is_installed":                           m.isInstalled,
		"django.utils.module_loading.import_string": func(c *python.Call) python.Value {
			if dotted, ok := c.Str(0, "dotted_path", ""); ok {
				if value := c.In.ImportString(dotted, c.File); value != nil {
					return value
				}
			}
			return python.Unknown{}
		},
	}
}

// includeDocs is what include_docs_urls() returns: the pages of the documentation that Django REST framework once had.
func includeDocs(*python.Call) python.Value {
	return python.NewTuple(&python.External{Path: restDocsURLs}, python.Str("api-docs"), python.Str("api-docs"))
}

func argument(c *python.Call, position int, name string) python.Value {
	if value := c.Arg(position, name); value != nil {
		return value
	}
	return python.Unknown{}
}

// path is path(), re_path() and url().
func (m *model) path(c *python.Call, name string, kind patternKind) python.Value {
	text, known := c.Str(0, name, "")
	p := pattern{kind, text, known && c.Arg(0, name) != nil}
	view := argument(c, 1, "view")
	if urls, namespace, ok := m.included(view); ok {
		return m.instance(resolverPath, &urlResolver{p, urls, namespace, placeOf(c)})
	}
	called := c.Arg(3, "name")
	if called == nil {
		called = python.None{}
	}
	return m.instance(patternPath, &urlPattern{p, view, called, placeOf(c)})
}

// patternAttr is what projects ask patterns for when they pick some of a router's.
func patternAttr(self *python.Instance, name string) python.Value {
	leaf, ok := self.Native.(*urlPattern)
	if !ok {
		return nil
	}
	switch name {
	case "name":
		return leaf.name
	case "callback":
		return leaf.view
	}
	return nil
}

// included takes what include() has returned apart, and what router.urls and admin.site.urls are.
func (m *model) included(view python.Value) (urls python.Value, namespace string, ok bool) {
	switch v := view.(type) {
	case *python.Tuple:
		if len(v.Items) == 0 {
			return v, "", true
		}
		if _, isPattern := nativeOf(v.Items[0]).(*urlPattern); isPattern {
			return v, "", true
		}
		if len(v.Items) > 2 {
			namespace, _ = python.AsStr(v.Items[2])
		}
		if namespace == "" && len(v.Items) > 1 {
			namespace, _ = python.AsStr(v.Items[1])
		}
		return v.Items[0], namespace, true
	case *python.List, *python.Module:
		return v, "", true
	case *python.External:
		return v, "", strings.HasSuffix(v.Path, ".urls")
	}
	return nil, "", false
}

// include returns (urls, application's name, namespace) as Django's include does.
func (m *model) include(c *python.Call) python.Value {
	urls := argument(c, 0, "arg")
	namespace, _ := c.Str(1, "namespace", "")
	name := ""
	if pair, ok := urls.(*python.Tuple); ok && len(pair.Items) >= 2 {
		if _, isPattern := nativeOf(pair.Items[0]).(*urlPattern); !isPattern {
			name, _ = python.AsStr(pair.Items[1])
			if len(pair.Items) > 2 && namespace == "" {
				namespace, _ = python.AsStr(pair.Items[2])
			}
			urls = pair.Items[0]
		}
	}
	if dotted, ok := python.AsStr(urls); ok {
		urls = m.urlconf(dotted, c.File)
	}
	switch v := urls.(type) {
	case *python.Module:
		if value, ok := v.Attrs.Get("app_name"); ok {
			name, _ = python.AsStr(value)
		}
	case *python.External:
		if known, ok := knownURLs[v.Path]; ok && known.name != "" {
			name = known.name
		}
	}
	return python.NewTuple(urls, python.Str(name), python.Str(namespace))
}

// urlconf imports a module of patterns.
func (m *model) urlconf(dotted, from string) python.Value {
	if module, err := m.in.Import(dotted, from); err == nil {
		return module
	}
	return &python.External{Path: dotted}
}

// patterns is what Django had before 1.10: the names of views share a prefix.
func (m *model) patterns(c *python.Call) python.Value {
	prefix, _ := c.Str(0, "prefix", "")
	all := python.NewList()
	for i, item := range c.Positional {
		if i == 0 {
			continue
		}
		if leaf, ok := nativeOf(item).(*urlPattern); ok && prefix != "" {
			if name, isName := python.AsStr(leaf.view); isName {
				leaf.view = python.Str(prefix + "." + name)
			}
		}
		all.Items = append(all.Items, item)
	}
	return all
}

// i18nPatterns puts the patterns below the language, which is the default one for somebody who has not chosen any.
func (m *model) i18nPatterns(c *python.Call) python.Value {
	all := python.NewList(c.Positional...)
	all.Open = c.OpenPositional
	if truth, known := m.in.Truth(m.setting("USE_I18N")); known && !truth {
		return all
	}
	prefixed, _ := c.Bool(-1, "prefix_default_language", true)
	p := pattern{kind: literalText, known: true}
	if prefixed {
		p.text, p.known = python.AsStr(m.setting("LANGUAGE_CODE"))
		p.text += "/"
	}
	return python.NewList(m.instance(resolverPath, &urlResolver{p, all, "", placeOf(c)}))
}

func (m *model) isInstalled(c *python.Call) python.Value {
	name, known := c.Str(0, "app_name", "")
	items, complete := m.in.Iterate(m.setting("INSTALLED_APPS"))
	for _, item := range items {
		if text, ok := python.AsStr(item); ok && known && (text == name || strings.HasPrefix(text, name+".apps.")) {
			return python.Bool(true)
		}
	}
	if !known || !complete {
		return python.Unknown{}
	}
	return python.Bool(false)
}

// instance makes an object of a native class that holds a Go value.
func (m *model) instance(path string, native any) python.Value {
	class, ok := m.in.Native(path).(*python.Class)
	if !ok {
		return python.Unknown{}
	}
	made, ok := m.in.Construct(class, nil, nil).(*python.Instance)
	if !ok {
		return python.Unknown{}
	}
	made.Native = native
	return made
}

func nativeOf(value python.Value) any {
	if instance, ok := value.(*python.Instance); ok {
		return instance.Native
	}
	return nil
}
