package httpapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
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
