// Package cases holds small projects, one for each thing that a framework can do, with the endpoints that they were seen to
// have when they ran, and compares with them what is found without running anything.
package cases

import (
	"cmp"
	"context"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/test/endpoints/score"
)

const (
	// folder of the cases, from the packages of the frameworks.
	folder = "../../../test/endpoints/cases"
	// least is how many cases each framework has; fewer were not found.
	least = 25
)

// Of are the cases of a framework. There are at least 25.
func Of(tb testing.TB, framework string) []score.Project {
	tb.Helper()
	projects, err := score.Load(folder, framework)
	if err != nil {
		tb.Fatal(err)
	}
	if len(projects) < least {
		tb.Fatalf("%d cases of %s, want at least %d", len(projects), framework, least)
	}
	return projects
}

// Files of one case.
func Files(tb testing.TB, framework, name string) map[string][]byte {
	tb.Helper()
	for _, project := range Of(tb, framework) {
		if project.Name == framework+"/"+name {
			return project.Files
		}
	}
	tb.Fatalf("there is no case %s of %s", name, framework)
	return nil
}

// Test holds what is found in each case of a framework against its truth: every row is exact, and says where it was found.
func Test(t *testing.T, framework string, resolve func(context.Context, map[string][]byte) route.Found) {
	for _, project := range Of(t, framework) {
		t.Run(project.Name, func(t *testing.T) {
			t.Parallel()
			found := resolve(t.Context(), project.Files)
			Check(t, sorted(project.Truth), found)
			for _, r := range found.Routes {
				if r.File == "" || r.Line == 0 {
					t.Errorf("%s %s has no place", r.Method, r.Path)
				}
			}
		})
	}
}

// Check holds what is found against rows in the order of their paths and methods.
func Check(t *testing.T, want []score.Row, found route.Found) {
	t.Helper()
	got := make([]score.Row, 0, len(found.Routes))
	for _, r := range found.Routes {
		got = append(got, Row(r.Method, r.Path, r.Summary, r.Description, r.Tags...))
	}
	if diff := gocmp.Diff(want, sorted(got)); diff != "" {
		t.Errorf("rows (-want +got):\n%s\ndiagnostics: %+v", diff, found.Diagnostics)
	}
}

// Row is one endpoint. Its tags are never nil.
func Row(method, path, summary, description string, tags ...string) score.Row {
	return score.Row{Method: method, Path: path, Summary: summary, Description: description, Tags: append([]string{}, tags...)}
}

func sorted(rows []score.Row) []score.Row {
	rows = slices.Clone(rows)
	for i, r := range rows {
		rows[i].Tags = append([]string{}, r.Tags...)
	}
	slices.SortFunc(rows, func(a, b score.Row) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method)) })
	return rows
}
