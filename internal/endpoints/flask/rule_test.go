package flask

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

func TestParseRule(t *testing.T) {
	variable := func(name, kind, pattern string) route.Param {
		return route.Param{Name: name, In: "path", Type: kind, Pattern: pattern, Required: true}
	}
	for name, test := range map[string]struct {
		rule, path string
		params     []route.Param
	}{
		"plain":      {"/a/b/", "/a/b/", nil},
		"variable":   {"/a/<b>", "/a/{b}", []route.Param{variable("b", "string", "")}},
		"converters": {"/<int:a>-<float(signed=True):b>/<path:c>", "/{a}-{b}/{c}", []route.Param{variable("a", "integer", "int"), variable("b", "number", "float(signed=True)"), variable("c", "string", "path")}},
		"arguments":  {`/<any("a>b", c):d>/e`, "/{d}/e", []route.Param{variable("d", "string", `any("a>b", c)`)}},
		"regex":      {`/<regex("[a-z]{2}:x"):d>`, "/{d}", []route.Param{variable("d", "string", `regex("[a-z]{2}:x")`)}},
		"open":       {"/a/<b", "/a/<b", nil},
		"unbalanced": {"/a/<b(:c>/d", "/a/{c}/d", []route.Param{variable("c", "string", "b(")}},
		"no name":    {"/a/<int:>/<b c>", "/a/<int:>/<b c>", nil},
		"nothing":    {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			path, params := parseRule(test.rule)
			if diff := cmp.Diff(test.params, params); path != test.path || diff != "" {
				t.Errorf("parseRule(%q) = %q, want %q; params (-want +got):\n%s", test.rule, path, test.path, diff)
			}
		})
	}
}
