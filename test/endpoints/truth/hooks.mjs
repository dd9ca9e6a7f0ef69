// What Node asks about ECMAScript modules of the project: where they are, and their text with imports of absent packages made stubs.
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)
let project
let express
let tools

export async function initialize (data) {
  ({ project, express } = data)
  process.env.ENDPOINT_TRUTH_NODE = data.node
  tools = require('./resolve.js')
}

const inProject = (url) => url && url.startsWith('file:') && fileURLToPath(url).startsWith(project + '/')

export async function resolve (specifier, context, next) {
  const parent = context.parentURL
  if (specifier.startsWith('stub:')) return { url: specifier, shortCircuit: true }
  const from = inProject(parent) ? fileURLToPath(parent) : (specifier.startsWith('file:') ? fileURLToPath(specifier) : null)
  if (!from || !from.startsWith(project + '/')) return next(specifier, context)
  const found = tools.resolve(specifier, from, project)
  if (found === 'builtin') return next(specifier, context)
  if (found === 'express') return { url: pathToFileURL(express).href, format: 'commonjs', shortCircuit: true }
  if (found === null) return { url: 'stub:' + specifier, format: 'module', shortCircuit: true }
  return { url: pathToFileURL(found).href, shortCircuit: true }
}

export async function load (url, context, next) {
  if (url.startsWith('stub:')) return { format: 'module', source: `export default globalThis.truthStub(${JSON.stringify(url.slice(5))})`, shortCircuit: true }
  if (!inProject(url)) return next(url, context)
  const file = fileURLToPath(url)
  if (file.endsWith('.json')) return { format: 'module', source: `export default ${require('node:fs').readFileSync(file, 'utf8')}`, shortCircuit: true }
  if (!tools.isModule(file, project)) {
    return { format: 'module', source: commonJS(file), shortCircuit: true }
  }
  return { format: 'module', source: withStubs(tools.transform(file, 'esm'), file), shortCircuit: true }
}

/** A CommonJS module of the project, required on the main thread, where the other hooks are. */
function commonJS (file) {
  const names = [...require('node:fs').readFileSync(file, 'utf8').matchAll(/exports\.(\w+)\s*=/g)].map((match) => match[1])
  const exported = [...new Set(names)].filter((name) => name !== 'default').map((name) => `export const ${name} = all.${name}\n`).join('')
  return `const all = globalThis.truthRequire(${JSON.stringify(file)})\nexport default all\n${exported}`
}

/** esbuild prints each import on a line of its own, in one form. Lines stay where they are, for the source map. */
function withStubs (code, file) {
  return code.replace(/^import (?:([\w$]+)(?:, )?)?(?:(\{[^}]*\})|\* as ([\w$]+))? ?(?:from )?"([^"]+)"[^;\n]*;/gm, (line, main, names, star, specifier) => {
    let found
    try { found = tools.resolve(specifier, file, project) } catch { return line }
    if (found !== null) return line
    const stub = `globalThis.truthStub(${JSON.stringify(specifier)})`
    const lines = []
    if (main) lines.push(`const ${main} = ${stub};`)
    if (star) lines.push(`const ${star} = ${stub};`)
    if (names) lines.push(`const ${names.replace(/\s+/g, ' ').replace(/ as /g, ': ')} = ${stub};`)
    return lines.join(' ')
  }).replace(/^export (\{[^}]*\}|\*(?: as [\w$]+)?) from "([^"]+)";/gm, (line, names, specifier) => {
    let found
    try { found = tools.resolve(specifier, file, project) } catch { return line }
    return found === null ? '' : line
  })
}
