package javascript

import (
	"math"
	"slices"
)

// protos are the prototypes that literals have.
type protos struct {
	object, function, array, string, number, promise, regexp, maps, set *Object
}

// methods are native functions by their names.
type methods map[string]Native

func (in *Interpreter) define(o *Object, list methods) *Object {
	names := make([]string, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o.Hide(name, in.Func(name, list[name]))
	}
	return o
}

func (in *Interpreter) makeProtos() {
	in.protos.object = &Object{}
	in.protos.function = &Object{Proto: in.protos.object}
	proto := func(list methods) *Object { return in.define(&Object{Proto: in.protos.object}, list) }
	in.protos.array = proto(arrayMethods)
	in.protos.string = proto(stringMethods)
	in.protos.number = proto(numberMethods)
	in.protos.promise = proto(promiseMethods)
	in.protos.regexp = proto(regexpMethods)
	in.protos.maps = proto(mapMethods)
	in.protos.set = proto(setMethods)
	in.define(in.protos.object, objectMethods)
	in.define(in.protos.function, functionMethods)
}

// global defines a constructor with static methods and a prototype.
func (in *Interpreter) global(name string, construct Native, prototype *Object, static methods) *Object {
	o := in.Func(name, construct)
	in.define(o, static)
	if prototype != nil {
		o.Hide("prototype", prototype)
		if prototype.Own("constructor") == nil {
			prototype.Hide("constructor", o)
		}
	}
	in.globals.Hide(name, o)
	return o
}

func (in *Interpreter) makeGlobals() {
	in.globals = &Object{Proto: in.protos.object}
	for _, name := range []string{"global", "globalThis"} {
		in.globals.Hide(name, in.globals)
	}
	in.globals.Hide("NaN", math.NaN())
	in.globals.Hide("Infinity", math.Inf(1))
	in.global("Object", func(c *Call) Value {
		if o, ok := c.Arg(0).(*Object); ok {
			return o
		}
		return c.In.Object()
	}, in.protos.object, objectStatics)
	in.global("Function", func(*Call) Value { return &Unknown{Name: "Function"} }, in.protos.function, nil)
	in.global("Array", newArray, in.protos.array, arrayStatics)
	in.global("String", func(c *Call) Value {
		text, known := ToString(c.Arg(0))
		if len(c.Args) == 0 {
			return ""
		}
		if !known {
			return firstUnknown(c.Arg(0))
		}
		return c.In.text(text)
	}, in.protos.string, methods{"raw": func(*Call) Value { return &Unknown{Name: "String.raw"} }})
	in.global("Number", func(c *Call) Value { return numberOf(c.Arg(0)) }, in.protos.number, methods{
		"parseInt": parseInteger, "parseFloat": func(c *Call) Value { return numberOf(c.Arg(0)) }, "isInteger": isInteger, "isNaN": isNaN,
	})
	in.global("Boolean", func(c *Call) Value {
		truth, known := Truth(c.Arg(0))
		if !known {
			return c.Arg(0)
		}
		return truth
	}, nil, nil)
	in.global("Promise", newPromise, in.protos.promise, promiseStatics)
	in.global("Map", newMap, in.protos.maps, nil)
	in.global("WeakMap", newMap, in.protos.maps, nil)
	in.global("Set", newSet, in.protos.set, nil)
	in.global("WeakSet", newSet, in.protos.set, nil)
	in.global("RegExp", newRegExp, in.protos.regexp, nil)
	in.global("Symbol", func(c *Call) Value {
		text, _ := c.Text(0)
		return "@@symbol:" + text
	}, nil, methods{"for": func(c *Call) Value {
		text, _ := c.Text(0)
		return "@@symbol:" + text
	}}).Hide("iterator", "@@iterator")
	in.global("Proxy", func(c *Call) Value { return c.Arg(0) }, nil, nil)
	for _, name := range []string{"Error", "TypeError", "RangeError", "SyntaxError"} {
		in.global(name, newError, &Object{Proto: in.protos.object}, methods{"captureStackTrace": nothing})
	}
	in.globals.Hide("Reflect", in.define(in.Object(), reflectStatics))
	in.globals.Hide("JSON", in.define(in.Object(), methods{"parse": jsonParse, "stringify": jsonStringify}))
	in.globals.Hide("Math", in.define(in.Object(), mathStatics))
	in.globals.Hide("console", &Unknown{Name: "console"})
	in.define(in.globals, methods{
		"parseInt": parseInteger, "parseFloat": func(c *Call) Value { return numberOf(c.Arg(0)) }, "isNaN": isNaN,
		"encodeURIComponent": encodeComponent, "decodeURIComponent": same, "encodeURI": same, "decodeURI": same,
		"setTimeout": timer, "setImmediate": timer, "setInterval": timer, "queueMicrotask": timer, "structuredClone": same,
		"clearTimeout": nothing, "clearInterval": nothing,
	})
	in.global("URL", makeURL, nil, nil)
	in.globals.Hide("process", in.makeProcess())
}

func nothing(*Call) Value { return nil }

func same(c *Call) Value { return c.Arg(0) }

// timer runs a callback when the modules have run.
func timer(c *Call) Value {
	if IsCallable(c.Arg(0)) {
		callback, args := c.Arg(0), c.Args[min(2, len(c.Args)):]
		c.In.later(func() { c.In.Call(callback, nil, args) })
	}
	return &Unknown{Name: "a timer"}
}

func newError(c *Call) Value {
	o, ok := c.This.(*Object)
	if !ok || c.New {
		o = c.In.Object()
	}
	o.Class = ClassError
	o.Set("message", c.Arg(0))
	o.Open = true
	return o
}

func numberOf(v Value) Value {
	n, known := ToNumber(v)
	if !known {
		return &Unknown{}
	}
	return n
}

func isNaN(c *Call) Value {
	n, known := ToNumber(c.Arg(0))
	if !known {
		return &Unknown{}
	}
	return math.IsNaN(n)
}

func isInteger(c *Call) Value {
	if IsUnknown(c.Arg(0)) {
		return c.Arg(0)
	}
	n, ok := c.Arg(0).(float64)
	return ok && n == math.Trunc(n)
}

func parseInteger(c *Call) Value {
	text, known := ToString(c.Arg(0))
	if !known {
		return &Unknown{}
	}
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end == 0 && (text[end] == '-' || text[end] == '+')) {
		end++
	}
	if end == 0 {
		return math.NaN()
	}
	return parseNumber(text[:end])
}

func encodeComponent(c *Call) Value {
	text, known := ToString(c.Arg(0))
	if !known {
		return &Unknown{}
	}
	for i := range len(text) {
		if b := text[i]; (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && b != '-' && b != '_' && b != '.' {
			return &Unknown{}
		}
	}
	return text
}

var mathStatics = methods{
	"max": func(c *Call) Value { return fold(c, math.Max, math.Inf(-1)) }, "min": func(c *Call) Value { return fold(c, math.Min, math.Inf(1)) },
	"floor": func(c *Call) Value { return each(c, math.Floor) }, "ceil": func(c *Call) Value { return each(c, math.Ceil) },
	"round": func(c *Call) Value { return each(c, math.Round) }, "abs": func(c *Call) Value { return each(c, math.Abs) },
	"trunc": func(c *Call) Value { return each(c, math.Trunc) }, "sqrt": func(c *Call) Value { return each(c, math.Sqrt) },
	"random": func(*Call) Value { return &Unknown{Name: "Math.random"} },
}

func fold(c *Call, f func(a, b float64) float64, start float64) Value {
	for _, arg := range c.Args {
		n, known := ToNumber(arg)
		if !known {
			return &Unknown{}
		}
		start = f(start, n)
	}
	return start
}

func each(c *Call, f func(float64) float64) Value {
	n, known := ToNumber(c.Arg(0))
	if !known {
		return &Unknown{}
	}
	return f(n)
}

var numberMethods = methods{"toString": func(c *Call) Value {
	text, _ := ToString(c.This)
	return text
}, "toFixed": func(*Call) Value { return &Unknown{} }}

var functionMethods = methods{
	"call": func(c *Call) Value {
		inner := *c
		inner.This, inner.Args = c.Arg(0), c.Args[min(1, len(c.Args)):]
		return c.In.apply(c.This, &inner)
	},
	"apply": func(c *Call) Value {
		inner := *c
		items, known := c.In.iterate(c.Arg(1))
		if c.Arg(1) == nil {
			known = true
		}
		inner.This, inner.Args, inner.Open = c.Arg(0), items, !known
		return c.In.apply(c.This, &inner)
	},
	"bind": func(c *Call) Value {
		function, this, first := c.This, c.Arg(0), slices.Clone(c.Args[min(1, len(c.Args)):])
		o, ok := function.(*Object)
		if !ok || o.Call == nil {
			return &Unknown{}
		}
		bound := c.In.Func(o.Call.Name, func(c *Call) Value {
			inner := *c
			inner.This, inner.Args = this, append(slices.Clone(first), c.Args...)
			if c.New {
				return c.In.construct(function, &inner)
			}
			return c.In.apply(function, &inner)
		})
		bound.Native = Bound{Function: o}
		return bound
	},
	"toString": func(*Call) Value { return &Unknown{} },
}

// Bound is what a bound function keeps of the one that it was made of.
type Bound struct{ Function *Object }

var reflectStatics = methods{
	"ownKeys": objectKeys, "has": func(*Call) Value { return &Unknown{} },
	"get": func(c *Call) Value {
		if key, known := c.In.propertyKey(c.Arg(1)); known {
			return c.In.Get(c.Arg(0), key)
		}
		return &Unknown{}
	},
	"set": func(c *Call) Value {
		if key, known := c.In.propertyKey(c.Arg(1)); known {
			c.In.Put(c.Arg(0), key, c.Arg(2))
		}
		return true
	},
	"defineMetadata": nothing, "getMetadata": func(*Call) Value { return &Unknown{Name: "metadata"} },
	"construct": func(c *Call) Value {
		items, known := c.In.iterate(c.Arg(1))
		return c.In.construct(c.Arg(0), &Call{In: c.In, Args: items, Open: !known, New: true, Node: c.Node, Module: c.Module})
	},
	"getPrototypeOf": prototypeOf,
}

func prototypeOf(c *Call) Value {
	if o, ok := c.Arg(0).(*Object); ok && o.Proto != nil {
		return o.Proto
	}
	if IsUnknown(c.Arg(0)) {
		return c.Arg(0)
	}
	return Null{}
}
