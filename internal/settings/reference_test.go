package settings

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

// TestConfigurationReference keeps docs/configuration.md equal to the definitions; `make generate` writes it.
func TestConfigurationReference(t *testing.T) {
	const file = "../../docs/configuration.md"
	got := reference()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run make generate; %s (-file +code):\n%s", file, diff)
	}
}

func reference() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Manager and gateway read these environment variables when they start; the chart sets them from the values of the same
name under ` + "`settings`" + `. A bad value stops the program with an error that names the variable and its bounds. Settings named
MB are in MiB, KB in KiB. Those marked *live* are also read, every few seconds, from the folder that ` + "`PREVIEW_SETTINGS_DIR`" + ` names,
which the chart mounts from a ConfigMap: a change there is taken up without a restart, and a bad one is logged and ignored.
This page is generated from ` + "`internal/settings`" + `.

| variable | default | bounds | live | what it affects |
|---|---|---|---|---|
`)
	for _, d := range Definitions() {
		def := d.Default
		if def == "" {
			def = "(empty)"
		}
		live := ""
		if d.Live {
			live = "live"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s |\n", d.Name, strings.ReplaceAll(def, ",", ", "), d.Bounds, live, d.Help)
	}
	return b.String()
}
