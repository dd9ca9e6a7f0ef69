package controllers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const operationsPage = "../docs/operations.md"

// stringConstants are the string constants of a folder's Go files whose names begin with one of the prefixes, by name.
func stringConstants(t *testing.T, folder string, prefixes ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range goFiles(t, folder) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != len(spec.Names) {
				return true
			}
			for i, name := range spec.Names {
				literal, ok := spec.Values[i].(*ast.BasicLit)
				if ok && literal.Kind == token.STRING && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name.Name, p) }) {
					if found[name.Name], err = strconv.Unquote(literal.Value); err != nil {
						t.Fatal(err)
					}
				}
			}
			return true
		})
	}
	return found
}

func goFiles(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	// failing are the places in which an instance is given a reason to fail.
	failing = regexp.MustCompile(`(?:terminal\(|[fF]ailure\{Reason: |ending\{reason: |terminalError\{reason: )v1alpha1\.(Reason[A-Za-z]+)`)
	// eventReasons are those that events have beside the reasons of instances.
	eventReasons = regexp.MustCompile(`(?:instanceEvent\{corev1\.EventType[A-Za-z]+, |Eventf\([a-z]+, nil, corev1\.EventType[A-Za-z]+, |endingEvent\(after, )"([A-Za-z]+)"`)
)

// Whatever reason an operator comes upon, docs/operations.md says what it means; for a failure it says what is seen, why it
// happens and what to do.
func TestEveryReasonIsInTheOperationsPage(t *testing.T) {
	page := readText(t, operationsPage)
	reasons := stringConstants(t, "../api/v1alpha1", "Reason", "Start")
	if len(reasons) < 30 {
		t.Fatalf("only %d reasons were found: %v", len(reasons), reasons)
	}
	for name, reason := range reasons {
		if !strings.Contains(page, "`"+reason+"`") && !strings.Contains(page, "\n### "+reason+"\n") {
			t.Errorf("%s (%q) is missing", name, reason)
		}
	}
	failures := slices.Clone(endReasons)
	for _, file := range goFiles(t, ".") {
		text := readText(t, file)
		for _, match := range failing.FindAllStringSubmatch(text, -1) {
			failures = append(failures, reasons[match[1]])
		}
		for _, match := range eventReasons.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(page, "`"+match[1]+"`") {
				t.Errorf("the event %s of %s is missing", match[1], file)
			}
		}
	}
	slices.Sort(failures)
	for _, reason := range slices.Compact(failures) {
		if askedFor(reason) {
			continue
		}
		_, section, _ := strings.Cut(page, "\n### "+reason+"\n")
		section, _, _ = strings.Cut(section, "\n#")
		for _, part := range []string{"- **Seen:** ", "- **Why:** ", "- **Do:** "} {
			if !strings.Contains(section, part) {
				t.Errorf("the section of %s has no %s", reason, part)
			}
		}
	}
}

func TestEveryAlertIsInTheOperationsPage(t *testing.T) {
	page := readText(t, operationsPage)
	alerts := regexp.MustCompile(`(?m)^ *- alert: ([A-Za-z]+)$`).FindAllStringSubmatch(readText(t, "../charts/preview-operator/files/rules.yaml"), -1)
	if len(alerts) < 8 {
		t.Fatalf("only %d alerts were found", len(alerts))
	}
	for _, alert := range alerts {
		if !strings.Contains(page, "\n| `"+alert[1]+"` |") {
			t.Errorf("%s is missing", alert[1])
		}
	}
}

// Settings that a page names exist.
func TestPagesNameSettingsThatExist(t *testing.T) {
	reference := readText(t, "../docs/configuration.md")
	for _, page := range []string{operationsPage, "../docs/upgrade.md"} {
		for _, name := range regexp.MustCompile(`PREVIEW_[A-Z_]+[A-Z]`).FindAllString(readText(t, page), -1) {
			if !strings.Contains(reference, "| `"+name+"` |") {
				t.Errorf("%s names %s, which is no setting", page, name)
			}
		}
	}
}
