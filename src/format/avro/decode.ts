/**
 * Steps that read Avro values into column builders, resolved by field name against the schema that wrote them.
 *
 * The pairs of Paimon type and Avro schema are those of the Java classes `AvroSchemaConverter` and `FieldReaderFactory`,
 * widened by the promotions of the Avro specification ("Schema Resolution") and by either order of a nullable union.
 */
import type { ColumnBuilder, ListBuilder, StructBuilder } from '../../types/column-builder.ts'
import { BooleanBuilder, BytesBuilder, FixedBuilder } from '../../types/column-builder.ts'
import { type DataField, type DataType, type NestedType, notNull } from '../../types/data-type.ts'
import { corrupt, type LakeError, unsupported } from '../../util/errors.ts'
import type { AvroCursor } from './cursor.ts'
import { fixedStep } from './decode-fixed.ts'
import type { AvroRecord, AvroSchema } from './schema.ts'
import { sequence, skipStep, type Step } from './skip.ts'

/**
 * A step that reads one record and appends a row to `builder`, whose children are those of `fields`.
 *
 * Fields that the writer did not have become null, at any depth, and fields that nobody asked for are skipped. Throws
 * UNSUPPORTED for a type that the schema cannot be read as, and CORRUPT where a NOT NULL field is missing; the step
 * throws CORRUPT where a NOT NULL value is null.
 */
export function recordStep(
  schema: AvroRecord,
  fields: readonly DataField[],
  builder: StructBuilder,
  cursor: AvroCursor,
  where = '',
): Step {
  const wanted = new Map(fields.map((field, i) => [field.name, i]))
  const steps = schema.fields.map((written): Step => {
    const i = wanted.get(written.name)
    if (i === undefined) return skipStep(written.schema, cursor)
    wanted.delete(written.name)
    const path = where === '' ? written.name : `${where}.${written.name}`
    return valueStep(written.schema, fields[i]!.type, builder.children[i]!, cursor, path)
  })
  for (const [name, i] of wanted) {
    const child = builder.children[i]!
    if (!fields[i]!.type.nullable)
      throw corrupt(`the Avro record ${schema.name} has no field ${JSON.stringify(name)}`)
    steps.push(() => child.appendNull())
  }
  steps.push(() => builder.endRow())
  return sequence(steps)
}

/** A step that reads one value of the schema and appends it to the builder, which is one of the type's. */
function valueStep(
  schema: AvroSchema,
  type: DataType,
  builder: ColumnBuilder,
  cursor: AvroCursor,
  where: string,
): Step {
  if (schema.kind === 'union') return unionStep(schema.branches, type, builder, cursor, where)
  if (schema.kind === 'null') return nullStep(type, builder, where)
  switch (type.kind) {
    case 'BOOLEAN':
      if (schema.kind !== 'boolean' || !(builder instanceof BooleanBuilder)) break
      return () => builder.append(cursor.readBoolean())
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      if (builder instanceof BytesBuilder) return bytesStep(schema, type, builder, cursor, where)
      break
    case 'ARRAY':
    case 'VECTOR':
    case 'MAP':
    case 'MULTISET':
      return listStep(schema, type, builder as ListBuilder, cursor, where)
    case 'ROW':
      if (schema.kind !== 'record') break
      return recordStep(schema, type.fields, builder as StructBuilder, cursor, where)
    case 'VARIANT':
      break
    default:
      if (builder instanceof FixedBuilder) {
        const step = fixedStep(schema, type, builder, cursor, where)
        if (step !== undefined) return step
      }
  }
  throw unreadable(schema, type, where)
}

function nullStep(type: DataType, builder: ColumnBuilder, where: string): Step {
  if (type.nullable) return () => builder.appendNull()
  return () => {
    throw isNull(where)
  }
}

/** A union of null and one other schema, in either order, or of that other alone. */
function unionStep(
  branches: readonly AvroSchema[],
  type: DataType,
  builder: ColumnBuilder,
  cursor: AvroCursor,
  where: string,
): Step {
  const valueBranch = branches.findIndex((branch) => branch.kind !== 'null')
  if (branches.filter((branch) => branch.kind !== 'null').length > 1)
    throw unsupported(`the Avro field ${where} may hold several types`)
  const { length } = branches
  const { nullable } = type
  const readValue =
    valueBranch < 0 ? () => {} : valueStep(branches[valueBranch]!, type, builder, cursor, where)
  return () => {
    if (cursor.readBranch(length) === valueBranch) readValue()
    else if (nullable) builder.appendNull()
    else throw isNull(where)
  }
}

function bytesStep(
  schema: AvroSchema,
  type: DataType,
  builder: BytesBuilder,
  cursor: AvroCursor,
  where: string,
): Step {
  if (schema.kind === 'fixed') {
    const { sizeBytes } = schema
    return () => {
      const from = cursor.take(sizeBytes)
      builder.append(cursor.bytes, from, from + sizeBytes)
    }
  }
  if (schema.kind !== 'bytes' && schema.kind !== 'string') throw unreadable(schema, type, where)
  if (schema.logical !== null) throw unreadable(schema, type, where)
  return () => {
    cursor.readBytes()
    builder.append(cursor.bytes, cursor.from, cursor.at)
  }
}

type ListType = Exclude<NestedType, { kind: 'ROW' }>

/** An array, or a map as one of Avro (keys are strings) or as an array of records with a key and a value. */
function listStep(
  schema: AvroSchema,
  type: ListType,
  builder: ListBuilder,
  cursor: AvroCursor,
  where: string,
): Step {
  if (type.kind !== 'MAP' && type.kind !== 'MULTISET') {
    if (schema.kind !== 'array') throw unreadable(schema, type, where)
    const item = valueStep(schema.items, type.element, builder.child, cursor, `${where}.element`)
    const length = type.kind === 'VECTOR' ? type.length : -1
    return itemsStep(schema.items.minBytes, item, builder, cursor, length)
  }
  const [key, value] = entryTypes(type)
  const entry = builder.child as StructBuilder
  if (schema.kind === 'array' && schema.items.kind === 'record') {
    const fields = [
      { id: 0, name: 'key', type: key },
      { id: 1, name: 'value', type: value },
    ]
    const item = recordStep(schema.items, fields, entry, cursor, where)
    return itemsStep(schema.items.minBytes, item, builder, cursor, -1)
  }
  const [keys, values] = entry.children
  if (schema.kind !== 'map' || !(keys instanceof BytesBuilder))
    throw unreadable(schema, type, where)
  const readValue = valueStep(schema.values, value, values!, cursor, `${where}.value`)
  const item = (): void => {
    cursor.readBytes()
    keys.append(cursor.bytes, cursor.from, cursor.at)
    readValue()
    entry.endRow()
  }
  return itemsStep(1 + schema.values.minBytes, item, builder, cursor, -1)
}

function entryTypes(type: Exclude<ListType, { kind: 'VECTOR' }>): [DataType, DataType] {
  return type.kind === 'MAP'
    ? [notNull(type.key), type.value]
    : [notNull(type.element), { kind: 'INT', nullable: false }]
}

/** Runs of items up to the empty one that ends them; `length`, unless -1, is how many there must be. */
function itemsStep(
  minBytes: number,
  readItem: Step,
  builder: ListBuilder,
  cursor: AvroCursor,
  length: number,
): Step {
  return () => {
    let total = 0
    for (;;) {
      const count = cursor.readItemCount(minBytes)
      if (count === 0) break
      const { itemsEnd } = cursor
      for (let i = 0; i < count; i++) readItem()
      cursor.checkItemsEnd(itemsEnd)
      total += count
    }
    if (length >= 0 && total !== length)
      throw corrupt(`a vector of ${length} elements holds ${total}`)
    builder.endRow()
  }
}

const isNull = (where: string): LakeError =>
  corrupt(`the Avro field ${where} is null, and its type is NOT NULL`)

function unreadable(schema: AvroSchema, type: DataType, where: string): LakeError {
  const logical = 'logical' in schema && schema.logical !== null ? ` (${schema.logical.name})` : ''
  return unsupported(
    `the Avro field ${where} is a ${schema.kind}${logical} and cannot be read as ${type.kind}`,
  )
}
