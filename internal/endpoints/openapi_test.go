package endpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fastAPI is what FastAPI 0.115 says of a small application.
const fastAPI = `{"openapi":"3.1.0","info":{"title":"FastAPI","version":"0.1.0"},"paths":{
"/users/{id}":{"get":{"tags":["users"],"summary":"Get user by ID","description":"Retrieve a specific user","operationId":"get_user_users__id__get",
  "parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer","title":"Id"}}],
  "responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"$ref":"#/components/schemas/User"}}}}}},
  "delete":{"summary":"Delete","operationId":"d","deprecated":true,"responses":{}},"parameters":[],"summary":"of the path","x-internal":{"get":{}}},
"/users":{"post":{"summary":"Create"},"get":{"summary":"List all users","tags":["users","lists"]}}
},"components":{"schemas":{"User":{"properties":{"friend":{"$ref":"#/components/schemas/User"}},"type":"object"}}}}`

// endpoint is one as the simplest document makes it.
func endpoint(method, path string, change ...func(*Endpoint)) Endpoint {
	e := Endpoint{Method: method, Path: path, Tags: []string{}, Source: SourceLive}
	for _, do := range change {
		do(&e)
	}
	return e
}

func summary(text string) func(*Endpoint) { return func(e *Endpoint) { e.Summary = text } }

func tagged(tags ...string) func(*Endpoint) { return func(e *Endpoint) { e.Tags = tags } }

func having(params ...Param) func(*Endpoint) { return func(e *Endpoint) { e.Params = params } }

// get is a document whose only operation has these members.
func get(members string) string { return `{"openapi":"3.0.3","paths":{"/":{"get":{` + members + `}}}}` }

func TestFromOpenAPI(t *testing.T) {
	tests := map[string]struct {
		document string
		want     List
	}{
		"FastAPI": {fastAPI, List{Endpoints: []Endpoint{
			endpoint("GET", "/users", summary("List all users"), tagged("users", "lists")),
			endpoint("POST", "/users", summary("Create")),
			endpoint("DELETE", "/users/{id}", summary("Delete"), func(e *Endpoint) { e.OperationID, e.Deprecated = "d", true }),
			endpoint("GET", "/users/{id}", summary("Get user by ID"), tagged("users"), func(e *Endpoint) {
				e.Description, e.OperationID = "Retrieve a specific user", "get_user_users__id__get"
				e.Params = []Param{{Name: "id", In: "path", Type: "integer", Required: true}}
			}),
		}}},
		"Swagger 2 with a base path":  {`{"swagger":"2.0","paths":{"/a":{"get":{}}},"basePath":"/api/"}`, List{Endpoints: []Endpoint{endpoint("GET", "/api/a")}}},
		"Swagger 2 with base path /":  {`{"swagger":"2.0","basePath":"/","paths":{"/a":{"get":{}}}}`, List{Endpoints: []Endpoint{endpoint("GET", "/a")}}},
		"base path that is none":      {`{"swagger":"2.0","basePath":"evil.example","paths":{"/a":{"get":{}}}}`, List{Endpoints: []Endpoint{endpoint("GET", "/a")}}},
		"base path of OpenAPI 3":      {`{"openapi":"3.0.0","basePath":"/api","paths":{"/a":{"get":{}}}}`, List{Endpoints: []Endpoint{endpoint("GET", "/a")}}},
		"servers":                     {`{"openapi":"3.0.0","servers":[{"url":"http://evil.example/x"}],"paths":{"/a":{"get":{}}}}`, List{Endpoints: []Endpoint{endpoint("GET", "/a")}}},
		"no paths":                    {`{"openapi":"3.0.0","paths":{}}`, List{}},
		"webhooks alone":              {`{"openapi":"3.1.0","webhooks":{}}`, List{}},
		"members of other names":      {`{"openapi":"3.0.0","Paths":{"/x":{"get":{}}},"paths":{"/":{"GET":{},"parameters":{},"servers":{},"connect":{},"x-get":{}}}}`, List{}},
		"extensions of paths":         {`{"openapi":"3.0.0","paths":{"x-/a":{"get":{}},"x-y":[]}}`, List{}},
		"paths that are none":         {`{"openapi":"3.0.0","paths":{"a":{"get":{}},"http://evil.example/":{"get":{}},"":{"get":{}},"/\u001b[2J":{"get":{}},"/\u202e":{"get":{}}}}`, List{LeftOut: 5}},
		"no path after a base path":   {`{"swagger":"2.0","basePath":"/api","paths":{"a":{"get":{}}}}`, List{LeftOut: 1}},
		"duplicate path":              {`{"openapi":"3.0.0","paths":{"/a":{"get":{},"put":{}},"/a":{"post":{}}}}`, List{Endpoints: []Endpoint{endpoint("POST", "/a")}}},
		"duplicate method":            {`{"openapi":"3.0.0","paths":{"/a":{"get":{"summary":"1"},"get":{"summary":"2"}}}}`, List{Endpoints: []Endpoint{endpoint("GET", "/a", summary("2"))}}},
		"reference":                   {`{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/paths/~1a"},"/b":{"get":{"$ref":"#/paths/~1b/get"}}}}`, List{Endpoints: []Endpoint{endpoint("GET", "/b")}}},
		"wrong types":                 {get(`"summary":1,"description":["x"],"tags":"users","operationId":{},"deprecated":"yes"`), List{Endpoints: []Endpoint{endpoint("GET", "/")}}},
		"null":                        {get(`"summary":null,"description":null,"tags":null,"operationId":null,"deprecated":null`), List{Endpoints: []Endpoint{endpoint("GET", "/")}}},
		"tags that are no strings":    {get(`"tags":[1,"a",null,["b"],{"name":"c"},"","d"]`), List{Endpoints: []Endpoint{endpoint("GET", "/", tagged("a", "d"))}}},
		"operations that are none":    {`{"openapi":"3.0.0","paths":{"/a":{"get":null,"put":[],"post":"x","patch":1,"head":{}}}}`, List{Endpoints: []Endpoint{endpoint("HEAD", "/a")}}},
		"items that are none":         {`{"openapi":"3.0.0","paths":{"/a":null,"/b":[{"get":{}}],"/c":"get"}}`, List{}},
		"control characters":          {get(`"summary":"a\u001b[31mb\u0000\u009bc\n\u202ed\te"`), List{Endpoints: []Endpoint{endpoint("GET", "/", summary("a[31mbc\nd\te"))}}},
		"half of a surrogate pair":    {get(`"summary":"\ud83d"`), List{Endpoints: []Endpoint{endpoint("GET", "/", summary("\ufffd"))}}},
		"bytes that are not UTF-8":    {get("\"summary\":\"\xff\""), List{Endpoints: []Endpoint{endpoint("GET", "/", summary("\ufffd"))}}},
		"long texts":                  {get(`"summary":"` + strings.Repeat("é", 600) + `","tags":["` + strings.Repeat("a", 129) + `","` + strings.Repeat("b", 128) + `"]`), List{Endpoints: []Endpoint{endpoint("GET", "/", summary(strings.Repeat("é", 510)+"…"), tagged(strings.Repeat("a", 125)+"…", strings.Repeat("b", 128)))}}},
		"parameter of a path":         {get(`"parameters":[{"name":"a","in":"path"}]`), List{Endpoints: []Endpoint{endpoint("GET", "/", having(Param{Name: "a", In: "path", Required: true}))}}},
		"long description":            {get(`"description":"` + strings.Repeat("d", 9000) + `"`), List{Endpoints: []Endpoint{endpoint("GET", "/", func(e *Endpoint) { e.Description = strings.Repeat("d", 8189) + "…" })}}},
		"parameters":                  {`{"swagger":"2.0","paths":{"/":{"parameters":[{"name":"a","in":"query","type":"string"},{"name":"b","in":"query","type":"number","pattern":"x"}],"get":{"parameters":[{"name":"a","in":"query","required":true,"schema":{"type":"integer","pattern":"y"}},{"$ref":"#/x"},7,{"name":"body","in":"body"},{"in":"path"}]}}}}`, List{Endpoints: []Endpoint{endpoint("GET", "/", having(Param{Name: "a", In: "query", Type: "integer", Pattern: "y", Required: true}, Param{Name: "b", In: "query", Type: "number", Pattern: "x"}))}}},
		"many tags":                   {get(`"tags":[` + strings.Repeat(`"t",`, 16) + `"one too many"]`), List{Endpoints: []Endpoint{endpoint("GET", "/", tagged(slices.Repeat([]string{"t"}, 16)...))}}},
		"longest path, and one more":  {`{"openapi":"3.0.0","paths":{"/` + strings.Repeat("p", 1023) + `":{"get":{}},"/` + strings.Repeat("q", 1024) + `":{"get":{}}}}`, List{LeftOut: 1, Endpoints: []Endpoint{endpoint("GET", "/"+strings.Repeat("p", 1023))}}},
		"base path makes it too long": {`{"swagger":"2.0","basePath":"/api","paths":{"/` + strings.Repeat("p", 1023) + `":{"get":{}}}}`, List{LeftOut: 1}},
		"deep, where nobody looks":    {get(`"x-deep":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"summary":"after"`), List{Endpoints: []Endpoint{endpoint("GET", "/", summary("after"))}}},
		"deep tags":                   {get(`"tags":[` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"after"]`), List{Endpoints: []Endpoint{endpoint("GET", "/", tagged("after"))}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := FromOpenAPI([]byte(tt.document))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("list (-want +got):\n%s", diff)
			}
			if got.Endpoints == nil {
				t.Error("no endpoints are null in JSON")
			}
		})
	}
}

func TestFromOpenAPIRefuses(t *testing.T) {
	tests := map[string]struct {
		document string
		want     error
	}{
		"nothing":             {"", ErrNotJSON},
		"HTML":                {"<!doctype html>", ErrNotJSON},
		"YAML":                {"openapi: 3.0.0\npaths: {}\n", ErrNotJSON},
		"cut off":             {fastAPI[:len(fastAPI)-1], ErrNotJSON},
		"two documents":       {fastAPI + fastAPI, ErrNotJSON},
		"too deep":            {get(`"x":` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000)), ErrNotJSON},
		"list":                {"[]", ErrNotOpenAPI},
		"text":                {`"openapi"`, ErrNotOpenAPI},
		"null":                {"null", ErrNotOpenAPI},
		"something else":      {`{"paths":{"/":{"get":{}}}}`, ErrNotOpenAPI},
		"other version":       {`{"openapi":"4.0.0","paths":{"/":{"get":{}}}}`, ErrNotOpenAPI},
		"version is a number": {`{"openapi":3.0,"paths":{"/":{"get":{}}}}`, ErrNotOpenAPI},
		"Swagger 1":           {`{"swagger":"1.2","paths":{"/":{"get":{}}}}`, ErrNotOpenAPI},
		"paths missing":       {`{"openapi":"3.0.0"}`, ErrNotOpenAPI},
		"paths null":          {`{"openapi":"3.0.0","paths":null}`, ErrNotOpenAPI},
		"paths is a list":     {`{"openapi":"3.1.0","paths":[{"/":{"get":{}}}]}`, ErrNotOpenAPI},
		"paths is a text":     {`{"openapi":"3.1.0","paths":"/"}`, ErrNotOpenAPI},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := FromOpenAPI([]byte(tt.document)); !errors.Is(err, tt.want) {
				t.Errorf("got %+v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// documentOf has that many paths with these members.
func documentOf(paths int, item string) []byte {
	var b strings.Builder
	b.WriteString(`{"openapi":"3.0.0","paths":{`)
	for i := range paths {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"/%06d":%s`, i, item)
	}
	b.WriteString("}}")
	return []byte(b.String())
}

func TestEndpointsAreBounded(t *testing.T) {
	tests := map[string]struct {
		document []byte
		want     int
		cut      bool
	}{
		"as many as allowed":      {documentOf(500, `{"get":{},"put":{}}`), 1000, false},
		"one path more":           {documentOf(501, `{"get":{},"put":{}}`), 1000, true},
		"many without methods":    {documentOf(100_000, `{}`), 0, true},
		"many":                    {documentOf(100_000, `{"get":{}}`), 1000, true},
		"one path over and again": {[]byte(`{"openapi":"3.0.0","paths":{` + strings.Repeat(`"/":{"get":{}},`, 3000) + `"/":{"get":{}}}}`), 1, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := FromOpenAPI(tt.document)
			if err != nil || len(got.Endpoints) != tt.want || got.Cut != tt.cut {
				t.Errorf("%d endpoints, cut %t, %v", len(got.Endpoints), got.Cut, err)
			}
		})
	}
}

// FuzzFromOpenAPI holds what is true of whatever an application says.
func FuzzFromOpenAPI(f *testing.F) {
	f.Add([]byte(fastAPI))
	f.Add([]byte(get(`"tags":[1,"a",null]`)))
	f.Add([]byte(`{"swagger":"2.0","basePath":"/a","paths":{"/":{"get":{}},"/":null}}`))
	f.Add([]byte("{\"openapi\":\"3.1\",\"paths\":{\"/\xff\":{\"get\":{\"summary\":\"\xff\"}}}}"))
	f.Fuzz(func(t *testing.T, document []byte) {
		got, err := FromOpenAPI(document)
		if err != nil {
			if !errors.Is(err, ErrNotJSON) && !errors.Is(err, ErrNotOpenAPI) {
				t.Fatalf("error %v", err)
			}
			return
		}
		again, err := FromOpenAPI(document)
		if diff := cmp.Diff(got, again); diff != "" || err != nil {
			t.Fatalf("the same document, read again: %v\n%s", err, diff)
		}
		if len(got.Endpoints) > MaxEndpoints {
			t.Fatalf("%d endpoints", len(got.Endpoints))
		}
		for i, e := range got.Endpoints {
			if i > 0 && e.Path+" "+e.Method == got.Endpoints[i-1].Path+" "+got.Endpoints[i-1].Method {
				t.Fatalf("twice: %+v", e)
			}
			if !validPath(e.Path) || len(e.Summary) > MaxSummaryBytes || len(e.Description) > MaxDescriptionBytes || len(e.Tags) > MaxTags || e.Tags == nil {
				t.Fatalf("not within the bounds: %+v", e)
			}
			if text, err := json.Marshal(e); err != nil || !utf8.Valid(text) {
				t.Fatalf("%+v: %v", e, err)
			}
		}
	})
}
