package python

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// subscript evaluates what is between the brackets.
func (in *Interpreter) subscript(n *syntax.Node, s *scope) Value {
	var parts []Value
	comma := false
	for _, child := range n.Children {
		switch {
		case child.Field == "subscript":
			parts = append(parts, in.index(child, s))
		case child.Kind == ",":
			comma = true
		}
	}
	if len(parts) == 1 && !comma {
		return parts[0]
	}
	return NewTuple(parts...)
}

// index evaluates an index or a slice.
func (in *Interpreter) index(n *syntax.Node, s *scope) Value {
	if n.Kind != "slice" {
		return in.eval(n, s)
	}
	var parts [3]Value
	at := 0
	for _, child := range n.Children {
		switch {
		case child.Kind == ":":
			at = min(at+1, 2)
		case child.Named && child.Kind != "comment":
			parts[at] = in.eval(child, s)
		}
	}
	return &slice{parts[0], parts[1], parts[2]}
}

// over is the range that a slice takes of size items. It is false when that is not known.
func (s *slice) over(size int) (from, to, step int, ok bool) {
	numbers := [3]int64{}
	given := [3]bool{}
	for i, part := range []Value{s.from, s.to, s.step} {
		switch part.(type) {
		case nil, None:
			continue
		}
		if numbers[i], ok = AsInt(part); !ok {
			return 0, 0, 0, false
		}
		given[i] = true
	}
	step = 1
	if given[2] {
		step = int(max(min(numbers[2], int64(size)+1), -int64(size)-1))
	}
	if step == 0 {
		return 0, 0, 0, false
	}
	low, high := 0, size
	if step < 0 {
		low, high = -1, size-1
	}
	clamp := func(i int, fallback int) int {
		if !given[i] {
			return fallback
		}
		n := numbers[i]
		if n < 0 {
			n += int64(size)
		}
		return int(max(min(n, int64(high)), int64(low)))
	}
	if step > 0 {
		return clamp(0, 0), clamp(1, size), step, true
	}
	return clamp(0, size-1), clamp(1, -1), step, true
}

func (s *slice) of(items []Value) ([]Value, bool) {
	from, to, step, ok := s.over(len(items))
	if !ok {
		return nil, false
	}
	var taken []Value
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		taken = append(taken, items[i])
	}
	return taken, true
}

// index is the place that a key means in a sequence.
func index(key Value, size int) (int, bool) {
	i, ok := AsInt(key)
	if !ok {
		return 0, false
	}
	if i < 0 {
		i += int64(size)
	}
	return int(i), i >= 0 && i < int64(size)
}

func (in *Interpreter) subscription(n *syntax.Node, s *scope) Value {
	if n.Kind == "generic_type" {
		return in.genericType(n, s)
	}
	object := in.eval(n.Child("value"), s)
	key := in.subscript(n, s)
	if in.pending != nil {
		return Unknown{}
	}
	value := in.Item(object, key)
	if value == nil {
		in.missingItem(object)
		return Unknown{}
	}
	return value
}

func (in *Interpreter) missingItem(object Value) {
	switch plain(object).(type) {
	case *Dict:
		in.throw("KeyError")
	case *List, *Tuple, Str:
		in.throw("IndexError")
	default:
		in.throw("TypeError")
	}
}

// genericType is a subscription as the grammar has it in annotations.
func (in *Interpreter) genericType(n *syntax.Node, s *scope) Value {
	children := n.NamedChildren()
	if len(children) != 2 {
		return Unknown{}
	}
	generic := &Generic{Origin: in.eval(children[0], s)}
	for _, child := range children[1].NamedChildren() {
		generic.Args = append(generic.Args, in.eval(child, s))
	}
	return generic
}

// Item reads value[key]: nil when it is known that there is none.
func (in *Interpreter) Item(value, key Value) Value {
	if instance, ok := value.(*Instance); ok {
		if method, ok := in.special(instance, "__getitem__"); ok {
			return in.call(method, in.newCall([]Value{key}, nil))
		}
	}
	switch v := plain(value).(type) {
	case *Dict:
		if found := in.dictItem(v, key); found != nil {
			return found
		}
		if instance, ok := value.(*Instance); ok {
			if method, ok := in.special(instance, "__missing__"); ok {
				return in.call(method, in.newCall([]Value{key}, nil))
			}
		}
		return nil
	case *List:
		if v.generator {
			return Unknown{}
		}
		if bounds, ok := key.(*slice); ok {
			items, ok := bounds.of(v.Items)
			if !in.spend(len(items) * valueSize) {
				return Unknown{}
			}
			return &List{Items: items, Open: v.Open || !ok}
		}
		return in.sequenceItem(v.Items, v.Open, key)
	case *Tuple:
		if bounds, ok := key.(*slice); ok {
			items, ok := bounds.of(v.Items)
			if !in.spend(len(items) * valueSize) {
				return Unknown{}
			}
			return &Tuple{Items: items, Open: v.Open || !ok}
		}
		return in.sequenceItem(v.Items, v.Open, key)
	case Str:
		return in.strItem(v, key)
	case *Class:
		return in.classItem(v, key)
	case *External:
		return in.externalItem(v, key)
	case *Generic:
		return v
	case *Module, *Function, Int, Bool, None:
		return nil
	}
	return Unknown{}
}

func (in *Interpreter) sequenceItem(items []Value, open bool, key Value) Value {
	i, ok := index(key, len(items))
	if ok && (!open || !isNegative(key)) {
		return items[i]
	}
	if _, number := AsInt(key); number && !open {
		return nil
	}
	return Unknown{}
}

func isNegative(key Value) bool {
	number, _ := AsInt(key)
	return number < 0
}

func (in *Interpreter) dictItem(dict *Dict, key Value) Value {
	if dict.live != nil {
		name, ok := AsStr(key)
		if !ok {
			return Unknown{}
		}
		value, _ := dict.live.Get(name)
		return value
	}
	if value, ok := dict.Get(key); ok {
		return value
	}
	if _, hashable := hash(key); !hashable || opaque(key) || dict.Open {
		return Unknown{}
	}
	if dict.missing != nil {
		made := in.call(dict.missing, in.newCall(nil, nil))
		in.setKey(dict, key, made)
		return made
	}
	return nil
}

func (in *Interpreter) strItem(text Str, key Value) Value {
	ascii := true
	for i := range len(text) {
		ascii = ascii && text[i] < 0x80
	}
	if !ascii {
		runes, _ := in.Iterate(text)
		return in.runesItem(runes, key)
	}
	if bounds, ok := key.(*slice); ok {
		from, to, step, ok := bounds.over(len(text))
		switch {
		case !ok:
			return Unknown{}
		case step == 1:
			return text[from:max(from, to)]
		}
		var out strings.Builder
		for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
			out.WriteByte(text[i])
		}
		return in.text(out.String())
	}
	if i, ok := index(key, len(text)); ok {
		return text[i : i+1]
	}
	if _, number := AsInt(key); number {
		return nil
	}
	return Unknown{}
}

func (in *Interpreter) runesItem(runes []Value, key Value) Value {
	bounds, ok := key.(*slice)
	if !ok {
		return in.sequenceItem(runes, false, key)
	}
	taken, ok := bounds.of(runes)
	if !ok {
		return Unknown{}
	}
	var out strings.Builder
	for _, r := range taken {
		out.WriteString(string(r.(Str)))
	}
	return in.text(out.String())
}

func (in *Interpreter) classItem(class *Class, key Value) Value {
	if class.enum {
		name, ok := AsStr(key)
		if !ok {
			return Unknown{}
		}
		for _, member := range class.members {
			if member.name == name {
				return member
			}
		}
		return nil
	}
	if value, _, ok := class.Lookup("__class_getitem__"); ok {
		if f, ok := value.(*Function); ok {
			return in.callFunction(f, in.newCall([]Value{key}, nil), class)
		}
		if method, ok := value.(*ClassMethod); ok {
			return in.call(&BoundMethod{Self: class, Func: method.Func}, in.newCall([]Value{key}, nil))
		}
	}
	return &Generic{Origin: class, Args: argsOf(key)}
}

func (in *Interpreter) externalItem(external *External, key Value) Value {
	if external.Call != nil {
		return Unknown{}
	}
	return &Generic{Origin: external, Args: argsOf(key)}
}

func argsOf(key Value) []Value {
	if tuple, ok := key.(*Tuple); ok {
		return tuple.Items
	}
	return []Value{key}
}

// setItem runs object[key] = value.
func (in *Interpreter) setItem(object, key, value Value) {
	if instance, ok := object.(*Instance); ok {
		if method, ok := in.special(instance, "__setitem__"); ok {
			in.call(method, in.newCall([]Value{key, value}, nil))
			return
		}
	}
	switch o := plain(object).(type) {
	case *Dict:
		in.setKey(o, key, value)
	case *List:
		if bounds, ok := key.(*slice); ok {
			in.setSlice(o, bounds, value)
			return
		}
		if i, ok := index(key, len(o.Items)); ok && (in.assume == 0 || !vague(value)) {
			o.Items[i] = value
		}
	}
}

func (in *Interpreter) setSlice(list *List, bounds *slice, value Value) {
	from, to, step, ok := bounds.over(len(list.Items))
	items, complete := in.Iterate(value)
	if !ok || step != 1 || !in.spend((len(list.Items)+len(items))*valueSize) {
		list.Open = true
		return
	}
	to = max(from, to)
	changed := append(append(append(make([]Value, 0, len(list.Items)+len(items)), list.Items[:from]...), items...), list.Items[to:]...)
	list.Items = changed[:min(len(changed), in.limits.Items)]
	list.Open = list.Open || !complete
}
