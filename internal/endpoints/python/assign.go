package python

import (
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// assignment runs `a = b = value` and annotated forms of it.
func (in *Interpreter) assignment(n *syntax.Node, s *scope) Value {
	left, right := n.Child("left"), n.Child("right")
	var value Value
	switch {
	case right == nil:
	case right.Kind == "assignment":
		if !in.enter(right, s) {
			return Unknown{}
		}
		value = in.assignment(right, s)
		in.leave()
	default:
		value = in.eval(right, s)
	}
	if annotation := n.Child("type"); annotation != nil {
		in.annotate(left, annotation, value, s)
	}
	if value == nil || in.pending != nil {
		return Unknown{}
	}
	in.bind(left, value, s)
	return value
}

// annotate notes a field of a class body.
func (in *Interpreter) annotate(left, annotation *syntax.Node, value Value, s *scope) {
	if s.kind != classScope || !left.Is("identifier") {
		return
	}
	field := Field{Name: left.Text, Annotation: &Expr{Node: annotation, scope: s}, Default: value}
	for i := range s.class.Fields {
		if s.class.Fields[i].Name == field.Name {
			s.class.Fields[i] = field
			return
		}
	}
	if len(s.class.Fields) < in.limits.Items {
		s.class.Fields = append(s.class.Fields, field)
	}
}

// bind gives a value to a target: a name, an attribute, an item, or a pattern of them.
func (in *Interpreter) bind(target *syntax.Node, value Value, s *scope) {
	if target == nil || !in.step(target, s) || !in.enter(target, s) {
		return
	}
	defer in.leave()
	switch target.Kind {
	case "identifier":
		in.assign(s, target.Text, value)
	case "attribute":
		object := in.eval(target.Child("object"), s)
		if name := target.Child("attribute"); name != nil {
			in.SetAttr(object, name.Text, value)
		}
	case "subscript":
		object := in.eval(target.Child("value"), s)
		in.setItem(object, in.subscript(target, s), value)
	case "pattern_list", "tuple_pattern", "list_pattern", "tuple", "list", "expression_list":
		in.unpack(target.NamedChildren(), value, s)
	case "list_splat_pattern", "list_splat", "as_pattern_target", "parenthesized_expression":
		if children := target.NamedChildren(); len(children) > 0 {
			in.bind(children[0], value, s)
		}
	}
}

// unpack gives the items of a value to targets, of which one may be starred.
func (in *Interpreter) unpack(targets []*syntax.Node, value Value, s *scope) {
	items, complete := in.Iterate(value)
	star := -1
	for i, target := range targets {
		if target.Is("list_splat_pattern", "list_splat") {
			star = i
		}
	}
	if !complete || star < 0 && len(items) != len(targets) || star >= 0 && len(items) < len(targets)-1 {
		if complete && in.throw("ValueError") {
			return
		}
		in.unpackUnknown(targets, items, star, s)
		return
	}
	after := len(targets) - star - 1
	for i, target := range targets {
		switch {
		case star < 0 || i < star:
			in.bind(target, items[i], s)
		case i == star:
			in.bind(target, NewList(append([]Value(nil), items[star:len(items)-after]...)...), s)
		default:
			in.bind(target, items[len(items)-len(targets)+i], s)
		}
	}
}

func (in *Interpreter) unpackUnknown(targets []*syntax.Node, items []Value, star int, s *scope) {
	for i, target := range targets {
		switch {
		case i == star:
			in.bind(target, &List{Open: true}, s)
		case i < len(items) && (star < 0 || i < star) && len(items) <= len(targets):
			in.bind(target, items[i], s)
		default:
			in.bind(target, Unknown{}, s)
		}
	}
}

// augmented runs `target op= value`. Lists and the like are changed in place.
func (in *Interpreter) augmented(n *syntax.Node, s *scope) {
	target, operator := n.Child("left"), n.Child("operator")
	if target == nil || operator == nil || len(operator.Kind) < 2 {
		return
	}
	value := in.eval(n.Child("right"), s)
	before := in.eval(target, s)
	if in.pending != nil {
		return
	}
	op := operator.Kind[:len(operator.Kind)-1]
	if in.inPlace(before, op, value) {
		return
	}
	in.bind(target, in.binary(op, before, value), s)
}

// inPlace changes what += and |= change in Python, and tells whether it did.
func (in *Interpreter) inPlace(target Value, op string, value Value) bool {
	switch t := target.(type) {
	case *List:
		if op != "+" {
			return false
		}
		in.extend(t, value)
		return true
	case *Dict:
		if op != "|" {
			return false
		}
		in.update(t, value)
		return true
	case *Set:
		if op != "|" {
			return false
		}
		in.extendSet(t, value)
		return true
	case *Instance:
		if list, ok := t.data.(*List); ok && op == "+" {
			in.extend(list, value)
			return true
		}
	}
	return false
}

func (in *Interpreter) delete(target *syntax.Node, s *scope) {
	if !in.step(target, s) || !in.enter(target, s) {
		return
	}
	defer in.leave()
	switch target.Kind {
	case "identifier":
		if in.assume == 0 {
			s.vars.Delete(target.Text)
		}
	case "attribute":
		in.deleteAttr(in.eval(target.Child("object"), s), target.Child("attribute"))
	case "subscript":
		in.deleteItem(in.eval(target.Child("value"), s), in.subscript(target, s))
	case "expression_list", "tuple", "pattern_list", "tuple_pattern", "parenthesized_expression", "list":
		for _, child := range target.NamedChildren() {
			in.delete(child, s)
		}
	}
}

func (in *Interpreter) deleteAttr(object Value, name *syntax.Node) {
	if name == nil || in.assume > 0 {
		return
	}
	switch o := object.(type) {
	case *Instance:
		o.Attrs.Delete(name.Text)
	case *Class:
		o.Attrs.Delete(name.Text)
	case *Module:
		o.Attrs.Delete(name.Text)
	}
}

func (in *Interpreter) deleteItem(object, key Value) {
	if in.assume > 0 {
		return
	}
	switch o := plain(object).(type) {
	case *Dict:
		o.Delete(key)
	case *List:
		if bounds, ok := key.(*slice); ok {
			if from, to, step, ok := bounds.over(len(o.Items)); ok && step == 1 && from <= to {
				o.Items = append(o.Items[:from:from], o.Items[to:]...)
			}
			return
		}
		if i, ok := index(key, len(o.Items)); ok {
			o.Items = append(o.Items[:i:i], o.Items[i+1:]...)
		}
	}
}

// withStatement enters the context managers and runs the body. What they do with exceptions is not looked at.
func (in *Interpreter) withStatement(n *syntax.Node, s *scope) flow {
	for _, clause := range n.Children {
		if clause.Kind != "with_clause" {
			continue
		}
		for _, item := range clause.NamedChildren() {
			if item.Kind == "with_item" {
				in.withItem(item.Child("value"), s)
			}
			if in.pending != nil {
				return flowRaise
			}
		}
	}
	return settle(in.block(n.Child("body"), s))
}

func (in *Interpreter) withItem(value *syntax.Node, s *scope) {
	var alias *syntax.Node
	if value.Is("as_pattern") {
		alias = value.Child("alias")
		value = value.Children[0]
	}
	entered := in.enterContext(in.eval(value, s))
	if alias != nil {
		in.bind(alias, entered, s)
	}
}

func (in *Interpreter) enterContext(manager Value) Value {
	instance, ok := manager.(*Instance)
	if !ok {
		if list, ok := manager.(*List); ok && list.generator && len(list.Items) > 0 {
			// A generator under contextlib.contextmanager, which is transparent here.
			return list.Items[0]
		}
		return manager
	}
	for _, name := range []string{"__enter__", "__aenter__"} {
		if _, _, ok := instance.Class.Lookup(name); ok {
			return in.call(in.Attr(instance, name), in.newCall(nil, nil))
		}
	}
	return manager
}
