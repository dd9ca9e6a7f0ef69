package python

import (
	"strconv"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// eval evaluates an expression. While an exception is pending everything is Unknown.
func (in *Interpreter) eval(n *syntax.Node, s *scope) Value {
	if n == nil || in.pending != nil || !in.step(n, s) || !in.enter(n, s) {
		return Unknown{}
	}
	value := in.expression(n, s)
	in.leave()
	if value == nil {
		return Unknown{}
	}
	return value
}

func (in *Interpreter) expression(n *syntax.Node, s *scope) Value {
	switch n.Kind {
	case "identifier":
		return in.name(n, s)
	case "string":
		return in.stringLiteral(n, s)
	case "attribute":
		return in.attribute(n, s)
	case "call":
		return in.callExpression(n, s)
	case "concatenated_string":
		return in.concatenated(n, s)
	case "integer":
		return integer(n.Text)
	case "float":
		if number, err := strconv.ParseFloat(strings.ReplaceAll(n.Text, "_", ""), 64); err == nil {
			return Float(number)
		}
		return Unknown{}
	case "true":
		return Bool(true)
	case "false":
		return Bool(false)
	case "none":
		return None{}
	case "list":
		return in.listOf(in.display(n, s))
	case "tuple", "expression_list":
		items, open := in.display(n, s)
		return &Tuple{Items: items, Open: open}
	case "set":
		return in.setOf(in.display(n, s))
	case "dictionary":
		return in.dictionary(n, s)
	case "subscript", "generic_type":
		return in.subscription(n, s)
	}
	return in.rarer(n, s)
}

// rarer goes on with the kinds of expressions that are less often used.
func (in *Interpreter) rarer(n *syntax.Node, s *scope) Value {
	switch n.Kind {
	case "binary_operator", "union_type":
		return in.binaryOperator(n, s)
	case "boolean_operator":
		return in.booleanOperator(n, s)
	case "comparison_operator":
		return in.comparison(n, s)
	case "not_operator":
		truth, known := in.Truth(in.eval(n.Child("argument"), s))
		if !known {
			return Unknown{}
		}
		return Bool(!truth)
	case "unary_operator":
		return in.unary(n, s)
	case "conditional_expression":
		return in.conditional(n, s)
	case "lambda":
		return in.lambda(n, s)
	case "list_comprehension", "generator_expression", "set_comprehension", "dictionary_comprehension":
		return in.comprehension(n, s)
	case "parenthesized_expression", "list_splat", "type", "await", "type_parameter", "case_pattern", "constrained_type":
		return in.inner(n, s)
	case "named_expression":
		value := in.eval(n.Child("value"), s)
		if name := n.Child("name"); name != nil && in.pending == nil {
			in.assign(s.walrusTarget(), name.Text, value)
		}
		return value
	case "assignment":
		return in.assignment(n, s)
	case "yield":
		return in.yield(n, s)
	case "member_type":
		return in.memberType(n, s)
	case "ellipsis":
		return Ellipsis{}
	}
	return Unknown{}
}

// inner evaluates the expression that a node is wrapped around.
func (in *Interpreter) inner(n *syntax.Node, s *scope) Value {
	for _, child := range n.Children {
		if child.Named && child.Kind != "comment" {
			return in.eval(child, s)
		}
	}
	return Unknown{}
}

func (in *Interpreter) memberType(n *syntax.Node, s *scope) Value {
	children := n.NamedChildren()
	if len(children) != 2 {
		return Unknown{}
	}
	if value := in.Attr(in.eval(children[0], s), children[1].Text); value != nil {
		return value
	}
	return Unknown{}
}

func (in *Interpreter) name(n *syntax.Node, s *scope) Value {
	if value, ok := in.lookup(s, n.Text); ok {
		return value
	}
	in.throw("NameError")
	return Unknown{}
}

func (in *Interpreter) attribute(n *syntax.Node, s *scope) Value {
	object, name := in.eval(n.Child("object"), s), n.Child("attribute")
	if name == nil || in.pending != nil {
		return Unknown{}
	}
	before := in.locate(n, s)
	value := in.Attr(object, name.Text)
	in.at = before
	if value != nil {
		return value
	}
	in.throw("AttributeError")
	return Unknown{}
}

// locate notes the place that calls are made from, and returns the one before.
func (in *Interpreter) locate(n *syntax.Node, s *scope) place {
	before := in.at
	in.at = place{s.module, s.module.File, n.Line}
	return before
}

func integer(text string) Value {
	if number, err := strconv.ParseInt(text, 0, 64); err == nil {
		return Int(number)
	}
	return Unknown{}
}

// display evaluates the items of a list, a tuple or a set.
func (in *Interpreter) display(n *syntax.Node, s *scope) (items []Value, open bool) {
	items = make([]Value, 0, len(n.Children)/2)
	for _, child := range n.Children {
		switch {
		case !child.Named || child.Kind == "comment":
		case isSplat(child):
			spread, complete := in.Iterate(in.eval(child, s))
			if len(items)+len(spread) > in.limits.Items || !in.spend(len(spread)*valueSize) {
				return items, true
			}
			items = append(items, spread...)
			open = open || !complete
		default:
			items = append(items, in.eval(child, s))
		}
	}
	if !in.spend(collectionSize + len(items)*valueSize) {
		return nil, true
	}
	return items, open
}

// isSplat recognises *items. Of `*f(x)` and `*a.b` the grammar makes a call and an attribute of `*f` and `*a`.
func isSplat(n *syntax.Node) bool { return n.Text != "" && n.Text[0] == '*' }

func (in *Interpreter) listOf(items []Value, open bool) Value { return &List{Items: items, Open: open} }

func (in *Interpreter) setOf(items []Value, open bool) Value {
	set := &Set{}
	for _, item := range items {
		set.Add(item)
	}
	set.dict.Open = set.dict.Open || open
	return set
}

func (in *Interpreter) dictionary(n *syntax.Node, s *scope) Value {
	dict := NewDict()
	in.spend(collectionSize)
	for _, child := range n.Children {
		switch child.Kind {
		case "pair":
			key := in.eval(child.Child("key"), s)
			in.setKey(dict, key, in.eval(child.Child("value"), s))
		case "dictionary_splat":
			in.update(dict, in.inner(child, s))
		}
	}
	return dict
}

// setKey sets a key within the budgets.
func (in *Interpreter) setKey(dict *Dict, key, value Value) {
	if in.assume > 0 && vague(value) {
		if before, ok := dict.Get(key); ok && !vague(before) {
			return
		}
	}
	if dict.Len() >= in.limits.Items || !in.spend(2*valueSize) {
		dict.Open = true
		return
	}
	if dict.live != nil {
		if name, ok := AsStr(key); ok {
			in.setName(dict.live, name, value)
		}
	}
	dict.Set(key, value)
}

func (in *Interpreter) conditional(n *syntax.Node, s *scope) Value {
	parts := n.NamedChildren()
	if len(parts) != 3 {
		return Unknown{}
	}
	truth, known := in.Truth(in.eval(parts[1], s))
	switch {
	case !known:
		in.assume++
		first, second := in.eval(parts[0], s), in.eval(parts[2], s)
		in.assume--
		return choose(first, second)
	case truth:
		return in.eval(parts[0], s)
	}
	return in.eval(parts[2], s)
}

// choose takes the value of two that says more, the first if both do.
func choose(first, second Value) Value {
	if !vague(first) || vague(second) && !isUnknown(first) {
		return first
	}
	return second
}

func isUnknown(value Value) bool { _, ok := value.(Unknown); return ok }

// booleanOperator is `and` or `or`, which give one of their operands.
func (in *Interpreter) booleanOperator(n *syntax.Node, s *scope) Value {
	left := in.eval(n.Child("left"), s)
	operator := n.Child("operator")
	if operator == nil || in.pending != nil {
		return Unknown{}
	}
	or := operator.Kind == "or"
	truth, known := in.Truth(left)
	if known && truth == or {
		return left
	}
	if known {
		return in.eval(n.Child("right"), s)
	}
	in.assume++
	right := in.eval(n.Child("right"), s)
	in.assume--
	if or && !vague(right) {
		return right
	}
	if !or {
		if truth, known := in.Truth(right); known && !truth {
			return Bool(false)
		}
	}
	return Unknown{}
}

func (in *Interpreter) yield(n *syntax.Node, s *scope) Value {
	var value Value = None{}
	from := false
	for _, child := range n.Children {
		if child.Kind == "from" {
			from = true
		} else if child.Named && child.Kind != "comment" {
			value = in.eval(child, s)
		}
	}
	if s.yielded == nil {
		return Unknown{}
	}
	if from {
		in.extend(s.yielded, value)
	} else {
		in.push(s.yielded, value)
	}
	return Unknown{}
}

// comprehension runs the clauses of a comprehension or of a generator expression.
func (in *Interpreter) comprehension(n *syntax.Node, s *scope) Value {
	inner := &scope{vars: &Namespace{}, parent: s, module: s.module, kind: comprehensionScope, class: s.class, self: s.self}
	in.spend(callSize)
	var clauses []*syntax.Node
	for _, child := range n.Children {
		if child.Is("for_in_clause", "if_clause") {
			clauses = append(clauses, child)
		}
	}
	body := n.Child("body")
	if n.Kind == "dictionary_comprehension" {
		dict := NewDict()
		complete := in.clauses(clauses, inner, s, func() {
			in.setKey(dict, in.eval(body.Child("key"), inner), in.eval(body.Child("value"), inner))
		})
		dict.Open = dict.Open || !complete
		return dict
	}
	list := &List{generator: n.Kind == "generator_expression"}
	complete := in.clauses(clauses, inner, s, func() { in.push(list, in.eval(body, inner)) })
	if n.Kind == "set_comprehension" {
		return in.setOf(list.Items, !complete)
	}
	list.Open = list.Open || !complete
	return list
}

// clauses runs each for all combinations of the clauses' items. It returns false when there may be more or fewer of them.
func (in *Interpreter) clauses(clauses []*syntax.Node, s, first *scope, each func()) bool {
	if in.stopped || in.pending != nil {
		return false
	}
	if len(clauses) == 0 {
		each()
		return true
	}
	clause, rest := clauses[0], clauses[1:]
	if clause.Kind == "if_clause" {
		condition := clause.NamedChildren()
		if len(condition) == 0 {
			return true
		}
		truth, known := in.Truth(in.eval(condition[0], s))
		if known && !truth {
			return true
		}
		return in.clauses(rest, s, s, each) && known
	}
	items, complete := in.Iterate(in.eval(clause.Child("right"), first))
	started := in.steps
	for i, item := range items {
		if i >= in.limits.Iterations || in.overShare(started) {
			return false
		}
		in.bind(clause.Child("left"), item, s)
		complete = in.clauses(rest, s, s, each) && complete
		if in.stopped {
			return false
		}
	}
	return complete
}

func (in *Interpreter) lambda(n *syntax.Node, s *scope) Value {
	in.spend(functionSize)
	return &Function{
		Name: "<lambda>", QualName: "<lambda>", Module: s.module, File: s.module.File, Line: n.Line,
		Params: in.params(n.Child("parameters"), s), code: in.codeOf(n, true), scope: s,
	}
}
