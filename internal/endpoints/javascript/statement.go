package javascript

import "github.com/codebegen/preview-operator/internal/endpoints/syntax"

// completion is how a statement ends.
type completion uint8

const (
	normal completion = iota
	broke
	continued
	returned
	// thrown ends the branch or the function that throws; a try statement around sees in.throwing as well.
	thrown
)

func (in *Interpreter) statements(f *frame, sc *scope, list []*syntax.Node) completion {
	for _, n := range list {
		if c := in.exec(f, sc, n); c != normal {
			return c
		}
	}
	return normal
}

func (in *Interpreter) block(f *frame, sc *scope, n *syntax.Node) completion {
	inner := sc.child()
	in.hoist(f, inner, n.Children)
	return in.statements(f, inner, n.Children)
}

// body runs a block, or the one statement in its place.
func (in *Interpreter) body(f *frame, sc *scope, n *syntax.Node) completion {
	if n == nil {
		return normal
	}
	return in.exec(f, sc, n)
}

func (in *Interpreter) exec(f *frame, sc *scope, n *syntax.Node) completion {
	if !n.Named {
		return normal
	}
	if !in.step() || in.depth > in.limits.Depth {
		return returned
	}
	in.depth++
	defer func() { in.depth-- }()
	c := in.statement(f, sc, n)
	if in.throwing && c == normal {
		return thrown
	}
	return c
}

func (in *Interpreter) statement(f *frame, sc *scope, n *syntax.Node) completion {
	switch n.Kind {
	case "expression_statement":
		for _, child := range n.NamedChildren() {
			if child.Kind == "internal_module" {
				in.namespace(f, sc, child)
				continue
			}
			in.eval(f, sc, child)
		}
	case "variable_declaration", "lexical_declaration":
		in.declaration(f, sc, n)
	case "class_declaration", "abstract_class_declaration":
		class := in.class(f, sc, n)
		if name := n.Child("name"); name != nil {
			sc.declare(name.Text, class)
		}
	case "statement_block":
		return in.block(f, sc, n)
	case "if_statement":
		return in.ifStatement(f, sc, n)
	case "switch_statement":
		return in.switchStatement(f, sc, n)
	case "for_statement":
		return in.forStatement(f, sc, n)
	case "for_in_statement":
		return in.forIn(f, sc, n)
	case "while_statement", "do_statement":
		return in.while(f, sc, n)
	case "try_statement":
		return in.try(f, sc, n)
	case "return_statement":
		f.result = nil
		for _, child := range n.NamedChildren() {
			if child.Kind != "comment" {
				f.result = in.eval(f, sc, child)
			}
		}
		return returned
	case "throw_statement":
		// Known to be thrown and caught in the same function, it leads to the catch clause.
		in.throwing = f.tries > 0 && in.uncertain == 0
		return thrown
	case "break_statement":
		f.label = labelOf(n)
		return broke
	case "continue_statement":
		f.label = labelOf(n)
		return continued
	case "labeled_statement":
		return in.labeled(f, sc, n)
	case "export_statement":
		in.exportStatement(f, sc, n)
	case "enum_declaration":
		in.enum(f, sc, n)
	case "internal_module", "module":
		in.namespace(f, sc, n)
	case "import_alias":
		in.importAlias(sc, n)
	case "ERROR":
		return in.statements(f, sc, n.Children)
	case "call_expression", "assignment_expression":
		// Only within an ERROR.
		in.eval(f, sc, n)
	}
	return normal
}

func labelOf(n *syntax.Node) string {
	if label := n.Child("label"); label != nil {
		return label.Text
	}
	return ""
}

func (in *Interpreter) labeled(f *frame, sc *scope, n *syntax.Node) completion {
	if loop := n.Child("body").Child("body"); loop != nil {
		if f.loops == nil {
			f.loops = map[*syntax.Node]string{}
		}
		f.loops[loop] = labelOf(n)
	}
	c := in.body(f, sc, n.Child("body"))
	if (c == broke || c == continued) && f.label == labelOf(n) {
		f.label = ""
		return normal
	}
	return c
}

func (in *Interpreter) declaration(f *frame, sc *scope, n *syntax.Node) {
	target := sc
	if n.Kind == "variable_declaration" {
		target = sc.outer()
	}
	for _, d := range n.Children {
		if d.Kind != "variable_declarator" {
			continue
		}
		name, init := d.Child("name"), d.Child("value")
		if name == nil {
			continue
		}
		if init == nil {
			if name.Kind == "identifier" && (n.Kind != "variable_declaration" || target.vars[name.Text] == nil) {
				target.declare(name.Text, nil)
			}
			continue
		}
		value := in.named(in.eval(f, sc, init), name)
		in.bind(f, sc, name, value, target)
	}
}

// named gives a function without a name the one of the variable or the property that it becomes.
func (in *Interpreter) named(v Value, name *syntax.Node) Value {
	if o, ok := v.(*Object); ok && o.Call != nil && o.Call.Name == "" && name.Is("identifier", "property_identifier") {
		o.Call.Name = name.Text
	}
	return v
}

// branch runs what is taken only if a condition holds that is not known.
func (in *Interpreter) branch(f *frame, run func() completion) completion {
	in.uncertain++
	defer func() { in.uncertain-- }()
	c := run()
	if c == returned {
		f.perhaps = append(f.perhaps, f.result)
	}
	return c
}

func (in *Interpreter) ifStatement(f *frame, sc *scope, n *syntax.Node) completion {
	truth, known := Truth(in.eval(f, sc, n.Child("condition")))
	yes := func() completion { return in.body(f, sc, n.Child("consequence")) }
	no := func() completion {
		for _, child := range n.Child("alternative").NamedChildren() {
			if child.Kind != "comment" {
				return in.exec(f, sc, child)
			}
		}
		return normal
	}
	if in.throwing {
		return thrown
	}
	if known {
		taken := no
		if truth {
			taken = yes
		}
		c := taken()
		if c == thrown && !in.throwing {
			return normal
		}
		return c
	}
	first := in.branch(f, yes)
	second := in.branch(f, no)
	if first == second && first == returned {
		f.result = f.best(nil)
		return returned
	}
	if first == second && first != thrown {
		return first
	}
	return normal
}

// best is the most that is known of what a function may return.
func (f *frame) best(result Value) Value {
	if result != nil && !IsUnknown(result) {
		return result
	}
	for _, v := range f.perhaps {
		if !nullish(v) && !IsUnknown(v) {
			return v
		}
	}
	if result == nil {
		for _, v := range f.perhaps {
			if v != nil {
				return v
			}
		}
	}
	return result
}

func (in *Interpreter) switchStatement(f *frame, sc *scope, n *syntax.Node) completion {
	value := unset(in.eval(f, sc, n.Child("value")))
	inner := sc.child()
	cases := n.Child("body").NamedChildren()
	start, unknown := -1, IsUnknown(value)
	for i, c := range cases {
		in.hoist(f, inner, c.Children)
		if c.Kind != "switch_case" || unknown || start >= 0 {
			continue
		}
		equal, known := StrictEqual(value, in.eval(f, inner, c.Child("value")))
		if !known {
			unknown = true
		} else if equal {
			start = i
		}
	}
	if unknown {
		for _, c := range cases {
			in.branch(f, func() completion { return in.caseBody(f, inner, c) })
		}
		return normal
	}
	for i, c := range cases {
		if start < 0 && c.Kind == "switch_default" {
			start = i
		}
	}
	if start < 0 {
		return normal
	}
	for _, c := range cases[start:] {
		switch end := in.caseBody(f, inner, c); {
		case end == broke && f.label == "":
			return normal
		case end == thrown && !in.throwing:
			return normal
		case end != normal:
			return end
		}
	}
	return normal
}

func (in *Interpreter) caseBody(f *frame, sc *scope, n *syntax.Node) completion {
	for _, child := range n.Children {
		if child.Field != "body" {
			continue
		}
		if c := in.exec(f, sc, child); c != normal {
			return c
		}
	}
	return normal
}

func (in *Interpreter) try(f *frame, sc *scope, n *syntax.Node) completion {
	handler := n.Child("handler")
	if handler != nil {
		in.tries++
		f.tries++
	}
	uncertain := in.uncertain
	c := in.body(f, sc, n.Child("body"))
	if handler != nil {
		in.tries--
		f.tries--
	}
	if in.throwing && handler != nil {
		in.throwing, in.uncertain = false, uncertain
		inner := sc.child()
		if parameter := handler.Child("parameter"); parameter != nil {
			in.bind(f, inner, parameter, &Unknown{Name: "an error"}, inner)
		}
		c = in.body(f, inner, handler.Child("body"))
	} else if c == thrown && !in.throwing {
		c = normal
	}
	if finalizer := n.Child("finalizer"); finalizer != nil {
		throwing := in.throwing
		in.throwing = false
		if end := in.body(f, sc, finalizer.Child("body")); end != normal {
			return end
		}
		in.throwing = throwing
	}
	return c
}
