package flask

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const cases = "../../../test/endpoints/cases/flask"

// row is what a truth.json says of an endpoint.
type row struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
}

func TestCases(t *testing.T) {
	folders, err := os.ReadDir(cases)
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) < 25 {
		t.Fatalf("%d cases, want at least 25", len(folders))
	}
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			at := filepath.Join(cases, folder.Name())
			found := resolve(t.Context(), read(t, filepath.Join(at, "project")))
			if diff := cmp.Diff(truth(t, filepath.Join(at, "truth.json")), rowsOf(found)); diff != "" {
				t.Errorf("rows (-want +got):\n%s\ndiagnostics: %+v", diff, found.Diagnostics)
			}
			for _, r := range found.Routes {
				if r.File == "" || r.Line == 0 {
					t.Errorf("%s %s has no place", r.Method, r.Path)
				}
			}
		})
	}
}

// What flask-restx documents with @doc is not in the URL map, so that no truth tells it.
func TestRestxDescription(t *testing.T) {
	found := resolve(t.Context(), map[string][]byte{"app.py": []byte(`
from flask import Flask
from flask_restx import Api, Resource

app = Flask(__name__)
api = Api(app)


@api.route("/x")
class X(Resource):
    @api.doc(description="Said by the decorator.")
    def get(self):
        """First line.

        The rest.
        """

    def put(self):
        """First line.

        The rest.
        """
`)})
	want := []row{
		{"GET", "/x", "First line.", "Said by the decorator.", []string{"default"}},
		{"PUT", "/x", "First line.", "The rest.", []string{"default"}},
	}
	if diff := cmp.Diff(want, rowsOf(found)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestDiagnostics(t *testing.T) {
	for name, test := range map[string]struct{ source, code string }{
		"prefix":     {"bp = Blueprint('b', __name__, url_prefix=unknown())\n@bp.route('/x')\ndef x(): pass\napp.register_blueprint(bp)", "unknown-prefix"},
		"path":       {"app.add_url_rule(unknown(), 'x', lambda: '')", "unknown-path"},
		"methods":    {"app.add_url_rule('/y', 'x', lambda: '', methods=unknown())", "unknown-methods"},
		"blueprint":  {"app.register_blueprint(unknown())", "unknown-blueprint"},
		"no slash":   {"app.add_url_rule('y', 'x', lambda: '')", "bad-rule"},
		"extensions": {"import flask_admin\nflask_admin.Admin(app)", "extension-routes"},
	} {
		t.Run(name, func(t *testing.T) {
			source := "from flask import Blueprint, Flask\nfrom elsewhere import unknown\napp = Flask(__name__)\napp.add_url_rule('/', 'root', lambda: '')\n" + test.source
			found := resolve(t.Context(), map[string][]byte{"app.py": []byte(source)})
			if len(found.Routes) != 1 {
				t.Errorf("routes: %+v", found.Routes)
			}
			if len(found.Diagnostics) != 1 || found.Diagnostics[0].Code != test.code {
				t.Errorf("diagnostics: %+v, want one of %s", found.Diagnostics, test.code)
			}
		})
	}
}

func resolve(ctx context.Context, files map[string][]byte) route.Found {
	return Resolve(ctx, python.NewProject(ctx, files))
}

func read(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		files[filepath.ToSlash(relative)] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func truth(t testing.TB, file string) []row {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Endpoints []row `json:"endpoints"`
	}
	if err := json.Unmarshal(content, &said); err != nil {
		t.Fatal(err)
	}
	return ordered(said.Endpoints)
}

func rowsOf(found route.Found) []row {
	rows := []row{}
	for _, r := range found.Routes {
		tags := r.Tags
		if tags == nil {
			tags = []string{}
		}
		rows = append(rows, row{r.Method, r.Path, r.Summary, r.Description, tags})
	}
	return ordered(rows)
}

func ordered(rows []row) []row {
	sort.Slice(rows, func(i, j int) bool {
		if rows[i].Path != rows[j].Path {
			return rows[i].Path < rows[j].Path
		}
		return rows[i].Method < rows[j].Method
	})
	return rows
}
