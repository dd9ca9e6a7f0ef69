package runnerapi_test

import (
	"testing"

	"github.com/codebegen/preview-operator/api/v1alpha1"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

func TestReasonsAreThoseOfTheAPI(t *testing.T) {
	for got, want := range map[string]string{
		runnerapi.ReasonCodeRejected:       v1alpha1.ReasonCodeRejected,
		runnerapi.ReasonSourceUnavailable:  v1alpha1.ReasonSourceUnavailable,
		runnerapi.ReasonEntrypointNotFound: v1alpha1.ReasonEntrypointNotFound,
		runnerapi.ReasonImportError:        v1alpha1.ReasonImportError,
		runnerapi.ReasonStartupFailed:      v1alpha1.ReasonStartupFailed,
		runnerapi.ReasonStartupTimeout:     v1alpha1.ReasonStartupTimeout,
		runnerapi.ReasonOOMKilled:          v1alpha1.ReasonOOMKilled,
		runnerapi.ReasonAppExited:          v1alpha1.ReasonAppExited,
	} {
		if got != want {
			t.Errorf("reason %q is %q in api/v1alpha1", got, want)
		}
	}
}
