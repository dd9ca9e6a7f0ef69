package discover

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// notTheProjects are folders of what others wrote, or tools made.
var notTheProjects = map[string]bool{
	"node_modules": true, "bower_components": true, "jspm_packages": true, "venv": true, ".venv": true, "virtualenv": true, "site-packages": true,
	"__pycache__": true, ".git": true, ".hg": true, ".svn": true, ".tox": true, ".nox": true, ".mypy_cache": true, ".pytest_cache": true, ".ruff_cache": true,
	".idea": true, ".vscode": true, ".next": true, ".nuxt": true, ".cache": true, ".yarn": true, "coverage": true, ".eggs": true,
}

// sniffed is how much of a file tells whether it is text.
const sniffed = 8 << 10

// choose returns the files that are worth looking at within the bounds: source first, so that a folder of data does not take
// its place.
func choose(files map[string][]byte, options endpoints.Options) (map[string][]byte, []route.Diagnostic) {
	environments := environmentsIn(files)
	var first, second []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch {
		case !ours(name, environments) || bytes.IndexByte(files[name][:min(len(files[name]), sniffed)], 0) >= 0:
		case isSource(name):
			first = append(first, name)
		default:
			second = append(second, name)
		}
	}
	kept := make(map[string][]byte, min(len(first)+len(second), options.MaxFiles))
	var about []route.Diagnostic
	total, left := 0, 0
	for _, name := range append(first, second...) {
		content := files[name]
		switch {
		case len(content) > options.MaxFileBytes:
			if isSource(name) {
				about = append(about, route.Diagnostic{
					Code: codeTooLarge, Message: fmt.Sprintf("the file has %d bytes, at most %d are read", len(content), options.MaxFileBytes), File: name,
				})
			}
		case len(kept) == options.MaxFiles || total+len(content) > options.MaxBytes:
			if isSource(name) {
				left++
			}
		default:
			kept[name] = content
			total += len(content)
		}
	}
	if left > 0 {
		about = append(about, route.Diagnostic{
			Code:    codeLargeProject,
			Message: fmt.Sprintf("%d files were not read: at most %d files with %d bytes in all are", left, options.MaxFiles, options.MaxBytes),
		})
	}
	return kept, about
}

// environmentsIn returns the folders of Python's virtual environments, whatever their names.
func environmentsIn(files map[string][]byte) map[string]bool {
	found := map[string]bool{}
	for name := range files {
		if folder, file := path.Split(name); file == "pyvenv.cfg" && folder != "" {
			found[folder] = true
		}
	}
	return found
}

// ours reports whether a path is one of the project's own files.
func ours(name string, environments map[string]bool) bool {
	if name == "" || strings.HasPrefix(name, "/") || len(name) > endpoints.MaxPathBytes {
		return false
	}
	for i := range len(name) {
		if name[i] != '/' {
			continue
		}
		if notTheProjects[path.Base(name[:i])] || environments[name[:i+1]] {
			return false
		}
	}
	return true
}

// isSource reports whether a file is code, or decides where code is looked for.
func isSource(name string) bool {
	switch path.Ext(name) {
	case ".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx":
		return true
	}
	return path.Base(name) == "package.json" || strings.HasPrefix(path.Base(name), "tsconfig")
}
