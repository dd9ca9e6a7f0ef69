package python

// indexAbove is the size from which a map is faster than comparing names one by one.
const indexAbove = 8

// Namespace keeps names with their values in the order in which they were first set, as Python does. A nil one is empty.
type Namespace struct {
	names  []string
	values []Value
	index  map[string]int
}

// Get returns the value of name.
func (n *Namespace) Get(name string) (Value, bool) {
	if i := n.find(name); i >= 0 {
		return n.values[i], true
	}
	return nil, false
}

// Set sets name.
func (n *Namespace) Set(name string, value Value) {
	if i := n.find(name); i >= 0 {
		n.values[i] = value
		return
	}
	n.names = append(n.names, name)
	n.values = append(n.values, value)
	if n.index != nil {
		n.index[name] = len(n.names) - 1
	} else if len(n.names) > indexAbove {
		n.reindex()
	}
}

// Delete takes name away and tells whether it was there.
func (n *Namespace) Delete(name string) bool {
	i := n.find(name)
	if i < 0 {
		return false
	}
	n.names = append(n.names[:i:i], n.names[i+1:]...)
	n.values = append(n.values[:i:i], n.values[i+1:]...)
	if n.index != nil {
		n.reindex()
	}
	return true
}

// Len is the number of names.
func (n *Namespace) Len() int {
	if n == nil {
		return 0
	}
	return len(n.names)
}

// At returns the i-th name and its value.
func (n *Namespace) At(i int) (string, Value) { return n.names[i], n.values[i] }

// Names are the names in order. The slice is a copy.
func (n *Namespace) Names() []string {
	if n == nil {
		return nil
	}
	return append([]string(nil), n.names...)
}

func (n *Namespace) find(name string) int {
	if n == nil {
		return -1
	}
	if n.index != nil {
		if i, ok := n.index[name]; ok {
			return i
		}
		return -1
	}
	for i, other := range n.names {
		if other == name {
			return i
		}
	}
	return -1
}

func (n *Namespace) reindex() {
	n.index = make(map[string]int, 2*len(n.names))
	for i, name := range n.names {
		n.index[name] = i
	}
}
