// Loads one application in this process and prints its rows; truth.js starts it.
'use strict'
const http = require('http')
const https = require('https')
const net = require('net')
const Module = require('module')
const path = require('path')
const { pathToFileURL } = require('url')
const tools = require('./resolve.js')
const { stub } = require('./stub.js')
const { rowsOf, record } = require('./record.js')

const { project, root, main, express, version } = JSON.parse(process.argv[2])
const NODE = process.env.ENDPOINT_TRUTH_NODE
for (const name of Object.keys(process.env)) if (name === 'ENDPOINT_TRUTH_NODE') delete process.env[name]
process.env.ENDPOINT_TRUTH_NODE = NODE
process.chdir(root)
process.argv.splice(1, 2, main)
process.setSourceMapsEnabled(true)
globalThis.truthStub = stub

// CommonJS: resolve as the project does, compile what Node cannot.
const resolveFilename = Module._resolveFilename
Module._resolveFilename = function (request, parent, ...rest) {
  const from = parent && parent.filename
  if (!from || !from.startsWith(project + path.sep)) return resolveFilename.call(this, request, parent, ...rest)
  const found = tools.resolve(request, from, project)
  if (found === 'builtin') return resolveFilename.call(this, request, parent, ...rest)
  if (found === 'express') return express
  return found === null ? 'stub:' + request : found
}
const load = Module._load
Module._load = function (request, parent, isMain) {
  const from = parent && parent.filename
  if (from && from.startsWith(project + path.sep) && tools.resolve(request, from, project) === null) return stub(request)
  return load.call(this, request, parent, isMain)
}
const compile = (module, file) => {
  if (!file.startsWith(project + path.sep)) return javascript(module, file)
  module._compile(tools.transform(file, 'cjs'), file)
}
const javascript = Module._extensions['.js']
for (const extension of ['.js', '.jsx', '.ts', '.tsx', '.mts', '.cts', '.mjs', '.cjs']) Module._extensions[extension] = compile

Module.register('./hooks.mjs', { parentURL: pathToFileURL(__filename).href, data: { project, express, node: NODE } })
const requireMain = Module.createRequire(main)
globalThis.truthRequire = (file) => requireMain(file)

// Nothing listens, exits or stays.
const served = new Set()
const note = (handler) => { if (typeof handler === 'function' && typeof handler.set === 'function') served.add(handler) }
net.Server.prototype.listen = function (...args) {
  const callback = args.find((arg) => typeof arg === 'function')
  if (callback) setImmediate(callback)
  return this
}
for (const library of [http, https]) {
  const create = library.createServer
  library.createServer = (...args) => {
    args.forEach(note)
    return library === https ? http.createServer() : create(...args)
  }
}
process.exit = () => undefined
process.on('uncaughtException', (error) => process.stderr.write(`uncaught: ${error && error.stack}\n`))
process.on('unhandledRejection', (error) => process.stderr.write(`unhandled: ${error && error.stack}\n`))
for (const name of ['log', 'info', 'debug']) console[name] = () => undefined

// The package colors gives strings these.
for (const name of ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white', 'gray', 'grey', 'bold', 'dim', 'italic', 'underline', 'inverse', 'rainbow']) {
  Object.defineProperty(String.prototype, name, { get () { return String(this) }, configurable: true })
}

record(require(express), version, project)

async function start () {
  const exported = tools.isModule(main, project) ? await import(pathToFileURL(main).href) : requireMain(main)
  for (const value of [exported, ...Object.values(exported || {})]) {
    if (value && typeof value === 'function' && typeof value.handle === 'function' && value.listen) note(value)
  }
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 5))
  const rows = rowsOf(served)
  process.stdout.write('\n\x1e' + JSON.stringify(rows), () => process.reallyExit(0))
}

start().catch((error) => {
  process.stderr.write(`${error && error.stack}\n`)
  process.reallyExit(1)
})
