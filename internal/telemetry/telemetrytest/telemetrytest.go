// Package telemetrytest holds what programs tell of themselves against what docs/metrics.md says.
package telemetrytest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/codebegen/preview-operator/internal/telemetry"
)

var update = flag.Bool("update-metrics", false, "write docs/metrics.md anew")

// Reference compares a program's section of docs/metrics.md with what the program registers.
func Reference(t *testing.T, file, program string, set *telemetry.Set) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := replaceSection(string(text), program, set.Reference())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), want); diff != "" {
		t.Errorf("run this test with -update-metrics; %s (-file +code):\n%s", file, diff)
	}
}

// replaceSection replaces what stands between the comments that mark a program's section.
func replaceSection(text, program, content string) (string, error) {
	begin, end := fmt.Sprintf("<!-- %s: generated -->\n", program), fmt.Sprintf("<!-- %s: end -->\n", program)
	before, rest, found := strings.Cut(text, begin)
	_, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		return "", fmt.Errorf("there is no section between %q and %q", begin, end)
	}
	return before + begin + content + end + after, nil
}

// Bounded checks that every series of ours has the labels that were declared, with values that were declared, and that
// nothing of ours is registered besides.
func Bounded(t *testing.T, registry prometheus.Gatherer, set *telemetry.Set) {
	t.Helper()
	declared := map[string]telemetry.Description{}
	for _, d := range set.Descriptions() {
		declared[d.Name] = d
		if !strings.HasPrefix(d.Name, "preview_") {
			t.Errorf("%s does not begin with preview_", d.Name)
		}
		for _, label := range d.Labels {
			if len(label.Values) == 0 || slices.Contains(label.Values, "") || slices.Contains(label.Values, telemetry.Other) {
				t.Errorf("%s: the values of %s are %q", d.Name, label.Name, label.Values)
			}
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "preview_") {
			continue
		}
		d, ok := declared[family.GetName()]
		if !ok {
			t.Errorf("%s is registered and not described", family.GetName())
			continue
		}
		for _, metric := range family.GetMetric() {
			seen++
			if len(metric.GetLabel()) != len(d.Labels) {
				t.Errorf("%s has %d labels, %d are declared", d.Name, len(metric.GetLabel()), len(d.Labels))
			}
			for _, pair := range metric.GetLabel() {
				if !allowed(d.Labels, pair.GetName(), pair.GetValue()) {
					t.Errorf("%s: label %s=%q is not declared", d.Name, pair.GetName(), pair.GetValue())
				}
			}
		}
	}
	if seen == 0 {
		t.Error("there are no series")
	}
}

// allowed reports whether a label may have a value; Other stands for those that nobody expects.
func allowed(labels []telemetry.Label, name, value string) bool {
	return slices.ContainsFunc(labels, func(l telemetry.Label) bool {
		return l.Name == name && (slices.Contains(l.Values, value) || value == telemetry.Other && l.Open)
	})
}
