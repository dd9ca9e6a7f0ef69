package django_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/test/endpoints/cases"
	"github.com/codebegen/preview-operator/test/endpoints/score"
)

// site is a project of one site, with what else it has.
func site(urls string, more map[string]string) map[string][]byte {
	files := map[string][]byte{
		"manage.py":       []byte(`os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")`),
		"web/settings.py": []byte("ROOT_URLCONF = \"web.urls\"\n"),
		"web/urls.py":     []byte(urls),
		"web/__init__.py": nil,
	}
	for path, text := range more {
		files[path] = []byte(text)
	}
	return files
}

// TestControllers: Django Ninja Extra is not packaged where the truth is made; the rows are what its documentation says.
func TestControllers(t *testing.T) {
	found := resolve(t.Context(), site(`
from django.urls import path
from ninja_extra import NinjaExtraAPI
from web.api import TodoController, UserController

api = NinjaExtraAPI(urls_namespace="x")
api.register_controllers(TodoController, UserController)
urlpatterns = [path("api/", api.urls)]
`, map[string]string{"web/api.py": `
from ninja_extra import api_controller, http_get, http_post, route

@api_controller("/todos", tags=["Todos"])
class TodoController:
    @http_get("/")
    def list_todos(self, request):
        """All of them."""

    @http_post("/{int:todo_id}/done", summary="Finish")
    def finish(self, request, todo_id: int):
        pass

class Base:
    @route.get("/me")
    def me(self):
        pass

@api_controller("/users/")
class UserController(Base):
    @route.generic("/search", methods=["GET", "POST"])
    def search(self):
        pass
`}))
	want := []score.Row{
		cases.Row("GET", "/api/todos/", "List Todos", "All of them.", "Todos"),
		cases.Row("POST", "/api/todos/{todo_id}/done", "Finish", "", "Todos"),
		cases.Row("GET", "/api/users/me", "Me", "", "user"),
		cases.Row("GET", "/api/users/search", "Search", "", "user"),
		cases.Row("POST", "/api/users/search", "Search", "", "user"),
	}
	cases.Check(t, want, found)
}

// TestUnknown: what cannot be known is a diagnostic, and what is beside it is found all the same.
func TestUnknown(t *testing.T) {
	const view = "\nfrom django.urls import include, path, re_path\nfrom os import urandom\ndef view(request): pass\n"
	known := []score.Row{cases.Row("GET", "/known/", "", "")}
	for name, test := range map[string]struct {
		urls, code string
		rows       []score.Row
	}{
		"a prefix":                 {`urlpatterns = [path("known/", view), path(urandom(3).hex(), view)]`, "unknown-path", known},
		"the beginning of many":    {`urlpatterns = [path("known/", view), path(urandom(3).hex(), include([path("a/", view)]))]`, "unknown-path", known},
		"alternatives":             {`urlpatterns = [path("known/", view), re_path(r"^a/$|^b/$", view)]`, "unknown-path", known},
		"a package's urls":         {`urlpatterns = [path("known/", view), path("x/", include("some_package.urls"))]`, "unknown-package", known},
		"a package's list":         {"from some_package import urls\nurlpatterns = [path('known/', view)] + urls", "unknown-urls", known},
		"the admin":                {"from django.contrib import admin\nurlpatterns = [path('known/', view), path('admin/', admin.site.urls)]", "admin", known},
		"an admin of its own":      {"from django.contrib.admin import AdminSite\nclass S(AdminSite): pass\nurlpatterns = [path('known/', view), path('admin/', S(name='s').urls)]", "admin", known},
		"a class of a package":     {"from some_package import V\nurlpatterns = [path('known/', view), path('x/', V.as_view())]", "unknown-view", known},
		"a viewset":                {"from rest_framework.routers import SimpleRouter\nfrom some_package import V\nr = SimpleRouter()\nr.register('x', V)\nurlpatterns = [path('known/', view)] + r.urls", "unknown-viewset", known},
		"urls that include itself": {"urlpatterns = [path('known/', view), path('a/', include('web.urls'))]", "too-deep", nil},
	} {
		t.Run(name, func(t *testing.T) {
			found := resolve(t.Context(), site(view+test.urls, nil))
			codes := map[string]bool{}
			for _, diagnostic := range found.Diagnostics {
				codes[diagnostic.Code] = true
			}
			if !codes[test.code] {
				t.Errorf("no diagnostic %s: %+v", test.code, found.Diagnostics)
			}
			if test.rows != nil {
				cases.Check(t, test.rows, found)
			}
		})
	}
}

// TestDetails: where a route is, what its parameters are, and how sure it is.
func TestDetails(t *testing.T) {
	found := resolve(t.Context(), site(`
import os
from django.urls import path, re_path
from web.views import view
urlpatterns = [path("a/<int:pk>/<slug:name>/", view), re_path(r"^b/(?P<year>[0-9]{4})/(\d+)/$", view)]
if os.urandom(1):
    urlpatterns += [path("c/", view)]
`, map[string]string{"web/views.py": "\n\ndef view(request):\n    pass\n"}))
	type details struct{ Path, File, Params, Confidence string }
	var got []details
	for _, one := range found.Routes {
		params := ""
		for _, param := range one.Params {
			params += param.Name + " " + param.Type + " " + param.Pattern + "; "
		}
		got = append(got, details{one.Path, one.File, params, string(one.Confidence)})
		if one.Line != 3 {
			t.Errorf("%s is in line %d, want 3", one.Path, one.Line)
		}
	}
	want := []details{
		{"/a/{pk}/{name}/", "web/views.py", "pk integer int; name string slug; ", "exact"},
		{"/b/{year}/{arg1}/", "web/views.py", `year string [0-9]{4}; arg1 integer \d+; `, "exact"},
		{"/c/", "web/views.py", "", "likely"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("wrong details (-want +got):\n%s", diff)
	}
}
