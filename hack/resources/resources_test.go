package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const testCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  names: {kind: Thing, listKind: ThingList, plural: things, singular: thing, shortNames: [th], categories: [all]}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      additionalPrinterColumns:
        - {name: Size, type: integer, jsonPath: .spec.size, priority: 1, description: In a|b}
      schema:
        openAPIV3Schema:
          type: object
          description: Thing is a thing.
          properties:
            spec:
              type: object
              description: |-
                spec is what is
                asked for.
              required: [name]
              x-kubernetes-validations:
                - {rule: "self == oldSelf", message: it is immutable}
              properties:
                name: {type: string, description: name of it., minLength: 3, maxLength: 3, pattern: "a|b"}
                size: {type: integer, format: int32, default: 4, minimum: 1, maximum: 9, enum: [4, 5]}
                tags:
                  type: array
                  minItems: 1
                  x-kubernetes-list-type: set
                  items: {type: string, maxLength: 7}
                parts:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [id]
                  items:
                    type: object
                    description: Part of it.
                    x-kubernetes-validations: [{rule: "self.id != '` + "`" + `'"}]
                    properties:
                      id: {type: string}
                labels: {type: object, maxProperties: 2, additionalProperties: {type: string}}
                share: {x-kubernetes-int-or-string: true}
`

const testConditions = `package x

// Types of conditions.
const (
	// ConditionReady is True when
	// it is.
	ConditionReady = "Ready"
	// ReasonBroken: it is not.
	ReasonBroken = "Broken"
)
`

const testPage = "\n## Thing\n\nThing is a thing.\n\n" +
	"`apiVersion: example.com/v1`, `kind: Thing`. Namespaced; short name `th`; in the categories `all`. The status is a subresource: only the manager writes it.\n\n" +
	"`kubectl get th` prints:\n\n| column | from | only with `-o wide` |\n|---|---|---|\n| Size: In a\\|b | `.spec.size` | yes |\n\n" +
	"### Thing.spec\n\nspec is what is asked for.\n\n- it is immutable (rule `self == oldSelf`)\n\n" +
	"| field | type | default | limits and rules | what it is |\n|---|---|---|---|---|\n" +
	"| `labels` | map of string |  | at most 2 entries |  |\n" +
	"| `name` | string |  | required; 3 characters; matches `a\\|b` | name of it. |\n" +
	"| `parts` | list of object |  | no two with the same `id` |  |\n" +
	"| `share` | integer or string |  |  |  |\n" +
	"| `size` | integer, int32 | `4` | one of `4`, `5`; 1 to 9 |  |\n" +
	"| `tags` | list of string |  | at least 1 items; no item twice; each: at most 7 characters |  |\n\n" +
	"### Thing.spec.parts[]\n\nPart of it.\n\n- rule ``self.id != '`'``\n\n" +
	"| field | type | default | limits and rules | what it is |\n|---|---|---|---|---|\n| `id` | string |  |  |  |\n\n" +
	"## Conditions and reasons of PreviewInstance\n\nTypes of conditions.\n\n| value | meaning |\n|---|---|\n" +
	"| `Ready` | is True when it is. |\n| `Broken` | it is not. |\n\nWhat to do about each reason: [operations.md](operations.md).\n"

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestGenerate(t *testing.T) {
	folder := t.TempDir()
	conditions := filepath.Join(folder, "conditions.go")
	writeFile(t, filepath.Join(folder, "things.yaml"), testCRD)
	writeFile(t, conditions, testConditions)
	got, err := generate(folder, conditions)
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ = strings.Cut(got, "`api/v1alpha1`.\n")
	if diff := cmp.Diff(testPage, got); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestGenerateRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ crd, conditions, want string }{
		"no CRD":               {"", testConditions, "holds no CRDs"},
		"nonsense":             {"spec: {nonsense: true}", testConditions, "nonsense"},
		"undocumented reason":  {testCRD, "package x\nconst (\n\tReasonX = \"X\"\n)\n", "ReasonX has no comment"},
		"reason by a constant": {testCRD, "package x\nconst (\n\t// ReasonX: x.\n\tReasonX = other\n)\n", "no plain string"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if tt.crd != "" {
				writeFile(t, filepath.Join(folder, "things.yaml"), tt.crd)
			}
			writeFile(t, filepath.Join(folder, "conditions.go"), tt.conditions)
			if _, err := generate(folder, filepath.Join(folder, "conditions.go")); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// The page that is committed is that of the CRDs that are.
func TestPageIsUpToDate(t *testing.T) {
	want, err := generate(filepath.Join("../..", crdFolder), filepath.Join("../..", conditionsFile))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/resources.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("run hack/generate.sh; docs/resources.md (-CRDs +file):\n%s", diff)
	}
}
