package endpoints

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// read is an endpoint as it is found in files.
func read(framework, method, path string, change ...func(*Endpoint)) Endpoint {
	e := Endpoint{Method: method, Path: path, Tags: []string{}, Framework: framework, File: "main.py", Line: 3, Confidence: route.Exact, Source: SourceStatic}
	for _, do := range change {
		do(&e)
	}
	return e
}

func from(source string) func(*Endpoint) { return func(e *Endpoint) { e.Source = source } }

func mounted(e *Endpoint) { e.Mounted = true }

func described(text string) func(*Endpoint) { return func(e *Endpoint) { e.Description = text } }

// cloned copies endpoints with their parameters.
func cloned(all []Endpoint) []Endpoint {
	copies := slices.Clone(all)
	for i := range copies {
		copies[i].Params = slices.Clone(copies[i].Params)
	}
	return copies
}

func TestMerge(t *testing.T) {
	tests := map[string]struct{ static, live, want []Endpoint }{
		"nothing":     {nil, nil, []Endpoint{}},
		"static only": {[]Endpoint{read("flask", "GET", "/b"), read("flask", "GET", "/a")}, nil, []Endpoint{read("flask", "GET", "/a"), read("flask", "GET", "/b")}},
		"live only":   {nil, []Endpoint{endpoint("GET", "/a")}, []Endpoint{endpoint("GET", "/a")}},
		"the running application is right": {
			[]Endpoint{read("fastapi", "GET", "/a", summary("read"), described("read"), tagged("read")), read("fastapi", "GET", "/gone")},
			[]Endpoint{endpoint("GET", "/a", summary("said")), endpoint("GET", "/b")},
			[]Endpoint{read("fastapi", "GET", "/a", summary("said"), from(SourceBoth)), endpoint("GET", "/b")},
		},
		"what no document names": {
			[]Endpoint{read("fastapi", "GET", "/a"), read("fastapi", "GET", "/admin/a", mounted), read("fastapi", route.WebSocket, "/ws")},
			[]Endpoint{endpoint("GET", "/a")},
			[]Endpoint{read("fastapi", "GET", "/a", from(SourceBoth)), read("fastapi", "GET", "/admin/a", mounted), read("fastapi", route.WebSocket, "/ws")},
		},
		"misread prefixes": {
			[]Endpoint{read("fastapi", "GET", "/v1/a"), read("fastapi", "GET", "/v1/b")},
			[]Endpoint{endpoint("GET", "/a"), endpoint("GET", "/b")},
			[]Endpoint{endpoint("GET", "/a"), endpoint("GET", "/b")},
		},
		"a document that leaves most out": {
			[]Endpoint{read("fastapi", "GET", "/a", summary("read")), read("fastapi", "GET", "/b"), read("fastapi", "GET", "/c")},
			[]Endpoint{endpoint("GET", "/a")},
			[]Endpoint{read("fastapi", "GET", "/a", summary("read"), from(SourceBoth)), read("fastapi", "GET", "/b"), read("fastapi", "GET", "/c")},
		},
		"a document written by hand": {
			[]Endpoint{read("flask", "GET", "/a", summary("read"), described("more"), tagged("read")), read("flask", "GET", "/b", summary("read"), tagged("read"))},
			[]Endpoint{endpoint("GET", "/a"), endpoint("GET", "/b", summary("said"), tagged("said")), endpoint("GET", "/c")},
			[]Endpoint{
				read("flask", "GET", "/a", summary("read"), described("more"), tagged("read"), from(SourceBoth)),
				read("flask", "GET", "/b", summary("said"), tagged("said"), from(SourceBoth)), endpoint("GET", "/c"),
			},
		},
		"other applications beside FastAPI": {
			[]Endpoint{read("fastapi", "GET", "/a"), read("django", "GET", "/b/")},
			[]Endpoint{endpoint("GET", "/a")},
			[]Endpoint{read("fastapi", "GET", "/a", from(SourceBoth)), read("django", "GET", "/b/")},
		},
		"parameters": {
			[]Endpoint{read("fastapi", "GET", "/{a}", having(Param{Name: "a", In: "path", Pattern: "path"}, Param{Name: "b", In: "query", Type: "string"}))},
			[]Endpoint{endpoint("GET", "/{a}", having(Param{Name: "a", In: "path", Type: "string", Required: true}))},
			[]Endpoint{read("fastapi", "GET", "/{a}", from(SourceBoth), having(
				Param{Name: "a", In: "path", Type: "string", Pattern: "path", Required: true}, Param{Name: "b", In: "query", Type: "string"}))},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			static, live := cloned(tt.static), cloned(tt.live)
			if diff := cmp.Diff(tt.want, Merge(tt.static, tt.live)); diff != "" {
				t.Errorf("merged (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(static, tt.static) + cmp.Diff(live, tt.live); diff != "" {
				t.Errorf("the arguments were changed:\n%s", diff)
			}
		})
	}
}

func TestMergeIsBounded(t *testing.T) {
	var static, live []Endpoint
	for i := range MaxEndpoints {
		static = append(static, read("flask", "GET", fmt.Sprintf("/s%d", i)))
		live = append(live, endpoint("GET", fmt.Sprintf("/t%d", i)))
	}
	got := Merge(static, live)
	if diff := cmp.Diff(Merge(nil, live), got); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}
}
