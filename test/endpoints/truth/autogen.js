#!/usr/bin/env node
// Writes what swagger-autogen finds in Express projects, to compare with: {"<folder>": [{method, path, summary, description, tags}]}.
//
//   autogen.js -o swagger-autogen.json FOLDER...     each FOLDER has project/ and maybe run.json
//
// It is given the files that truth.js starts. Where it fails it finds nothing.
'use strict'
const fs = require('fs')
const os = require('os')
const path = require('path')
const { spawnSync } = require('child_process')

process.env.ENDPOINT_TRUTH_NODE ||= path.join(__dirname, 'node_modules')
const tools = require('./resolve.js')
const { startOf } = require('./truth.js')

const RUN = `
const [autogen, output, entry] = process.argv.slice(1)
require(autogen)({ disableLogs: true })(output, [entry], { info: {} }).then(() => process.exit(0), () => process.exit(1))`

function find (root, entry) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autogen-'))
  const output = path.join(folder, 'swagger.json')
  try {
    spawnSync(process.execPath, ['-e', RUN, path.join(process.env.ENDPOINT_TRUTH_NODE, 'swagger-autogen'), output, entry], { cwd: root, timeout: 60000 })
    return rows(JSON.parse(fs.readFileSync(output, 'utf8')))
  } catch {
    return []
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function rows (document) {
  return Object.entries(document.paths || {}).flatMap(([route, operations]) => Object.entries(operations).map(([method, { summary = '', description = '', tags = [] }]) => {
    return { method: method.toUpperCase(), path: route.length > 1 ? route.replace(/\/$/, '') : route, summary, description, tags }
  }))
}

const words = process.argv.slice(2)
const output = words.splice(words.indexOf('-o'), 2)[1]
const all = {}
for (const folder of words) {
  const project = path.resolve(folder, 'project')
  const config = path.resolve(folder, 'run.json')
  const specs = tools.isFile(config) ? tools.readJSON(config).apps : [{}]
  all[folder] = specs.flatMap((spec) => {
    const root = path.resolve(project, spec.root || '.')
    return find(root, spec.main ? tools.fileAt(path.resolve(root, spec.main)) : startOf(root))
  })
}
fs.writeFileSync(output, JSON.stringify(all, null, 1) + '\n')
