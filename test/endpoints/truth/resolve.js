// Finds the file that an import of the project means, as bundlers, TypeScript and Node do.
'use strict'
const fs = require('fs')
const path = require('path')
const { isBuiltin } = require('module')

const EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json']
const TYPESCRIPT = { '.js': ['.ts', '.tsx'], '.jsx': ['.tsx'], '.mjs': ['.mts'], '.cjs': ['.cts'] }

const isFile = (file) => fs.existsSync(file) && fs.statSync(file).isFile()
const isFolder = (file) => fs.existsSync(file) && fs.statSync(file).isDirectory()

function readJSON (file) {
  const ts = require(path.join(process.env.ENDPOINT_TRUTH_NODE, 'typescript'))
  return ts.parseConfigFileTextToJson(file, fs.readFileSync(file, 'utf8')).config || {}
}

/** The file at a path that may lack its extension, say .js where it is .ts, or name a folder. */
function fileAt (base) {
  if (isFile(base)) return base
  const extension = path.extname(base)
  for (const other of TYPESCRIPT[extension] || []) {
    const file = base.slice(0, -extension.length) + other
    if (isFile(file)) return file
  }
  for (const extension of EXTENSIONS) if (isFile(base + extension)) return base + extension
  if (!isFolder(base)) return null
  const manifest = path.join(base, 'package.json')
  const main = isFile(manifest) && mainOf(readJSON(manifest))
  if (main && fileAt(path.join(base, main))) return fileAt(path.join(base, main))
  return fileAt(path.join(base, 'index')) || fileAt(path.join(base, 'src', 'index'))
}

function mainOf (manifest) {
  const exported = manifest.exports && (manifest.exports['.'] || manifest.exports)
  if (typeof exported === 'string') return exported
  if (exported && typeof exported === 'object') return exported.import || exported.require || exported.default || manifest.main
  return manifest.main
}

/** Folders from that of a file up to the project's. */
function * upward (file, project) {
  for (let folder = path.dirname(file); folder.startsWith(project); folder = path.dirname(folder)) {
    yield folder
    if (folder === project) return
  }
}

function mapped (patterns, specifier) {
  for (const [pattern, targets] of Object.entries(patterns || {})) {
    const [head, tail] = pattern.split('*')
    if (tail === undefined ? specifier !== pattern : !(specifier.startsWith(head) && specifier.endsWith(tail))) continue
    const middle = tail === undefined ? '' : specifier.slice(head.length, specifier.length - tail.length)
    for (const target of [].concat(targets)) {
      const text = typeof target === 'string' ? target : target.import || target.default
      return text.replace('*', middle)
    }
  }
  return null
}

const workspaces = new Map()
function workspacePackages (project) {
  if (!workspaces.has(project)) {
    const found = {}
    const visit = (folder, depth) => {
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory() && entry.name !== 'node_modules' && depth < 4) visit(path.join(folder, entry.name), depth + 1)
        if (entry.name === 'package.json') found[readJSON(path.join(folder, entry.name)).name] = folder
      }
    }
    visit(project, 0)
    workspaces.set(project, found)
  }
  return workspaces.get(project)
}

/** Returns a file's path, 'builtin', 'express', or null for a package that is not there. Throws for a file of the project that is missing. */
function resolve (specifier, parent, project) {
  if (specifier.startsWith('file:')) specifier = require('url').fileURLToPath(specifier)
  if (/^\.{0,2}\//.test(specifier) || specifier === '.' || specifier === '..') {
    const file = fileAt(path.resolve(path.dirname(parent), specifier))
    if (!file) throw Object.assign(new Error(`Cannot find module '${specifier}' from '${parent}'`), { code: 'MODULE_NOT_FOUND' })
    return file
  }
  if (isBuiltin(specifier)) return 'builtin'
  for (const folder of upward(parent, project)) {
    for (const name of ['tsconfig.json', 'jsconfig.json']) {
      const config = path.join(folder, name)
      if (!isFile(config)) continue
      const { baseUrl, paths } = readJSON(config).compilerOptions || {}
      const target = mapped(paths, specifier)
      const base = path.resolve(folder, baseUrl || '.')
      const file = (target && fileAt(path.resolve(base, target))) || (baseUrl && fileAt(path.join(base, specifier)))
      if (file) return file
    }
    const manifest = path.join(folder, 'package.json')
    if (!isFile(manifest)) continue
    const { imports, _moduleAliases: aliases } = readJSON(manifest)
    const target = mapped(imports, specifier)
    if (target && fileAt(path.resolve(folder, target))) return fileAt(path.resolve(folder, target))
    for (const [alias, to] of Object.entries(aliases || {})) {
      if (specifier === alias || specifier.startsWith(alias + '/')) {
        const file = fileAt(path.resolve(folder, to + specifier.slice(alias.length)))
        if (file) return file
      }
    }
  }
  if (specifier === 'express') return 'express'
  for (const [name, folder] of Object.entries(workspacePackages(project))) {
    if (specifier === name || specifier.startsWith(name + '/')) {
      const file = fileAt(path.join(folder, specifier.slice(name.length)))
      if (file) return file
    }
  }
  return null
}

/** Reports whether Node loads a file as an ECMAScript module: by its extension, else by package.json. */
function isModule (file, project) {
  if (/\.m[jt]s$/.test(file)) return true
  if (/\.c[jt]s$|\.json$/.test(file)) return false
  for (const folder of upward(file, project)) {
    const manifest = path.join(folder, 'package.json')
    if (isFile(manifest)) return readJSON(manifest).type === 'module'
  }
  return false
}

const LOADERS = { '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' }

function transform (file, format) {
  const esbuild = require(path.join(process.env.ENDPOINT_TRUTH_NODE, 'esbuild'))
  const cjs = format === 'cjs'
  return esbuild.transformSync(fs.readFileSync(file, 'utf8'), {
    format,
    loader: LOADERS[path.extname(file)] || 'js',
    platform: 'node',
    target: 'node20',
    sourcefile: file,
    sourcemap: 'inline',
    keepNames: false,
    supported: cjs ? { 'dynamic-import': false } : {},
    define: cjs ? { 'import.meta.url': '__truth_url', 'import.meta.dirname': '__dirname' } : { 'import.meta.dirname': '__truth_dirname' },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, verbatimModuleSyntax: false } },
    banner: cjs ? 'var __truth_url = require("url").pathToFileURL(__filename).href;' : `var __truth_dirname = ${JSON.stringify(path.dirname(file))};`
  }).code
}

module.exports = { resolve, fileAt, readJSON, mainOf, isModule, transform, isFile }
