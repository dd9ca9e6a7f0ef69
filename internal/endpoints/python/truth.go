package python

// maxNesting is how deep values are compared and written; a few assignments make values of any depth, and of 2^n parts.
const maxNesting = 20

// Truth tells whether a value is true in a condition, and whether that is known.
func (in *Interpreter) Truth(value Value) (truth, known bool) {
	switch v := value.(type) {
	case nil, Unknown:
		return false, false
	case *External:
		return false, false
	case None:
		return false, true
	case Bool:
		return bool(v), true
	case Int:
		return v != 0, true
	case Float:
		return v != 0, true
	case Str:
		return v != "", true
	case Bytes:
		return v != "", true
	case *List:
		return len(v.Items) > 0, len(v.Items) > 0 || !v.Open
	case *Tuple:
		return len(v.Items) > 0, len(v.Items) > 0 || !v.Open
	case *Dict:
		size := v.Len() + v.live.Len()
		return size > 0, size > 0 || !v.Open
	case *Set:
		return len(v.Items()) > 0, len(v.Items()) > 0 || !v.Open()
	case *Instance:
		return in.instanceTruth(v)
	}
	return true, true
}

func (in *Interpreter) instanceTruth(instance *Instance) (truth, known bool) {
	for _, name := range []string{"__bool__", "__len__"} {
		if method, ok := in.special(instance, name); ok {
			result := in.call(method, in.newCall(nil, nil))
			if _, nested := result.(*Instance); nested {
				return false, false
			}
			return in.Truth(result)
		}
	}
	if instance.data != nil && !instance.Class.enum {
		return in.Truth(instance.data)
	}
	return true, !instance.Class.open
}

// Equal is value == other, and whether that is known.
func (in *Interpreter) Equal(value, other Value) (equal, known bool) {
	if instance, ok := value.(*Instance); ok {
		if method, ok := in.special(instance, "__eq__"); ok {
			result := in.call(method, in.newCall([]Value{other}, nil))
			if _, nested := result.(*Instance); nested {
				return false, false
			}
			return in.Truth(result)
		}
	}
	budget := in.limits.Items
	return in.equal(value, other, 0, &budget)
}

func (in *Interpreter) equal(value, other Value, depth int, budget *int) (equal, known bool) {
	*budget--
	if depth > maxNesting || *budget < 0 || !in.step(nil, nil) {
		return false, false
	}
	if opaque(value) || opaque(other) {
		left, lok := value.(*External)
		right, rok := other.(*External)
		same := lok && rok && left.Path == right.Path && left.Call == nil && right.Call == nil
		return same, same
	}
	value, other = plain(value), plain(other)
	const bytesPerStep = 512
	switch v := value.(type) {
	case Str:
		in.steps += len(v) / bytesPerStep
		return value == other, true
	case Int, Bool, Float:
		x, _ := asFloat(value)
		y, ok := asFloat(other)
		return ok && x == y, true
	case *List:
		if value == other {
			return true, true
		}
		if o, ok := other.(*List); ok {
			return in.equalItems(v.Items, o.Items, v.Open || o.Open, depth, budget)
		}
		return false, true
	case *Tuple:
		if o, ok := other.(*Tuple); ok {
			return in.equalItems(v.Items, o.Items, v.Open || o.Open, depth, budget)
		}
		return false, true
	case *Dict:
		return in.equalDicts(v, other, depth, budget)
	case *Set:
		o, ok := other.(*Set)
		if !ok {
			return false, true
		}
		return in.equalDicts(&v.dict, &o.dict, depth, budget)
	case *Instance:
		return in.equalInstances(v, other, depth, budget)
	}
	return value == other, true
}

func opaque(value Value) bool {
	switch value.(type) {
	case nil, Unknown, *External:
		return true
	}
	return false
}

func (in *Interpreter) equalItems(first, second []Value, open bool, depth int, budget *int) (equal, known bool) {
	if len(first) != len(second) && !open {
		return false, true
	}
	known = !open
	for i := range min(len(first), len(second)) {
		same, sure := in.equal(first[i], second[i], depth+1, budget)
		if sure && !same {
			return false, true
		}
		known = known && sure
	}
	return known, known
}

func (in *Interpreter) equalDicts(first *Dict, other Value, depth int, budget *int) (equal, known bool) {
	second, ok := other.(*Dict)
	if !ok {
		return false, true
	}
	if first.Open || second.Open {
		return false, false
	}
	if first.Len() != second.Len() {
		return false, true
	}
	known = true
	for i, key := range first.keys {
		value, ok := second.Get(key)
		if !ok {
			return false, true
		}
		same, sure := in.equal(first.values[i], value, depth+1, budget)
		if sure && !same {
			return false, true
		}
		known = known && sure
	}
	return known, known
}

// equalInstances compares dataclasses by their fields and other objects by what they are.
func (in *Interpreter) equalInstances(first *Instance, other Value, depth int, budget *int) (equal, known bool) {
	second, ok := other.(*Instance)
	if !ok || first.Class != second.Class || !first.Class.dataclass {
		return false, true
	}
	return in.equalItems(first.Attrs.values, second.Attrs.values, false, depth, budget)
}

// contains is `item in container`.
func (in *Interpreter) contains(container, item Value) (truth, known bool) {
	if instance, ok := container.(*Instance); ok {
		if method, ok := in.special(instance, "__contains__"); ok {
			return in.Truth(in.call(method, in.newCall([]Value{item}, nil)))
		}
	}
	switch c := plain(container).(type) {
	case Str:
		text, ok := AsStr(item)
		if !ok {
			return false, false
		}
		return containsText(string(c), text), true
	case *Dict:
		return inDict(c, item)
	case *Set:
		return inDict(&c.dict, item)
	case Unknown, *External, nil:
		return false, false
	}
	items, complete := in.Iterate(container)
	known = complete
	for _, candidate := range items {
		same, sure := in.Equal(item, candidate)
		if same && sure {
			return true, true
		}
		known = known && sure
	}
	return false, known
}

func inDict(dict *Dict, key Value) (truth, known bool) {
	if dict.live != nil {
		name, ok := AsStr(key)
		return dict.live.find(name) >= 0, ok
	}
	if _, ok := dict.Get(key); ok {
		return true, true
	}
	_, hashable := hash(key)
	return false, !dict.Open && hashable && !opaque(key)
}
