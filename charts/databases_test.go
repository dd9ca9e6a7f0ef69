//go:build chart

package charts

import (
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/codebegen/preview-operator/internal/settings"
)

// The URLs of databases have passwords: they come from Secrets, and nowhere else does the chart show them.
func TestDatabasesComeFromSecrets(t *testing.T) {
	pod := operatorPod(t, render(t, "--set", "store.databaseURLSecret=ours,generations.urlSecret=theirs,generations.urlSecretKey=reader"))
	want := map[string]*corev1.EnvVarSource{
		"PREVIEW_DATABASE_URL":    {SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "ours"}, Key: "url"}},
		"PREVIEW_GENERATIONS_URL": {SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "theirs"}, Key: "reader"}},
	}
	for _, name := range []string{"manager", "gateway"} {
		got := map[string]*corev1.EnvVarSource{}
		for _, variable := range container(t, pod, name).Env {
			if want[variable.Name] != nil {
				got[variable.Name] = variable.ValueFrom
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("databases of the %s (-want +got):\n%s", name, diff)
		}
	}
}

// What the chart takes for a table is what the programs take.
func TestTableOfGenerations(t *testing.T) {
	for table, ok := range map[string]bool{"generations": true, "product.Latest_1": true, "_a$": true, "": false, "a b": false, "a.b.c": false, "1a": false, `a"; DROP TABLE b`: false} {
		lookup := func(name string) (string, bool) { return table, name == "PREVIEW_GENERATIONS_TABLE" }
		if _, err := settings.Load(lookup); (err == nil) != ok {
			t.Errorf("settings: table %q: %v", table, err)
		}
		err := exec.Command(os.Getenv("HELM"), "template", release, "preview-operator", "--set-string", "generations.table="+table).Run()
		if (err == nil) != ok {
			t.Errorf("chart: table %q: %v", table, err)
		}
	}
}
