package score

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCompare(t *testing.T) {
	truth := []Row{{"GET", "/a", "A", "", []string{"x"}}, {"POST", "/a", "B", "b", nil}, {"GET", "/c", "", "", nil}}
	for name, test := range map[string]struct {
		found []Row
		want  Counts
	}{
		"nothing":     {nil, Counts{Missing: 3}},
		"all":         {truth, Counts{Right: 3, Summaries: 3, Descriptions: 3, Tags: 3}},
		"other texts": {[]Row{{"GET", "/a", "A.", "a", []string{"y"}}}, Counts{Right: 1, Missing: 2}},
		"other path":  {[]Row{{"GET", "/a/", "A", "", nil}}, Counts{Wrong: 1, Missing: 3}},
		"twice":       {[]Row{truth[0], truth[0]}, Counts{Right: 1, Wrong: 1, Missing: 2, Summaries: 1, Descriptions: 1, Tags: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Compare(truth, test.found)); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTable(t *testing.T) {
	projects := []Project{{Framework: "flask"}, {Framework: "django"}, {Framework: "flask"}}
	counts := []Counts{{Right: 1}, {Right: 2, Wrong: 1, Missing: 1}, {Right: 8, Missing: 3, Wrong: 1, Tags: 4}}
	want := []Line{
		{"django", 1, Counts{Right: 2, Wrong: 1, Missing: 1}, 2. / 3},
		{"flask", 2, Counts{Right: 9, Missing: 3, Wrong: 1, Tags: 4}, (1 + .8) / 2},
		{All, 3, Counts{Right: 11, Wrong: 2, Missing: 4, Tags: 4}, (2./3 + 1 + .8) / 3},
	}
	if diff := cmp.Diff(want, Table(projects, counts), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestNaive(t *testing.T) {
	for name, test := range map[string]struct {
		framework, file, text string
		want                  []string
	}{
		"FastAPI": {"fastapi", "a.py", `@router.get("/items/{id:int}")`, []string{"GET /items/{id}"}},
		"Flask":   {"flask", "a.py", `@bp.route("/x/<int:id>", methods=["PUT"])`, []string{"PUT /x/{id}"}},
		"Django":  {"django", "a.py", `path("x/<int:id>/", views.x), path("y/", include("y"))`, []string{"GET /x/{id}/"}},
		"Express": {"express", "a.ts", `router.delete('/:id', f)`, []string{"DELETE /{id}"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, row := range Naive(Project{Framework: test.framework, Files: map[string][]byte{test.file: []byte(test.text)}}) {
				got = append(got, row.key())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
