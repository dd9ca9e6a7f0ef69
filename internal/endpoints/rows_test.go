package endpoints

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

func TestFromRoutes(t *testing.T) {
	row := func(method, path string) route.Route { return route.Route{Method: method, Path: path} }
	likely := func(e *Endpoint) { e.File, e.Line, e.Confidence = "", 0, route.Likely }
	tests := map[string]struct {
		found []route.Found
		want  Result
	}{
		"nothing": {nil, Result{Endpoints: []Endpoint{}, Diagnostics: []Diagnostic{}}},
		"all that is known": {
			[]route.Found{{
				Routes: []route.Route{{
					Method: "GET", Path: "/a/{b}", Summary: "S", Description: "D", Tags: []string{"t", ""}, OperationID: "o", Deprecated: true, Framework: "flask", File: "a.py", Line: 2,
					Params: []route.Param{{Name: "b", In: "path", Type: "integer", Pattern: "int", Required: true}}, Confidence: route.Exact, Mounted: true,
				}},
				Diagnostics: []route.Diagnostic{{Code: "c", Message: "m", File: "f", Line: 1}},
			}},
			Result{
				Endpoints: []Endpoint{{
					Method: "GET", Path: "/a/{b}", Summary: "S", Description: "D", Tags: []string{"t"}, OperationID: "o", Deprecated: true, Framework: "flask", File: "a.py", Line: 2,
					Params: []Param{{Name: "b", In: "path", Type: "integer", Pattern: "int", Required: true}}, Confidence: route.Exact, Mounted: true, Source: SourceStatic,
				}},
				Count: 1, Diagnostics: []Diagnostic{{Code: "c", Message: "m", File: "f", Line: 1}},
			},
		},
		"order, and the first of several": {
			[]route.Found{
				{Routes: []route.Route{row("POST", "/b"), row("GET", "/b"), {Method: "GET", Path: "/a", Summary: "first"}, {Method: "GET", Path: "/a", Summary: "second"}}},
				{Routes: []route.Route{{Method: "GET", Path: "/a", Summary: "third"}}},
			},
			Result{Endpoints: []Endpoint{read("", "GET", "/a", likely, summary("first")), read("", "GET", "/b", likely), read("", "POST", "/b", likely)}, Count: 3, Diagnostics: []Diagnostic{}},
		},
		"what cannot be shown": {
			[]route.Found{{Routes: []route.Route{
				row("GET", "a"), row("GET", "/\x1b"), row("get", "/"), row("", "/"), row(strings.Repeat("A", 33), "/"), row("GET", "/"+strings.Repeat("a", MaxPathBytes)),
				{
					Method: "M-SEARCH", Path: "/", Summary: "a\x1b[2Jb", Tags: []string{"\x00t"}, File: "a\nb", Line: -1, Confidence: "sure",
					Params: []route.Param{
						{Name: "", In: "path"}, {Name: "a\n", In: "path"}, {Name: "a", In: "body"}, {Name: "a", In: "query", Type: "\x1b", Pattern: strings.Repeat("p", 257)},
						{Name: "a", In: "query", Type: "twice"},
					},
				},
			}}},
			Result{
				Endpoints: []Endpoint{read("", "M-SEARCH", "/", likely, summary("a[2Jb"), tagged("t"), having(Param{Name: "a", In: "query"}))}, Count: 1,
				Diagnostics: []Diagnostic{{Code: "paths-left-out", Message: "6 paths do not begin with /, have control characters or more than 1024 bytes"}},
			},
		},
		"the same diagnostic again": {
			[]route.Found{{Diagnostics: []route.Diagnostic{{Code: "c", Message: "m\x1b"}, {Code: "c", Message: "m"}}}, {Diagnostics: []route.Diagnostic{{Code: "c", Message: "m"}, {Code: "c", Message: "m", Line: 2}}}},
			Result{Endpoints: []Endpoint{}, Diagnostics: []Diagnostic{{Code: "c", Message: "m"}, {Code: "c", Message: "m", Line: 2}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, FromRoutes(tt.found...)); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromRoutesIsBounded(t *testing.T) {
	var many route.Found
	for i := range 3 * MaxEndpoints {
		r := route.Route{Method: "GET", Path: fmt.Sprintf("/%d", i), Description: strings.Repeat("d", 2*MaxDescriptionBytes)}
		for j := range 2 * MaxParams {
			r.Tags = append(r.Tags, "t")
			r.Params = append(r.Params, route.Param{Name: fmt.Sprint(j), In: "query"})
		}
		many.Routes = append(many.Routes, r)
		many.Diagnostics = append(many.Diagnostics, route.Diagnostic{Code: "c", Message: fmt.Sprint(i, strings.Repeat("m", 2*MaxMessageBytes))})
	}
	got := FromRoutes(many)
	if len(got.Endpoints) != MaxEndpoints || got.Count != MaxEndpoints || len(got.Diagnostics) != MaxDiagnostics {
		t.Errorf("%d endpoints, count %d, %d diagnostics", len(got.Endpoints), got.Count, len(got.Diagnostics))
	}
	if diff := cmp.Diff([]Diagnostic{
		{Code: "cut", Message: "there are more than 1000 endpoints"},
		{Code: "cut", Message: "the texts have more than 2097152 bytes: descriptions are left out"},
		{Code: "cut", Message: "there are more than 99 diagnostics"},
	}, append(got.Diagnostics[:2:2], got.Diagnostics[MaxDiagnostics-1])); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
	if e := got.Endpoints[0]; len(e.Tags) != MaxTags || len(e.Params) != MaxParams || len(e.Description) != MaxDescriptionBytes {
		t.Errorf("%d tags, %d parameters, a description of %d bytes", len(e.Tags), len(e.Params), len(e.Description))
	}
	if text, err := json.Marshal(got); err != nil || len(text) > 6<<20 {
		t.Errorf("%d bytes of JSON, %v", len(text), err)
	}
}
