package javascript

import "github.com/codebegen/preview-operator/internal/endpoints/syntax"

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
