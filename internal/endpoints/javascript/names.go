package javascript

import "github.com/codebegen/preview-operator/internal/endpoints/syntax"

// identifiers are the names in a dotted name.
func identifiers(n *syntax.Node, into []string) []string {
	if n.Is("identifier", "property_identifier") {
		return append(into, n.Text)
	}
	for _, child := range n.NamedChildren() {
		into = identifiers(child, into)
	}
	return into
}

// declared are the names that a declaration declares.
func declared(n *syntax.Node) []string {
	switch {
	case n == nil:
		return nil
	case n.Is("lexical_declaration", "variable_declaration"):
		var names []string
		for _, d := range n.Children {
			if d.Kind == "variable_declarator" {
				names = patternNames(d.Child("name"), names)
			}
		}
		return names
	case n.Is("internal_module", "module"):
		if names := identifiers(n.Child("name"), nil); len(names) > 0 {
			return names[:1]
		}
		return nil
	case n.Is("interface_declaration", "type_alias_declaration", "ambient_declaration"):
		return nil
	}
	if name := n.Child("name"); name != nil {
		return []string{name.Text}
	}
	return nil
}

func patternNames(n *syntax.Node, into []string) []string {
	if n == nil {
		return into
	}
	switch n.Kind {
	case "identifier", "shorthand_property_identifier_pattern":
		return append(into, n.Text)
	case "pair_pattern":
		return patternNames(n.Child("value"), into)
	case "assignment_pattern", "object_assignment_pattern":
		return patternNames(n.Child("left"), into)
	}
	for _, child := range n.NamedChildren() {
		into = patternNames(child, into)
	}
	return into
}
