// Package score compares lists of endpoints with those that projects really have, which scripts found out by running them.
package score

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
)

// Row is an endpoint as truth.json has it.
type Row struct {
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Summary     string   `json:"summary"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
}

func (r Row) key() string { return r.Method + " " + r.Path }

// Project is a folder of files, and what they serve.
type Project struct {
	// Name is the folder, as in flask/helpdesk.
	Name      string
	Framework string
	Files     map[string][]byte
	Truth     []Row
}

// Load reads the projects of a framework, * for all, from a folder of frameworks' folders, in the order of their names.
func Load(folder, framework string) ([]Project, error) {
	truths, err := filepath.Glob(filepath.Join(folder, framework, "*", "truth.json"))
	if err != nil {
		return nil, err
	}
	projects := make([]Project, 0, len(truths))
	for _, truth := range truths {
		project, err := loadOne(folder, filepath.Dir(truth))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", truth, err)
		}
		projects = append(projects, project)
	}
	return projects, nil
}

func loadOne(base, folder string) (Project, error) {
	name, err := filepath.Rel(base, folder)
	if err != nil {
		return Project{}, err
	}
	project := Project{Name: filepath.ToSlash(name), Framework: filepath.Base(filepath.Dir(folder)), Files: map[string][]byte{}}
	content, err := os.ReadFile(filepath.Join(folder, "truth.json"))
	if err != nil {
		return Project{}, err
	}
	var truth struct{ Endpoints []Row }
	if err := json.Unmarshal(content, &truth); err != nil {
		return Project{}, err
	}
	project.Truth = truth.Endpoints
	files := os.DirFS(filepath.Join(folder, "project"))
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		project.Files[path], err = fs.ReadFile(files, path)
		return err
	})
	return project, err
}

// Counts say how a list of endpoints compares with the truth.
type Counts struct {
	// Right are found and true, Wrong are found only, Missing are true only.
	Right, Wrong, Missing int
	// Summaries, Descriptions and Tags count those that are exact, of the right ones.
	Summaries, Descriptions, Tags int
}

// Compare counts by exact method and path.
func Compare(truth, found []Row) Counts {
	var c Counts
	want := make(map[string]Row, len(truth))
	for _, row := range truth {
		want[row.key()] = row
	}
	for _, row := range found {
		other, ok := want[row.key()]
		if !ok {
			c.Wrong++
			continue
		}
		delete(want, row.key())
		c.Right++
		c.Summaries += one(row.Summary == other.Summary)
		c.Descriptions += one(row.Description == other.Description)
		c.Tags += one(slices.Equal(row.Tags, other.Tags))
	}
	c.Missing = len(want)
	return c
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (c Counts) plus(o Counts) Counts {
	return Counts{c.Right + o.Right, c.Wrong + o.Wrong, c.Missing + o.Missing, c.Summaries + o.Summaries, c.Descriptions + o.Descriptions, c.Tags + o.Tags}
}

// Precision is the share of what was found that is true: 1 when nothing was found.
func (c Counts) Precision() float64 { return share(c.Right, c.Right+c.Wrong) }

// Recall is the share of what is true that was found.
func (c Counts) Recall() float64 { return share(c.Right, c.Right+c.Missing) }

// F1 is the harmonic mean of precision and recall.
func (c Counts) F1() float64 { return share(2*c.Right, 2*c.Right+c.Wrong+c.Missing) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// All is the name of the line of a Table that stands for all frameworks.
const All = "all"

// Line is what one way of finding endpoints reached on the projects of one framework.
type Line struct {
	Framework string
	Projects  int
	Counts
	// Macro is the mean of the projects' F1.
	Macro float64
}

// Table has a line per framework, ordered by name, and one for all.
func Table(projects []Project, counts []Counts) []Line {
	lines := map[string]*Line{All: {Framework: All}}
	for i, project := range projects {
		if lines[project.Framework] == nil {
			lines[project.Framework] = &Line{Framework: project.Framework}
		}
		for _, line := range []*Line{lines[project.Framework], lines[All]} {
			line.Projects++
			line.Counts = line.plus(counts[i])
			line.Macro += counts[i].F1()
		}
	}
	out := make([]Line, 0, len(lines))
	for _, line := range lines {
		line.Macro /= float64(line.Projects)
		out = append(out, *line)
	}
	sort.Slice(out, func(a, b int) bool {
		if (out[a].Framework == All) != (out[b].Framework == All) {
			return out[b].Framework == All
		}
		return out[a].Framework < out[b].Framework
	})
	return out
}
