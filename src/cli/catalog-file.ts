/**
 * The options of a catalog from a file such as pypaimon's `paimon.yaml`: flat lines of `key: value`.
 *
 * That much of YAML is read and no more; whatever could mean something else (nesting, lists, several lines, anchors,
 * escapes) is refused, since a guess would open another warehouse.
 */
import { invalid, type LakeError } from '../util/errors.ts'

/** The options. INVALID, naming the line and `path`, for what is no flat list of them. */
export function parseCatalogFile(text: string, path: string): Record<string, string> {
  const options = Object.create(null) as Record<string, string>
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(?:#.*)?$/.test(line) || (i === 0 && /^---\s*$/.test(line))) continue
    const match = LINE.exec(line)
    if (match === null) throw refused(i, path, 'is no line of the form `key: value`')
    const { key = '', quotedKey, value = '' } = match.groups ?? {}
    const name = quotedKey ?? key
    if (Object.hasOwn(options, name)) throw refused(i, path, `sets ${name} a second time`)
    options[name] = parseValue(value, i, path)
  }
  return options
}

const LINE = /^(?:(?<key>[\w.-]+)|["'](?<quotedKey>[\w.-]+)["']):(?:\s+(?<value>.*?))?\s*$/
const QUOTED = /^(?:"(?<double>[^"\\]*)"|'(?<single>(?:[^']|'')*)')\s*(?:#.*)?$/
/** What begins something else than plain text in YAML. */
const SPECIAL = /^[[\]{}&*!|>%@`"'?]|^-(?:\s|$)|: |:$/

/** The message says nothing of the value, which may be secret. */
function parseValue(given: string, line: number, path: string): string {
  const quoted = QUOTED.exec(given)?.groups
  if (quoted !== undefined)
    return quoted['double'] ?? (quoted['single'] ?? '').replaceAll("''", "'")
  const value = given.replace(/(?:^|\s+)#.*$/, '')
  if (SPECIAL.test(value)) throw refused(line, path, 'has a value of a form that is not read here')
  if (value === '' || value === '~' || value.toLowerCase() === 'null')
    throw refused(line, path, 'has no value')
  return value
}

function refused(line: number, path: string, problem: string): LakeError {
  return invalid(`line ${line + 1} ${problem}`, {
    path,
    hint: 'write flat lines such as `warehouse: /data/warehouse`, with odd values in single quotes',
  })
}
