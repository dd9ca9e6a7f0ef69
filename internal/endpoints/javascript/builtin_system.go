package javascript

import "slices"

// builtinModules are what is known of Node's modules and of a few packages that projects use to find their files.
// It is filled in init, for the models use the interpreter.
var builtinModules Library

func init() {
	builtinModules = Library{
		"path": pathModule, "path/posix": pathModule, "upath": pathModule,
		"fs": fsModule, "fs/promises": promisedFS, "fs-extra": fsModule, "graceful-fs": fsModule,
		"url": urlModule, "util": utilModule, "events": eventsModule, "module-alias": aliasModule, "module": moduleModule,
		"glob": globModule, "fast-glob": globModule, "globby": globModule, "tiny-glob": globModule, "tiny-glob/sync": globModule,
		"lodash": lodashModule, "underscore": lodashModule, "lodash-es": lodashModule,
		"require-directory": requireDirectory, "require-dir": requireDirectory, "require-all": requireDirectory,
		"config": configModule, "app-root-path": rootPathModule, "app-module-path": modulePathModule,
		"module-alias/register": emptyModule, "dotenv": emptyModule, "dotenv/config": emptyModule, "tsconfig-paths/register": emptyModule,
		"process": func(in *Interpreter) Value { return in.Get(in.globals, "process") },
		"consign": consignModule, "typedi": containerModule, "tsyringe": containerModule, "inversify": containerModule,
		"zod": schemaModule, "zod/v3": schemaModule, "zod/v4": schemaModule, "joi": schemaModule, "@hapi/joi": schemaModule,
		"envalid": envalidModule, "@t3-oss/env-core": createEnvModule,
	}
}

func emptyModule(in *Interpreter) Value { return &Unknown{Name: "a module without exports"} }

func utilModule(in *Interpreter) Value {
	o := in.Object()
	o.Open = true
	in.define(o, methods{
		"promisify": func(c *Call) Value {
			function := c.Arg(0)
			return c.In.Func("promisified", func(c *Call) Value {
				p := &promise{}
				done := c.In.Func("done", func(c *Call) Value {
					p.value, p.settled = c.Arg(1), true
					return nil
				})
				inner := *c
				inner.Args = append(slices.Clone(c.Args), done)
				if IsUnknown(function) {
					return &Unknown{Name: "promisified"}
				}
				c.In.apply(function, &inner)
				return &Object{Class: ClassPromise, Proto: c.In.protos.promise, promise: p}
			})
		},
		"inherits": func(c *Call) Value {
			child, ok := c.Arg(0).(*Object)
			parent, isObject := c.Arg(1).(*Object)
			if ok && isObject && child.Call != nil && parent.Call != nil {
				c.In.setProto(c.In.prototype(child), c.In.prototype(parent))
			}
			return nil
		},
		"deprecate": same,
	})
	return o
}

// eventsModule models emitters whose listeners are called when something is emitted.
func eventsModule(in *Interpreter) Value {
	prototype := &Object{Proto: in.protos.object, Open: true}
	listeners := func(c *Call) *Object {
		o, ok := c.This.(*Object)
		if !ok {
			return nil
		}
		if list, ok := c.In.Get(o, "@@listeners").(*Object); ok {
			return list
		}
		list := c.In.Object()
		o.Hide("@@listeners", list)
		return list
	}
	on := func(c *Call) Value {
		event, known := c.In.propertyKey(c.Arg(0))
		if list := listeners(c); list != nil && known {
			array := AsArray(c.In.Get(list, event))
			if array == nil {
				array = c.In.Array(nil)
				list.Set(event, array)
			}
			c.In.push(array, c.Arg(1))
		}
		return c.This
	}
	in.define(prototype, methods{
		"on": on, "once": on, "addListener": on,
		"emit": func(c *Call) Value {
			event, known := c.In.propertyKey(c.Arg(0))
			if list := listeners(c); list != nil && known {
				if array := AsArray(c.In.Get(list, event)); array != nil {
					for _, listener := range slices.Clone(array.Items) {
						c.In.Call(listener, c.This, c.Args[1:])
					}
				}
			}
			return true
		},
		"removeListener": same, "setMaxListeners": same,
	})
	o := in.Func("EventEmitter", func(c *Call) Value {
		made := c.In.Object()
		made.Proto = prototype
		return made
	})
	o.Hide("prototype", prototype)
	o.Set("EventEmitter", o)
	return o
}
