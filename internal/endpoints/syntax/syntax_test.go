package syntax

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outline writes a tree without its tokens, but for missing ones: role, kind and, of leaves, the text.
func outline(n *Node) string {
	var out strings.Builder
	if n.Field != "" {
		out.WriteString(n.Field + ":")
	}
	out.WriteString(n.Kind)
	if n.Missing {
		return n.Kind + "!"
	}
	if len(n.NamedChildren()) == 0 {
		return out.String() + "=" + n.Text
	}
	for _, child := range n.Children {
		if child.Named || child.Missing {
			fmt.Fprintf(&out, " (%s)", outline(child))
		}
	}
	return out.String()
}

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		language Language
		source   string
		want     string
		errors   bool
	}{
		"Python": {
			language: Python, source: "x = f(1, k='ä')\n",
			want: "module (expression_statement (assignment (left:identifier=x) (right:call (function:identifier=f) " +
				"(arguments:argument_list (integer=1) (keyword_argument (name:identifier=k) (value:string (string_start=') " +
				"(string_content=ä) (string_end=')))))))",
		},
		"JavaScript": {
			language: JavaScript, source: "app.use('/a', r)",
			want: "program (expression_statement (call_expression (function:member_expression (object:identifier=app) " +
				"(property:property_identifier=use)) (arguments:arguments (string (string_fragment=/a)) (identifier=r))))",
		},
		"TypeScript": {
			language: TypeScript, source: "let a: B = <C>d",
			want: "program (lexical_declaration (variable_declarator (name:identifier=a) " +
				"(type:type_annotation (type_identifier=B)) " +
				"(value:type_assertion (type_arguments (type_identifier=C)) (identifier=d))))",
		},
		"TSX": {
			language: TSX, source: "let a: B = <c/>",
			want: "program (lexical_declaration (variable_declarator (name:identifier=a) " +
				"(type:type_annotation (type_identifier=B)) (value:jsx_self_closing_element (name:identifier=c))))",
		},
		"nothing": {language: Python, want: "module="},
		"errors": {
			language: JavaScript, source: "f(a; g()", errors: true,
			want: "program (expression_statement (call_expression (function:identifier=f) (arguments:arguments (identifier=a)" +
				" ()!)))) (expression_statement (call_expression (function:identifier=g) (arguments:arguments=())))",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tree, err := Parse(t.Context(), test.language, []byte(test.source), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if tree.HasErrors != test.errors || tree.Cut {
				t.Errorf("HasErrors = %t, Cut = %t", tree.HasErrors, tree.Cut)
			}
			if diff := cmp.Diff(test.want, outline(tree.Root)); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
		})
	}
}
