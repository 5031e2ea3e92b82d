/**
 * Partitions: their directories, their values, and the texts that name them.
 *
 * Follows `PartitionPathUtils` and `InternalRowPartitionComputer`. A directory's name does not tell its value (null and
 * '' share one), so values are taken from manifests, where they are BinaryRows.
 */
import { invalid, unsupported } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { deserializeBinaryRow } from './binary-row-decode.ts'
import { serializeBinaryRow } from './binary-row.ts'
import type { DataField, DataType } from './data-type.ts'
import type { InternalValue } from './internal-value.ts'
import { typeText } from './type-text.ts'
import { castText, javaText, parseValueText } from './value-text.ts'

/** The options that decide how partitions are named: `partition.default-name` and `partition.legacy-name`. */
export interface PartitionNaming {
  readonly defaultName: string
  readonly legacyName: boolean
}

/**
 * The path of the partition's directory inside the table, such as `dt=2020-01-01/region=eu`; '' for a table without
 * partitions. `fields` are the partition keys in their order.
 */
export function partitionPath(
  fields: readonly DataField[],
  values: readonly InternalValue[],
  naming: PartitionNaming,
): string {
  return fields
    .map((field, i) => {
      const text = partitionText(field.type, values[i] ?? null, naming)
      return `${escapePathName(field.name)}=${escapePathName(text)}`
    })
    .join('/')
}

/** The value as text, not escaped: null, '' and blank texts are the default name. */
export function partitionText(
  type: DataType,
  value: InternalValue,
  naming: PartitionNaming,
): string {
  if (value === null) return naming.defaultName
  if (naming.legacyName && (type.kind === 'BINARY' || type.kind === 'VARBINARY'))
    throw unsupported(`partitions by a column of type ${typeText(type)} have no stable names`, {
      hint: 'set partition.legacy-name = false when the table is created',
    })
  const text = naming.legacyName ? javaText(type, value) : castText(type, value)
  return JAVA_BLANK.test(text) ? naming.defaultName : text
}

/** Only what Java's Character.isWhitespace holds for: no-break spaces are not blank. */
// oxlint-disable-next-line no-control-regex -- four control characters are blank
const JAVA_BLANK = /^[\t-\r\u001c-\u0020\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]*$/

/** Replaces what must not be in a path by `%` and two hexadecimal digits. */
export function escapePathName(name: string): string {
  return name.replace(
    ESCAPED,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

// oxlint-disable-next-line no-control-regex -- control characters are among what has to be escaped
const ESCAPED = /[\u0000-\u001f\u007f"#%'*/:=?\\{}[\]^]/g

/** The reverse of {@link escapePathName}; a `%` without two hexadecimal digits stays. */
export function unescapePathName(name: string): string {
  return name.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/** The partition's values as manifests store them in `_PARTITION`. */
export function encodePartition(
  fields: readonly DataField[],
  values: readonly InternalValue[],
): Uint8Array {
  return serializeBinaryRow(
    fields.map((field) => field.type),
    values,
  )
}

/** The values of `_PARTITION`. Throws CORRUPT when the bytes are no row of the partition keys. */
export function decodePartition(fields: readonly DataField[], bytes: Uint8Array): InternalValue[] {
  return deserializeBinaryRow(
    fields.map((field) => field.type),
    bytes,
  )
}

/**
 * Parses `dt=2020-01-01,region=eu`, as the command line takes partitions. A backslash keeps the next character from
 * ending a name or a value (`city=Paris\, Texas`).
 */
export function parsePartitionSpec(text: string): Map<string, string> {
  const spec = new Map<string, string>()
  for (const part of splitUnescaped(text, ',')) {
    const [name, ...rest] = splitUnescaped(part, '=')
    if (name === undefined || name.trim() === '' || rest.length === 0)
      throw invalid(`"${part}" in the partition "${text}" is no NAME=VALUE`, {
        hint: 'write a partition as dt=2020-01-01,region=eu',
      })
    const key = unescapeBackslashes(name.trim())
    if (spec.has(key)) throw invalid(`the partition "${text}" names "${key}" twice`)
    spec.set(key, unescapeBackslashes(rest.join('=')))
  }
  return spec
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === separator) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

function unescapeBackslashes(text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}

/**
 * The values that a spec gives to the partition keys, in their order; undefined for a key that it leaves out. The
 * default name means null. Throws INVALID for a name that is no partition key and a text that is no value.
 */
export function partitionValues(
  fields: readonly DataField[],
  spec: ReadonlyMap<string, string>,
  naming: PartitionNaming,
): (InternalValue | undefined)[] {
  const names = fields.map((field) => field.name)
  for (const name of spec.keys())
    if (!names.includes(name))
      throw invalid(`"${name}" is no partition key${didYouMean(name, names)}`, {
        hint:
          names.length === 0
            ? 'the table has no partitions'
            : `the partition keys are ${names.join(', ')}`,
      })
  return fields.map(({ name, type }) => {
    const text = spec.get(name)
    if (text === undefined) return undefined
    return text === naming.defaultName ? null : parseValueText(type, text)
  })
}
