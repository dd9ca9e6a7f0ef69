// What JSDoc says of a route: the comment directly before the call, else before the handler's definition, and the YAML of
// @swagger and @openapi blocks.
'use strict'
const fs = require('fs')
const inspector = require('inspector')
const path = require('path')
const { findSourceMap } = require('module')
const { fileURLToPath } = require('url')
const NODE = process.env.ENDPOINT_TRUTH_NODE
const ts = require(path.join(NODE, 'typescript'))
const yaml = require(path.join(NODE, 'yaml'))

const session = new inspector.Session()
session.connect()
const scripts = new Map()
session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params.url))
const post = (method, params) => {
  let out
  session.post(method, params, (error, result) => { out = error ? null : result })
  return out
}
post('Debugger.enable')

const asFile = (url) => (url.startsWith('file:') ? fileURLToPath(url) : url)

/** The place in the project's own text that a place in what Node runs comes from; both counted from 0. */
function original (url, line, column) {
  const map = findSourceMap(url) || findSourceMap(asFile(url))
  const entry = map && map.findEntry(line, column)
  if (!entry || entry.originalLine === undefined) return { file: asFile(url), line, column }
  return { file: asFile(url), line: entry.originalLine, column: entry.originalColumn }
}

/** Where in the project the innermost call under way was written. */
function callSite (project) {
  const { prepareStackTrace, stackTraceLimit } = Error
  Error.stackTraceLimit = 30
  Error.prepareStackTrace = (_, frames) => frames
  const frames = new Error('here').stack
  Error.prepareStackTrace = prepareStackTrace
  Error.stackTraceLimit = stackTraceLimit
  const frame = frames.find((one) => asFile(one.getFileName() || '').startsWith(project + path.sep))
  return frame && original(frame.getFileName(), frame.getLineNumber() - 1, frame.getColumnNumber() - 1)
}

const trees = new Map()
function treeOf (file) {
  if (!trees.has(file)) trees.set(file, ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true))
  return trees.get(file)
}

function * nodes (node) {
  yield node
  const children = []
  ts.forEachChild(node, (child) => { children.push(child) })
  for (const child of children) yield * nodes(child)
}

const positionOf = (tree, { line, column }) => tree.getPositionOfLineAndCharacter(Math.min(line, tree.getLineStarts().length - 1), 0) + column

/** The call expression at a place: the one whose callee's name begins nearest to it. */
function callAt (site) {
  const tree = treeOf(site.file)
  const position = positionOf(tree, site)
  let best = null
  for (const node of nodes(tree)) {
    if (!ts.isCallExpression(node) || position < node.expression.getStart() || position > node.expression.end) continue
    const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.getStart() : node.expression.getStart()
    const distance = Math.abs(name - position)
    if (!best || distance < best.distance) best = { node, distance }
  }
  return best && best.node
}

/** The JSDoc comment before a node's text, with only white space between. */
function commentBefore (node) {
  const text = node.getSourceFile().text
  const ranges = ts.getLeadingCommentRanges(text, node.pos) || []
  const last = ranges[ranges.length - 1]
  return last ? jsdoc(text.slice(last.pos, last.end)) : null
}

function jsdoc (comment) {
  if (!comment.startsWith('/**') || comment === '/**/') return null
  return comment.slice(3, -2).split('\n').map((line) => line.replace(/^\s*\*? ?/, '')).join('\n')
}

function commentOfCall (call) {
  const callee = call.expression
  if (ts.isPropertyAccessExpression(callee)) {
    const between = call.getSourceFile().text.slice(callee.expression.end, callee.name.getStart())
    const match = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\s*\??\.\s*$/.exec(between)
    if (match) return jsdoc(match[1])
  }
  let node = call
  while (node.parent && ((ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node) || (ts.isCallExpression(node.parent) && node.parent.expression === node) || ts.isAwaitExpression(node.parent) || ts.isParenthesizedExpression(node.parent))) node = node.parent
  return node.parent && ts.isExpressionStatement(node.parent) ? commentBefore(node.parent) : null
}

/** The function at a place, and the declaration, assignment or property that gives it its name. */
function functionAt (place) {
  const tree = treeOf(place.file)
  const position = positionOf(tree, place)
  let found = null
  for (const node of nodes(tree)) {
    if (ts.isFunctionLike(node) && node.body && node.getStart() <= position && position <= node.end && !(node.body.getStart() < position && position < node.body.end)) found = node
  }
  let node = found
  while (node) {
    const parent = node.parent
    if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node) || ts.isExportAssignment(node) || ts.isVariableStatement(node) || ts.isExpressionStatement(node)) return node
    const passes = ts.isVariableDeclaration(parent) || ts.isVariableDeclarationList(parent) || ts.isVariableStatement(parent) || ts.isBinaryExpression(parent) || ts.isExpressionStatement(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent) || ts.isExportAssignment(parent) || ts.isParenthesizedExpression(parent) || ts.isAsExpression(parent) || (ts.isCallExpression(parent) && parent.arguments.includes(node))
    if (!passes) return null
    node = parent
  }
  return null
}

/** Reports whether a function was made by another one, as wrappers make them, and is no member of an object or class. */
function isMade (host) {
  if (!host) return true
  if (ts.isMethodDeclaration(host) || ts.isPropertyAssignment(host) || ts.isPropertyDeclaration(host)) return false
  return Boolean(ts.findAncestor(host.parent, ts.isFunctionLike))
}

/**
 * The comment of the definition of a handler. A bound function names its target, a wrapper's closure holds what it wraps;
 * wrapped says that the handler was wrapped in the route's call.
 */
function commentOfHandler (handler, wrapped, project) {
  globalThis.truthValue = handler
  let object = post('Runtime.evaluate', { expression: 'globalThis.truthValue' }).result
  for (let depth = 0; depth < 6; depth++) {
    const { internalProperties = [] } = post('Runtime.getProperties', { objectId: object.objectId, ownProperties: true }) || {}
    const property = (name) => internalProperties.find((one) => one.name === name)?.value
    const target = property('[[TargetFunction]]')
    if (target) {
      object = target
      continue
    }
    const place = placeOf(property('[[FunctionLocation]]'), project)
    if (!place) return null
    const host = functionAt(place)
    const inner = (wrapped || isMade(host)) && innerFunction(property('[[Scopes]]'), project)
    if (!inner) return host && commentBefore(host)
    object = inner
  }
  return null
}

function placeOf (location, project) {
  const url = location && scripts.get(location.value.scriptId)
  return url && asFile(url).startsWith(project + path.sep) ? original(url, location.value.lineNumber, location.value.columnNumber) : null
}

function innerFunction (scopes, project) {
  const list = scopes && post('Runtime.getProperties', { objectId: scopes.objectId, ownProperties: true })
  const nearest = list && list.result.find((one) => one.name === '0')?.value
  if (!nearest || !/^Closure \(/.test(nearest.description || '')) return null
  const { result } = post('Runtime.getProperties', { objectId: nearest.objectId, ownProperties: true })
  return result.map((one) => one.value).find((value) => {
    if (!value || value.type !== 'function' || /^class\b/.test(value.description || '')) return false
    const { internalProperties = [] } = post('Runtime.getProperties', { objectId: value.objectId, ownProperties: true }) || {}
    const has = (name) => internalProperties.find((one) => one.name === name)?.value
    return has('[[TargetFunction]]') || placeOf(has('[[FunctionLocation]]'), project)
  })
}

function isWrapped (call) {
  let last = call && call.arguments[call.arguments.length - 1]
  while (last && ts.isArrayLiteralExpression(last)) last = last.elements[last.elements.length - 1]
  return Boolean(last) && ts.isCallExpression(last)
}

let blocks = null
/** All YAML blocks of the project, as {path, method, operation}. */
function swaggerBlocks (project) {
  if (blocks) return blocks
  blocks = []
  const visit = (folder) => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name)
      if (entry.isDirectory() && entry.name !== 'node_modules') visit(file)
      else if (/\.[cm]?[jt]sx?$/.test(entry.name)) {
        for (const match of fs.readFileSync(file, 'utf8').matchAll(/\/\*\*(?:(?!\*\/)[\s\S])*\*\//g)) blocks.push(...blocksIn(jsdoc(match[0]) || ''))
      }
    }
  }
  visit(project)
  return blocks
}

function blocksIn (comment) {
  const found = []
  for (const part of comment.split(/^\s*(?=@\w)/m)) {
    const match = /^@(?:swagger|openapi)\b[^\n]*\n([\s\S]*)/.exec(part)
    if (!match) continue
    let content
    try { content = yaml.parse(match[1]) } catch { continue }
    const paths = content && (content.paths || content)
    for (const [route, operations] of Object.entries(paths || {})) {
      if (!route.startsWith('/') || !operations || typeof operations !== 'object') continue
      for (const [method, operation] of Object.entries(operations)) {
        if (operation && typeof operation === 'object' && !Array.isArray(operation)) found.push({ path: route.replace(/:(\w+)/g, '{$1}'), method: method.toUpperCase(), operation })
      }
    }
  }
  return found
}

/** Text before the first tag: its first line, and the rest. */
function parts (comment) {
  const text = (comment || '').split(/^\s*@\w/m)[0].trim()
  const at = text.indexOf('\n')
  return at < 0 ? [text, ''] : [text.slice(0, at).trim(), text.slice(at).split('\n').map((line) => line.trimEnd()).join('\n').trim()]
}

function describe ({ method, path: served, handlers, site }, project) {
  const call = site && callAt(site)
  const before = call && commentOfCall(call)
  const handler = handlers.filter((one) => typeof one === 'function').pop()
  const comment = before ?? (handler ? commentOfHandler(handler, isWrapped(call), project) : null)
  let [summary, description] = parts(comment)
  const own = comment ? blocksIn(comment).find((one) => one.method === method && (served === one.path || served.endsWith(one.path))) : null
  const block = swaggerBlocks(project).find((one) => one.method === method && one.path === served) || own
  let tags = []
  if (block) {
    summary = String(block.operation.summary ?? summary).trim()
    description = String(block.operation.description ?? description).trim()
    tags = [block.operation.tags ?? []].flat().map(String)
  }
  return { method, path: served, summary, description, tags }
}

module.exports = { callSite, describe }
