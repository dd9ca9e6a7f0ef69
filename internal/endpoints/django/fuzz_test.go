package django_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/test/endpoints/cases"
)

// FuzzResolve takes the urls and the views of a site apart: whatever they are, resolving ends, and every route has a path.
func FuzzResolve(f *testing.F) {
	for _, name := range []string{"paths", "routers", "decorators", "regexes", "custom-router", "ninja"} {
		files := cases.Files(f, "django", name)
		var views []string
		for path, text := range files {
			if !strings.HasPrefix(path, "web/") && strings.HasSuffix(path, ".py") && path != "manage.py" {
				views = append(views, string(text))
			}
		}
		f.Add(string(files["web/urls.py"]), strings.Join(views, "\n"))
	}
	f.Fuzz(func(t *testing.T, urls, views string) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		found := resolve(ctx, map[string][]byte{
			"manage.py":       []byte(`os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")`),
			"web/settings.py": []byte(`ROOT_URLCONF = "web.urls"`),
			"web/urls.py":     []byte(urls),
			"app/views.py":    []byte(views),
			"api/views.py":    []byte(views),
		})
		for _, one := range found.Routes {
			if !strings.HasPrefix(one.Path, "/") || one.Method != strings.ToUpper(one.Method) || one.Method == "" {
				t.Fatalf("a route of no use: %+v", one)
			}
		}
		if ctx.Err() != nil {
			t.Fatal("it did not end in time")
		}
	})
}
