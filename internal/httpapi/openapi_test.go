package httpapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/codebegen/preview-operator/test/contract"
)

func TestDescriptionIsValidOpenAPI(t *testing.T) {
	h := newHarness(t, nil)
	document, err := libopenapi.NewDocument(h.api.openAPI)
	h.must(err)
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if _, errs := v.ValidateDocument(); len(errs) > 0 {
		t.Error(errs)
	}
	if version := document.GetVersion(); version != "3.1.0" {
		t.Errorf("the version is %s", version)
	}
	// References, examples, ids, summaries and tags.
	if _, err := contract.Load(h.api.openAPI); err != nil {
		t.Error(err)
	}
}

// Whoever adds a kind of problem has to say which operation answers with it.
func TestEveryProblemIsDocumented(t *testing.T) {
	h := newHarness(t, nil)
	want := problemKinds(t)
	// Nobody receives it.
	want = slices.DeleteFunc(want, func(slug string) bool { return slug == kindClientGone.slug })
	var got []string
	for _, problem := range h.contract().Problems() {
		got = append(got, problem[len(problemBase):])
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems of problem.go and of the description (-want +got):\n%s", diff)
	}
}

// problemKinds reads the slugs of all kinds from problem.go.
func problemKinds(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var slugs []string
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if !ok || len(literal.Elts) == 0 {
			return true
		}
		if name, ok := literal.Type.(*ast.Ident); ok && name.Name == "kind" {
			slug, err := strconv.Unquote(literal.Elts[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			slugs = append(slugs, slug)
		}
		return true
	})
	slices.Sort(slugs)
	return slugs
}

// docs/http-api.md has every route, and every kind of problem with its status and no other.
func TestDocumentationIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	h := newHarness(t, nil)
	for _, route := range h.contract().Routes() {
		if !strings.Contains(string(page), "`"+route+"`") {
			t.Errorf("%s is not in the table of routes", route)
		}
	}
	want, got := map[string]string{}, map[string]string{}
	for _, one := range h.contract().Documented() {
		if one.Problem != "" {
			want[strings.TrimPrefix(one.Problem, problemBase)] = strconv.Itoa(one.Status)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([0-9]{3}) \\|").FindAllStringSubmatch(string(page), -1) {
		got[row[1]] = row[2]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems of the description and of docs/http-api.md (-want +got):\n%s", diff)
	}
}
