package django_test

import (
	"testing"

	"github.com/codebegen/preview-operator/test/endpoints/cases"
)

func BenchmarkResolve(b *testing.B) {
	for name, project := range map[string]string{"routers": "routers", "models and forms": "models-and-forms", "apps": "apps-folder"} {
		files := cases.Files(b, "django", project)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if found := resolve(b.Context(), files); len(found.Routes) == 0 {
					b.Fatal("no routes")
				}
			}
		})
	}
}
