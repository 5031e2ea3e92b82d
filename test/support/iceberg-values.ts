/** Values of Iceberg's types: as the JSON of the golden tables, and as bounds and partitions hold them. */
import type { DataType } from '../../src/types/data-type.ts'
import { shortestFloat } from '../../src/types/float-text.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import type { TreeType } from './iceberg-tree.ts'

/** The type that the library's readers of data files know. */
export function readTypeOf(type: string): DataType {
  const nullable = true
  const [, kind = '', first = '0', second = '0'] =
    /^([a-z]+)(?:[[(]\s*(\d+)\s*(?:,\s*(\d+)\s*)?[\])])?$/.exec(type) ?? []
  switch (kind) {
    case 'boolean':
      return { kind: 'BOOLEAN', nullable }
    case 'int':
      return { kind: 'INT', nullable }
    case 'long':
      return { kind: 'BIGINT', nullable }
    case 'float':
      return { kind: 'FLOAT', nullable }
    case 'double':
      return { kind: 'DOUBLE', nullable }
    case 'decimal':
      return { kind: 'DECIMAL', precision: Number(first), scale: Number(second), nullable }
    case 'date':
      return { kind: 'DATE', nullable }
    case 'timestamp':
      return { kind: 'TIMESTAMP', precision: 6, nullable }
    case 'timestamptz':
      return { kind: 'TIMESTAMP_LTZ', precision: 6, nullable }
    case 'string':
      return { kind: 'VARCHAR', length: 2 ** 31 - 1, nullable }
    case 'binary':
    case 'fixed':
      return { kind: 'VARBINARY', length: 2 ** 31 - 1, nullable }
    default:
      throw new Error(`no table here has the Iceberg type ${type}`)
  }
}

/** A value as the readers give it, in the JSON of the golden tables; fractions of seconds without their last zeros. */
export function icebergJson(type: TreeType, value: InternalValue): unknown {
  if (value === null) return null
  if (typeof type !== 'string') return nestedJson(type, value as readonly InternalValue[])
  const read = readTypeOf(type)
  switch (read.kind) {
    case 'BIGINT':
      return String(value)
    case 'FLOAT':
      return finite(shortestFloat(value as number))
    case 'DOUBLE':
      return finite(value as number)
    case 'DECIMAL':
      return decimalText(value as bigint, read.scale)
    case 'DATE':
      return new Date((value as number) * 86_400_000).toISOString().slice(0, -14)
    case 'TIMESTAMP':
      return timestampText(value as bigint)
    case 'TIMESTAMP_LTZ':
      return `${timestampText(value as bigint)}Z`
    case 'VARCHAR':
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(value as Uint8Array)
    case 'VARBINARY':
      return Buffer.from(value as Uint8Array).toString('hex')
    default:
      return value
  }
}

function nestedJson(type: Exclude<TreeType, string>, values: readonly InternalValue[]): unknown {
  switch (type.type) {
    case 'struct':
      return Object.fromEntries(
        type.fields.map((field, i) => [field.name, icebergJson(field.type, values[i]!)]),
      )
    case 'list':
      return values.map((value) => icebergJson(type.element, value))
    default: {
      const entries = values.map((entry) => {
        const [key, value] = entry as readonly InternalValue[]
        return [icebergJson(type.key, key!), icebergJson(type.value, value!)]
      })
      return entries.toSorted((a, b) => (JSON.stringify(a[0]) < JSON.stringify(b[0]) ? -1 : 1))
    }
  }
}

const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const point = digits.length - scale
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
  return unscaled < 0n ? `-${text}` : text
}

function timestampText(micros: bigint): string {
  const below = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((micros - below) / 1000n)).toISOString().slice(0, -5)
  return trimmed(`${seconds}.${String(below).padStart(6, '0')}`)
}

const trimmed = (text: string): string => text.replace(/\.?0*$/, '')

/** What the library's own reads say in the same form. */
export function untrailed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untrailed)
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, untrailed(each)]))
  const [, text, zone] = /^(\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+)(Z?)$/.exec(String(value)) ?? []
  return typeof value === 'string' && text !== undefined ? trimmed(text) + zone : value
}

/** A bound in Iceberg's single-value serialization, as the readers give values. Wider types keep the bytes of the narrower. */
export function boundValue(type: string, bytes: Uint8Array): InternalValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (readTypeOf(type).kind) {
    case 'BOOLEAN':
      return bytes[0] === 1
    case 'INT':
    case 'DATE':
      return view.getInt32(0, true)
    case 'BIGINT':
      return bytes.length === 4 ? BigInt(view.getInt32(0, true)) : view.getBigInt64(0, true)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return view.getBigInt64(0, true)
    case 'FLOAT':
      return view.getFloat32(0, true)
    case 'DOUBLE':
      return bytes.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
    case 'DECIMAL':
      return bigEndian(bytes)
    default:
      return bytes
  }
}

const bigEndian = (bytes: Uint8Array): bigint =>
  BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString('hex')}`))

/** A value of a partition, as avsc gives it, in the form that the readers give. */
export function partitionValue(type: string, value: unknown): InternalValue {
  if (value === null || value === undefined) return null
  const { kind } = readTypeOf(type)
  if (kind === 'DECIMAL') return bigEndian(value as Uint8Array)
  if (kind === 'VARCHAR') return new TextEncoder().encode(value as string)
  return kind === 'VARBINARY' ? new Uint8Array(value as Uint8Array) : (value as InternalValue)
}
