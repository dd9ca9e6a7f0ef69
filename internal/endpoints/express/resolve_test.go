package express

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

const casesDir = "../../../test/endpoints/cases/express"

// truth is a truth.json, which the truth script makes by loading the application.
type truth struct {
	Endpoints []row `json:"endpoints"`
}

type row struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
}

func readProject(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		relative, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(relative)] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func rowsOf(routes []route.Route) []row {
	rows := make([]row, 0, len(routes))
	for _, r := range routes {
		rows = append(rows, row{r.Method, r.Path, r.Summary, r.Description, r.Tags})
	}
	sortRows(rows)
	return rows
}

func sortRows(rows []row) {
	slices.SortFunc(rows, func(a, b row) int {
		if order := strings.Compare(a.Path, b.Path); order != 0 {
			return order
		}
		return strings.Compare(a.Method, b.Method)
	})
}

func TestCases(t *testing.T) {
	truths, err := filepath.Glob(filepath.Join(casesDir, "*", "truth.json"))
	if err != nil || len(truths) < 25 {
		t.Fatalf("%d cases, %v; at least 25 are expected", len(truths), err)
	}
	for _, file := range truths {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want truth
			if err := json.Unmarshal(content, &want); err != nil {
				t.Fatal(err)
			}
			sortRows(want.Endpoints)
			found := Resolve(t.Context(), readProject(t, filepath.Join(dir, "project")))
			if diff := cmp.Diff(want.Endpoints, rowsOf(found.Routes), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("rows differ (-want +got):\n%s\n%v", diff, found.Diagnostics)
			}
		})
	}
}
