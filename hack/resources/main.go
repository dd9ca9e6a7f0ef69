// Command resources writes docs/resources.md: every field of the custom resources with its type, default, limits and rules,
// as the API server enforces them. It reads the generated CRDs, and the condition types and reasons in the API's package.
//
//	go run ./hack/resources >docs/resources.md
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const (
	crdFolder      = "config/crd/bases"
	conditionsFile = "api/v1alpha1/conditions.go"
)

func main() {
	page, err := generate(crdFolder, conditionsFile)
	if err != nil {
		fmt.Fprintln(os.Stderr, "resources:", err)
		os.Exit(1)
	}
	fmt.Print(page)
}

// generate returns the page for the CRDs of a folder, in the order of their files' names.
func generate(folder, conditions string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", fmt.Errorf("%s holds no CRDs", folder)
	}
	slices.Sort(files)
	p := &page{}
	p.begin()
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(raw, &crd); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
		for i := range crd.Spec.Versions {
			p.resource(&crd, &crd.Spec.Versions[i])
		}
	}
	groups, err := readConstants(conditions)
	if err != nil {
		return "", err
	}
	p.constants(groups)
	return p.text.String(), nil
}
