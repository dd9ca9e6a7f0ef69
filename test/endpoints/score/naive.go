package score

import (
	"path"
	"regexp"
	"strings"
)

// The regular expressions that are commonly used to list endpoints: each file by itself, prefixes and mounts unknown.
var (
	naiveDecorator = regexp.MustCompile(`@\w+\.(get|post|put|patch|delete|head|options|websocket)\(\s*f?["']([^"']*)["']`)
	naiveFlask     = regexp.MustCompile(`@\w+\.route\(\s*f?["']([^"']*)["'](?:[^)]*methods\s*=\s*[\[(]([^\])]*)[\])])?`)
	naiveDjango    = regexp.MustCompile(`\b(?:re_path|path|url)\(\s*r?f?["']([^"']*)["']\s*,\s*([\w.]+)`)
	naiveExpress   = regexp.MustCompile("\\b(?:app|router)\\.(get|post|put|patch|delete|head|options|all)\\(\\s*[\"'`]([^\"'`]*)[\"'`]")
	naiveWord      = regexp.MustCompile(`\w+`)
	naiveAngle     = regexp.MustCompile(`<(?:[^<>:]+:)?(\w+)>`)
	naiveColon     = regexp.MustCompile(`:(\w+)(?:\([^)]*\))?\??`)
	naiveConverter = regexp.MustCompile(`\{(\w+):\w+\}`)
	naiveGroup     = regexp.MustCompile(`\(\?P<(\w+)>[^)]*\)`)
)

// Naive lists the endpoints of a project with one regular expression per framework and file.
func Naive(project Project) []Row {
	found := map[string]Row{}
	add := func(method, at string) {
		row := Row{Method: strings.ToUpper(method), Path: "/" + strings.TrimLeft(at, "/"), Tags: []string{}}
		found[row.key()] = row
	}
	for name, content := range project.Files {
		text := string(content)
		switch path.Ext(name) {
		case ".py":
			naivePython(project.Framework, text, add)
		case ".js", ".ts", ".mjs", ".cjs":
			for _, m := range naiveExpress.FindAllStringSubmatch(text, -1) {
				add(m[1], naiveColon.ReplaceAllString(m[2], "{$1}"))
			}
		}
	}
	rows := make([]Row, 0, len(found))
	for _, row := range found {
		rows = append(rows, row)
	}
	return rows
}

func naivePython(framework, text string, add func(method, at string)) {
	if framework == "django" {
		for _, m := range naiveDjango.FindAllStringSubmatch(text, -1) {
			if m[2] == "include" || strings.HasPrefix(m[2], "admin.") {
				continue
			}
			at := naiveGroup.ReplaceAllString(strings.Trim(m[1], "^$"), "{$1}")
			add("GET", naiveAngle.ReplaceAllString(at, "{$1}"))
		}
		return
	}
	for _, m := range naiveDecorator.FindAllStringSubmatch(text, -1) {
		add(m[1], naiveAngle.ReplaceAllString(naiveConverter.ReplaceAllString(m[2], "{$1}"), "{$1}"))
	}
	for _, m := range naiveFlask.FindAllStringSubmatch(text, -1) {
		methods := naiveWord.FindAllString(m[2], -1)
		if len(methods) == 0 {
			methods = []string{"GET"}
		}
		for _, method := range methods {
			add(method, naiveAngle.ReplaceAllString(m[1], "{$1}"))
		}
	}
}
