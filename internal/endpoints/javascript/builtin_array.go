package javascript

import (
	"math"
	"slices"
	"strings"
)

// visit calls a callback with each element; keep is told what it returned and ends the walk with false.
func visit(c *Call, keep func(i int, item, result Value) bool) (known bool) {
	o, ok := c.This.(*Object)
	if !ok {
		return false
	}
	for i := 0; i < len(o.Items) && c.In.step(); i++ {
		item := o.Items[i]
		if !keep(i, item, c.In.Call(c.Arg(0), c.Arg(1), []Value{item, float64(i), o})) {
			break
		}
	}
	if o.Open {
		c.In.uncertain++
		c.In.Call(c.Arg(0), c.Arg(1), []Value{&Unknown{Name: "an element"}, &Unknown{}, o})
		c.In.uncertain--
	}
	return !o.Open
}

// collect makes an array of what visit keeps.
func collect(c *Call, keep func(into *Object, item, result Value)) Value {
	into := c.In.Array(nil)
	into.Open = !visit(c, func(_ int, item, result Value) bool {
		keep(into, item, result)
		return true
	})
	return into
}

func items(v Value) []Value {
	if o, ok := v.(*Object); ok {
		return o.Items
	}
	return nil
}

func isOpen(v Value) bool {
	o, ok := v.(*Object)
	return !ok || o.Open
}

var arrayMethods = methods{
	"forEach": func(c *Call) Value {
		visit(c, func(int, Value, Value) bool { return true })
		return nil
	},
	"map": func(c *Call) Value {
		return collect(c, func(into *Object, _, result Value) { c.In.push(into, result) })
	},
	"flatMap": func(c *Call) Value {
		return collect(c, func(into *Object, _, result Value) {
			if inner := AsArray(result); inner != nil {
				for _, item := range inner.Items {
					c.In.push(into, item)
				}
				return
			}
			c.In.push(into, result)
		})
	},
	"filter": func(c *Call) Value {
		return collect(c, func(into *Object, item, result Value) {
			// What may be in it is taken to be.
			if truth, known := Truth(result); truth || !known {
				c.In.push(into, item)
			}
		})
	},
	"find":      func(c *Call) Value { v, _ := find(c); return v },
	"findIndex": func(c *Call) Value { _, i := find(c); return i },
	"findLast":  func(c *Call) Value { v, _ := find(c); return v },
	"some": func(c *Call) Value {
		_, i := find(c)
		if n, ok := i.(float64); ok {
			return n >= 0
		}
		return i
	},
	"every": func(c *Call) Value {
		var answer Value = true
		visit(c, func(_ int, _, result Value) bool {
			truth, known := Truth(result)
			if !known {
				answer = &Unknown{}
			} else if !truth {
				answer = false
			}
			return truth
		})
		return answer
	},
	"reduce": reduce, "reduceRight": reduce,
	"push": func(c *Call) Value {
		if o, ok := c.This.(*Object); ok {
			for _, arg := range c.Args {
				c.In.push(o, arg)
			}
			o.Open = o.Open || c.Open
			return float64(len(o.Items))
		}
		return nil
	},
	"unshift": func(c *Call) Value {
		if o, ok := c.This.(*Object); ok && len(o.Items)+len(c.Args) <= maxItems {
			c.In.take(16 * (len(o.Items) + len(c.Args)))
			o.Items = append(slices.Clone(c.Args), o.Items...)
			return float64(len(o.Items))
		}
		return nil
	},
	"pop":   func(c *Call) Value { return takeOut(c, -1) },
	"shift": func(c *Call) Value { return takeOut(c, 0) },
	"concat": func(c *Call) Value {
		out := c.In.Array(slices.Clone(items(c.This)))
		out.Open = isOpen(c.This)
		for _, arg := range c.Args {
			if a := AsArray(arg); a != nil {
				for _, item := range a.Items {
					c.In.push(out, item)
				}
				out.Open = out.Open || a.Open
			} else if IsUnknown(arg) {
				out.Open = true
			} else {
				c.In.push(out, arg)
			}
		}
		return out
	},
	"flat": func(c *Call) Value {
		out := c.In.Array(nil)
		out.Open = isOpen(c.This)
		depth := 1.0
		if n, ok := c.Arg(0).(float64); ok {
			depth = n
		}
		flatten(c.In, out, items(c.This), clamp(depth, 32))
		return out
	},
	"slice": func(c *Call) Value {
		list := items(c.This)
		if o, ok := c.This.(*Object); ok && o.Class != ClassArray {
			list, _ = c.In.iterate(o)
		}
		start, end := span(c, len(list))
		out := c.In.Array(slices.Clone(list[start:end]))
		out.Open = isOpen(c.This)
		return out
	},
	"splice": func(c *Call) Value {
		o, ok := c.This.(*Object)
		if !ok {
			return &Unknown{}
		}
		start, end := span(&Call{Args: c.Args[:min(1, len(c.Args))]}, len(o.Items))
		if n, ok := c.Arg(1).(float64); ok {
			end = start + clamp(n, len(o.Items)-start)
		}
		removed := c.In.Array(slices.Clone(o.Items[start:end]))
		rest := slices.Clone(o.Items[:start])
		rest = append(rest, c.Args[min(2, len(c.Args)):]...)
		rest = append(rest, o.Items[end:]...)
		o.Items = rest[:min(len(rest), maxItems)]
		c.In.take(16 * len(rest))
		return removed
	},
	"join": func(c *Call) Value {
		separator := ","
		if text, ok := c.Text(0); ok {
			separator = text
		}
		if isOpen(c.This) {
			return &Unknown{Name: "join"}
		}
		list := items(c.This)
		c.In.steps += len(list) / 4
		c.In.take(16 * len(list))
		parts := make([]string, 0, len(list))
		size := 0
		for _, item := range list {
			text, known := ToString(item)
			if nullish(item) {
				text = ""
			}
			if size += len(text) + len(separator); !known || size > maxString {
				return &Unknown{Name: "join"}
			}
			parts = append(parts, text)
		}
		return c.In.text(strings.Join(parts, separator))
	},
	"includes": func(c *Call) Value { return contains(c) },
	"indexOf": func(c *Call) Value {
		if IsUnknown(c.Arg(0)) {
			return &Unknown{}
		}
		return float64(indexOf(items(c.This), c.Arg(0)))
	},
	"reverse": func(c *Call) Value {
		slices.Reverse(items(c.This))
		return c.This
	},
	"sort": sortArray, "toSorted": sortArray,
	"fill": func(c *Call) Value {
		for i := range items(c.This) {
			items(c.This)[i] = c.Arg(0)
		}
		return c.This
	},
	"at": func(c *Call) Value {
		list := items(c.This)
		n, ok := c.Arg(0).(float64)
		if !ok || isOpen(c.This) {
			return &Unknown{}
		}
		if n < 0 {
			n += float64(len(list))
		}
		if i := clamp(n, len(list)); !(n < 0) && i < len(list) {
			return list[i]
		}
		return nil
	},
	"keys": func(c *Call) Value {
		out := c.In.Array(nil)
		for i := range items(c.This) {
			c.In.push(out, float64(i))
		}
		return out
	},
	"values": func(c *Call) Value { return c.This },
	"entries": func(c *Call) Value {
		out := c.In.Array(nil)
		out.Open = isOpen(c.This)
		for i, item := range items(c.This) {
			c.In.push(out, c.In.Array([]Value{float64(i), item}))
		}
		return out
	},
	"toString": func(c *Call) Value {
		if text, known := ToString(c.This); known {
			return c.In.text(text)
		}
		return &Unknown{}
	},
	// Of the lists that generators give.
	"next": func(c *Call) Value {
		result := c.In.Object()
		if o, ok := c.This.(*Object); ok && len(o.Items) > 0 {
			result.Set("value", o.Items[0])
			o.Items = o.Items[1:]
			result.Set("done", false)
			return result
		}
		result.Set("value", nil)
		result.Set("done", true)
		return result
	},
}

func contains(c *Call) Value {
	if IsUnknown(c.Arg(0)) {
		return &Unknown{}
	}
	if indexOf(items(c.This), c.Arg(0)) >= 0 {
		return true
	}
	if isOpen(c.This) || slices.ContainsFunc(items(c.This), IsUnknown) {
		return &Unknown{}
	}
	return false
}

// find returns the first element that a callback takes, and its index.
func find(c *Call) (found, index Value) {
	found, index = nil, -1.0
	known := visit(c, func(i int, item, result Value) bool {
		truth, known := Truth(result)
		if truth {
			found, index = item, float64(i)
		}
		if !known {
			index = &Unknown{}
		}
		return !truth
	})
	if !known && found == nil {
		return &Unknown{}, &Unknown{}
	}
	return found, index
}

func reduce(c *Call) Value {
	list := items(c.This)
	acc := c.Arg(1)
	if len(c.Args) < 2 && len(list) > 0 {
		acc, list = list[0], list[1:]
	}
	for i := 0; i < len(list) && c.In.step(); i++ {
		acc = c.In.Call(c.Arg(0), nil, []Value{acc, list[i], float64(i), c.This})
	}
	if isOpen(c.This) {
		c.In.uncertain++
		acc = c.In.Call(c.Arg(0), nil, []Value{acc, &Unknown{Name: "an element"}, &Unknown{}, c.This})
		c.In.uncertain--
	}
	return acc
}

func takeOut(c *Call, at int) Value {
	o, ok := c.This.(*Object)
	if !ok {
		return &Unknown{}
	}
	if len(o.Items) == 0 {
		if o.Open {
			return &Unknown{}
		}
		return nil
	}
	if at < 0 {
		v := o.Items[len(o.Items)-1]
		o.Items = o.Items[:len(o.Items)-1]
		return v
	}
	v := o.Items[0]
	o.Items = o.Items[1:]
	return v
}

func flatten(in *Interpreter, out *Object, list []Value, depth int) {
	for _, item := range list {
		if inner := AsArray(item); inner != nil && depth > 0 && in.step() {
			out.Open = out.Open || inner.Open
			flatten(in, out, inner.Items, depth-1)
			continue
		}
		in.push(out, item)
	}
}

// span reads the two positions that slice and its kin take.
func span(c *Call, size int) (start, end int) {
	at := func(v Value, otherwise int) int {
		n, ok := v.(float64)
		if !ok || math.IsNaN(n) {
			return otherwise
		}
		if n < 0 {
			n += float64(size)
		}
		return clamp(n, size)
	}
	start, end = at(c.Arg(0), 0), at(c.Arg(1), size)
	return start, max(start, end)
}

func sortArray(c *Call) Value {
	o, ok := c.This.(*Object)
	if !ok {
		return c.This
	}
	list := slices.Clone(o.Items)
	slices.SortStableFunc(list, func(a, b Value) int {
		if IsCallable(c.Arg(0)) {
			if !c.In.step() {
				return 0
			}
			n, known := ToNumber(c.In.Call(c.Arg(0), nil, []Value{a, b}))
			switch {
			case !known:
				return 0
			case n < 0:
				return -1
			case n > 0:
				return 1
			}
			return 0
		}
		x, _ := ToString(a)
		y, _ := ToString(b)
		return strings.Compare(x, y)
	})
	o.Items = list
	return o
}

func newArray(c *Call) Value {
	if n, ok := c.Arg(0).(float64); ok && len(c.Args) == 1 {
		if !(n >= 0 && n <= maxItems) {
			array := c.In.Array(nil)
			array.Open = true
			return array
		}
		return c.In.Array(make([]Value, int(n)))
	}
	return c.In.Array(slices.Clone(c.Args))
}

var arrayStatics = methods{
	"isArray": func(c *Call) Value {
		if IsUnknown(c.Arg(0)) {
			return &Unknown{}
		}
		return AsArray(c.Arg(0)) != nil
	},
	"of": func(c *Call) Value { return c.In.Array(slices.Clone(c.Args)) },
	"from": func(c *Call) Value {
		list, known := c.In.iterate(c.Arg(0))
		if o, ok := c.Arg(0).(*Object); ok && !known && !o.Open {
			if n, ok := c.In.Get(o, "length").(float64); ok && n >= 0 && n <= maxItems {
				list, known = make([]Value, int(n)), true
			}
		}
		array := c.In.Array(slices.Clone(list))
		array.Open = !known
		if IsCallable(c.Arg(1)) {
			return arrayMethods["map"](&Call{In: c.In, This: array, Args: c.Args[1:]})
		}
		return array
	},
}
