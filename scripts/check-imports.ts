/** Fails when a source file imports from a folder above its own, or from the public entry. The order below is the architecture. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

const LAYERS = [
  'util',
  'types',
  'io',
  'format',
  'snapshot',
  'indexes',
  'lsm',
  'iceberg-compat',
  'table',
  'sink',
  'catalog',
  'cli',
]
/** Neither may import the other. */
const SIBLINGS = new Set(['lsm>iceberg-compat', 'iceberg-compat>lsm'])
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]+)['"]/g

const root = resolve('src')
const problems: string[] = []
let edges = 0

function layerOf(file: string): string {
  return relative(root, file).split(sep)[0] ?? ''
}

for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
  const file = join(entry.parentPath, entry.name)
  const from = layerOf(file)
  const named = relative('.', file)
  if (from === 'index.ts') continue
  if (!LAYERS.includes(from)) problems.push(`${named}: ${from} is no layer`)
  for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    edges++
    const to = layerOf(resolve(dirname(file), target))
    if (!LAYERS.includes(to)) problems.push(`${named}: imports ${target}, which is in no layer`)
    else if (LAYERS.indexOf(to) > LAYERS.indexOf(from) || SIBLINGS.has(`${from}>${to}`))
      problems.push(`${named}: ${from} may not import ${to} (${target})`)
  }
}
if (edges === 0) problems.push('no import was found: the check itself is broken')
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
