// Records what applications and routers are given: exact mount paths, methods, handlers and the places of the calls.
'use strict'
const docs = require('./docs.js')
const { METHODS } = require('http')

const owners = new Map() // application or router -> entries in order
const routes = new WeakMap() // what route() returned -> its entry
const mounted = new Set()
let inside = 0
let express
let project

function record (library, version, folder) {
  express = version
  project = folder
  const router = version === 5 ? library.Router.prototype : library.Router
  for (const target of [library.application, router]) {
    hook(target, 'use', (self, args, _, site) => used(self, args, site))
    hook(target, 'route', (self, [path], route) => {
      const entry = { route: [path], calls: [] }
      routes.set(route, entry)
      entriesOf(self).push(entry)
    })
    for (const method of ['all', ...METHODS.map((name) => name.toLowerCase())]) {
      hook(target, method, (self, [path, ...handlers], _, site) => {
        if (method === 'get' && handlers.length === 0) return
        entriesOf(self).push({ route: [path].flat(Infinity), calls: [{ method, handlers: handlers.flat(Infinity), site }] })
      })
    }
  }
  for (const method of ['all', ...METHODS.map((name) => name.toLowerCase())]) {
    hook(library.Route.prototype, method, (self, handlers, _, site) => {
      routes.get(self)?.calls.push({ method, handlers: handlers.flat(Infinity), site })
    })
  }
}

/** Calls that Express makes itself are not the project's. */
function hook (target, name, note) {
  const original = target[name]
  if (typeof original !== 'function') return
  target[name] = function (...args) {
    if (inside > 0) return original.apply(this, args)
    inside++
    let out
    try {
      out = original.apply(this, args)
    } finally {
      inside--
    }
    note(this, args, out, docs.callSite(project))
    return out
  }
}

function entriesOf (owner) {
  if (!owners.has(owner)) owners.set(owner, [])
  return owners.get(owner)
}

function used (self, args, site) {
  let first = args[0]
  while (Array.isArray(first) && first.length > 0) first = first[0]
  const withPath = typeof first !== 'function'
  const targets = (withPath ? args.slice(1) : args).flat(Infinity)
  targets.forEach((target) => mounted.add(target))
  entriesOf(self).push({ use: withPath ? [args[0]].flat(Infinity) : ['/'], targets, site })
}

function rowsOf (served) {
  let roots = [...served].filter((app) => owners.has(app) && !mounted.has(app))
  if (roots.length === 0) roots = [...owners.keys()].filter((owner) => typeof owner.set === 'function' && !mounted.has(owner))
  const found = []
  for (const app of roots) walk(app, '', found, [])
  return found.map((entry) => docs.describe(entry, project))
}

function walk (owner, prefix, found, parents) {
  if (parents.includes(owner)) return
  for (const entry of owners.get(owner) || []) {
    if (entry.use) {
      for (const target of entry.targets) {
        for (const path of entry.use) {
          const text = plain(path)
          if (owners.has(target) && text !== null) walk(target, prefix + trimmed(text), found, [...parents, owner])
        }
      }
      continue
    }
    for (const path of entry.route) {
      const text = plain(path)
      if (text === null) continue
      const full = written(prefix + (text === '/' ? '' : text === '*' ? '/*' : text)) || '/'
      for (const { method, handlers, site } of entry.calls) found.push({ method: method.toUpperCase(), path: full, handlers, site })
    }
  }
}

const trimmed = (path) => path.replace(/\/+$/, '')

/** A path as text, or null for a regular expression that is more than a plain string. */
function plain (path) {
  if (!(path instanceof RegExp)) return String(path)
  const source = path.source.replace(/^\^/, '').replace(/\$$/, '').replace(/\\\/\?$/, '').replace(/\\([/.-])/g, '$1')
  return /^[\w/.-]+$/.test(source) && !/\./.test(path.source.replace(/\\\./g, '')) ? source : null
}

/** Writes parameters as {name}. */
function written (path) {
  if (express === 5) {
    return path.replace(/\\(.)|[{}]/g, '$1').replace(/[:*]"([^"]+)"|[:*]([A-Za-z_$][\w$]*)/g, (_, quoted, name) => `{${quoted || name}}`)
  }
  return path.replace(/:(\w+)(\((?:[^()]|\([^()]*\))*\))?[?+*]?/g, '{$1}').replace(/\(\.\*\)/g, '*').replace(/\((\w+)\)\?/g, '$1').replace(/(\w)\?/g, '$1').replace(/\\(.)/g, '$1')
}

module.exports = { record, rowsOf }
