#!/usr/bin/env node
// Writes the endpoints that an Express project really has: loads it, with listen() replaced, and looks at what it gave to Express.
//
//   truth.js PROJECT [-o truth.json]     PROJECT is the folder; run.json beside it says what is started:
//
//   {"apps": [{"root": "services/users", "main": "src/index.ts"}]}
//
// Without run.json, package.json's start script, main and the usual names are tried. Packages that are not installed become
// stubs. Express 4 or 5 is taken as package.json asks. ENDPOINT_TRUTH_NODE is the node_modules folder with package.json's packages.
'use strict'
const fs = require('fs')
const path = require('path')
const { spawnSync } = require('child_process')

process.env.ENDPOINT_TRUTH_NODE ||= path.join(__dirname, 'node_modules')
const NODE = process.env.ENDPOINT_TRUTH_NODE
const tools = require('./resolve.js')

const NAMES = ['index', 'server', 'app', 'main', 'src/index', 'src/server', 'src/main', 'src/app', 'bin/www', 'server/index', 'server/server', 'server/app', 'backend/index', 'backend/server']

/** The file that a start script runs, where it is built: the source that it is built from. */
function startOf (root) {
  const manifest = path.join(root, 'package.json')
  const candidates = []
  if (tools.isFile(manifest)) {
    const { scripts = {}, main } = tools.readJSON(manifest)
    for (const script of [scripts.start, scripts.dev, scripts.serve, scripts['start:dev']]) {
      candidates.push(...(script || '').split(/\s+/).filter((word) => /^[\w./-]+$/.test(word) && /[./]/.test(word)))
    }
    if (main) candidates.push(main)
  }
  for (const candidate of [...candidates, ...NAMES]) {
    for (const name of [candidate, candidate.replace(/^(\.\/)?(dist|build|lib|out)\//, 'src/'), candidate.replace(/^(\.\/)?(dist|build|lib|out)\//, '')]) {
      const file = tools.fileAt(path.resolve(root, name))
      if (file && /\.[cm]?[jt]sx?$|\/www$/.test(file)) return file
    }
  }
  throw new Error(`${root}: nothing to start; say it in run.json`)
}

function major (file, project) {
  for (let folder = path.dirname(file); folder.startsWith(project); folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json')
    if (!tools.isFile(manifest)) continue
    const { dependencies = {}, devDependencies = {} } = tools.readJSON(manifest)
    const range = dependencies.express || devDependencies.express
    if (range) return /5/.test(range.split('.')[0]) ? 5 : 4
  }
  return 4
}

function ask (project, spec) {
  const root = path.resolve(project, spec.root || '.')
  const main = spec.main ? tools.fileAt(path.resolve(root, spec.main)) : startOf(root)
  const express = path.join(NODE, `express${spec.express || major(main, project)}`, 'index.js')
  const done = spawnSync(process.execPath, ['--no-warnings', path.join(__dirname, 'load.js'), JSON.stringify({ project, root, main, express, version: spec.express || major(main, project) })], {
    encoding: 'utf8', timeout: 120000, maxBuffer: 1 << 28, env: { PATH: process.env.PATH, HOME: process.env.HOME, ENDPOINT_TRUTH_NODE: NODE, ...spec.env }
  })
  if (done.status !== 0) throw new Error(`${JSON.stringify(spec)}:\n${done.stderr}`)
  if (process.env.VERBOSE) process.stderr.write(done.stderr)
  return JSON.parse(done.stdout.split('\n\x1e').pop())
}

function unique (rows) {
  const kept = new Map()
  for (const row of rows) {
    const key = row.path + '\n' + row.method
    if (!kept.has(key)) kept.set(key, row)
  }
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0)
  return [...kept.values()].sort((a, b) => order(a.path, b.path) || order(a.method, b.method))
}

function main () {
  const words = process.argv.slice(2)
  const at = words.indexOf('-o')
  const output = at < 0 ? null : words.splice(at, 2)[1]
  const project = fs.realpathSync(words[0])
  const config = path.join(path.dirname(project), 'run.json')
  const specs = tools.isFile(config) ? tools.readJSON(config).apps : [{}]
  const rows = specs.flatMap((spec) => ask(project, spec))
  const text = JSON.stringify({ framework: 'express', endpoints: unique(rows) }, null, 1) + '\n'
  if (output) fs.writeFileSync(output, text)
  else process.stdout.write(text)
}

module.exports = { startOf }
if (require.main === module) main()
