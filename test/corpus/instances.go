package corpus

import (
	"fmt"
	"strings"
)

var digest = strings.Repeat("0123456789abcdef", 4)

// BadInstances are refused when they are created.
func BadInstances() []Case {
	var cases []Case
	for _, group := range [][]Case{identityCases(), sourceCases(), inlineCases(), processCases(), limitCases(), podFieldCases()} {
		cases = append(cases, group...)
	}
	return cases
}

// one is a bad PreviewInstance with one path set.
func one(name, path string, value any, messages ...string) Case {
	return Case{Kind: "PreviewInstance", Name: name, Set: map[string]any{path: value}, Messages: messages}
}

func identityCases() []Case {
	return []Case{
		one("without a spec", "spec", Absent, "spec", "Required value"),
		one("without a generation", "spec.generationID", Absent, "spec.generationID", "Required value"),
		one("generation is empty", "spec.generationID", "", "spec.generationID"),
		one("generation is a number", "spec.generationID", int64(7), "spec.generationID"),
		one("generation of 129 characters", "spec.generationID", strings.Repeat("g", 129), "spec.generationID"),
		one("generation with a slash", "spec.generationID", "a/b", "spec.generationID"),
		one("generation climbs up", "spec.generationID", "../other", "spec.generationID"),
		one("generation ends in a dot", "spec.generationID", "gen.", "spec.generationID"),
		one("generation with a line break", "spec.generationID", "gen\n1", "spec.generationID"),
		one("generation ends in a line break", "spec.generationID", "gen1\n", "spec.generationID"),
		one("generation with a null byte", "spec.generationID", "gen\x001", "spec.generationID"),
		one("without a user", "spec.userID", Absent, "spec.userID", "Required value"),
		one("user is empty", "spec.userID", "", "spec.userID"),
		one("user of 129 characters", "spec.userID", strings.Repeat("u", 129), "spec.userID"),
		one("user with a space", "spec.userID", "a b", "spec.userID"),
		one("user with a line break", "spec.userID", "a\r\nb", "spec.userID"),
		one("user begins with an at sign", "spec.userID", "@a", "spec.userID"),
		one("project is empty", "spec.projectID", "", "spec.projectID"),
		one("project of 129 characters", "spec.projectID", strings.Repeat("p", 129), "spec.projectID"),
		one("project climbs up", "spec.projectID", "../x", "spec.projectID"),
		one("runtime is empty", "spec.runtimeName", "", "spec.runtimeName"),
		one("runtime of 64 characters", "spec.runtimeName", strings.Repeat("r", 64), "spec.runtimeName"),
		one("runtime in capitals", "spec.runtimeName", "Python", "spec.runtimeName"),
		one("runtime of another namespace", "spec.runtimeName", "other/python", "spec.runtimeName"),
	}
}

func sourceCases() []Case {
	both := inline(file("main.py", "app = None\n"))
	both["generation"] = map[string]any{}
	three := archive("https://example.com/a.tar.gz", digest)
	three["inline"] = inline(file("main.py", ""))["inline"]
	three["generation"] = map[string]any{}
	version := func(value string) map[string]any {
		return map[string]any{"generation": map[string]any{"version": value}}
	}
	return []Case{
		one("without a source", "spec.source", Absent, "spec.source", "Required value"),
		one("source is null", "spec.source", nil, "spec.source"),
		one("source has no member", "spec.source", map[string]any{}, "spec.source", "exactly one of inline, generation and archive"),
		one("source has two members", "spec.source", both, "spec.source", "exactly one of inline, generation and archive"),
		one("source has three members", "spec.source", three, "spec.source", "exactly one of inline, generation and archive"),
		one("source is of an unknown kind", "spec.source", map[string]any{"git": map[string]any{"url": "https://example.com"}}, "spec.source"),
		one("version is too short", "spec.source", version("abc"), "spec.source.generation.version"),
		one("version in capitals", "spec.source", version(strings.ToUpper(digest)), "spec.source.generation.version"),
		one("version is too long", "spec.source", version(digest+"0"), "spec.source.generation.version"),
		one("archive without an address", "spec.source", map[string]any{"archive": map[string]any{"sha256": digest}}, "spec.source.archive.url", "Required value"),
		one("archive address is empty", "spec.source", archive("", digest), "spec.source.archive.url"),
		one("archive from a file", "spec.source", archive("file:///etc/passwd", digest), "spec.source.archive.url"),
		one("archive over ftp", "spec.source", archive("ftp://example.com/a.tgz", digest), "spec.source.archive.url"),
		one("archive address with a password", "spec.source", archive("https://user:password@example.com/a.tgz", digest), "spec.source.archive.url"),
		one("archive address with a space", "spec.source", archive("https://example.com/a b", digest), "spec.source.archive.url"),
		one("archive address with a backslash", "spec.source", archive(`https://example.com\@evil`, digest), "spec.source.archive.url"),
		one("archive address of 2049 characters", "spec.source", archive("https://e.example/"+strings.Repeat("a", 2031), digest), "spec.source.archive.url"),
		one("archive without a digest", "spec.source", map[string]any{"archive": map[string]any{"url": "https://example.com/a.tgz"}}, "spec.source.archive.sha256", "Required value"),
		one("archive digest is too short", "spec.source", archive("https://example.com/a.tgz", "abcd"), "spec.source.archive.sha256"),
		one("archive digest in capitals", "spec.source", archive("https://example.com/a.tgz", strings.ToUpper(digest)), "spec.source.archive.sha256"),
	}
}

func inlineCases() []Case {
	const files = "spec.source.inline.files"
	path := func(name, value string) Case {
		return one("path "+name, "spec.source", inline(file("main.py", ""), file(value, "x")), files+"[1].path")
	}
	return []Case{
		one("no files member", "spec.source", map[string]any{"inline": map[string]any{}}, files, "Required value"),
		one("no files", "spec.source", inline(), files),
		one("129 files", "spec.source", inline(many(129, func(i int) any { return file(fmt.Sprintf("f%d.py", i), "") })...), files, "128"),
		one("file without a path", "spec.source", inline(map[string]any{"content": "x"}), files+"[0].path", "Required value"),
		one("file twice", "spec.source", inline(file("main.py", "a"), file("main.py", "b")), files+"[1]", "Duplicate value"),
		one("content is not text", "spec.source", inline(map[string]any{"path": "main.py", "content": int64(1)}), files+"[0].content"),
		one("a file of 128 KiB and one byte", "spec.source", inline(file("main.py", strings.Repeat("x", 131073))), files+"[0].content"),
		one("two files of 64 KiB and one byte", "spec.source", inline(file("a.py", strings.Repeat("x", 65537)), file("b.py", strings.Repeat("x", 65536))), files, "128 KiB"),
		one("128 KiB of characters of two bytes", "spec.source", inline(file("main.py", strings.Repeat("é", 131072))), files, "128 KiB"),
		one("file with a mode", "spec.source", inline(map[string]any{"path": "main.py", "mode": int64(0o4755)}), "mode", "unknown field"),
		one("file is a link", "spec.source", inline(map[string]any{"path": "main.py", "linkTarget": "/etc/passwd"}), "linkTarget", "unknown field"),
		path("is empty", ""),
		path("is absolute", "/etc/passwd"),
		path("climbs up", "../main.py"),
		path("climbs up in the middle", "app/../../main.py"),
		path("climbs up at the end", "app/.."),
		path("is the folder above", ".."),
		path("is the folder itself", "."),
		path("has a dot segment", "app/./main.py"),
		path("has an empty segment", "app//main.py"),
		path("ends in a slash", "app/"),
		path("has a backslash", `app\main.py`),
		path("climbs up with backslashes", `..\..\main.py`),
		path("has a null byte", "main.py\x00.txt"),
		path("has a line break", "main\n.py"),
		path("has a control character", "main\x1b[2J.py"),
		path("has a delete character", "main\x7f.py"),
		path("of 256 characters", strings.Repeat("p", 256)),
	}
}

func processCases() []Case {
	variable := func(name, key string) Case {
		return one("variable "+name, "spec.env", []any{env(key, "x")}, "spec.env[0].name")
	}
	entrypoint := func(name, value string) Case {
		return one("entrypoint "+name, "spec.entrypoint", value, "spec.entrypoint")
	}
	return []Case{
		variable("reserved", "PREVIEW_RUNNER_SECRET_SHA256"),
		variable("reserved for the port", "PREVIEW_PORT"),
		variable("reserved for the pod", "PREVIEW_POD_UID"),
		variable("without a name", ""),
		variable("begins with a digit", "1A"),
		variable("has a hyphen", "A-B"),
		variable("has an equals sign", "A=B"),
		variable("has a space", "A B"),
		variable("has a null byte", "A\x00B"),
		variable("of 129 characters", strings.Repeat("A", 129)),
		one("variable name is missing", "spec.env", []any{map[string]any{"value": "x"}}, "spec.env[0].name", "Required value"),
		one("variable of 8193 characters", "spec.env", []any{env("A", strings.Repeat("v", 8193))}, "spec.env[0].value"),
		one("variable is a number", "spec.env", []any{map[string]any{"name": "A", "value": int64(1)}}, "spec.env[0].value"),
		one("variable twice", "spec.env", []any{env("A", "1"), env("A", "2")}, "spec.env[1]", "Duplicate value"),
		one("65 variables", "spec.env", many(65, func(i int) any { return env(fmt.Sprintf("A%d", i), "") }), "spec.env", "64"),
		one("variable from a Secret", "spec.env", []any{map[string]any{
			"name":      "A",
			"valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "preview-operator-keys", "key": "jwt-secret"}},
		}}, "valueFrom", "unknown field"),
		entrypoint("without an attribute", "main"),
		entrypoint("is empty", ""),
		entrypoint("with an empty module", ":app"),
		entrypoint("with an empty attribute", "main:"),
		entrypoint("climbs up", "../main:app"),
		entrypoint("is a file", "app/main.py:app"),
		entrypoint("with an option", "main:app --reload"),
		entrypoint("with a command", "main:app;id"),
		entrypoint("with an argument", "main:create(1)"),
		entrypoint("with a line break", "main:app\nimport os"),
		entrypoint("of 256 characters", "main:"+strings.Repeat("a", 251)),
		one("whenFull is unknown", "spec.whenFull", "Queue", "spec.whenFull"),
		one("whenFull in lower case", "spec.whenFull", "wait", "spec.whenFull"),
		one("desiredState is unknown", "spec.desiredState", "Paused", "spec.desiredState"),
		one("desiredState is empty", "spec.desiredState", "", "spec.desiredState"),
	}
}

func limitCases() []Case {
	bounds := []struct {
		field    string
		min, max int64
	}{
		{"memoryLimitMB", 64, 16384},
		{"startupTimeoutSeconds", 1, 600},
		{"sessionTimeoutSeconds", 1, 604800},
		{"maxUptimeSeconds", 1, 604800},
		{"ttlSecondsAfterFinished", 0, 604800},
	}
	var cases []Case
	for _, bound := range bounds {
		path := "spec." + bound.field
		cases = append(cases,
			one(bound.field+" below its least", path, bound.min-1, path, fmt.Sprint(bound.min)),
			one(bound.field+" above its most", path, bound.max+1, path, fmt.Sprint(bound.max)),
			one(bound.field+" is text", path, "512", path),
			one(bound.field+" is a fraction", path, 100.5, path),
		)
	}
	return append(cases,
		one("memoryLimitMB beyond 32 bits", "spec.memoryLimitMB", int64(1)<<32+512, "spec.memoryLimitMB"),
		Case{
			Kind: "PreviewInstance", Name: "session longer than uptime",
			Set:      map[string]any{"spec.sessionTimeoutSeconds": int64(61), "spec.maxUptimeSeconds": int64(60)},
			Messages: []string{"spec.sessionTimeoutSeconds", "must not exceed maxUptimeSeconds"},
		},
	)
}

// podFields are fields of a pod, its metadata or its containers that must not reach a preview pod through the
// resource: each was, in a peer, a way to the node.
var podFields = map[string]any{
	"activeDeadlineSeconds":         int64(1),
	"affinity":                      map[string]any{},
	"annotations":                   map[string]any{"a": "b"},
	"args":                          []any{"-c", "id"},
	"automountServiceAccountToken":  true,
	"capabilities":                  map[string]any{"add": []any{"SYS_ADMIN"}},
	"command":                       []any{"/bin/sh"},
	"containers":                    []any{map[string]any{"name": "x", "image": "x"}},
	"dnsConfig":                     map[string]any{"nameservers": []any{"192.0.2.1"}},
	"dnsPolicy":                     "Default",
	"envFrom":                       []any{map[string]any{"secretRef": map[string]any{"name": "preview-operator-keys"}}},
	"ephemeralContainers":           []any{map[string]any{"name": "x", "image": "x"}},
	"hostAliases":                   []any{map[string]any{"ip": "127.0.0.1"}},
	"hostIPC":                       true,
	"hostNetwork":                   true,
	"hostPID":                       true,
	"hostPath":                      map[string]any{"path": "/"},
	"hostUsers":                     true,
	"hostname":                      "node",
	"image":                         "attacker/image",
	"imagePullSecrets":              []any{map[string]any{"name": "x"}},
	"initContainers":                []any{map[string]any{"name": "x", "image": "x"}},
	"labels":                        map[string]any{"preview.codebegen.dev/component": "other"},
	"lifecycle":                     map[string]any{"postStart": map[string]any{}},
	"nodeName":                      "node",
	"nodeSelector":                  map[string]any{"a": "b"},
	"podSpec":                       map[string]any{"hostPID": true},
	"podTemplate":                   map[string]any{"spec": map[string]any{"hostPID": true}},
	"ports":                         []any{map[string]any{"hostPort": int64(80)}},
	"priorityClassName":             "system-node-critical",
	"privileged":                    true,
	"resources":                     map[string]any{"limits": map[string]any{"memory": "1Ti"}},
	"runtimeClassName":              "none",
	"schedulerName":                 "other",
	"securityContext":               map[string]any{"privileged": true},
	"serviceAccount":                "preview-operator",
	"serviceAccountName":            "preview-operator",
	"shareProcessNamespace":         true,
	"sysctls":                       []any{map[string]any{"name": "kernel.core_pattern", "value": "|/bin/sh"}},
	"template":                      map[string]any{"metadata": map[string]any{"labels": map[string]any{"a": "b"}}},
	"terminationGracePeriodSeconds": int64(100000),
	"tolerations":                   []any{map[string]any{"operator": "Exists"}},
	"topologySpreadConstraints":     []any{map[string]any{"maxSkew": int64(1)}},
	"volumeDevices":                 []any{map[string]any{"name": "x", "devicePath": "/dev/sda"}},
	"volumeMounts":                  []any{map[string]any{"name": "x", "mountPath": "/host"}},
	"volumes":                       []any{map[string]any{"name": "x", "hostPath": map[string]any{"path": "/"}}},
	"workingDir":                    "/",
}

func podFieldCases() []Case {
	var cases []Case
	for field, value := range podFields {
		cases = append(cases, one("pod field "+field, "spec."+field, value, fmt.Sprintf("unknown field %q", "spec."+field)))
	}
	return cases
}

// PodFields is one PreviewInstance that carries every field of a pod: a client that does not ask for strict
// validation may store it, but the API server has to drop them all.
func PodFields() Case {
	set := map[string]any{}
	for field, value := range podFields {
		set["spec."+field] = value
	}
	return Case{Kind: "PreviewInstance", Name: "every field of a pod", Set: set}
}

// PodFieldNames are the fields that PodFields carries in its spec.
func PodFieldNames() []string {
	var names []string
	for field := range podFields {
		names = append(names, field)
	}
	return names
}

// GoodInstances stand at the edge of a bound and are taken.
func GoodInstances() []Case {
	good := func(name, path string, value any) Case { return one(name, path, value) }
	return []Case{
		good("generation of one character", "spec.generationID", "g"),
		good("generation of 128 characters", "spec.generationID", strings.Repeat("g", 128)),
		good("generation with dots and hyphens", "spec.generationID", "gen_123.v1-b"),
		good("user as an address", "spec.userID", "auth0|ada@example.com"),
		good("without a project", "spec.projectID", Absent),
		good("without a runtime", "spec.runtimeName", Absent),
		good("runtime of 63 characters", "spec.runtimeName", strings.Repeat("r", 63)),
		good("128 files", "spec.source", inline(many(128, func(i int) any { return file(fmt.Sprintf("f%d.py", i), "") })...)),
		good("128 KiB in one file", "spec.source", inline(file("main.py", strings.Repeat("x", 131072)))),
		good("128 KiB in two files", "spec.source", inline(file("a.py", strings.Repeat("x", 65536)), file("b.py", strings.Repeat("x", 65536)))),
		good("path of 255 characters", "spec.source", inline(file(strings.Repeat("p", 255), ""))),
		good("paths with dots", "spec.source", inline(file(".env", ""), file("a/..b/c..", ""), file("...", ""), file("ü/ñ.py", ""))),
		good("archive over http", "spec.source", archive("http://e.example", digest)),
		good("entrypoint in a package", "spec.entrypoint", "app.main:api.app"),
		good("entrypoint that is a factory", "spec.entrypoint", "app.main:create_app()"),
		good("without an entrypoint", "spec.entrypoint", Absent),
		good("64 variables", "spec.env", many(64, func(i int) any { return env(fmt.Sprintf("A%d", i), "") })),
		good("variable of 8192 characters", "spec.env", []any{env(strings.Repeat("A", 128), strings.Repeat("v", 8192))}),
		good("least memory", "spec.memoryLimitMB", int64(64)),
		good("most memory", "spec.memoryLimitMB", int64(16384)),
		good("least startup timeout", "spec.startupTimeoutSeconds", int64(1)),
		good("most startup timeout", "spec.startupTimeoutSeconds", int64(600)),
		good("collected at once", "spec.ttlSecondsAfterFinished", int64(0)),
		good("whenFull Fail", "spec.whenFull", "Fail"),
		{
			Kind: "PreviewInstance", Name: "session as long as uptime",
			Set: map[string]any{"spec.sessionTimeoutSeconds": int64(604800), "spec.maxUptimeSeconds": int64(604800)},
		},
	}
}

// BadChanges are refused as updates of the base object.
func BadChanges() []Case {
	immutable := func(name, field string, value any) Case {
		return one(name, "spec."+field, value, "spec."+field, field+" is immutable")
	}
	return []Case{
		immutable("generation changes", "generationID", "corpus-2"),
		immutable("user changes", "userID", "somebody-else"),
		immutable("project changes", "projectID", "other"),
		immutable("project goes", "projectID", Absent),
		immutable("runtime changes", "runtimeName", "other"),
		immutable("content changes", "source", inline(file("main.py", "import os\n"))),
		immutable("a file is added", "source", inline(file("main.py", "app = None\n"), file("b.py", ""))),
		immutable("source is of another kind", "source", archive("https://example.com/a.tgz", digest)),
		immutable("entrypoint changes", "entrypoint", "main:other"),
		immutable("entrypoint goes", "entrypoint", Absent),
		immutable("variable changes", "env", []any{env("GREETING", "bye")}),
		immutable("variable is added", "env", []any{env("GREETING", "hello"), env("B", "")}),
		immutable("variables go", "env", Absent),
		immutable("memory limit changes", "memoryLimitMB", int64(129)),
		immutable("memory limit goes", "memoryLimitMB", Absent),
		immutable("startup timeout is added", "startupTimeoutSeconds", int64(10)),
		one("desired state becomes unknown", "spec.desiredState", "Paused", "spec.desiredState"),
		one("image is added", "spec.image", "attacker/image", `unknown field "spec.image"`),
	}
}

// GoodChanges are taken as updates of the base object.
func GoodChanges() []Case {
	return []Case{
		one("session timeout", "spec.sessionTimeoutSeconds", int64(60)),
		one("uptime", "spec.maxUptimeSeconds", int64(60)),
		one("time to live", "spec.ttlSecondsAfterFinished", int64(60)),
		one("when full", "spec.whenFull", "Fail"),
	}
}
