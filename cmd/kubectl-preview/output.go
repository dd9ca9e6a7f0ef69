package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/util/duration"
)

const (
	formatJSON = "json"
	formatWide = "wide"
)

// printDocument prints a document of the API as it came, indented.
func (a *app) printDocument(document json.RawMessage) error {
	var out bytes.Buffer
	if err := json.Indent(&out, document, "", "  "); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err := out.WriteTo(a.Out)
	return err
}

// visible shows text that others have written: characters that would act in a terminal are written as escapes.
func (a *app) visible(text string, terminal bool) string {
	if !terminal {
		return text
	}
	return escaped(text)
}

func escaped(text string) string {
	if !strings.ContainsFunc(text, acts) && strings.ToValidUTF8(text, "") == text {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(text[i:], string(unicode.ReplacementChar)):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case acts(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// acts names what moves the cursor, changes colours or reorders text, but for line breaks and tabs.
func acts(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}

// cell shows text in a table: on one line, whoever reads it.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	return escaped(strings.Join(strings.Fields(text), " "))
}

// table prints rows under a header.
func table(out io.Writer, header []string, rows [][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, text := range row {
			cells[i] = cell(text)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// The colours of levels and of a failure.
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	grey   = "\x1b[90m"
	plain  = "\x1b[0m"
)

// colours reports whether standard output may have colours: see no-color.org.
func (a *app) colours() bool {
	if value, _ := a.lookup("NO_COLOR"); value != "" {
		return false
	}
	if terminal, _ := a.lookup("TERM"); terminal == "dumb" {
		return false
	}
	return a.outIsTerminal
}

func number(n *int32) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(int(*n))
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func amount(n *float64, unit string) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64) + unit
}

// ago is the time since t in short.
func (a *app) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return duration.HumanDuration(max(a.now().Sub(t), 0))
}

func clock(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// took is a duration for people: 1.2s, 1m5s.
func took(d time.Duration) string {
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
