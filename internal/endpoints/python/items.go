package python

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// Iterate returns the items of an iterable as far as they are known, and whether that is all of them.
func (in *Interpreter) Iterate(value Value) (items []Value, complete bool) {
	const itemsPerStep = 64
	switch v := value.(type) {
	case *List:
		in.steps += len(v.Items) / itemsPerStep
		if v.generator && v.next > 0 {
			return v.Items[min(v.next, len(v.Items)):], !v.Open
		}
		return v.Items, !v.Open
	case *Tuple:
		in.steps += len(v.Items) / itemsPerStep
		return v.Items, !v.Open
	case *Set:
		in.steps += len(v.Items()) / itemsPerStep
		return v.Items(), !v.Open()
	case *Dict:
		v = in.current(v)
		in.steps += v.Len() / itemsPerStep
		return v.keys, !v.Open
	case Str:
		if len(v) > in.limits.Iterations || !in.spend(len(v)*valueSize) {
			return nil, false
		}
		for _, r := range string(v) {
			items = append(items, Str(string(r)))
		}
		return items, true
	case *Class:
		return in.iterateClass(v)
	case *Instance:
		return in.iterateInstance(v)
	}
	return nil, false
}

func (in *Interpreter) iterateClass(class *Class) (items []Value, complete bool) {
	if class.enum {
		for _, member := range class.members {
			items = append(items, member)
		}
		return items, true
	}
	if method := in.metaAttr(class, "__iter__"); method != nil {
		return in.iterated(in.call(method, in.newCall(nil, nil)))
	}
	return nil, false
}

func (in *Interpreter) iterateInstance(instance *Instance) (items []Value, complete bool) {
	if method, ok := in.special(instance, "__iter__"); ok {
		iterator := in.call(method, in.newCall(nil, nil))
		if other, ok := iterator.(*Instance); ok {
			return in.drain(other)
		}
		return in.iterated(iterator)
	}
	if instance.data != nil {
		return in.Iterate(instance.data)
	}
	return nil, false
}

// drain calls __next__ until it raises StopIteration.
func (in *Interpreter) drain(iterator *Instance) (items []Value, complete bool) {
	method, ok := in.special(iterator, "__next__")
	if !ok {
		return nil, false
	}
	most := min(in.limits.Iterations, 1_000)
	for range most {
		var item Value
		if in.attempt("StopIteration", func() { item = in.call(method, in.newCall(nil, nil)) }) {
			return items, true
		}
		if in.pending != nil || !in.spend(valueSize) {
			break
		}
		if isUnknown(item) {
			return items, false
		}
		items = append(items, item)
	}
	return items, false
}

// iterated is Iterate for what an __iter__ has returned, which cannot have one itself.
func (in *Interpreter) iterated(value Value) ([]Value, bool) {
	if _, ok := value.(*Instance); ok {
		return nil, false
	}
	return in.Iterate(value)
}

// current is the dict, and for what globals() or vars() gave, a copy of what the namespace has now.
func (in *Interpreter) current(d *Dict) *Dict {
	if d.live == nil {
		return d
	}
	in.steps += d.live.Len()
	if !in.spend(d.live.Len() * valueSize) {
		return &Dict{Open: true}
	}
	now := &Dict{Open: d.Open}
	for i := range d.live.Len() {
		name, value := d.live.At(i)
		now.Set(Str(name), value)
	}
	return now
}

// dictOf is the dict that a value is, or that an instance of a class with keys and items stands for.
func (in *Interpreter) dictOf(value Value) (*Dict, bool) {
	dict, ok := plain(value).(*Dict)
	if !ok {
		return nil, false
	}
	return in.current(dict), true
}

// push appends to a list within the budgets.
func (in *Interpreter) push(list *List, value Value) bool {
	if len(list.Items) >= in.limits.Items || !in.spend(valueSize) {
		list.Open = true
		return false
	}
	list.Items = append(list.Items, value)
	return true
}

// extend adds the items of an iterable to a list.
func (in *Interpreter) extend(list *List, value Value) {
	items, complete := in.Iterate(value)
	if len(list.Items)+len(items) > in.limits.Items || !in.spend(len(items)*valueSize) {
		list.Open = true
		return
	}
	list.Items = append(list.Items, items...)
	list.Open = list.Open || !complete
}

func (in *Interpreter) extendSet(set *Set, value Value) {
	items, complete := in.Iterate(value)
	for _, item := range items {
		in.setKey(&set.dict, item, None{})
	}
	set.dict.Open = set.dict.Open || !complete
}

// update is dict.update: with a dict, or with pairs.
func (in *Interpreter) update(dict *Dict, value Value) {
	if other, ok := in.dictOf(value); ok {
		for i := range other.keys {
			in.setKey(dict, other.keys[i], other.values[i])
		}
		dict.Open = dict.Open || other.Open
		return
	}
	items, complete := in.Iterate(value)
	for _, item := range items {
		pair, ok := sequence(item)
		if !ok || len(pair) != 2 {
			complete = false
			continue
		}
		in.setKey(dict, pair[0], pair[1])
	}
	dict.Open = dict.Open || !complete
}

func (in *Interpreter) copyDict(dict *Dict) *Dict {
	dict = in.current(dict)
	made := &Dict{Open: dict.Open, missing: dict.missing}
	for i := range dict.keys {
		in.setKey(made, dict.keys[i], dict.values[i])
	}
	return made
}

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
