package flask

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/test/endpoints/cases"
)

// FuzzResolve splits its input into files, so that mutations also move what is imported.
func FuzzResolve(f *testing.F) {
	for _, project := range cases.Of(f, "flask") {
		var text strings.Builder
		for name, content := range project.Files {
			text.WriteString(fileMark + name + "\n" + string(content))
		}
		f.Add(text.String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := map[string][]byte{}
		for _, part := range strings.Split(text, fileMark) {
			name, content, _ := strings.Cut(part, "\n")
			if name == "" || !strings.HasSuffix(name, ".py") {
				name = "app.py"
			}
			files[name] = []byte(content)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		seen := map[[2]string]bool{}
		for _, r := range resolve(ctx, files).Routes {
			key := [2]string{r.Method, r.Path}
			if seen[key] || !strings.HasPrefix(r.Path, "/") || r.Method == "" {
				t.Errorf("row %q %q", r.Method, r.Path)
			}
			seen[key] = true
		}
		if ctx.Err() != nil {
			t.Error("it took too long")
		}
	})
}

const fileMark = "\x01file "
