// Stands for anything of a package that is not installed: every property is there, calls and constructors give another
// stub, a call with one function alone gives that function back, and callbacks are run once.
'use strict'

const made = new Map()

function stub (name) {
  if (!made.has(name)) made.set(name, make(name, true))
  return made.get(name)
}

function make (name, thenable) {
  const children = new Map()
  const get = (target, key) => {
    if (key === Symbol.toPrimitive) return () => 'stub'
    if (key === Symbol.iterator) return function * () {}
    if (key === Symbol.asyncIterator) return async function * () {}
    if (typeof key === 'symbol') return undefined
    if (key === 'then') return thenable ? (done, failed) => Promise.resolve(make(name, false)).then(done, failed) : undefined
    if (key === 'catch' || key === 'finally') return () => make(name, thenable)
    if (key === '__esModule' || key === 'toJSON') return undefined
    if (key === 'prototype') return target.prototype
    if (key === 'length') return 0
    if (key === 'name') return name
    if (key === 'toString' || key === 'valueOf') return () => 'stub'
    if (key === 'call') return (_, ...args) => proxy(...args)
    if (key === 'apply') return (_, args) => proxy(...(args || []))
    if (key === 'bind') return () => proxy
    if (!children.has(key)) children.set(key, make(`${name}.${key}`, true))
    return children.get(key)
  }
  const inherited = new Proxy({}, { get })
  const proxy = new Proxy(function () {}, {
    get,
    set: (_, key, value) => { children.set(key, value); return true },
    getPrototypeOf: () => inherited,
    apply: (_, self, args) => called(name, args),
    construct: (target, args, derived) => {
      if (derived !== proxy) return Object.create(derived.prototype)
      const out = called(name, args)
      return typeof out === 'function' || typeof out === 'object' ? out : make(name, false)
    }
  })
  return proxy
}

function called (name, args) {
  if (args.length === 1 && typeof args[0] === 'function') return args[0]
  for (const arg of args) {
    if (typeof arg !== 'function' || arg.set) continue
    setImmediate(() => {
      try {
        const out = arg(make('argument', false), make('argument', false), make('argument', false))
        if (out && out.catch) out.catch(() => undefined)
      } catch { /* The callback wanted something real. */ }
    })
  }
  return make(`${name}()`, true)
}

module.exports = { stub }
