package corpus

import (
	"fmt"
	"strings"
)

// BadRuntimes are refused when they are created.
func BadRuntimes() []Case {
	bad := func(name, path string, value any, messages ...string) Case {
		return Case{Kind: "PreviewRuntime", Name: name, Set: map[string]any{path: value}, Messages: messages}
	}
	cases := []Case{
		bad("without a spec", "spec", Absent, "spec", "Required value"),
		bad("without an image", "spec.image", Absent, "spec.image", "Required value"),
		bad("image is empty", "spec.image", "", "spec.image"),
		bad("image of 513 characters", "spec.image", strings.Repeat("i", 513), "spec.image"),
		bad("runner image is empty", "spec.runnerImage", "", "spec.runnerImage"),
		bad("pull policy is unknown", "spec.imagePullPolicy", "Sometimes", "spec.imagePullPolicy"),
		bad("nine pull secrets", "spec.imagePullSecrets", many(9, func(i int) any { return fmt.Sprintf("s%d", i) }), "spec.imagePullSecrets", "8"),
		bad("pull secret twice", "spec.imagePullSecrets", []any{"a", "a"}, "spec.imagePullSecrets[1]", "Duplicate value"),
		bad("pull secret is empty", "spec.imagePullSecrets", []any{""}, "spec.imagePullSecrets[0]"),
		bad("processor as a word", "spec.cpu.request", "much", "spec.cpu.request"),
		bad("runtime class is empty", "spec.runtimeClassName", "", "spec.runtimeClassName"),
		bad("17 node labels", "spec.nodeSelector", labels(17), "spec.nodeSelector", "16"),
		bad("17 tolerations", "spec.tolerations", many(17, func(i int) any { return map[string]any{"key": fmt.Sprintf("k%d", i), "operator": "Exists"} }), "spec.tolerations", "16"),
		{
			Kind: "PreviewRuntime", Name: "memory request above the limit",
			Set:      map[string]any{"spec.memoryLimitMB": int64(64), "spec.memoryRequestMB": int64(65)},
			Messages: []string{"spec.memoryRequestMB", "must not exceed memoryLimitMB"},
		},
		{
			Kind: "PreviewRuntime", Name: "processor request above the limit",
			Set:      map[string]any{"spec.cpu.request": "2", "spec.cpu.limit": "1"},
			Messages: []string{"spec.cpu", "must not exceed limit"},
		},
	}
	bounds := []struct {
		field    string
		min, max int64
	}{
		{"memoryLimitMB", 64, 16384}, {"memoryRequestMB", 16, 16384}, {"workspaceMB", 1, 4096}, {"ephemeralStorageMB", 32, 65536},
	}
	for _, bound := range bounds {
		path := "spec." + bound.field
		cases = append(cases,
			bad(bound.field+" below its least", path, bound.min-1, path, fmt.Sprint(bound.min)),
			bad(bound.field+" above its most", path, bound.max+1, path, fmt.Sprint(bound.max)),
		)
	}
	for _, field := range []string{
		"hostPID", "hostIPC", "hostNetwork", "privileged", "securityContext", "serviceAccountName", "podTemplate", "podSpec",
		"volumes", "volumeMounts", "labels", "annotations", "command", "initContainers", "capabilities",
	} {
		cases = append(cases, bad("pod field "+field, "spec."+field, podFields[field], fmt.Sprintf("unknown field %q", "spec."+field)))
	}
	return cases
}

// GoodRuntimes stand at the edge of a bound and are taken.
func GoodRuntimes() []Case {
	good := func(name string, set map[string]any) Case {
		return Case{Kind: "PreviewRuntime", Name: name, Set: set}
	}
	return []Case{
		good("only an image", nil),
		good("least of everything", map[string]any{
			"spec.memoryLimitMB": int64(64), "spec.memoryRequestMB": int64(16), "spec.workspaceMB": int64(1), "spec.ephemeralStorageMB": int64(32),
		}),
		good("most of everything", map[string]any{
			"spec.memoryLimitMB": int64(16384), "spec.memoryRequestMB": int64(16384), "spec.workspaceMB": int64(4096), "spec.ephemeralStorageMB": int64(65536),
		}),
		good("processor request as large as the limit", map[string]any{"spec.cpu.request": "1", "spec.cpu.limit": "1000m"}),
		good("placed on nodes", map[string]any{
			"spec.nodeSelector": labels(16), "spec.tolerations": []any{map[string]any{"operator": "Exists"}}, "spec.runtimeClassName": "gvisor",
		}),
	}
}

func labels(n int) map[string]any {
	set := map[string]any{}
	for i := range n {
		set[fmt.Sprintf("example.com/l%d", i)] = "x"
	}
	return set
}
