package django_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/django"
	"github.com/codebegen/preview-operator/internal/endpoints/python"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const cases = "../../../test/endpoints/cases/django"

type endpoint struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
}

// readProject reads the files below a folder.
func readProject(tb testing.TB, folder string) map[string][]byte {
	tb.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(relative)], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func resolve(files map[string][]byte) route.Found {
	ctx := context.Background()
	return django.Resolve(ctx, python.NewProject(ctx, files))
}

// rows are the routes in the order of the truth.
func rows(found route.Found) []endpoint {
	all := []endpoint{}
	for _, one := range found.Routes {
		all = append(all, endpoint{one.Method, one.Path, one.Summary, one.Description, append([]string{}, one.Tags...)})
	}
	slices.SortStableFunc(all, func(a, b endpoint) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return all
}

// TestCases compares what is found with what Django says of each case.
func TestCases(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(cases, "*", "truth.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(filepath.Dir(name)), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var truth struct {
				Endpoints []endpoint `json:"endpoints"`
			}
			if err := json.Unmarshal(text, &truth); err != nil {
				t.Fatal(err)
			}
			found := resolve(readProject(t, filepath.Join(filepath.Dir(name), "project")))
			if diff := gocmp.Diff(truth.Endpoints, rows(found)); diff != "" {
				t.Errorf("wrong rows (-want +got):\n%s\ndiagnostics: %+v", diff, found.Diagnostics)
			}
		})
	}
}
