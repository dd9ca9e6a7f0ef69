package python

// List is a list, or what a generator has yielded.
type List struct {
	Items []Value
	// Open says that there may be more items, which are not known.
	Open bool

	generator bool
	next      int
}

// Tuple is a tuple. For a namedtuple Class tells its fields.
type Tuple struct {
	Items []Value
	Open  bool
	Class *Class
}

// Set is a set or frozenset, in the order in which its items were added.
type Set struct{ dict Dict }

// Dict is a dict, in its order.
type Dict struct {
	keys   []Value
	values []Value
	index  map[any]int
	// Open says that there may be more keys, which are not known.
	Open bool
	// missing makes the values of a defaultdict.
	missing Value
	// scope is what globals() and vars() look at.
	live *Namespace
}

// NewList makes a list.
func NewList(items ...Value) *List { return &List{Items: items} }

// NewTuple makes a tuple.
func NewTuple(items ...Value) *Tuple { return &Tuple{Items: items} }

// NewDict makes an empty dict.
func NewDict() *Dict { return &Dict{} }

// Len is the number of keys.
func (d *Dict) Len() int { return len(d.keys) }

// At returns the i-th key and its value.
func (d *Dict) At(i int) (key, value Value) { return d.keys[i], d.values[i] }

// Get returns the value of a key.
func (d *Dict) Get(key Value) (Value, bool) {
	hashed, ok := hash(key)
	if !ok {
		return nil, false
	}
	if i, ok := d.index[hashed]; ok {
		return d.values[i], true
	}
	return nil, false
}

// GetStr returns the value of a string key.
func (d *Dict) GetStr(key string) (Value, bool) { return d.Get(Str(key)) }

// Set sets a key. A key that is not known makes the dict Open.
func (d *Dict) Set(key, value Value) {
	hashed, ok := hash(key)
	if !ok {
		d.Open = true
		return
	}
	if i, ok := d.index[hashed]; ok {
		d.values[i] = value
		return
	}
	if d.index == nil {
		d.index = map[any]int{}
	}
	d.index[hashed] = len(d.keys)
	d.keys = append(d.keys, key)
	d.values = append(d.values, value)
}

// Delete takes a key away and tells whether it was there.
func (d *Dict) Delete(key Value) bool {
	hashed, ok := hash(key)
	if !ok {
		return false
	}
	at, ok := d.index[hashed]
	if !ok {
		return false
	}
	d.keys = append(d.keys[:at:at], d.keys[at+1:]...)
	d.values = append(d.values[:at:at], d.values[at+1:]...)
	delete(d.index, hashed)
	for other, i := range d.index {
		if i > at {
			d.index[other] = i - 1
		}
	}
	return true
}

// Items are the set's items, in the order in which they were added.
func (s *Set) Items() []Value { return s.dict.keys }

// Open says that there may be more items, which are not known.
func (s *Set) Open() bool { return s.dict.Open }

// Add adds an item.
func (s *Set) Add(item Value) { s.dict.Set(item, None{}) }

// Has tells whether the item is there.
func (s *Set) Has(item Value) bool { _, ok := s.dict.Get(item); return ok }

func (*List) value()  {}
func (*Tuple) value() {}
func (*Dict) value()  {}
func (*Set) value()   {}

// tupleKey is the hash of a tuple: what its items' hashes are, linked, so that it is comparable.
type tupleKey struct{ first, rest any }

// hash returns what equal values have in common, and false for what is Unknown or unhashable.
func hash(value Value) (any, bool) {
	switch v := value.(type) {
	case Unknown, *List, *Dict, *Set, nil:
		return nil, false
	case Bool:
		if v {
			return Int(1), true
		}
		return Int(0), true
	case Float:
		if float64(int64(v)) == float64(v) {
			return Int(v), true
		}
		return v, true
	case *Tuple:
		return hashTuple(v, 0)
	case *Instance:
		if v.data != nil {
			return hash(v.data)
		}
		return v, true
	}
	return value, true
}

// hashTuple gives up on large and on deeply nested tuples, since a small program can make one of 2^n items.
func hashTuple(tuple *Tuple, depth int) (key any, ok bool) {
	const most, deepest = 8, 2
	if tuple.Open || len(tuple.Items) > most || depth > deepest {
		return nil, false
	}
	key = len(tuple.Items)
	for _, item := range tuple.Items {
		var hashed any
		if nested, isTuple := item.(*Tuple); isTuple {
			hashed, ok = hashTuple(nested, depth+1)
		} else {
			hashed, ok = hash(item)
		}
		if !ok {
			return nil, false
		}
		key = tupleKey{hashed, key}
	}
	return key, true
}
