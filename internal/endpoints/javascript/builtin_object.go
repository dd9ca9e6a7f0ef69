package javascript

import (
	"slices"
)

var objectMethods = methods{
	"hasOwnProperty": func(c *Call) Value { return hasOwn(c, c.This, c.Arg(0)) },
	"toString":       func(c *Call) Value { return plainString(c) },
	"valueOf":        func(c *Call) Value { return c.This },
	"isPrototypeOf":  func(*Call) Value { return &Unknown{} },
}

func plainString(c *Call) Value {
	if o, ok := c.This.(*Object); ok && o.Class == ClassObject {
		return "[object Object]"
	}
	if text, known := ToString(c.This); known {
		return text
	}
	return &Unknown{}
}

func hasOwn(c *Call, base, name Value) Value {
	o, ok := base.(*Object)
	key, known := c.In.propertyKey(name)
	if !ok || !known {
		return &Unknown{}
	}
	if o.Own(key) != nil || (o.Class == ClassArray && isIndex(key) && c.In.Get(o, key) != nil) {
		return true
	}
	if o.Open {
		return &Unknown{}
	}
	return false
}

func objectKeys(c *Call) Value {
	switch v := c.Arg(0).(type) {
	case *Object:
		keys := c.In.Strings(c.In.keys(v))
		keys.Open = v.Open
		return keys
	case *Unknown:
		return v
	}
	return c.In.Array(nil)
}

func objectEntries(c *Call, item func(key string, v Value) Value) Value {
	o, ok := c.Arg(0).(*Object)
	if !ok {
		if IsUnknown(c.Arg(0)) {
			return c.Arg(0)
		}
		return c.In.Array(nil)
	}
	var items []Value
	for _, key := range c.In.keys(o) {
		items = append(items, item(key, c.In.Get(o, key)))
	}
	array := c.In.Array(items)
	array.Open = o.Open
	return array
}

var objectStatics = methods{
	"keys":   objectKeys,
	"values": func(c *Call) Value { return objectEntries(c, func(_ string, v Value) Value { return v }) },
	"entries": func(c *Call) Value {
		return objectEntries(c, func(key string, v Value) Value { return c.In.Array([]Value{key, v}) })
	},
	"getPrototypeOf":      prototypeOf,
	"freeze":              func(c *Call) Value { return freeze(c.Arg(0)) },
	"seal":                same,
	"preventExtensions":   same,
	"isFrozen":            func(*Call) Value { return false },
	"getOwnPropertyNames": ownNames,
	"hasOwn":              func(c *Call) Value { return hasOwn(c, c.Arg(0), c.Arg(1)) },
	"setPrototypeOf": func(c *Call) Value {
		o, ok := c.Arg(0).(*Object)
		if proto, isObject := c.Arg(1).(*Object); ok && isObject {
			c.In.setProto(o, proto)
		}
		return c.Arg(0)
	},
	"assign": func(c *Call) Value {
		o, ok := c.Arg(0).(*Object)
		if !ok {
			return c.Arg(0)
		}
		for _, from := range c.Args[1:] {
			c.In.spreadInto(o, from)
		}
		return o
	},
	"create": func(c *Call) Value {
		o := c.In.Object()
		switch proto := c.Arg(0).(type) {
		case *Object:
			o.Proto = proto
		case *Unknown:
			o.Open = true
		}
		if descriptors, ok := c.Arg(1).(*Object); ok {
			for _, key := range c.In.keys(descriptors) {
				defineProperty(c.In, o, key, c.In.Get(descriptors, key))
			}
		}
		return o
	},
	"fromEntries": func(c *Call) Value {
		o := c.In.Object()
		items, known := c.In.iterate(c.Arg(0))
		o.Open = !known
		for _, item := range items {
			key, known := c.In.propertyKey(c.In.Get(item, "0"))
			if !known {
				o.Open = true
				continue
			}
			c.In.take(64)
			o.Set(key, c.In.Get(item, "1"))
		}
		return o
	},
	"defineProperty": func(c *Call) Value {
		o, ok := c.Arg(0).(*Object)
		if key, known := c.In.propertyKey(c.Arg(1)); ok && known {
			defineProperty(c.In, o, key, c.Arg(2))
		}
		return c.Arg(0)
	},
	"defineProperties": func(c *Call) Value {
		o, ok := c.Arg(0).(*Object)
		if descriptors, isObject := c.Arg(1).(*Object); ok && isObject {
			for _, key := range c.In.keys(descriptors) {
				defineProperty(c.In, o, key, c.In.Get(descriptors, key))
			}
		}
		return c.Arg(0)
	},
}

func freeze(v Value) Value {
	if o, ok := v.(*Object); ok && o.Class == ClassObject && o.Native == nil {
		o.frozen = true
	}
	return v
}

func ownNames(c *Call) Value {
	o, ok := c.Arg(0).(*Object)
	if !ok {
		return c.In.objectNames(c.Arg(0))
	}
	names := slices.Clone(o.keys)
	if o.Class == ClassArray {
		names = o.Keys()
	}
	return c.In.Strings(names)
}

func (in *Interpreter) objectNames(v Value) Value {
	if IsUnknown(v) {
		return v
	}
	return in.Array(nil)
}

func defineProperty(in *Interpreter, o *Object, key string, descriptor Value) {
	d, ok := descriptor.(*Object)
	if !ok {
		return
	}
	property := &Property{Value: in.Get(d, "value")}
	if enumerable, _ := Truth(in.Get(d, "enumerable")); !enumerable {
		property.hidden = true
	}
	if getter, ok := in.Get(d, "get").(*Object); ok {
		property.getter = getter
	}
	if setter, ok := in.Get(d, "set").(*Object); ok {
		property.setter = setter
	}
	in.take(64)
	o.define(key, property)
}

var promiseMethods = methods{
	"then": func(c *Call) Value {
		p, ok := c.This.(*Object)
		if !ok || p.promise == nil || !IsCallable(c.Arg(0)) {
			return c.This
		}
		return c.In.then(p, c.Arg(0))
	},
	"catch": func(c *Call) Value { return c.This },
	"finally": func(c *Call) Value {
		p, ok := c.This.(*Object)
		if !ok || p.promise == nil || !IsCallable(c.Arg(0)) {
			return c.This
		}
		callback := c.Arg(0)
		return c.In.pending(func() Value {
			v := c.In.awaited(p)
			c.In.Call(callback, nil, nil)
			return v
		})
	},
}

var promiseStatics = methods{
	"resolve": func(c *Call) Value { return c.In.resolved(c.Arg(0)) },
	"reject":  func(c *Call) Value { return c.In.resolved(&Unknown{Name: "an error"}) },
	"all":     promiseAll, "race": promiseFirst, "any": promiseFirst,
	"allSettled": func(c *Call) Value {
		items, known := c.In.iterate(c.Arg(0))
		return c.In.pending(func() Value {
			results := make([]Value, len(items))
			for i, item := range items {
				result := c.In.Object()
				result.Set("status", "fulfilled")
				result.Set("value", c.In.awaited(item))
				results[i] = result
			}
			array := c.In.Array(results)
			array.Open = !known
			return array
		})
	},
}

func promiseAll(c *Call) Value {
	items, known := c.In.iterate(c.Arg(0))
	if !known && len(items) == 0 {
		return c.In.resolved(&Unknown{Name: "Promise.all"})
	}
	items = slices.Clone(items)
	return c.In.pending(func() Value {
		results := make([]Value, len(items))
		for i, item := range items {
			results[i] = c.In.awaited(item)
		}
		array := c.In.Array(results)
		array.Open = !known
		return array
	})
}

func promiseFirst(c *Call) Value {
	items, _ := c.In.iterate(c.Arg(0))
	if len(items) == 0 {
		return c.In.resolved(&Unknown{Name: "Promise.race"})
	}
	return c.In.resolved(items[0])
}

func newPromise(c *Call) Value {
	p := &promise{}
	o := &Object{Class: ClassPromise, Proto: c.In.protos.promise, promise: p}
	c.In.take(128)
	resolve := c.In.Func("resolve", func(c *Call) Value {
		if !p.settled {
			p.settled = true
			v := c.Arg(0)
			if inner, ok := v.(*Object); ok && inner.promise != nil && inner.promise != p {
				p.settled = false
				p.task = func() Value { return c.In.awaited(inner) }
				return nil
			}
			p.value = v
		}
		return nil
	})
	if IsCallable(c.Arg(0)) {
		c.In.Call(c.Arg(0), nil, []Value{resolve, c.In.Func("reject", nothing)})
	}
	return o
}

var mapMethods = methods{
	"get": func(c *Call) Value {
		if o, i := mapIndex(c); i >= 0 {
			return o.Values[i]
		} else if o == nil || o.Open || IsUnknown(c.Arg(0)) {
			return &Unknown{Name: "get"}
		}
		return nil
	},
	"has": func(c *Call) Value {
		o, i := mapIndex(c)
		if i < 0 && (o == nil || o.Open || IsUnknown(c.Arg(0))) {
			return &Unknown{Name: "has"}
		}
		return i >= 0
	},
	"set": func(c *Call) Value {
		o, i := mapIndex(c)
		switch {
		case o == nil:
		case IsUnknown(c.Arg(0)):
			o.Open = true
		case i >= 0:
			o.Values[i] = c.Arg(1)
		case len(o.Items) < maxItems:
			c.In.take(32)
			o.Items = append(o.Items, c.Arg(0))
			o.Values = append(o.Values, c.Arg(1))
		}
		return c.This
	},
	"delete": func(c *Call) Value {
		o, i := mapIndex(c)
		if i >= 0 {
			o.Items, o.Values = slices.Delete(o.Items, i, i+1), slices.Delete(o.Values, i, i+1)
			return true
		}
		if o == nil || o.Open || IsUnknown(c.Arg(0)) {
			return &Unknown{Name: "delete"}
		}
		return false
	},
	"entries": func(c *Call) Value { return mapItems(c, 2) }, "keys": func(c *Call) Value { return mapItems(c, 0) },
	"values": func(c *Call) Value { return mapItems(c, 1) },
	"forEach": func(c *Call) Value {
		o, ok := c.This.(*Object)
		if !ok || o.Class != ClassMap {
			return nil
		}
		for i := 0; i < len(o.Items) && c.In.step(); i++ {
			c.In.Call(c.Arg(0), nil, []Value{o.Values[i], o.Items[i], o})
		}
		return nil
	},
}

func mapIndex(c *Call) (*Object, int) {
	o, ok := c.This.(*Object)
	if !ok || o.Class != ClassMap {
		return nil, -1
	}
	return o, indexOf(o.Items, c.Arg(0))
}

func indexOf(items []Value, v Value) int {
	return slices.IndexFunc(items, func(item Value) bool {
		equal, known := StrictEqual(item, v)
		return equal && known
	})
}

func mapItems(c *Call, what int) Value {
	o, ok := c.This.(*Object)
	if !ok || o.Class != ClassMap {
		return &Unknown{}
	}
	items := o.Items
	switch what {
	case 1:
		items = o.Values
	case 2:
		items, _ = c.In.iterate(o)
	}
	array := c.In.Array(slices.Clone(items))
	array.Open = o.Open
	return array
}

func newMap(c *Call) Value {
	c.In.take(128)
	o := &Object{Class: ClassMap, Proto: c.In.protos.maps}
	if nullish(c.Arg(0)) {
		return o
	}
	items, known := c.In.iterate(c.Arg(0))
	o.Open = !known
	for _, item := range items {
		inner := *c
		inner.This, inner.Args = o, []Value{c.In.Get(item, "0"), c.In.Get(item, "1")}
		mapMethods["set"](&inner)
	}
	return o
}

var setMethods = methods{
	"has": func(c *Call) Value {
		o, ok := c.This.(*Object)
		if !ok || IsUnknown(c.Arg(0)) {
			return &Unknown{Name: "has"}
		}
		if indexOf(o.Items, c.Arg(0)) >= 0 {
			return true
		}
		if o.Open {
			return &Unknown{Name: "has"}
		}
		return false
	},
	"add": func(c *Call) Value {
		if o, ok := c.This.(*Object); ok && o.Class == ClassSet && indexOf(o.Items, c.Arg(0)) < 0 {
			c.In.push(o, c.Arg(0))
		}
		return c.This
	},
	"delete": func(c *Call) Value {
		o, ok := c.This.(*Object)
		if !ok || o.Class != ClassSet || IsUnknown(c.Arg(0)) {
			return &Unknown{Name: "delete"}
		}
		if i := indexOf(o.Items, c.Arg(0)); i >= 0 {
			o.Items = slices.Delete(o.Items, i, i+1)
			return true
		}
		if o.Open {
			return &Unknown{Name: "delete"}
		}
		return false
	},
	"values": setItems, "keys": setItems, "entries": setItems,
	"forEach": func(c *Call) Value { return arrayMethods["forEach"](c) },
}

func setItems(c *Call) Value {
	o, ok := c.This.(*Object)
	if !ok {
		return &Unknown{}
	}
	array := c.In.Array(slices.Clone(o.Items))
	array.Open = o.Open
	return array
}

func newSet(c *Call) Value {
	c.In.take(128)
	o := &Object{Class: ClassSet, Proto: c.In.protos.set}
	if nullish(c.Arg(0)) {
		return o
	}
	items, known := c.In.iterate(c.Arg(0))
	o.Open = !known
	for _, item := range items {
		// Large sets are not searched again and again.
		if len(o.Items) > 1_000 || indexOf(o.Items, item) < 0 {
			c.In.push(o, item)
		}
	}
	return o
}
