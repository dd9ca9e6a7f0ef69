package javascript

import (
	"strconv"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

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

// round runs a loop's body once; more is false when the loop ends.
func (in *Interpreter) round(f *frame, sc *scope, body *syntax.Node) (c completion, more bool) {
	switch c = in.body(f, sc, body); c {
	case broke:
		if f.label == "" {
			return normal, false
		}
		return broke, false
	case continued:
		if f.label == "" || f.label == f.loops[body] {
			f.label = ""
			return normal, true
		}
		return continued, false
	case thrown:
		if !in.throwing {
			return normal, true
		}
		return thrown, false
	case returned:
		return returned, false
	}
	return normal, true
}

// cut says that a loop goes on for longer than it is followed.
func (in *Interpreter) cut(f *frame, n *syntax.Node) {
	in.Diagnose("loop", "the loop goes round more often than it is followed", f.module.Path, n.Line)
}

func (in *Interpreter) forStatement(f *frame, sc *scope, n *syntax.Node) completion {
	outer := sc.child()
	if init := n.Child("initializer"); init != nil {
		in.exec(f, outer, init)
		if init.Named && init.Kind != "lexical_declaration" && init.Kind != "variable_declaration" && init.Kind != "expression_statement" {
			in.eval(f, outer, init)
		}
	}
	for i := 0; ; i++ {
		if i >= in.limits.Loop {
			in.cut(f, n)
			return normal
		}
		if cond := n.Child("condition"); cond.Is("expression_statement") || (cond != nil && cond.Named && cond.Kind != "empty_statement") {
			truth, known := Truth(in.condition(f, outer, cond))
			if !known {
				in.branch(f, func() completion { return in.body(f, outer.child(), n.Child("body")) })
				return normal
			}
			if !truth {
				return normal
			}
		}
		// Each round has variables of its own, which functions made in it keep.
		inner := &scope{parent: outer.parent, vars: map[string]*binding{}}
		for name, b := range outer.vars {
			inner.vars[name] = &binding{value: b.value}
		}
		if c, more := in.round(f, inner, n.Child("body")); !more {
			return c
		}
		outer = inner
		next := &scope{parent: outer.parent, vars: map[string]*binding{}}
		for name, b := range outer.vars {
			next.vars[name] = &binding{value: b.value}
		}
		outer = next
		if step := n.Child("increment"); step != nil {
			in.eval(f, outer, step)
		}
		if !in.step() {
			return normal
		}
	}
}

func (in *Interpreter) condition(f *frame, sc *scope, n *syntax.Node) Value {
	if n.Kind == "expression_statement" {
		var v Value
		for _, child := range n.NamedChildren() {
			v = in.eval(f, sc, child)
		}
		return v
	}
	return in.eval(f, sc, n)
}

func (in *Interpreter) forIn(f *frame, sc *scope, n *syntax.Node) completion {
	over := in.eval(f, sc, n.Child("right"))
	left := n.Child("left")
	declares := n.Child("kind") != nil
	bind := func(inner *scope, v Value) {
		target := inner
		if !declares {
			target = nil
		} else if n.Child("kind").Text == "var" {
			target = inner.outer()
		}
		in.bind(f, inner, left, v, target)
	}
	of := n.Child("operator")
	if of == nil || of.Text == "of" {
		array := AsArray(over)
		if array == nil {
			items, known := in.iterate(in.awaited(over))
			if !known {
				inner := sc.child()
				bind(inner, &Unknown{Name: "an element of " + n.Child("right").Text[:min(40, len(n.Child("right").Text))]})
				in.branch(f, func() completion { return in.body(f, inner, n.Child("body")) })
				return normal
			}
			array = in.Array(items)
		}
		return in.each(f, sc, n, func(i int) (Value, bool) {
			if i >= len(array.Items) {
				return nil, false
			}
			return array.Items[i], true
		}, bind)
	}
	o, ok := over.(*Object)
	if !ok {
		if text, ok := over.(string); ok {
			o = in.Array(make([]Value, len(text)))
		} else if !IsUnknown(over) {
			return normal
		}
	}
	if o == nil {
		inner := sc.child()
		bind(inner, &Unknown{})
		in.branch(f, func() completion { return in.body(f, inner, n.Child("body")) })
		return normal
	}
	keys := in.keys(o)
	return in.each(f, sc, n, func(i int) (Value, bool) {
		if i >= len(keys) {
			return nil, false
		}
		return keys[i], true
	}, bind)
}

func (in *Interpreter) each(f *frame, sc *scope, n *syntax.Node, item func(int) (Value, bool), bind func(*scope, Value)) completion {
	for i := 0; in.step(); i++ {
		v, ok := item(i)
		if !ok {
			break
		}
		if i >= in.limits.Loop {
			in.cut(f, n)
			break
		}
		inner := sc.child()
		bind(inner, v)
		if c, more := in.round(f, inner, n.Child("body")); !more {
			return c
		}
	}
	return normal
}

func (in *Interpreter) while(f *frame, sc *scope, n *syntax.Node) completion {
	for i := 0; in.step(); i++ {
		if i >= in.limits.Loop {
			in.cut(f, n)
			break
		}
		if n.Kind == "while_statement" || i > 0 {
			truth, known := Truth(in.eval(f, sc, n.Child("condition")))
			if !known {
				if n.Kind == "while_statement" {
					in.branch(f, func() completion { return in.body(f, sc, n.Child("body")) })
				}
				break
			}
			if !truth {
				break
			}
		}
		if c, more := in.round(f, sc, n.Child("body")); !more {
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

func (in *Interpreter) enum(f *frame, sc *scope, n *syntax.Node) {
	name := n.Child("name")
	if name == nil {
		return
	}
	o := in.Object()
	if b := sc.vars[name.Text]; b != nil {
		if before, ok := b.value.(*Object); ok {
			o = before
		}
	}
	inner := sc.child()
	next, known := 0.0, true
	for _, member := range n.Child("body").NamedChildren() {
		key := member
		var value Value
		if member.Kind == "enum_assignment" {
			key = member.Child("name")
			value = in.eval(f, inner, member.Child("value"))
		} else if member.Kind == "comment" {
			continue
		} else if known {
			value = next
		} else {
			value = &Unknown{}
		}
		text, ok := in.key(f, sc, key)
		if !ok {
			continue
		}
		o.Set(text, value)
		inner.declare(text, value)
		if number, ok := value.(float64); ok {
			next, known = number+1, true
			if !isIndex(text) {
				o.Set(strconv.FormatFloat(number, 'f', -1, 64), text)
			}
		} else {
			known = false
		}
	}
	sc.declare(name.Text, o)
}

// namespace runs a namespace of TypeScript; those that only declare types have no names.
func (in *Interpreter) namespace(f *frame, sc *scope, n *syntax.Node) {
	name, body := n.Child("name"), n.Child("body")
	if body == nil || !name.Is("identifier", "nested_identifier") {
		return
	}
	o, target := in.Object(), sc
	parts := identifiers(name, nil)
	for i, part := range parts {
		inner := in.Object()
		if i == 0 {
			if b := sc.vars[part]; b != nil {
				if before, ok := b.value.(*Object); ok {
					inner = before
				}
			}
			target.declare(part, inner)
		} else {
			o.Set(part, inner)
		}
		o = inner
	}
	inner := sc.child()
	inner.function = true
	in.hoist(f, inner, body.Children)
	for _, child := range body.Children {
		in.exec(f, inner, child)
		if child.Kind != "export_statement" {
			continue
		}
		for _, exported := range declared(child.Child("declaration")) {
			if b := inner.vars[exported]; b != nil {
				o.Set(exported, b.read())
			}
		}
	}
}

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
