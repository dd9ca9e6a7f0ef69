package discover

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// source makes files of path, content pairs.
func source(pairs ...string) map[string][]byte {
	files := map[string][]byte{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = []byte(pairs[i+1])
	}
	return files
}

func TestChoose(t *testing.T) {
	long := strings.Repeat("a", 11)
	tests := map[string]struct {
		files   map[string][]byte
		options endpoints.Options
		want    []string
		about   []route.Diagnostic
	}{
		"of others": {
			source("main.py", "", "node_modules/express/index.js", "", "web/node_modules/a.js", "", "venv/lib/a.py", "", ".git/config", "", "a/__pycache__/b.py", "",
				"env/pyvenv.cfg", "", "env/lib/flask.py", "", "environment/a.py", "", "venv", "", "lib/site-packages/a.py", "", "/etc/passwd", "", "", ""),
			endpoints.Options{}, []string{"environment/a.py", "main.py", "venv"}, nil,
		},
		"no text":    {source("a.py", "a\x00b", "b.py", "b"), endpoints.Options{}, []string{"b.py"}, nil},
		"large file": {source("a.py", long, "b.txt", long, "c.py", long[1:]), endpoints.Options{MaxFileBytes: 10}, []string{"c.py"}, []route.Diagnostic{{Code: "file-too-large", Message: "the file has 11 bytes, at most 10 are read", File: "a.py"}}},
		"source goes first": {
			source("a.csv", long, "b.py", long, "c.ts", long, "package.json", long, "z.csv", ""), endpoints.Options{MaxFiles: 3}, []string{"b.py", "c.ts", "package.json"}, nil,
		},
		"many files": {
			source("a.py", "", "b.py", "", "c.py", ""), endpoints.Options{MaxFiles: 2}, []string{"a.py", "b.py"},
			[]route.Diagnostic{{Code: "project-too-large", Message: "1 files were not read: at most 2 files with 16777216 bytes in all are"}},
		},
		"much": {
			source("a.py", long, "b.py", long, "c.py", ""), endpoints.Options{MaxBytes: 21}, []string{"a.py", "c.py"},
			[]route.Diagnostic{{Code: "project-too-large", Message: "1 files were not read: at most 2000 files with 21 bytes in all are"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			kept, about := choose(tt.files, tt.options.Complete())
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(kept))) + cmp.Diff(tt.about, about); diff != "" {
				t.Errorf("files and diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportedIn(t *testing.T) {
	tests := map[string]struct {
		files map[string][]byte
		want  []string
	}{
		"nothing":         {source("a.py", "x = 'fastapi'\n# import flaskless\nimport os, sys"), nil},
		"each":            {source("a.py", "from fastapi.routing import APIRouter", "b.py", "def f():\n\timport os,flask as x", "c.py", "from django.urls import path"), []string{"django", "fastapi", "flask"}},
		"extensions":      {source("a.py", "import flask_restx", "b.py", "from rest_framework import routers"), []string{"django", "flask"}},
		"begins likewise": {source("a.py", "import flasks\nfrom my.fastapi import x\nfrom fastapix import y"), nil},
		"one-line":        {source("a.py", "import fastapi"), []string{"fastapi"}},
		"Windows":         {source("a.py", "import os\r\nimport flask\r\n"), []string{"flask"}},
		"require":         {source("a.js", "const e = require('express')"), []string{"express"}},
		"import":          {source("a.ts", "// express\nimport e from \"express\""), []string{"express"}},
		"another":         {source("a.js", "const expression = 'an express train'", "b.json", `"express"`), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(importedIn(tt.files)))); diff != "" {
				t.Errorf("frameworks (-want +got):\n%s", diff)
			}
		})
	}
}

// finds is a resolver that finds these.
func finds(framework string, lane lane, found route.Found) resolver {
	return resolver{framework: framework, name: framework, lane: lane, resolve: func(context.Context, *project) route.Found { return found }}
}

func does(framework string, lane lane, do func(context.Context)) resolver {
	return resolver{framework: framework, name: framework, lane: lane, resolve: func(ctx context.Context, _ *project) route.Found { do(ctx); return route.Found{} }}
}

var everything = source("a.py", "import fastapi, flask, django", "a.js", "require('express')")

func TestDiscover(t *testing.T) {
	one := func(path string) route.Found { return route.Found{Routes: []route.Route{{Method: "GET", Path: path}}} }
	row := func(framework, path string) endpoints.Endpoint {
		return endpoints.Endpoint{Method: "GET", Path: path, Tags: []string{}, Framework: framework, Confidence: route.Likely, Source: "static"}
	}
	tests := map[string]struct {
		files     map[string][]byte
		resolvers []resolver
		want      []endpoints.Endpoint
		about     []endpoints.Diagnostic
	}{
		"nothing": {nil, []resolver{finds("flask", laneOfPython, one("/"))}, []endpoints.Endpoint{}, []endpoints.Diagnostic{{Code: "no-framework", Message: "no file imports FastAPI, Flask, Django or Express"}}},
		"those that are imported": {
			source("a.py", "import flask"), []resolver{finds("fastapi", laneOfPython, one("/")), finds("flask", laneOfPython, one("/flask"))},
			[]endpoints.Endpoint{row("flask", "/flask")}, []endpoints.Diagnostic{},
		},
		"the first resolver wins, whatever its lane": {
			everything, []resolver{finds("fastapi", laneOfPython, one("/")), finds("flask", laneOfPython, one("/")), finds("express", laneOfJavaScript, one("/e")), finds("django", laneOfPython, one("/a"))},
			[]endpoints.Endpoint{row("fastapi", "/"), row("django", "/a"), row("express", "/e")}, []endpoints.Diagnostic{},
		},
		"nothing found": {
			source("a.py", "import flask"), []resolver{finds("flask", laneOfPython, route.Found{})}, []endpoints.Endpoint{},
			[]endpoints.Diagnostic{{Code: "no-endpoints", Message: "flask is imported, but no application with endpoints was found"}},
		},
		"nothing of one of two": {
			everything, []resolver{finds("flask", laneOfPython, route.Found{}), finds("express", laneOfJavaScript, one("/"))},
			[]endpoints.Endpoint{row("express", "/")}, []endpoints.Diagnostic{},
		},
		"a diagnostic of the resolver": {
			source("a.py", "import flask"), []resolver{finds("flask", laneOfPython, route.Found{Diagnostics: []route.Diagnostic{{Code: "c", Message: "m", File: "a.py", Line: 1}}})}, []endpoints.Endpoint{},
			[]endpoints.Diagnostic{{Code: "c", Message: "m", File: "a.py", Line: 1}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := discover(t.Context(), tt.files, endpoints.DefaultOptions(), tt.resolvers)
			if diff := cmp.Diff(endpoints.Result{Endpoints: tt.want, Count: len(tt.want), Diagnostics: tt.about}, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

// What one resolver does wrong costs its own endpoints alone.
func TestResolversThatFail(t *testing.T) {
	hung := make(chan struct{})
	t.Cleanup(func() { close(hung) })
	all := []resolver{
		does("django", laneOfPython, func(context.Context) { var none []int; _ = none[len(everything)] }),
		finds("fastapi", laneOfPython, route.Found{Routes: []route.Route{{Method: "GET", Path: "/"}}}),
		does("flask", laneOfPython, func(context.Context) { <-hung }),
		does("express", laneOfJavaScript, func(ctx context.Context) { <-ctx.Done() }),
	}
	got := discover(t.Context(), everything, endpoints.Options{Timeout: 20 * time.Millisecond}.Complete(), all)
	var codes []string
	for _, d := range got.Diagnostics {
		codes = append(codes, d.Code)
	}
	if diff := cmp.Diff([]string{"resolver-failed", "timed-out"}, codes); diff != "" || got.Count != 1 {
		t.Errorf("diagnostics of %d endpoints (-want +got):\n%s\n%+v", got.Count, diff, got.Diagnostics)
	}
	if pattern := regexp.MustCompile(`^django endpoints were not found out: .*index out of range.* \(discover_test.go:\d+\)$`); !pattern.MatchString(got.Diagnostics[0].Message) {
		t.Errorf("message %q", got.Diagnostics[0].Message)
	}
}

// Whoever has gone is not worked for.
func TestDiscoverEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := false
	discover(ctx, everything, endpoints.DefaultOptions(), []resolver{does("flask", laneOfPython, func(ctx context.Context) { <-ctx.Done(); ended = true })})
	if !ended {
		t.Error("the resolver's context goes on")
	}
}
