// Package corpus holds good and bad PreviewInstances and PreviewRuntimes for suites that put them before a real API
// server. A bad object must be refused with a message that names the field at fault; a good one, at the very edge of
// a bound, must be taken. The cases start from the incidents of peers: fields of a pod passed through a custom resource
// (CVE-2026-50563 and its siblings) and checks that only the command line made (CVE-2026-50569).
package corpus

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Case is one object, made from the valid base object of its kind.
type Case struct {
	// Kind is PreviewInstance or PreviewRuntime.
	Kind string
	// Name says what is special about the object.
	Name string
	// Set holds values by dotted path, put into the base object. The value Absent removes the path.
	Set map[string]any
	// Messages must all be part of the API server's refusal; empty for a good object. The first names the field.
	Messages []string
}

type absent struct{}

// Absent as a value of Case.Set removes the path.
var Absent any = absent{}

// Object returns the case's object, named and in the namespace given.
func (c Case) Object(namespace, name string) (*unstructured.Unstructured, error) {
	return c.apply(base(c.Kind, namespace, name))
}

// Change applies the case to a copy of an object that exists, for cases of updates.
func (c Case) Change(existing *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return c.apply(existing.DeepCopy())
}

func (c Case) apply(object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	for path, value := range c.Set {
		fields := strings.Split(path, ".")
		if value == Absent {
			unstructured.RemoveNestedField(object.Object, fields...)
			continue
		}
		if err := set(object.Object, value, fields); err != nil {
			return nil, fmt.Errorf("%s: set %s: %w", c.Name, path, err)
		}
	}
	return object, nil
}

// set replaces what stands at the path, also when that is not a map, such as null.
func set(object map[string]any, value any, fields []string) error {
	for _, field := range fields[:len(fields)-1] {
		next, found := object[field]
		if !found {
			next = map[string]any{}
			object[field] = next
		}
		inner, ok := next.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is a %T", field, next)
		}
		object = inner
	}
	object[fields[len(fields)-1]] = value
	return nil
}

func base(kind, namespace, name string) *unstructured.Unstructured {
	spec := map[string]any{"image": "example/runtime:1"}
	if kind == "PreviewInstance" {
		spec = map[string]any{
			"generationID": "corpus-1",
			"userID":       "corpus-user",
			"projectID":    "corpus",
			// Stopped objects have no pod and no port, so that a suite may really create one.
			"desiredState":  "Stopped",
			"entrypoint":    "main:app",
			"env":           []any{env("GREETING", "hello")},
			"memoryLimitMB": int64(128),
			"source":        inline(file("main.py", "app = None\n")),
		}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "preview.codebegen.dev/v1alpha1",
		"kind":       kind,
		"metadata":   map[string]any{"name": name, "namespace": namespace},
		"spec":       spec,
	}}
}

func file(path, content string) map[string]any {
	return map[string]any{"path": path, "content": content}
}

func inline(files ...any) map[string]any {
	return map[string]any{"inline": map[string]any{"files": files}}
}

func archive(url, sha256 string) map[string]any {
	return map[string]any{"archive": map[string]any{"url": url, "sha256": sha256}}
}

func env(name, value string) map[string]any {
	return map[string]any{"name": name, "value": value}
}

// many repeats what the function makes of 0 to n-1.
func many(n int, item func(i int) any) []any {
	items := make([]any, n)
	for i := range items {
		items[i] = item(i)
	}
	return items
}
