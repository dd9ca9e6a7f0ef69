package python

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
