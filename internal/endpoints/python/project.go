package python

import (
	"context"
	"sort"
	"strings"
)

// Project is the Python files of a project: an index of its folders, and the syntax trees, each made when it is first asked for. It is
// for one goroutine.
type Project struct {
	files map[string][]byte
	paths []string
}

// NewProject indexes files by their slash-separated paths, relative to the project. It keeps the map; other files than Python's may be
// in it, and are seen by the program as files.
func NewProject(ctx context.Context, files map[string][]byte) *Project {
	p := &Project{files: files}
	for path := range files {
		if strings.HasSuffix(path, ".py") {
			p.paths = append(p.paths, path)
		}
	}
	sort.Strings(p.paths)
	return p
}

// Files are the paths of the Python files, sorted. The slice is the project's own.
func (p *Project) Files() []string { return p.paths }

// Source is the text of a file.
func (p *Project) Source(path string) []byte { return p.files[path] }
