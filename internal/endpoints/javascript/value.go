package javascript

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Value is what an expression has: nil for undefined, Null, bool, float64, string, *Object, or *Unknown.
type Value any

// Null is the value of null.
type Null struct{}

// Unknown is a value that cannot be known without running the program. What is made of it is unknown, too.
type Unknown struct {
	// Name is where it comes from, such as "mongoose.connect", as far as that is known.
	Name string
	// Missing: it stands for a module of the project that is not among the files.
	Missing bool
	// Setting: it is a variable of the environment, which is not set while the project is read: as undefined in
	// conditions, so that defaults count. Where it is used all the same, Example is what the project's .env files have.
	Setting    bool
	Example    string
	hasExample bool
}

// isSetting tells a variable of the environment.
func isSetting(v Value) bool {
	u, ok := v.(*Unknown)
	return ok && u.Setting
}

// undefined reports whether the value is undefined for the program.
func undefined(v Value) bool { return v == nil || isSetting(v) }

// Text is a value that is a string, or a variable of the environment that the project has an example of.
func Text(v Value) (text string, known bool) {
	if u, ok := v.(*Unknown); ok && u.Setting {
		return u.Example, u.hasExample
	}
	text, known = v.(string)
	return text, known
}

// Class tells what an object is, apart from its prototype.
type Class uint8

const (
	ClassObject Class = iota
	ClassArray
	ClassFunction
	ClassPromise
	ClassRegExp
	ClassMap
	ClassSet
	ClassError
)

// Property is one property of an object.
type Property struct {
	Value Value
	// Get computes the value instead, when it is set.
	Get func() Value
	// getter and setter are functions of the program.
	getter, setter *Object
	hidden         bool
}

// Object is a value with properties.
type Object struct {
	Class Class
	Proto *Object
	// Items of an array or a set, or the keys of a map.
	Items []Value
	// Values of a map, beside Items.
	Values []Value
	// Call is what a function does.
	Call *Function
	// Native is what a model of a library keeps in the object.
	Native any
	// Open: there may be properties that are not known.
	Open bool
	// ESModule: it is the namespace of a module with exports, so that its default is one of its properties.
	ESModule bool

	keys    []string
	props   map[string]*Property
	stars   []func() Value
	promise *promise
	regex   *regex
	frozen  bool
}

// Native is a function that Go implements.
type Native func(*Call) Value

// Own returns the object's own property, or nil.
func (o *Object) Own(key string) *Property {
	if property, ok := o.props[key]; ok {
		return property
	}
	return nil
}

// maxChain bounds how many prototypes are asked for a property.
const maxChain = 64

// Lookup returns the property of the object or of its prototypes, or nil.
func (o *Object) Lookup(key string) *Property {
	for range maxChain {
		if o == nil {
			return nil
		}
		if property := o.Own(key); property != nil {
			return property
		}
		o = o.Proto
	}
	return nil
}

// Set defines an own property.
func (o *Object) Set(key string, value Value) {
	if property := o.Own(key); property != nil {
		property.Value, property.Get, property.getter = value, nil, nil
		return
	}
	o.define(key, &Property{Value: value})
}

// Hide defines an own property that is not enumerated, as those of prototypes are.
func (o *Object) Hide(key string, value Value) {
	o.define(key, &Property{Value: value, hidden: true})
}

func (o *Object) define(key string, property *Property) {
	if o.props == nil {
		o.props = map[string]*Property{}
	}
	if _, ok := o.props[key]; !ok {
		if len(o.keys) >= maxItems {
			return
		}
		o.keys = append(o.keys, key)
	}
	o.props[key] = property
}

func (o *Object) remove(key string) {
	if _, ok := o.props[key]; ok {
		delete(o.props, key)
		o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
	}
}

// Keys are the names of the object's own properties: numbers first, then in the order in which they were set.
func (o *Object) Keys() []string {
	var keys []string
	if o.Class == ClassArray {
		for i := range o.Items {
			keys = append(keys, strconv.Itoa(i))
		}
	}
	var names []string
	for _, key := range o.keys {
		if o.props[key].hidden {
			continue
		}
		if isIndex(key) {
			keys = append(keys, key)
		} else {
			names = append(names, key)
		}
	}
	if len(keys) > 1 && o.Class != ClassArray {
		slices.SortStableFunc(keys, func(a, b string) int {
			if len(a) != len(b) {
				return len(a) - len(b)
			}
			return strings.Compare(a, b)
		})
	}
	return append(keys, names...)
}

// isIndex reports whether a key is a whole number as JavaScript writes it.
func isIndex(key string) bool {
	if key == "" || len(key) > 9 || (key[0] == '0' && len(key) > 1) {
		return false
	}
	for i := range len(key) {
		if key[i] < '0' || key[i] > '9' {
			return false
		}
	}
	return true
}

// IsUnknown reports whether nothing is known of the value.
func IsUnknown(v Value) bool {
	_, ok := v.(*Unknown)
	return ok
}

// IsCallable reports whether the value is known to be a function.
func IsCallable(v Value) bool {
	o, ok := v.(*Object)
	return ok && o.Call != nil
}

// AsArray returns the array, or nil when the value is none.
func AsArray(v Value) *Object {
	if o, ok := v.(*Object); ok && o.Class == ClassArray {
		return o
	}
	return nil
}

// Truth is whether a condition holds; known is false for an Unknown.
func Truth(v Value) (truth, known bool) {
	switch v := v.(type) {
	case nil, Null:
		return false, true
	case bool:
		return v, true
	case float64:
		return v != 0 && !math.IsNaN(v), true
	case string:
		return v != "", true
	case *Unknown:
		return !v.Setting, v.Setting
	}
	return true, true
}

// nullish reports whether the value is undefined or null.
func nullish(v Value) bool {
	if undefined(v) {
		return true
	}
	_, null := v.(Null)
	return null
}

// ToString converts as String(v) does; known is false where an Unknown is in it.
func ToString(v Value) (text string, known bool) {
	return toString(v, 0)
}

func toString(v Value, depth int) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "undefined", true
	case Null:
		return "null", true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return formatNumber(v), true
	case string:
		return v, true
	case *Object:
		return objectString(v, depth)
	case *Unknown:
		return v.Example, v.hasExample
	}
	return "", false
}

// maxStringDepth bounds arrays in arrays that are converted to a string.
const maxStringDepth = 8

func objectString(o *Object, depth int) (string, bool) {
	if depth > maxStringDepth {
		return "", false
	}
	switch o.Class {
	case ClassArray:
		parts := make([]string, len(o.Items))
		size := 0
		for i, item := range o.Items {
			if nullish(item) {
				continue
			}
			text, known := toString(item, depth+1)
			if size += len(text); !known || size > maxString {
				return "", false
			}
			parts[i] = text
		}
		return strings.Join(parts, ","), true
	case ClassRegExp:
		return "/" + o.regex.source + "/" + o.regex.flags, true
	case ClassObject:
		if o.Open || o.Native != nil || o.Lookup("toString") != nil {
			if text, ok := o.Native.(stringer); ok {
				return text.String(), true
			}
			return "", false
		}
		return "[object Object]", true
	}
	return "", false
}

// stringer is a model whose objects convert to a string, such as an URL.
type stringer interface{ String() string }

func formatNumber(n float64) string {
	switch {
	case math.IsNaN(n):
		return "NaN"
	case math.IsInf(n, 1):
		return "Infinity"
	case math.IsInf(n, -1):
		return "-Infinity"
	case n == 0:
		return "0"
	case math.Abs(n) >= 1e21:
		return strconv.FormatFloat(n, 'e', -1, 64)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// ToNumber converts as Number(v) does; known is false where that is not known.
func ToNumber(v Value) (n float64, known bool) {
	switch v := v.(type) {
	case nil:
		return math.NaN(), true
	case Null:
		return 0, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case float64:
		return v, true
	case string:
		return parseNumber(v), true
	}
	return 0, false
}

func parseNumber(text string) float64 {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0
	}
	if len(text) > 2 && text[0] == '0' && strings.ContainsRune("xXoObB", rune(text[1])) {
		n, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	}
	if strings.ContainsAny(text, "_pPxXiInN") && text != "Infinity" && text != "-Infinity" {
		return math.NaN()
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

// StrictEqual is ===; known is false where an Unknown is compared.
func StrictEqual(a, b Value) (equal, known bool) {
	a, b = unset(a), unset(b)
	if IsUnknown(a) || IsUnknown(b) {
		return false, false
	}
	if x, ok := a.(*Object); ok {
		y, ok := b.(*Object)
		return ok && x == y, true
	}
	if _, ok := b.(*Object); ok {
		return false, true
	}
	return a == b, true
}

// looseEqual is ==.
func looseEqual(a, b Value) (equal, known bool) {
	a, b = unset(a), unset(b)
	if IsUnknown(a) || IsUnknown(b) {
		return false, false
	}
	if nullish(a) || nullish(b) {
		return nullish(a) && nullish(b), true
	}
	switch a.(type) {
	case float64, bool:
		switch b.(type) {
		case string, bool, float64:
			x, _ := ToNumber(a)
			y, _ := ToNumber(b)
			return x == y, true
		}
	case string:
		switch b.(type) {
		case bool, float64:
			x, _ := ToNumber(a)
			y, _ := ToNumber(b)
			return x == y, true
		}
	}
	return StrictEqual(a, b)
}

// unset is undefined for a variable of the environment, and any other value itself.
func unset(v Value) Value {
	if isSetting(v) {
		return nil
	}
	return v
}
