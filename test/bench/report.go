package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// header is common to all results.
type header struct {
	Command  string    `json:"command"`
	At       time.Time `json:"at"`
	Finished time.Time `json:"finished"`
	// LoadBefore and LoadAfter are the machine's load averages.
	LoadBefore string `json:"loadBefore"`
	LoadAfter  string `json:"loadAfter"`
}

func (h *header) head() *header { return h }

// result is the outcome of one run.
type result interface {
	head() *header
	name() string
	title() string
	markdown() string
}

// report is a result that is a table of series.
type report struct {
	header
	Name   string    `json:"name"`
	Title  string    `json:"title"`
	Series []*series `json:"series"`
	// Summary are the series in short, by name, and Figures what is no series.
	Summary map[string]summary `json:"summary"`
	Figures map[string]float64 `json:"figures,omitempty"`
	// Notes are sentences about the run.
	Notes []string `json:"notes,omitempty"`
}

func newReport(name, title string, notes []string, all ...*series) *report {
	r := &report{Name: name, Title: title, Series: all, Notes: notes, Summary: map[string]summary{}}
	for _, s := range all {
		r.Summary[s.Name] = s.summary()
	}
	return r
}

func (r *report) name() string  { return r.Name }
func (r *report) title() string { return r.Title }

// markdown is the report as it stands in docs/benchmarks.md.
func (r *report) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "`%s`, %s, %d processors, load average before %s, after %s. Milliseconds.\n\n%s",
		r.Command, r.At.Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), r.LoadBefore, r.LoadAfter, tableHead)
	for _, s := range r.Series {
		text.WriteString(s.summary().row(s.Name))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&text, "\n%s\n", note)
	}
	return text.String()
}

// publish prints the result, stores it under its name and, so that the next run does not replace it, under its name and
// time, and puts it into the document.
func publish(r result, o options) error {
	fmt.Printf("\n%s\n\n%s", r.title(), r.markdown())
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(o.out, r.name()+".json")
	for _, file := range []string{filepath.Join(o.out, r.name()+"-"+r.head().At.Format("20060102-150405")+".json"), file} {
		if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
			return err
		}
	}
	fmt.Println("\nwritten to", file)
	if o.docs == "" {
		return nil
	}
	return replaceSection(o.docs, r.name(), r.markdown())
}

// replaceSection replaces what stands between the markers of a name; a document without them is left alone.
func replaceSection(file, name, text string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := fmt.Sprintf("<!-- bench:%s -->\n", name), fmt.Sprintf("<!-- /bench:%s -->", name)
	head, rest, found := strings.Cut(string(raw), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		return errors.New(file + " has no section " + name)
	}
	return os.WriteFile(file, []byte(head+begin+text+end+tail), 0o644)
}
