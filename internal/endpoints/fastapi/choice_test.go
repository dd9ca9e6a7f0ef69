package fastapi

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// serving is a module with an application that serves one path.
func serving(path string) string {
	return "from fastapi import FastAPI\napp = FastAPI()\n@app.get('" + path + "')\ndef f(): pass\n"
}

// TestChoice: the application that is served is found, and those of other services.
func TestChoice(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"main before others":       {map[string]string{"main.py": serving("/a"), "server.py": serving("/b"), "old.py": serving("/c")}, []string{"/a"}},
		"in a folder for sources":  {map[string]string{"src/app/main.py": serving("/a"), "scripts/tool.py": serving("/b"), "pyproject.toml": ""}, []string{"/a"}},
		"named by a Dockerfile":    {map[string]string{"Dockerfile": `CMD ["uvicorn", "web.live:app"]`, "main.py": serving("/a"), "web/live.py": serving("/b")}, []string{"/b"}},
		"named by a script":        {map[string]string{"run.sh": "uvicorn --reload web.live:app --port 80", "main.py": "", "web/live.py": serving("/b")}, []string{"/b"}},
		"named by uvicorn.run":     {map[string]string{"start.py": "import uvicorn\nuvicorn.run('web:app')", "main.py": serving("/a"), "web.py": serving("/b")}, []string{"/b"}},
		"fastapi run":              {map[string]string{"Dockerfile": `CMD ["fastapi", "run", "web/live.py"]`, "main.py": serving("/a"), "web/live.py": serving("/b")}, []string{"/b"}},
		"not of tests and docs":    {map[string]string{"tests/main.py": serving("/a"), "docs/main.py": serving("/b"), "test_main.py": serving("/c")}, nil},
		"services with manifests":  {map[string]string{"a/main.py": serving("/a"), "a/requirements.txt": "", "b/x/main.py": serving("/b"), "b/pyproject.toml": ""}, []string{"/a", "/b"}},
		"services without":         {map[string]string{"users/main.py": serving("/a"), "orders/main.py": serving("/b")}, []string{"/a", "/b"}},
		"one service, two modules": {map[string]string{"users/main.py": serving("/a"), "users/admin.py": serving("/b")}, []string{"/a"}},
		"a part of another one":    {map[string]string{"users/main.py": "from lib import app", "lib/__init__.py": serving("/a")}, []string{"/a"}},
		"in a function nobody calls": {map[string]string{"main.py": "from fastapi import FastAPI\ndef build(settings):\n    app = FastAPI()\n    app.add_api_route('/a', build)\n    return app\n"},
			[]string{"/a"}},
		"wrapped in middleware": {map[string]string{"main.py": serving("/a") + "from somewhere import Wrapper\napp = Wrapper(app=Wrapper(app))\n"}, []string{"/a"}},
		"under the main guard":  {map[string]string{"main.py": "from fastapi import FastAPI\nif __name__ == '__main__':\n    app = FastAPI()\n    app.add_api_route('/a', print)\n"}, []string{"/a"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			for file, source := range test.files {
				files[file] = []byte(source)
			}
			var paths []string
			for _, made := range resolve(t.Context(), files).Routes {
				paths = append(paths, made.Path)
			}
			slices.Sort(paths)
			if diff := cmp.Diff(test.want, paths); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}
