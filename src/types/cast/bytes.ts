/**
 * Casts among CHAR, VARCHAR, BINARY and VARBINARY: CHAR and BINARY are filled up, and all are cut to their length.
 *
 * Follows `StringToStringCastRule`, `BinaryToBinaryCastRule` and `StringToBinaryCastRule`. A cast of bytes to a string
 * keeps them all, whatever its length (`BinaryToStringCastRule`).
 */
import { unsupported } from '../../util/errors.ts'
import { BytesBuilder } from '../column-builder.ts'
import { type BytesColumn, isPresent } from '../column.ts'
import type { BytesType, Cast } from './rule.ts'

/** Characters or bytes up to the length of the type; blanks fill up a CHAR, and zeros a BINARY. */
export function fitBytes(type: BytesType): Cast {
  const fitOf = fitFor(type)
  const filler = fillerOf(type)
  return (column) => {
    const source = column as BytesColumn
    const { data, starts, ends, length } = source
    let builder: BytesBuilder | null = null
    for (let i = 0; i < length; i++) {
      const isNull = !isPresent(source, i)
      const fit = isNull ? null : fitOf(data, starts[i]!, ends[i]!)
      if (fit === null && builder === null) continue
      builder ??= builderOf(source, i)
      if (isNull) builder.appendNull()
      else if (fit === null) builder.append(data, starts[i], ends[i])
      else builder.append(fitted(data, starts[i]!, fit, filler))
    }
    return builder?.finish() ?? source
  }
}

/** One value, fitted likewise. */
export function fitValue(type: BytesType, value: Uint8Array): Uint8Array {
  const fit = fitFor(type)(value, 0, value.length)
  return fit === null ? value : fitted(value, 0, fit, fillerOf(type))
}

/** Where the kept part of a value ends, and how many bytes fill it up. */
interface Fit {
  readonly end: number
  readonly fill: number
}

/** Null where the bytes `[from, to)` fit as they are. */
type FitOf = (data: Uint8Array, from: number, to: number) => Fit | null

function fitFor({ kind, length }: BytesType): FitOf {
  if (kind === 'BINARY' || kind === 'VARBINARY')
    return (_data, from, to) => {
      const size = to - from
      if (size === length || (kind === 'VARBINARY' && size < length)) return null
      return { end: from + Math.min(size, length), fill: Math.max(0, length - size) }
    }
  return (data, from, to) => {
    if (kind === 'VARCHAR' && to - from <= length) return null
    const { end, missing } = walk(data, from, to, length)
    const fill = kind === 'CHAR' ? missing : 0
    return end === to && fill === 0 ? null : { end, fill }
  }
}

function fillerOf({ kind }: BytesType): number {
  return kind === 'CHAR' ? 0x20 : 0
}

function fitted(data: Uint8Array, from: number, { end, fill }: Fit, filler: number): Uint8Array {
  if (fill > FILL_MAX) throw unsupported(`values are not filled up by ${fill} bytes`)
  const bytes = new Uint8Array(end - from + fill).fill(filler, end - from)
  bytes.set(data.subarray(from, end))
  return bytes
}

/** A type that is longer by so much is taken for a mistake: it would take all memory. */
const FILL_MAX = 1 << 26

/** A builder that holds the first rows already. */
function builderOf(source: BytesColumn, rows: number): BytesBuilder {
  const builder = new BytesBuilder()
  for (let i = 0; i < rows; i++)
    if (isPresent(source, i)) builder.append(source.data, source.starts[i], source.ends[i])
    else builder.appendNull()
  return builder
}

/** The end of the first so many characters, and how many of them there are not. */
function walk(
  data: Uint8Array,
  from: number,
  to: number,
  characters: number,
): { end: number; missing: number } {
  let end = from
  let missing = characters
  while (end < to && missing > 0) {
    end += characterBytes(data[end]!)
    missing--
  }
  return { end: Math.min(end, to), missing }
}

/** The bytes of a character, told by the first; a byte that starts none counts as one, as in Java's `BinaryString`. */
function characterBytes(first: number): number {
  if (first >= 0xf0 && first < 0xf8) return 4
  if (first >= 0xe0 && first < 0xf0) return 3
  return first >= 0xc2 && first < 0xe0 ? 2 : 1
}
