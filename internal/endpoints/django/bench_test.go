package django_test

import (
	"path/filepath"
	"testing"
)

func BenchmarkResolve(b *testing.B) {
	for name, project := range map[string]string{"routers": "routers", "models and forms": "models-and-forms", "apps": "apps-folder"} {
		files := readProject(b, filepath.Join(cases, project, "project"))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if found := resolve(files); len(found.Routes) == 0 {
					b.Fatal("no routes")
				}
			}
		})
	}
}
