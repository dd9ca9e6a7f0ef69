package django

import (
	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

const settingsPath = "django.conf.LazySettings"

// defaults are Django's own settings, as far as they decide about routes.
var defaults = map[string]python.Value{
	"APPEND_SLASH":      python.Bool(true),
	"DEBUG":             python.Bool(false),
	"LANGUAGE_CODE":     python.Str("en-us"),
	"MEDIA_ROOT":        python.Str(""),
	"MEDIA_URL":         python.Str("/"),
	"STATIC_ROOT":       python.None{},
	"STATIC_URL":        python.None{},
	"STATICFILES_DIRS":  python.NewTuple(),
	"FORCE_SCRIPT_NAME": python.None{},
	"INSTALLED_APPS":    python.NewTuple(),
	"USE_I18N":          python.Bool(true),
}

// setting is a setting of the site at work.
func (m *model) setting(name string) python.Value {
	if value := m.configured[name]; value != nil {
		return value
	}
	if m.settings != nil {
		if value, ok := m.settings.Attrs.Get(name); ok {
			return value
		}
	}
	if value, ok := defaults[name]; ok {
		return value
	}
	return nil
}

// settingsClass is django.conf.settings, which reads the settings of the site at work.
func (m *model) settingsClass() *python.NativeClass {
	return &python.NativeClass{
		Path:    settingsPath,
		GetAttr: func(_ *python.Instance, name string) python.Value { return m.setting(name) },
		Methods: map[string]python.NativeFunc{
			"configure": func(c *python.Call) python.Value {
				for _, keyword := range c.Keywords {
					m.configured[keyword.Name] = keyword.Value
				}
				return nil
			},
		},
	}
}
