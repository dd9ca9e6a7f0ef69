package runnerapi_test

import (
	"testing"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

func TestFreshInterpreterIsForWhatIsReadAtTheStart(t *testing.T) {
	for name, want := range map[string]bool{
		"DATABASE_URL": false, "PYTHONUNBUFFERED": false, "PYTHONDONTWRITEBYTECODE": false, "TZ": false, "PATH": false,
		"PYTHONPATH": true, "PYTHONHASHSEED": true, "PYTHONWARNINGS": true, "LD_PRELOAD": true, "LC_ALL": true, "LANG": true,
	} {
		if got := runnerapi.NeedsFreshInterpreter([]runnerapi.EnvVar{{Name: "A"}, {Name: name}}); got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
	if runnerapi.NeedsFreshInterpreter(nil) {
		t.Error("no environment needs a fresh interpreter")
	}
}
