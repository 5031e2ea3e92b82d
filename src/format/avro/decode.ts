/**
 * Reads Avro values into column builders, resolved by field name against the schema that wrote them.
 *
 * The pairs of Paimon type and Avro schema are those of the Java classes `AvroSchemaConverter` and `FieldReaderFactory`,
 * widened by the promotions of the Avro specification ("Schema Resolution") and by either order of a nullable union.
 */
import {
  BooleanBuilder,
  BytesBuilder,
  type ColumnBuilder,
  FixedBuilder,
  type ListBuilder,
  type StructBuilder,
} from '../../types/column-builder.ts'
import { type DataField, type DataType, notNull } from '../../types/data-type.ts'
import { corrupt, type LakeError, unsupported } from '../../util/errors.ts'
import { addFixed } from './decode-fixed.ts'
import { Program, type Step } from './program.ts'
import type { AvroRecord, AvroSchema } from './schema.ts'
import { addSkip } from './skip.ts'

/**
 * Adds what reads one record and appends a row to `builder`, whose children are those of `fields`.
 *
 * Fields that the writer did not have become null, at any depth, and fields that nobody asked for are skipped. Throws
 * UNSUPPORTED for a type that the schema cannot be read as, and CORRUPT where a NOT NULL field is missing; the program
 * throws CORRUPT where a NOT NULL value is null.
 */
export function addRecord(
  schema: AvroRecord,
  fields: readonly DataField[],
  builder: StructBuilder,
  program: Program,
  where = '',
): void {
  const wanted = new Map(fields.map((field, i) => [field.name, i]))
  const missing = new Set(fields.keys())
  for (const written of schema.fields) {
    const i = wanted.get(written.name)
    if (i === undefined) {
      addSkip(written.schema, program)
      continue
    }
    missing.delete(i)
    const path = where === '' ? written.name : `${where}.${written.name}`
    addValue(written.schema, fields[i]!.type, builder.children[i]!, program, path)
  }
  for (const i of missing) {
    const child = builder.children[i]!
    const { name, type } = fields[i]!
    if (!type.nullable)
      throw corrupt(`the Avro record ${schema.name} has no field ${JSON.stringify(name)}`)
    program.step(() => child.appendNull())
  }
  program.endRow(builder)
}

/** Adds what reads one value of the schema and appends it to the builder, which is one of the type's. */
function addValue(
  schema: AvroSchema,
  type: DataType,
  builder: ColumnBuilder,
  program: Program,
  where: string,
): void {
  if (schema.kind === 'union') {
    addUnion(schema.branches, type, builder, program, where)
    return
  }
  if (!addPlain(schema, type, builder, program, where)) throw unreadable(schema, type, where)
}

/** {@link addValue} of what is no union; false when the schema cannot be read as the type. */
function addPlain(
  schema: AvroSchema,
  type: DataType,
  builder: ColumnBuilder,
  program: Program,
  where: string,
): boolean {
  if (schema.kind === 'null') {
    program.step(type.nullable ? () => builder.appendNull() : refuseNull(where))
    return true
  }
  if (builder instanceof FixedBuilder) return addFixed(schema, type, builder, program, where)
  if (builder instanceof BytesBuilder) return addBytes(schema, builder, program)
  if (builder instanceof BooleanBuilder) {
    if (schema.kind !== 'boolean') return false
    program.boolean(builder)
    return true
  }
  if (type.kind === 'ROW') {
    if (schema.kind !== 'record') return false
    addRecord(schema, type.fields, builder as StructBuilder, program, where)
    return true
  }
  if (type.kind === 'ARRAY' || type.kind === 'VECTOR')
    return addArray(schema, type, builder as ListBuilder, program, where)
  if (type.kind === 'MAP')
    return addMap(schema, type.key, type.value, builder as ListBuilder, program, where)
  if (type.kind === 'MULTISET')
    return addMap(schema, type.element, COUNT, builder as ListBuilder, program, where)
  return false
}

/** A union of null and one other schema, in either order, or of one alone. */
function addUnion(
  branches: readonly AvroSchema[],
  type: DataType,
  builder: ColumnBuilder,
  program: Program,
  where: string,
): void {
  const nullBranch = branches.findIndex((branch) => branch.kind === 'null')
  const { cursor } = program
  if (branches.length === 1) {
    program.step(() => void cursor.readBranch(1))
    addValue(branches[0]!, type, builder, program, where)
    return
  }
  const value = branches[1 - nullBranch]
  if (branches.length > 2 || nullBranch < 0 || value === undefined)
    throw unsupported(`the Avro field ${where} may hold several types`)
  const addOther = (): void => addValue(value, type, builder, program, where)
  if (type.nullable) program.optional(nullBranch, builder, null, addOther)
  else program.optional(nullBranch, null, refuseNull(where), addOther)
}

function refuseNull(where: string): Step {
  return () => {
    throw corrupt(`the Avro field ${where} is null, and its type is NOT NULL`)
  }
}

function addBytes(schema: AvroSchema, builder: BytesBuilder, program: Program): boolean {
  if (schema.kind === 'fixed') {
    const { sizeBytes } = schema
    const { cursor } = program
    program.step(() => {
      const from = cursor.take(sizeBytes)
      builder.append(cursor.bytes, from, from + sizeBytes)
    })
    return true
  }
  if ((schema.kind !== 'bytes' && schema.kind !== 'string') || schema.logical !== null) return false
  program.bytes(builder)
  return true
}

function addArray(
  schema: AvroSchema,
  type: DataType & { element: DataType },
  builder: ListBuilder,
  program: Program,
  where: string,
): boolean {
  if (schema.kind !== 'array') return false
  const item = new Program(program.cursor)
  addValue(schema.items, type.element, builder.child, item, `${where}.element`)
  const length = type.kind === 'VECTOR' ? type.length : -1
  program.step(itemsStep(schema.items.minBytes, item, builder, length))
  return true
}

/** How often an element is in a multiset. */
const COUNT: DataType = { kind: 'INT', nullable: false }

/** A map is one of Avro (keys are strings) or an array of records with a key and a value. */
function addMap(
  schema: AvroSchema,
  key: DataType,
  value: DataType,
  builder: ListBuilder,
  program: Program,
  where: string,
): boolean {
  const entry = builder.child as StructBuilder
  const item = new Program(program.cursor)
  if (schema.kind === 'array' && schema.items.kind === 'record') {
    const fields = [
      { id: 0, name: 'key', type: notNull(key) },
      { id: 1, name: 'value', type: value },
    ]
    addRecord(schema.items, fields, entry, item, where)
    program.step(itemsStep(schema.items.minBytes, item, builder, -1))
    return true
  }
  const [keys, values] = entry.children
  if (schema.kind !== 'map' || !(keys instanceof BytesBuilder)) return false
  item.bytes(keys)
  addValue(schema.values, value, values!, item, `${where}.value`)
  item.endRow(entry)
  program.step(itemsStep(1 + schema.values.minBytes, item, builder, -1))
  return true
}

/** Runs of items up to the empty one that ends them; `length`, unless -1, is how many there must be. */
function itemsStep(minBytes: number, item: Program, builder: ListBuilder, length: number): Step {
  const { cursor } = item
  return () => {
    let total = 0
    for (;;) {
      const count = cursor.readItemCount(minBytes)
      if (count === 0) break
      const { itemsEnd } = cursor
      item.run(count)
      cursor.checkItemsEnd(itemsEnd)
      total += count
    }
    if (length >= 0 && total !== length)
      throw corrupt(`a vector of ${length} elements holds ${total}`)
    builder.endRow()
  }
}

function unreadable(schema: AvroSchema, type: DataType, where: string): LakeError {
  const logical = 'logical' in schema && schema.logical !== null ? ` (${schema.logical.name})` : ''
  return unsupported(
    `the Avro field ${where} is a ${schema.kind}${logical} and cannot be read as ${type.kind}`,
  )
}
