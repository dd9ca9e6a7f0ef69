package javascript

import (
	"strconv"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

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
