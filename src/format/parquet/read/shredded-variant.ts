/**
 * Puts shredded variants together again.
 *
 * Specification: "Reconstructing a Shredded Variant" of VariantShredding.md; makes the bytes of `ShreddingUtils.rebuild`
 * of Java.
 */
import { BytesBuilder } from '../../../types/column-builder.ts'
import type {
  BooleanColumn,
  BytesColumn,
  Column,
  FixedColumn,
  ListColumn,
  StructColumn,
} from '../../../types/column.ts'
import { isPresent } from '../../../types/column.ts'
import type { DataType } from '../../../types/data-type.ts'
import { VariantBuilder, type VariantField } from '../../../types/variant-builder.ts'
import { EncodedVariant, VariantKeys } from '../../../types/variant-copy.ts'
import { malformedVariant } from '../../../types/variant-layout.ts'
import { corrupt } from '../../../util/errors.ts'
import type { TypedShape } from './variant-plan.ts'

/** The variants of a struct of value, typed_value and metadata, as a struct of value and metadata. */
export function rebuildVariants(storage: StructColumn, typed: TypedShape): StructColumn {
  const { length, validity } = storage
  const metadata = storage.children[2] as BytesColumn
  const values = new BytesBuilder()
  const dictionaries = new BytesBuilder()
  // Most rows have the keys of the row before.
  let keys = new VariantKeys(NO_KEYS)
  const builder = new VariantBuilder((problem) => corrupt(`a variant is malformed: ${problem}`))
  for (let row = 0; row < length; row++) {
    if (!isPresent(storage, row)) {
      values.append(NOTHING)
      dictionaries.append(NOTHING)
      continue
    }
    if (!isPresent(metadata, row)) throw malformedVariant()
    builder.clear()
    const bytes = bytesAt(metadata, row)
    if (!keys.areOf(bytes)) keys = new VariantKeys(bytes)
    appendLevel({ builder, keys }, storage, row, typed)
    const variant = builder.result()
    values.append(variant.value)
    dictionaries.append(variant.metadata)
  }
  const children = [values.finish(), dictionaries.finish()]
  return { layout: 'struct', length, validity, children }
}

const NOTHING = new Uint8Array(0)
/** A metadata without keys. */
const NO_KEYS = Uint8Array.of(1, 0, 0)

interface Rebuild {
  readonly builder: VariantBuilder
  readonly keys: VariantKeys
}

/** Appends the value of one level: of a struct whose first children are value and typed_value. */
function appendLevel(
  rebuild: Rebuild,
  level: StructColumn,
  row: number,
  typed: TypedShape | null,
): void {
  const [value, typedValue] = level.children as [BytesColumn, Column]
  if (typed !== null && isPresent(typedValue, row)) {
    if (typed.kind === 'scalar') appendScalar(rebuild.builder, typedValue, row, typed)
    else if (typed.kind === 'array')
      appendArray(rebuild, typedValue as ListColumn, row, typed.element)
    else appendObject(rebuild, { object: typedValue as StructColumn, rest: value }, row, typed)
  } else if (isPresent(value, row))
    new EncodedVariant(bytesAt(value, row), rebuild.keys).appendTo(rebuild.builder)
  else throw malformedVariant()
}

function appendArray(
  rebuild: Rebuild,
  { starts, ends, child }: ListColumn,
  row: number,
  element: TypedShape | null,
): void {
  const { builder } = rebuild
  const start = builder.position
  const offsets: number[] = []
  for (let i = starts[row]!; i < ends[row]!; i++) {
    if (!isPresent(child, i)) throw malformedVariant()
    offsets.push(builder.position - start)
    appendLevel(rebuild, child as StructColumn, i, element)
  }
  builder.finishArray(start, offsets)
}

/** Appends the shredded fields that are there, then those that were left in `rest`. */
function appendObject(
  rebuild: Rebuild,
  { object, rest }: { object: StructColumn; rest: BytesColumn },
  row: number,
  { names, fields: shapes }: Extract<TypedShape, { kind: 'object' }>,
): void {
  const { builder, keys } = rebuild
  const start = builder.position
  const fields: VariantField[] = []
  for (const [i, name] of names.entries()) {
    const level = object.children[i] as StructColumn
    if (!isPresent(level, row)) throw malformedVariant()
    if (!level.children.some((part) => isPresent(part, row))) continue
    fields.push(builder.field(name, start))
    appendLevel(rebuild, level, row, shapes[i]!)
  }
  if (isPresent(rest, row)) {
    const shredded = fields.length
    new EncodedVariant(bytesAt(rest, row), keys).appendFields(builder, start, fields)
    for (const { key } of fields.slice(shredded)) if (names.includes(key)) throw malformedVariant()
  }
  builder.finishObject(start, fields)
}

function appendScalar(
  builder: VariantBuilder,
  column: Column,
  row: number,
  { type, isUuid }: Extract<TypedShape, { kind: 'scalar' }>,
): void {
  switch (column.layout) {
    case 'boolean':
      builder.appendBoolean(bitAt(column, row))
      break
    case 'bytes': {
      const bytes = bytesAt(column, row)
      if (isUuid) builder.appendUuid(bytes)
      else if (type.kind === 'VARCHAR') builder.appendText(bytes)
      else builder.appendBinary(bytes)
      break
    }
    default:
      appendFixed(builder, column as FixedColumn, row, type)
  }
}

function appendFixed(
  builder: VariantBuilder,
  { values }: FixedColumn,
  row: number,
  type: DataType,
): void {
  switch (type.kind) {
    case 'FLOAT':
      builder.appendFloat(Number(values[row]))
      break
    case 'DOUBLE':
      builder.appendDouble(Number(values[row]))
      break
    case 'DATE':
      builder.appendDate(Number(values[row]))
      break
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      builder.appendTimestamp(BigInt(values[row]!), type.kind === 'TIMESTAMP_LTZ')
      break
    case 'DECIMAL': {
      const words = values as BigInt64Array
      const unscaled = (words[2 * row + 1]! << 64n) | BigInt.asUintN(64, words[2 * row]!)
      if (!builder.appendDecimal(unscaled, type.scale)) throw malformedVariant()
      break
    }
    case 'BIGINT':
      builder.appendInteger((values as BigInt64Array)[row]!)
      break
    default:
      builder.appendInt(Number(values[row]))
  }
}

function bitAt({ bits }: BooleanColumn, row: number): boolean {
  return (bits[row >> 3]! & (1 << (row & 7))) !== 0
}

function bytesAt({ data, starts, ends }: BytesColumn, row: number): Uint8Array {
  return data.subarray(starts[row], ends[row])
}
