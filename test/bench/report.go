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

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the longest duration that a histogram takes, in microseconds.
const longest = int64(10 * time.Minute / time.Microsecond)

// series is one thing that was measured again and again.
type series struct {
	Name string `json:"name"`
	// Micros are the single measurements in their order.
	Micros []int64 `json:"micros"`

	histogram *hdrhistogram.Histogram
}

func newSeries(name string) *series {
	return &series{Name: name, histogram: hdrhistogram.New(1, longest, 3)}
}

func (s *series) add(d time.Duration) error {
	s.Micros = append(s.Micros, d.Microseconds())
	return s.histogram.RecordValue(max(1, d.Microseconds()))
}

func (s *series) row() string {
	ms := func(micros int64) string { return fmt.Sprintf("%.1f", float64(micros)/1000) }
	h := s.histogram
	return fmt.Sprintf("| %s | %d | %s | %s | %s | %s |\n",
		s.Name, len(s.Micros), ms(h.ValueAtQuantile(50)), ms(h.ValueAtQuantile(90)), ms(h.ValueAtQuantile(99)), ms(h.Max()))
}

// report is the outcome of one run.
type report struct {
	Name    string    `json:"name"`
	Title   string    `json:"title"`
	Command string    `json:"command"`
	At      time.Time `json:"at"`
	Series  []*series `json:"series"`
	// Notes are sentences about the run.
	Notes []string `json:"notes,omitempty"`
	// LoadBefore and LoadAfter are the machine's load averages.
	LoadBefore string `json:"loadBefore"`
	LoadAfter  string `json:"loadAfter"`
}

// markdown is the report as it stands in docs/benchmarks.md.
func (r *report) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "`%s`, %s, %d processors, load average before %s, after %s. Milliseconds.\n\n",
		r.Command, r.At.Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), r.LoadBefore, r.LoadAfter)
	text.WriteString("| what | n | p50 | p90 | p99 | max |\n|---|---|---|---|---|---|\n")
	for _, s := range r.Series {
		text.WriteString(s.row())
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&text, "\n%s\n", note)
	}
	return text.String()
}

// publish prints the report, stores it and puts it into the document.
func (r *report) publish(o options) error {
	fmt.Printf("\n%s\n\n%s", r.Title, r.markdown())
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(o.out, fmt.Sprintf("%s-%s.json", r.Name, r.At.Format("20060102-150405")))
	if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Println("\nwritten to", file)
	if o.docs == "" {
		return nil
	}
	return replaceSection(o.docs, r.Name, r.markdown())
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

func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(raw)); err == nil && len(fields) > 2 {
		return strings.Join(fields[:3], " ")
	}
	return "unknown"
}
