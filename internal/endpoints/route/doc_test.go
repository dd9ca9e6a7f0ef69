package route

import "testing"

func TestSplitDoc(t *testing.T) {
	for name, test := range map[string]struct{ doc, summary, description string }{
		"nothing":        {"", "", ""},
		"one line":       {"List the books.", "List the books.", ""},
		"begins below":   {"\n    List the books.\n    ", "List the books.", ""},
		"indented rest":  {"List.\n\n    All of them:\n      - new\n      - old\n    ", "List.", "All of them:\n  - new\n  - old"},
		"tabs":           {"List.\n\n\tAll.\n\t\tNew.", "List.", "All.\n        New."},
		"shorter indent": {"  List.\n  a\n b", "List.", "a\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			if summary, description := SplitDoc(test.doc); summary != test.summary || description != test.description {
				t.Errorf("SplitDoc = %q, %q, want %q, %q", summary, description, test.summary, test.description)
			}
		})
	}
}
