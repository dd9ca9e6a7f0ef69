package syntax

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The limits of these tests: small enough for every kind of bound to be met.
var tight = Limits{Nodes: 50_000, Depth: 200, Time: 200 * time.Millisecond}

// check fails the test unless the tree keeps to its limits and to its source.
func check(t *testing.T, tree *Tree, source string, limits Limits) {
	t.Helper()
	type place struct {
		node  *Node
		depth int
	}
	nodes, lines := 0, 1+strings.Count(source, "\n")
	for rest := []place{{tree.Root, 1}}; len(rest) > 0; nodes++ {
		at := rest[len(rest)-1]
		rest = rest[:len(rest)-1]
		n := at.node
		switch {
		case at.depth > limits.Depth:
			t.Fatalf("a node is %d deep", at.depth)
		case n.Start > n.End, n.End > len(source), n.Text != source[n.Start:n.End]:
			t.Fatalf("%s from %d to %d has the text %.40q", n.Kind, n.Start, n.End, n.Text)
		case n.Line < 1, n.Line > lines, n.Column < 0, n.Kind == "":
			t.Fatalf("%q at line %d, column %d", n.Kind, n.Line, n.Column)
		}
		for _, child := range n.Children {
			rest = append(rest, place{child, at.depth + 1})
		}
	}
	if nodes > limits.Nodes {
		t.Fatalf("%d nodes", nodes)
	}
}

func TestHostileSource(t *testing.T) {
	const size = 800_000
	nested := func(open, shut string) string {
		return strings.Repeat(open, size/len(open)) + strings.Repeat(shut, size/len(shut)/10)
	}
	var indented strings.Builder
	for depth := 0; indented.Len() < size; depth++ {
		fmt.Fprintf(&indented, "%sif x:\n", strings.Repeat(" ", depth))
	}
	for name, source := range map[string]string{
		"brackets":                nested("[", "]"),
		"parentheses":             nested("(", ")"),
		"braces":                  nested("{", "}"),
		"calls":                   nested("f(", ")"),
		"dictionaries":            nested("{1:", "}"),
		"closing brackets":        nested("]", "["),
		"angles":                  nested("<a>", "</a>"),
		"type arguments":          nested("a<", ">"),
		"arrow functions":         nested("()=>{", "}"),
		"lambdas":                 nested("lambda:", ""[:0]+"x"),
		"not":                     nested("not ", "x"),
		"unary":                   nested("-", "1"),
		"attributes":              nested("a.", "b"),
		"sum":                     nested("a+", "b"),
		"ternaries":               nested("a?b:", "c"),
		"conditionals":            nested("a if b else ", "c"),
		"f-strings":               nested("f'{", "}'"),
		"template strings":        nested("`${", "}`"),
		"strings that never end":  nested("\"\"\"", "'"),
		"comments":                nested("/*", "*/"),
		"indented":                indented.String(),
		"else ifs":                nested("if (a) b; else ", "c"),
		"decorators":              nested("@a\n", "def f(): pass\n"),
		"NULs":                    nested("\x00", "a\x00\n"),
		"invalid UTF-8":           nested("\xff\xfe\x80", "a = '\xc3'\n"),
		"byte order marks":        nested("\xef\xbb\xbf", "a\n"),
		"one name":                nested("a", "b"),
		"one line of many tokens": nested("a=1;", "b"),
		"lines":                   nested("\n", "\r\n"),
		"backslashes":             nested("\\\n", "\\"),
		"regular expressions":     nested("/[", "]/"),
		"awaits":                  nested("await ", "x"),
		"assignments":             nested("a=", "b"),
		"commas":                  nested("a,", "b"),
		"generators":              nested("[a for a in ", "]"),
		"matches":                 nested("match a:\n case ", "b:\n"),
	} {
		for _, language := range []Language{Python, JavaScript, TypeScript, TSX} {
			t.Run(fmt.Sprintf("%s/%d", name, language), func(t *testing.T) {
				t.Parallel()
				tree, err := Parse(t.Context(), language, []byte(source), tight)
				if errors.Is(err, ErrStopped) {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				check(t, tree, source, tight)
			})
		}
	}
}

func TestWhatIsTooDeepIsLeftOut(t *testing.T) {
	source := "before = 1\nx = " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\nafter = 2\n"
	tree, err := Parse(t.Context(), Python, []byte(source), Limits{Depth: 100})
	if err != nil {
		t.Fatal(err)
	}
	check(t, tree, source, Limits{Depth: 100, Nodes: defaultNodes})
	if !tree.Cut || tree.HasErrors {
		t.Errorf("Cut = %t, HasErrors = %t", tree.Cut, tree.HasErrors)
	}
	statements := tree.Root.NamedChildren()
	if len(statements) != 3 || statements[2].Text != "after = 2" {
		t.Errorf("%d statements, the last one %q", len(statements), statements[len(statements)-1].Text)
	}
	deepest := 0
	for n := tree.Root; len(n.NamedChildren()) > 0; n = n.NamedChildren()[len(n.NamedChildren())-1] {
		deepest++
	}
	if deepest == 0 {
		t.Error("nothing is left")
	}
}

func TestNodesBeyondTheLimitAreLeftOut(t *testing.T) {
	source := strings.Repeat("a = 1\n", 1000)
	tree, err := Parse(t.Context(), Python, []byte(source), Limits{Nodes: 501})
	if err != nil {
		t.Fatal(err)
	}
	// Five nodes a line: the statement, the assignment, its two sides and the sign.
	if got := len(tree.Root.Children); !tree.Cut || got != 100 {
		t.Errorf("Cut = %t, %d statements, want 100", tree.Cut, got)
	}
}

func TestEveryPrefix(t *testing.T) {
	for language, source := range samples {
		for end := range len(source) + 1 {
			tree, err := Parse(t.Context(), language, []byte(source[:end]), tight)
			if err != nil {
				t.Fatalf("language %d, %d bytes: %v", language, end, err)
			}
			check(t, tree, source[:end], tight)
		}
	}
}

func TestRefusals(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	large := []byte(strings.Repeat("x = [1, 2, {'a': f(3)}]\n", 1<<20))
	spent := NewBudget(10)
	if _, err := Parse(t.Context(), Python, []byte("a = 1\nb = 2\nc = 3\n"), Limits{Budget: spent}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		ctx      context.Context
		language Language
		source   []byte
		limits   Limits
		want     []error
	}{
		"too many bytes":   {t.Context(), Python, large, Limits{}, []error{ErrTooLarge}},
		"unknown language": {t.Context(), 99, nil, Limits{}, []error{ErrLanguage}},
		"no language":      {t.Context(), 0, nil, Limits{}, []error{ErrLanguage}},
		"takes too long":   {t.Context(), Python, large, Limits{Bytes: len(large), Time: time.Millisecond}, []error{ErrStopped}},
		"cancelled before": {ended, Python, nil, Limits{}, []error{ErrStopped, context.Canceled}},
		"budget is spent":  {t.Context(), Python, []byte("a"), Limits{Budget: spent}, []error{ErrSpent}},
	} {
		t.Run(name, func(t *testing.T) {
			tree, err := Parse(test.ctx, test.language, test.source, test.limits)
			for _, want := range test.want {
				if tree != nil || !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
			}
		})
	}
}

func TestCancelledMeanwhile(t *testing.T) {
	// It would take seconds.
	source := []byte(strings.Repeat("x = [1, 2, {'a': f(3)}]\n", 1<<20))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	tree, err := Parse(ctx, Python, source, Limits{Bytes: len(source), Time: time.Hour, Nodes: 1})
	if tree != nil || !errors.Is(err, ErrStopped) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func fuzz(f *testing.F, language Language) {
	f.Add(samples[language])
	for _, seed := range []string{"", "\x00", "\xff", "((((", "f'{a!r:{b}}'", "`${`${a}`}`", "if a:\n  b\n c\n", "<a b={c}>{...d}</a>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		tree, err := Parse(t.Context(), language, []byte(source), tight)
		if errors.Is(err, ErrStopped) || errors.Is(err, ErrTooLarge) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		check(t, tree, source, tight)
	})
}

func FuzzParsePython(f *testing.F)     { fuzz(f, Python) }
func FuzzParseJavaScript(f *testing.F) { fuzz(f, JavaScript) }
func FuzzParseTypeScript(f *testing.F) { fuzz(f, TypeScript) }
func FuzzParseTSX(f *testing.F)        { fuzz(f, TSX) }
