/** The values that Java computed, from fixtures/*.json; `test/interop/java/Vectors.java` writes them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { columnBuilder } from '../../src/types/column-builder.ts'
import type { Column } from '../../src/types/column.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { appendValue, type InternalValue, utf8 } from '../../src/types/internal-value.ts'

/** A JSON file in fixtures. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures', name), 'utf8'))
}

/** The value that its JSON in the fixtures means: integers beyond 2^53, decimals and timestamps are texts there. */
export function vectorValue(type: DataType, json: unknown): InternalValue {
  if (json === null) return null
  switch (type.kind) {
    case 'BIGINT':
    case 'DECIMAL':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return BigInt(json as string)
    case 'FLOAT':
    case 'DOUBLE':
      return Number(json)
    case 'CHAR':
    case 'VARCHAR':
      return utf8(json as string)
    case 'BINARY':
    case 'VARBINARY':
      return hexBytes(json as string)
    case 'ARRAY':
    case 'VECTOR':
      return (json as unknown[]).map((item) => vectorValue(type.element, item))
    case 'MAP':
      return entries(type.key, type.value, json)
    case 'MULTISET':
      return entries(type.element, { kind: 'INT', nullable: false }, json)
    case 'ROW':
      return type.fields.map((field, i) => vectorValue(field.type, (json as unknown[])[i]))
    case 'VARIANT':
      return (json as string[]).map(hexBytes)
    default:
      return json as InternalValue
  }
}

function entries(key: DataType, value: DataType, json: unknown): InternalValue {
  return (json as unknown[][]).map((entry) => [
    vectorValue(key, entry[0]),
    vectorValue(value, entry[1]),
  ])
}

export function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** A column of the values. */
export function columnOf(type: DataType, values: readonly InternalValue[]): Column {
  const builder = columnBuilder(type)
  for (const value of values) appendValue(builder, type, value)
  return builder.finish()
}
