package javascript

import "slices"

// schema is what a package that validates keeps of a schema: programs check their settings with it, and take defaults from it.
type schema struct {
	// shape has the schemas of an object's properties.
	shape *Object
	// fallback is what counts for a value that is not there.
	fallback    Value
	hasFallback bool
	// steps are functions that a value goes through.
	steps []Value
}

// schemaMakers make a schema of which nothing but its default matters.
var schemaMakers = []string{
	"string", "number", "boolean", "bool", "bigint", "date", "any", "unknown", "array", "tuple", "record", "enum", "nativeEnum",
	"literal", "union", "alternatives", "null", "undefined", "url", "email", "uuid", "stringbool",
}

// schemaRules say what is valid: what is read is taken to be.
var schemaRules = []string{
	"min", "max", "length", "email", "url", "uri", "uuid", "regex", "pattern", "startsWith", "endsWith", "includes", "trim",
	"toLowerCase", "lowercase", "toUpperCase", "uppercase", "nonempty", "int", "integer", "positive", "nonnegative", "port", "hostname",
	"ip", "gt", "gte", "lt", "lte", "optional", "nullable", "nullish", "required", "valid", "allow", "empty", "describe", "description",
	"label", "message", "messages", "refine", "superRefine", "brand", "readonly", "strict", "strip", "passthrough", "loose", "unknown",
	"prefs", "preferences", "options", "when", "insensitive", "pipe", "meta", "note", "example", "or", "and",
}

// schemaModule is zod's and joi's. What of them is not said here is not known.
func schemaModule(in *Interpreter) Value {
	prototype := schemaPrototype(in)
	o := in.Object()
	o.Open = true
	coerce := in.Object()
	for _, name := range schemaMakers {
		maker := in.Func(name, func(c *Call) Value { return c.In.makeSchema(prototype, schema{}) })
		o.Set(name, maker)
		coerce.Set(name, maker)
	}
	object := func(c *Call) Value {
		shape, _ := c.Arg(0).(*Object)
		return c.In.makeSchema(prototype, schema{shape: shape})
	}
	in.define(o, methods{"object": object, "strictObject": object, "looseObject": object, "preprocess": func(c *Call) Value { return c.Arg(1) }})
	o.Set("coerce", coerce)
	o.Set("z", o)
	return o
}

func (in *Interpreter) makeSchema(prototype *Object, of schema) *Object {
	o := in.Object()
	o.Proto, o.Native = prototype, of
	return o
}

func schemaPrototype(in *Interpreter) *Object {
	p := &Object{Proto: in.protos.object, Open: true}
	for _, name := range schemaRules {
		p.Hide(name, in.Func(name, func(c *Call) Value { return c.This }))
	}
	changed := func(change func(of *schema, c *Call)) Native {
		return func(c *Call) Value {
			of, ok := schemaOf(c.This)
			if !ok {
				return &Unknown{Name: "schema"}
			}
			change(&of, c)
			return c.In.makeSchema(p, of)
		}
	}
	more := changed(func(of *schema, c *Call) { of.shape = c.In.extended(of.shape, c.Arg(0)) })
	value := func(c *Call) Value { return c.In.parsed(c.This, c.Arg(0), 0) }
	in.define(p, methods{
		"default": changed(func(of *schema, c *Call) { of.fallback, of.hasFallback = c.Arg(0), true }),
		"transform": changed(func(of *schema, c *Call) {
			if len(of.steps) < maxStringDepth {
				of.steps = append(slices.Clone(of.steps), c.Arg(0))
			}
		}),
		"extend": more, "safeExtend": more, "merge": more, "keys": more, "append": more,
		"parse":     value,
		"safeParse": func(c *Call) Value { return c.In.verdict("data", value(c)) },
		"validate":  func(c *Call) Value { return c.In.verdict("value", value(c)) },
	})
	return p
}

func schemaOf(v Value) (schema, bool) {
	if o, ok := v.(*Object); ok {
		of, ok := o.Native.(schema)
		return of, ok
	}
	return schema{}, false
}

// verdict says that a value is valid, as far as the value is known.
func (in *Interpreter) verdict(name string, v Value) Value {
	if _, ok := v.(*Object); !ok {
		return &Unknown{Name: name}
	}
	o := in.Object()
	o.Set("success", true)
	o.Set(name, v)
	o.Set("error", nil)
	return o
}

// extended is a shape with those of another one, or of another schema.
func (in *Interpreter) extended(shape *Object, with Value) *Object {
	out := in.Object()
	if of, ok := schemaOf(with); ok {
		with = nil
		if of.shape != nil {
			with = of.shape
		}
	}
	for _, from := range []Value{shape, with} {
		o, ok := from.(*Object)
		if !ok || o == nil {
			continue
		}
		for _, key := range in.keys(o) {
			if !in.step() {
				return out
			}
			in.take(64)
			out.Set(key, in.Get(o, key))
		}
	}
	return out
}

// parsed is what a schema makes of a value. Of the environment, only what has a default is known.
func (in *Interpreter) parsed(by, v Value, depth int) Value {
	of, ok := schemaOf(by)
	if !ok || depth > maxStringDepth || !in.step() {
		return v
	}
	if undefined(v) && of.hasFallback {
		v = of.fallback
		if IsCallable(v) {
			v = in.Call(v, nil, nil)
		}
	}
	if of.shape != nil {
		v = in.shaped(of.shape, v, depth)
	}
	for _, step := range of.steps {
		if IsUnknown(v) || v == nil {
			break
		}
		v = in.Call(step, nil, []Value{v})
	}
	return v
}

func (in *Interpreter) shaped(shape *Object, v Value, depth int) Value {
	from, ok := v.(*Object)
	if !ok || from.Class != ClassObject {
		return &Unknown{Name: "parsed"}
	}
	out := in.Object()
	out.Open = true
	for _, key := range in.keys(shape) {
		in.take(64)
		out.Set(key, in.parsed(in.Get(shape, key), in.Get(from, key), depth+1))
	}
	return out
}

// envalidModule makes settings of the environment from what each of them may be.
func envalidModule(in *Interpreter) Value {
	prototype := schemaPrototype(in)
	o := in.Object()
	o.Open = true
	rule := func(c *Call) Value {
		options, ok := c.Arg(0).(*Object)
		if !ok {
			return c.In.makeSchema(prototype, schema{})
		}
		for _, name := range []string{"default", "devDefault"} {
			if options.Own(name) != nil {
				return c.In.makeSchema(prototype, schema{fallback: c.In.Get(options, name), hasFallback: true})
			}
		}
		return c.In.makeSchema(prototype, schema{})
	}
	for _, name := range []string{"str", "bool", "num", "email", "host", "port", "url", "json"} {
		o.Set(name, in.Func(name, rule))
	}
	return in.define(o, methods{"cleanEnv": func(c *Call) Value {
		shape, ok := c.Arg(1).(*Object)
		if !ok {
			return &Unknown{Name: "cleanEnv"}
		}
		return c.In.shaped(shape, c.Arg(0), 0)
	}})
}

// createEnvModule is t3-env's, which takes schemas of any such package.
func createEnvModule(in *Interpreter) Value {
	return in.define(in.Object(), methods{"createEnv": func(c *Call) Value {
		var shape *Object
		for _, part := range []string{"shared", "client", "server"} {
			shape = c.In.extended(shape, c.In.Get(c.Arg(0), part))
		}
		from := c.In.Get(c.Arg(0), "runtimeEnv")
		if from == nil {
			from = c.In.Get(c.Arg(0), "runtimeEnvStrict")
		}
		return c.In.shaped(shape, from, 0)
	}})
}
