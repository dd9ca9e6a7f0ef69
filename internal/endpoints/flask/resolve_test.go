package flask

import (
	"context"
	"testing"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/test/endpoints/cases"
	"github.com/codebegen/preview-operator/test/endpoints/score"
)

func TestCases(t *testing.T) { cases.Test(t, "flask", resolve) }

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
	want := []score.Row{
		cases.Row("GET", "/x", "First line.", "Said by the decorator.", "default"),
		cases.Row("PUT", "/x", "First line.", "The rest.", "default"),
	}
	cases.Check(t, want, found)
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
