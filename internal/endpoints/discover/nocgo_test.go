//go:build !cgo

package discover

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints"
)

func TestDiscoverWithoutParser(t *testing.T) {
	want := endpoints.Result{Endpoints: []endpoints.Endpoint{}, Diagnostics: []endpoints.Diagnostic{
		{Code: "no-parser", Message: "this program has no parser: it was built without cgo"},
	}}
	if diff := cmp.Diff(want, Discover(t.Context(), everything, endpoints.Options{})); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}
