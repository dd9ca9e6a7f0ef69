package javascript

import (
	"slices"
	"strconv"
)

// Get is the value of a property.
func (in *Interpreter) Get(base Value, key string) Value {
	switch base := base.(type) {
	case string:
		return in.stringProperty(base, key)
	case float64:
		return in.protoProperty(in.protos.number, base, key)
	case *Unknown:
		if base.hasExample {
			return in.stringProperty(base.Example, key)
		}
		name := base.Name
		if len(name) < 100 {
			name += "." + key
		}
		return &Unknown{Name: name, Missing: base.Missing}
	case *Object:
		return in.objectProperty(base, key)
	}
	return &Unknown{Name: key}
}

func (in *Interpreter) stringProperty(text, key string) Value {
	if key == "length" {
		return float64(len(text))
	}
	if isIndex(key) {
		index, err := strconv.Atoi(key)
		if err != nil || index >= len(text) {
			return nil
		}
		return text[index : index+1]
	}
	return in.protoProperty(in.protos.string, text, key)
}

func (in *Interpreter) protoProperty(proto *Object, this Value, key string) Value {
	if property := proto.Lookup(key); property != nil {
		return in.readFor(this, property)
	}
	return nil
}

func (in *Interpreter) objectProperty(o *Object, key string) Value {
	if o.Class == ClassArray {
		if key == "length" && !o.Open {
			return float64(len(o.Items))
		}
		if isIndex(key) {
			if index, err := strconv.Atoi(key); err == nil && index < len(o.Items) {
				return o.Items[index]
			}
			if o.Open {
				return &Unknown{Name: key}
			}
			return nil
		}
	}
	if property := in.lookup(o, key); property != nil {
		return in.readFor(o, property)
	}
	if examples, ok := o.Native.(environment); ok {
		example, has := examples[key]
		return &Unknown{Name: key, Setting: true, Example: example, hasExample: has}
	}
	switch {
	case key == "__proto__":
		if o.Proto != nil {
			return o.Proto
		}
		return Null{}
	case o.Call != nil && key == "prototype" && o.Call.native == nil && o.Call.around == nil:
		return in.prototype(o)
	case o.Call != nil && key == "name":
		return o.Call.Name
	case o.Call != nil && key == "length" && o.Call.Node != nil:
		return float64(len(o.Call.Node.Child("parameters").NamedChildren()))
	case (o.Class == ClassMap || o.Class == ClassSet) && key == "size":
		return float64(len(o.Items))
	case o.Class == ClassRegExp && key == "source":
		return o.regex.source
	}
	if in.open(o) {
		return &Unknown{Name: key}
	}
	return nil
}

// open reports whether an object, or what it inherits from, may have properties that are not known.
func (in *Interpreter) open(o *Object) bool {
	for n := 0; o != nil && n < maxChain; o, n = o.Proto, n+1 {
		if o.Open {
			return true
		}
	}
	return false
}

// lookup finds a property of an object, of its prototypes, or of what a module exports with export *.
func (in *Interpreter) lookup(o *Object, key string) *Property {
	if property := o.Lookup(key); property != nil {
		return property
	}
	if len(o.stars) == 0 || key == "default" {
		return nil
	}
	return in.star(o, key, map[*Object]bool{})
}

func (in *Interpreter) star(o *Object, key string, seen map[*Object]bool) *Property {
	if seen[o] || len(seen) > maxChain {
		return nil
	}
	seen[o] = true
	for _, star := range o.stars {
		switch from := star().(type) {
		case *Unknown:
			return &Property{Value: &Unknown{Name: from.Name + "." + key}}
		case *Object:
			if property := from.Lookup(key); property != nil {
				return property
			}
			if property := in.star(from, key, seen); property != nil {
				return property
			}
		}
	}
	return nil
}

// readFor is the value of a property of this.
func (in *Interpreter) readFor(this Value, property *Property) Value {
	switch {
	case property.Get != nil:
		return property.Get()
	case property.getter != nil:
		return in.Call(property.getter, this, nil)
	}
	return property.Value
}

func (in *Interpreter) read(this *Object, property *Property) Value {
	return in.readFor(this, property)
}

// keys are the enumerable names of an object, with those that a module exports with export *.
func (in *Interpreter) keys(o *Object) []string {
	keys := o.Keys()
	in.take(16 * len(keys))
	if len(o.stars) == 0 {
		return keys
	}
	seen := map[*Object]bool{o: true}
	var add func(o *Object)
	add = func(o *Object) {
		for _, star := range o.stars {
			from, ok := star().(*Object)
			if !ok || seen[from] || len(seen) > maxChain {
				continue
			}
			seen[from] = true
			for _, key := range from.Keys() {
				if key != "default" && !slices.Contains(keys, key) {
					keys = append(keys, key)
				}
			}
			add(from)
		}
	}
	add(o)
	return keys
}
