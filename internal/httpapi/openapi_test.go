package httpapi

import (
	"testing"

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
