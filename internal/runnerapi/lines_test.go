package runnerapi

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

type cutLine struct {
	Text    string
	Partial bool
}

// splitIn cuts text after feeding it in chunks of these sizes, the last of them for the rest.
func splitIn(text string, size func() int) []cutLine {
	var lines []cutLine
	emit := func(text []byte, partial bool) { lines = append(lines, cutLine{string(text), partial}) }
	var s LineSplitter
	for data := []byte(text); len(data) > 0; {
		n := min(size(), len(data))
		s.Split(data[:n], emit)
		data = data[n:]
	}
	s.Flush(emit)
	return lines
}

func TestLines(t *testing.T) {
	full := strings.Repeat("x", MaxLineBytes)
	for name, test := range map[string]struct {
		text string
		want []cutLine
	}{
		"lines":               {"a\n\nb\n", []cutLine{{"a", false}, {"", false}, {"b", false}}},
		"no line break":       {"a\nb", []cutLine{{"a", false}, {"b", false}}},
		"nothing":             {"", nil},
		"carriage returns":    {"10%\r20%\r\n\r\n\rx\n", []cutLine{{"10%\r20%", false}, {"", false}, {"\rx", false}}},
		"NUL and no UTF-8":    {"a\x00b\xff\xfe\n", []cutLine{{"a\x00b\xff\xfe", false}}},
		"the longest":         {full + "\nb\n", []cutLine{{full, false}, {"b", false}}},
		"longer":              {full + "y\nb\n", []cutLine{{full, true}, {"y", false}, {"b", false}}},
		"the longest, twice":  {full + full + "\n", []cutLine{{full, true}, {full, false}}},
		"long without end":    {full + full + "y", []cutLine{{full, true}, {full, true}, {"y", false}}},
		"a character whole":   {full[1:] + "é\n", []cutLine{{full[1:], true}, {"é", false}}},
		"four bytes whole":    {full[3:] + "😀\n", []cutLine{{full[3:], true}, {"😀", false}}},
		"only continuations":  {full[5:] + strings.Repeat("\x80", 9) + "\n", []cutLine{{full[5:] + strings.Repeat("\x80", 5), true}, {strings.Repeat("\x80", 4), false}}},
		"continuations after": {full[1:] + "a\x80\n", []cutLine{{full[1:] + "a", true}, {"\x80", false}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 3, 4096, MaxLineBytes, 1 << 20} {
				if diff := cmp.Diff(test.want, splitIn(test.text, func() int { return size })); diff != "" {
					t.Errorf("in chunks of %d (-want +got):\n%s", size, diff)
				}
			}
		})
	}
}

// The runner and the manager read the same log in other chunks.
func TestLinesDoNotDependOnChunks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "é", "😀", "\xff", "\x80", "\xe2\x82", "\n", "\r\n", "\x00", strings.Repeat("z", 5000), strings.Repeat("€", 6000)}
	for range 300 {
		var text strings.Builder
		for range 1 + random.IntN(40) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		want := splitIn(text.String(), func() int { return text.Len() })
		got := splitIn(text.String(), func() int { return 1 + random.IntN(9000) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("other chunks, other lines (-want +got):\n%s", diff)
		}
		for _, line := range got {
			if len(line.Text) > MaxLineBytes {
				t.Fatalf("a line has %d bytes", len(line.Text))
			}
		}
	}
}

func TestFramesAreJSON(t *testing.T) {
	for _, text := range []string{"", "plain", "\"quoted\" \\ back", "tab\tbell\x07 nul\x00 del\x7f", "é😀\u2028", "\xff\xfea\x80", "\xe2\x82", strings.Repeat("\x01", MaxLineBytes), strings.Repeat("\xff", MaxLineBytes)} {
		line := AppendLineFrame(nil, 7, -1, []byte(text), true)
		var got Frame
		if err := json.Unmarshal(line, &got); err != nil || len(line) > MaxFrameBytes {
			t.Fatalf("%.20q: %d bytes, error %v", text, len(line), err)
		}
		// encoding/json does the same.
		var plain string
		data, err := json.Marshal(text)
		if err != nil || json.Unmarshal(data, &plain) != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Frame{Seq: 7, Time: -1, Text: plain, Partial: true}, got); diff != "" {
			t.Errorf("%.20q (-want +got):\n%.500s", text, diff)
		}
		// Whichever way a text comes, it is stored the same.
		if a, b := CleanText(text), CleanText(got.Text); a != b || !utf8.ValidString(a) || strings.ContainsRune(a, 0) {
			t.Errorf("%.20q is stored as %.20q or %.20q", text, a, b)
		}
	}
}
