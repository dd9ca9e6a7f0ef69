package javascript

import "testing"

func TestResolve(t *testing.T) {
	files := map[string]string{
		"package.json":       `{"name": "root", "_moduleAliases": {"@models": "server/models", "@out": "dist/out"}, "imports": {"#db": "./server/db.js", "#lib/*": "./server/lib/*.js"}, "dependencies": {"config": "1"}}`,
		"tsconfig.json":      "{\n  // base\n  \"extends\": \"./tsconfig.base.json\",\n}",
		"tsconfig.base.json": `{"compilerOptions": {"baseUrl": "server", "paths": {"~/*": ["*"], "exact": ["lib/exact.ts"], "~/deep/*": ["other/*"]}}}`,
		"server/app.ts":      "", "server/db.js": "", "server/lib/exact.ts": "", "server/lib/a.js": "", "server/lib/index.js": "", "server/models/user.js": "",
		"server/other/x.ts": "", "server/both.js": "", "server/both.ts": "", "server/data.json": "{}", "server/types.d.ts": "", "server/config/index.ts": "",
		"server/module.mts": "", "src/out/z.ts": "",
		"pkgs/a/package.json": `{"name": "@x/a", "main": "dist/index.js", "exports": {".": {"import": "./dist/index.mjs", "require": "./dist/index.js"}, "./sub/*": "./dist/sub/*.js"}}`,
		"pkgs/a/src/index.ts": "", "pkgs/a/src/sub/s.ts": "",
		"folder/package.json": `{"main": "./main"}`, "folder/main.js": "", "folder/index.js": "",
		"node_modules/y/index.js": "",
	}
	content := map[string][]byte{}
	for name, text := range files {
		content[name] = []byte(text)
	}
	p := NewProject(content)
	for name, test := range map[string]struct{ from, spec, want string }{
		"relative":                {"server/app.ts", "./db", "server/db.js"},
		"parent":                  {"server/lib/a.js", "../db.js", "server/db.js"},
		"folder":                  {"server/app.ts", "./lib", "server/lib/index.js"},
		"slash":                   {"server/app.ts", "./lib/", "server/lib/index.js"},
		"dot":                     {"server/lib/a.js", ".", "server/lib/index.js"},
		"js means ts":             {"server/app.ts", "./lib/exact.js", "server/lib/exact.ts"},
		"mjs means mts":           {"server/app.ts", "./module.mjs", "server/module.mts"},
		"TypeScript from its own": {"server/app.ts", "./both", "server/both.ts"},
		"JavaScript from its own": {"server/lib/a.js", "../both", "server/both.js"},
		"JSON":                    {"server/app.ts", "./data", "server/data.json"},
		"only types":              {"server/app.ts", "./types", ""},
		"paths":                   {"server/app.ts", "~/lib/a", "server/lib/a.js"},
		"longest path":            {"server/app.ts", "~/deep/x", "server/other/x.ts"},
		"path without star":       {"server/app.ts", "exact", "server/lib/exact.ts"},
		"base":                    {"server/app.ts", "models/user", "server/models/user.js"},
		"dependency over base":    {"server/app.ts", "config", ""},
		"imports":                 {"server/app.ts", "#db", "server/db.js"},
		"imports with star":       {"server/app.ts", "#lib/a", "server/lib/a.js"},
		"alias":                   {"server/app.ts", "@models/user", "server/models/user.js"},
		"alias of what is built":  {"server/app.ts", "@out/z", "src/out/z.ts"},
		"workspace":               {"server/app.ts", "@x/a", "pkgs/a/src/index.ts"},
		"workspace's export":      {"server/app.ts", "@x/a/sub/s", "pkgs/a/src/sub/s.ts"},
		"main":                    {"server/app.ts", "../folder", "folder/main.js"},
		"installed":               {"server/app.ts", "y", ""},
		"missing":                 {"server/app.ts", "./nothing", ""},
		"out of the project":      {"server/app.ts", "../../../etc/passwd", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := p.Resolve(test.from, test.spec); got != test.want {
				t.Errorf("Resolve(%q, %q) = %q, want %q", test.from, test.spec, got, test.want)
			}
		})
	}
}

func TestWithoutComments(t *testing.T) {
	got := string(withoutComments([]byte("{ // one\n \"a\": \"// no\", /* two */ \"b\": [1, 2, ], }")))
	if want := "{  \"a\": \"// no\",  \"b\": [1, 2]}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
