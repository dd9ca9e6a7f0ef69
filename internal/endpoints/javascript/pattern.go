package javascript

import (
	"slices"
	"strconv"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// bind gives a value to a pattern: to new variables of target, or, without target, to what is there.
func (in *Interpreter) bind(f *frame, sc *scope, pattern *syntax.Node, value Value, target *scope) {
	if pattern == nil || !in.step() || in.depth > in.limits.Depth {
		return
	}
	in.depth++
	defer func() { in.depth-- }()
	switch pattern.Kind {
	case "identifier", "shorthand_property_identifier_pattern":
		if target != nil {
			target.declare(pattern.Text, value)
			return
		}
		in.assignName(sc, pattern.Text, value)
	case "assignment_pattern", "object_assignment_pattern":
		if undefined(value) {
			value = in.named(in.eval(f, sc, pattern.Child("right")), pattern.Child("left"))
		}
		in.bind(f, sc, pattern.Child("left"), value, target)
	case "array_pattern", "array":
		in.bindArray(f, sc, pattern, value, target)
	case "object_pattern", "object":
		in.bindObject(f, sc, pattern, value, target)
	case "rest_pattern":
		for _, child := range pattern.NamedChildren() {
			in.bind(f, sc, child, value, target)
		}
	case "member_expression", "subscript_expression":
		in.assign(f, sc, pattern, value)
	case "as_expression", "non_null_expression", "satisfies_expression", "parenthesized_expression":
		if children := pattern.NamedChildren(); len(children) > 0 {
			in.bind(f, sc, children[0], value, target)
		}
	}
}

func (in *Interpreter) bindArray(f *frame, sc *scope, pattern *syntax.Node, value Value, target *scope) {
	items, known := in.iterate(value)
	index := 0
	for _, child := range pattern.Children {
		if child.Kind == "," {
			index++
		}
		if !child.Named || child.Kind == "comment" {
			continue
		}
		if child.Is("rest_pattern", "spread_element") {
			var rest Value = &Unknown{}
			if known {
				rest = in.Array(slices.Clone(items[min(index, len(items)):]))
			}
			in.bind(f, sc, child, rest, target)
			continue
		}
		var item Value = &Unknown{}
		if known {
			item = nil
			if index < len(items) {
				item = items[index]
			}
		}
		in.bind(f, sc, child, item, target)
	}
}

func (in *Interpreter) bindObject(f *frame, sc *scope, pattern *syntax.Node, value Value, target *scope) {
	taken := map[string]bool{}
	for _, child := range pattern.NamedChildren() {
		switch child.Kind {
		case "shorthand_property_identifier_pattern", "shorthand_property_identifier":
			taken[child.Text] = true
			v := in.Get(value, child.Text)
			if target != nil {
				target.declare(child.Text, v)
			} else {
				in.assignName(sc, child.Text, v)
			}
		case "object_assignment_pattern", "assignment_pattern":
			left := child.Child("left")
			if left == nil {
				continue
			}
			taken[left.Text] = true
			in.bind(f, sc, child, in.Get(value, left.Text), target)
		case "pair_pattern", "pair":
			key, known := in.key(f, sc, child.Child("key"))
			var v Value = &Unknown{}
			if known {
				taken[key] = true
				v = in.Get(value, key)
			}
			in.bind(f, sc, child.Child("value"), v, target)
		case "rest_pattern", "spread_element":
			var rest Value = &Unknown{}
			if o, ok := value.(*Object); ok {
				copied := in.Object()
				copied.Open = o.Open
				for _, key := range in.keys(o) {
					if !taken[key] {
						copied.Set(key, in.Get(o, key))
					}
				}
				rest = copied
			}
			for _, inner := range child.NamedChildren() {
				in.bind(f, sc, inner, rest, target)
			}
		}
	}
}

// assignName assigns to a variable. Under a condition that is not known, what is known stays.
func (in *Interpreter) assignName(sc *scope, name string, value Value) {
	b := sc.find(name)
	if b == nil {
		in.globals.Set(name, value)
		return
	}
	if b.get != nil || (in.uncertain > 0 && lessKnown(b.value, value)) {
		return
	}
	b.value = value
}

// lessKnown reports whether a new value says less than the old one.
func lessKnown(before, after Value) bool {
	return (after == nil || IsUnknown(after)) && before != nil && !IsUnknown(before)
}

// assign gives a value to the left side of an assignment.
func (in *Interpreter) assign(f *frame, sc *scope, left *syntax.Node, value Value) {
	switch left.Kind {
	case "member_expression":
		property := left.Child("property")
		if property == nil {
			return
		}
		in.Put(in.eval(f, sc, left.Child("object")), property.Text, in.named(value, property))
	case "subscript_expression":
		base := in.eval(f, sc, left.Child("object"))
		key, known := in.propertyKey(in.eval(f, sc, left.Child("index")))
		if !known {
			if o, ok := base.(*Object); ok {
				o.Open = true
			}
			return
		}
		in.Put(base, key, value)
	default:
		in.bind(f, sc, left, value, nil)
	}
}

// Put sets a property as an assignment does.
func (in *Interpreter) Put(base Value, key string, value Value) {
	o, ok := base.(*Object)
	if !ok || o.frozen {
		return
	}
	if o.Class == ClassArray {
		if isIndex(key) {
			index, err := strconv.Atoi(key)
			if err != nil || index >= maxItems {
				return
			}
			if grow := index + 1 - len(o.Items); grow > 0 {
				in.take(16 * grow)
				o.Items = append(o.Items, make([]Value, grow)...)
			}
			o.Items[index] = value
			return
		}
		if n, ok := value.(float64); ok && key == "length" && n >= 0 && n < float64(len(o.Items)) {
			o.Items = o.Items[:clamp(n, len(o.Items))]
			return
		}
	}
	if key == "__proto__" {
		if proto, ok := value.(*Object); ok {
			in.setProto(o, proto)
		}
		return
	}
	if property := o.Lookup(key); property != nil && property.setter != nil {
		in.Call(property.setter, o, []Value{value})
		return
	}
	if property := o.Own(key); property != nil {
		if property.getter != nil || (in.uncertain > 0 && property.Get == nil && lessKnown(property.Value, value)) {
			return
		}
	}
	in.take(64)
	o.Set(key, value)
}

// setProto keeps prototypes free of cycles.
func (in *Interpreter) setProto(o, proto *Object) {
	for p, n := proto, 0; p != nil; p, n = p.Proto, n+1 {
		if p == o || n > maxChain {
			return
		}
	}
	o.Proto = proto
}

// key is the name of a property as it is written in an object or in a class.
func (in *Interpreter) key(f *frame, sc *scope, n *syntax.Node) (string, bool) {
	if n == nil {
		return "", false
	}
	switch n.Kind {
	case "string":
		return unquote(n), true
	case "number":
		v, _ := in.eval(f, sc, n).(float64)
		return formatNumber(v), true
	case "computed_property_name":
		children := n.NamedChildren()
		if len(children) == 0 {
			return "", false
		}
		return in.propertyKey(in.eval(f, sc, children[0]))
	}
	return n.Text, true
}

func (in *Interpreter) propertyKey(v Value) (string, bool) {
	text, known := ToString(v)
	return text, known && len(text) <= maxString
}

// iterate returns what a loop over the value walks.
func (in *Interpreter) iterate(v Value) (items []Value, known bool) {
	switch v := v.(type) {
	case string:
		for _, r := range v {
			if len(items) >= maxItems {
				break
			}
			items = append(items, string(r))
		}
		in.take(16 * len(items))
		return items, true
	case *Object:
		switch v.Class {
		case ClassArray, ClassSet:
			return v.Items, !v.Open
		case ClassMap:
			in.take(128 * len(v.Items))
			for i, key := range v.Items {
				items = append(items, in.Array([]Value{key, v.Values[i]}))
			}
			return items, !v.Open
		}
		if property := v.Lookup("@@iterator"); property != nil {
			return in.iterate(in.Call(in.read(v, property), v, nil))
		}
	}
	return nil, false
}
