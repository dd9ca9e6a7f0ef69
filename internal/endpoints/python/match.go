package python

import (
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// matchStatement runs the first case that matches; where that is not known, those that may, too.
func (in *Interpreter) matchStatement(n *syntax.Node, s *scope) flow {
	subject := in.eval(n.Child("subject"), s)
	if in.pending != nil {
		return flowRaise
	}
	body := n.Child("body")
	if body == nil {
		return flowNext
	}
	unsure, joined, first := false, flowNext, true
	for _, clause := range body.Children {
		if clause.Kind != "case_clause" {
			continue
		}
		matches, known := in.caseMatches(clause, subject, s)
		if known && !matches {
			continue
		}
		if known && !unsure {
			return settle(in.block(clause.Child("consequence"), s))
		}
		unsure = true
		in.assume++
		ended := in.unsure(func() flow { return in.block(clause.Child("consequence"), s) }, s)
		in.assume--
		if first {
			joined, first = ended, false
		} else {
			joined = in.join(joined, ended, s)
		}
		if known {
			return settle(joined)
		}
	}
	if unsure {
		return in.join(joined, flowNext, s)
	}
	return flowNext
}

func (in *Interpreter) caseMatches(clause *syntax.Node, subject Value, s *scope) (matches, known bool) {
	var patterns []*syntax.Node
	for _, child := range clause.Children {
		if child.Kind == "case_pattern" {
			patterns = append(patterns, child)
		}
	}
	switch len(patterns) {
	case 0:
		return false, false
	case 1:
		matches, known = in.pattern(patterns[0], subject, s)
	default:
		matches, known = in.sequencePattern(patterns, subject, s)
	}
	if guard := clause.Child("guard"); guard != nil && (matches || !known) {
		for _, condition := range guard.NamedChildren() {
			truth, sure := in.Truth(in.eval(condition, s))
			if sure && !truth {
				return false, true
			}
			known = known && sure
		}
	}
	return matches, known
}

// pattern matches and binds what the pattern captures.
func (in *Interpreter) pattern(n *syntax.Node, subject Value, s *scope) (matches, known bool) {
	if !in.step(n, s) || !in.enter(n, s) {
		return false, false
	}
	defer in.leave()
	children := n.NamedChildren()
	switch n.Kind {
	case "case_pattern":
		if n.Text == "_" {
			return true, true
		}
		if len(children) != 1 {
			return in.literalPattern(n, subject, s)
		}
		return in.pattern(children[0], subject, s)
	case "dotted_name":
		if len(children) == 1 {
			in.assign(s, n.Text, subject)
			return true, true
		}
		return in.Equal(in.dotted(n, s), subject)
	case "as_pattern":
		if len(children) < 2 {
			return false, false
		}
		matches, known = in.pattern(children[0], subject, s)
		in.bind(children[len(children)-1], subject, s)
		return matches, known
	case "union_pattern":
		return in.unionPattern(children, subject, s)
	case "list_pattern", "tuple_pattern":
		return in.sequencePattern(children, subject, s)
	case "class_pattern", "dict_pattern", "complex_pattern", "splat_pattern", "keyword_pattern":
		in.capture(n, s)
		return false, false
	}
	return in.Equal(in.eval(n, s), subject)
}

// literalPattern is for patterns such as -1 or None that the grammar makes no node of its own for.
func (in *Interpreter) literalPattern(n *syntax.Node, subject Value, s *scope) (matches, known bool) {
	return in.Equal(in.evalText(n.Text, s), subject)
}

func (in *Interpreter) unionPattern(patterns []*syntax.Node, subject Value, s *scope) (matches, known bool) {
	known = true
	for _, pattern := range patterns {
		yes, sure := in.pattern(pattern, subject, s)
		if yes && sure {
			return true, true
		}
		known = known && sure
	}
	return false, known
}

func (in *Interpreter) sequencePattern(patterns []*syntax.Node, subject Value, s *scope) (matches, known bool) {
	var items []Value
	complete := false
	switch subject.(type) {
	case *List, *Tuple:
		items, complete = in.Iterate(subject)
	case Str, Int, None, Bool, *Dict:
		return false, true
	}
	for _, pattern := range patterns {
		if pattern.Is("splat_pattern") || pattern.Is("case_pattern") && len(pattern.Children) > 0 && pattern.Children[0].Is("splat_pattern") {
			complete = false
		}
	}
	if !complete {
		for _, pattern := range patterns {
			in.capture(pattern, s)
		}
		return false, false
	}
	if len(items) != len(patterns) {
		return false, true
	}
	known = true
	for i, pattern := range patterns {
		yes, sure := in.pattern(pattern, items[i], s)
		if sure && !yes {
			return false, true
		}
		known = known && sure
	}
	return known, known
}

// capture binds the names of a pattern that is not followed to Unknown.
func (in *Interpreter) capture(n *syntax.Node, s *scope) {
	if !in.step(n, s) || !in.enter(n, s) {
		return
	}
	defer in.leave()
	for _, child := range n.NamedChildren() {
		if child.Is("dotted_name") && len(child.Children) == 1 && n.Is("case_pattern") || child.Is("identifier") && n.Is("splat_pattern") {
			in.assign(s, child.Text, Unknown{})
			continue
		}
		in.capture(child, s)
	}
}

// dotted evaluates a name such as Color.RED, which the grammar has as one node.
func (in *Interpreter) dotted(n *syntax.Node, s *scope) Value {
	var value Value
	for _, part := range n.NamedChildren() {
		if value == nil {
			value = in.name(part, s)
			continue
		}
		if value = in.Attr(value, part.Text); value == nil {
			return Unknown{}
		}
	}
	if value == nil {
		return Unknown{}
	}
	return value
}
