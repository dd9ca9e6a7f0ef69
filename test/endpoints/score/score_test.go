//go:build cgo

package score

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/endpoints/discover"
)

var update = flag.Bool("update", false, "write the table into docs/endpoints.md")

const (
	unseen = "../unseen"
	// autogen is what swagger-autogen found, by folder from the repository's root.
	autogen = "swagger-autogen.json"
	page    = "../../../docs/endpoints.md"
	begin   = "<!-- scores: written by go test ./test/endpoints/score -update -->\n"
	end     = "<!-- end of scores -->\n"
)

// What is promised, as F1 on projects that no resolver was tuned on.
const (
	overall      = 0.98
	perFramework = 0.95
)

func load(t testing.TB, folder string) []Project {
	t.Helper()
	projects, err := Load(folder, "*")
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if len(projects) == 0 {
		t.Fatalf("%s has no projects", folder)
	}
	return projects
}

func resolved(t testing.TB, files map[string][]byte) ([]Row, []endpoints.Diagnostic) {
	t.Helper()
	result := discover.Discover(t.Context(), files, endpoints.Options{})
	rows := make([]Row, 0, len(result.Endpoints))
	for _, e := range result.Endpoints {
		rows = append(rows, Row{Method: e.Method, Path: e.Path, Summary: e.Summary, Description: e.Description, Tags: e.Tags})
	}
	return rows, result.Diagnostics
}

func TestUnseenProjects(t *testing.T) {
	projects := load(t, unseen)
	ours, naive := make([]Counts, len(projects)), make([]Counts, len(projects))
	for i, project := range projects {
		found, _ := resolved(t, project.Files)
		ours[i] = Compare(project.Truth, found)
		naive[i] = Compare(project.Truth, Naive(project))
		c := ours[i]
		t.Logf("%-22s %3d true: %3d right, %2d wrong, %2d missing; exact: %3d summaries, %3d descriptions, %3d tags",
			project.Name, len(project.Truth), c.Right, c.Wrong, c.Missing, c.Summaries, c.Descriptions, c.Tags)
	}
	table := Table(projects, ours)
	text := markdown(table, Table(projects, naive), autogenLine(t, projects))
	t.Logf("\n%s", text)
	for _, line := range table {
		least := perFramework
		if line.Framework == All {
			least = overall
		}
		if line.F1() < least || line.Macro < least {
			t.Errorf("%s: F1 %.3f micro, %.3f macro, want at least %.2f", line.Framework, line.F1(), line.Macro, least)
		}
	}
	if *update {
		writeTable(t, text)
	}
}

// autogenLine is what swagger-autogen reaches on the Express projects.
func autogenLine(t *testing.T, projects []Project) Line {
	t.Helper()
	content, err := os.ReadFile(autogen)
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string][]Row
	if err := json.Unmarshal(content, &recorded); err != nil {
		t.Fatalf("%s: %v", autogen, err)
	}
	var kept []Project
	var counts []Counts
	for _, project := range projects {
		if project.Framework != "express" {
			continue
		}
		rows, ok := recorded["test/endpoints/unseen/"+project.Name]
		if !ok {
			t.Errorf("%s has nothing for %s; run make endpoint-truth", autogen, project.Name)
		}
		kept = append(kept, project)
		counts = append(counts, Compare(project.Truth, rows))
	}
	return Table(kept, counts)[0]
}

func markdown(ours, naive []Line, autogen Line) string {
	var out strings.Builder
	out.WriteString("| framework | projects | endpoints | precision | recall | F1 micro | F1 macro | summary | description | tags | regular expressions: F1 |\n")
	out.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
	for i, line := range ours {
		right := max(line.Right, 1)
		fmt.Fprintf(&out, "| %s | %d | %d | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f |\n",
			line.Framework, line.Projects, line.Right+line.Missing, line.Precision(), line.Recall(), line.F1(), line.Macro,
			share(line.Summaries, right), share(line.Descriptions, right), share(line.Tags, right), naive[i].F1())
	}
	fmt.Fprintf(&out, "\nswagger-autogen on the Express projects: precision %.3f, recall %.3f, F1 %.3f.\n", autogen.Precision(), autogen.Recall(), autogen.F1())
	return out.String()
}

func writeTable(t *testing.T, text string) {
	t.Helper()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	from, to := bytes.Index(content, []byte(begin)), bytes.Index(content, []byte(end))
	if from < 0 || to < from {
		t.Fatalf("%s has no place for the scores", page)
	}
	changed := slices.Concat(content[:from+len(begin)], []byte(text), content[to:])
	if err := os.WriteFile(page, changed, 0o644); err != nil {
		t.Fatal(err)
	}
}
