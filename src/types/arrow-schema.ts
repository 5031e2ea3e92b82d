/**
 * Paimon's types as Arrow types, both ways.
 *
 * Where the Arrow type alone would lose what the Paimon type says (CHAR(5) is a Utf8 like any string), the Arrow field
 * carries the Paimon type in its metadata. This file and its neighbours load apache-arrow, which takes a while:
 * import them only when Arrow data is asked for.
 */
import {
  Binary,
  Bool,
  DataType as ArrowDataType,
  type DataType as ArrowType,
  DateDay,
  Decimal,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  List,
  Map_,
  Precision,
  Schema,
  Struct,
  TimeMillisecond,
  Timestamp,
  TimeUnit,
  Type,
  Utf8,
} from 'apache-arrow'

import { invalid, unsupported } from '../util/errors.ts'
import { entryTypes } from './column-take.ts'
import { timestampUnit } from './column.ts'
import { asNullable, type DataField, type DataType, MAX_LENGTH, notNull } from './data-type.ts'
import { parseTypeText, typeText } from './type-text.ts'

/** The member of a field's metadata that holds the Paimon type. */
const TYPE_METADATA = 'paimon.type'

/** The Arrow schema of rows of the fields. */
export function arrowSchema(fields: readonly DataField[]): Schema {
  return new Schema(fields.map(({ name, type }) => arrowField(name, type)))
}

function arrowField(name: string, type: DataType): Field {
  const arrow = arrowType(type)
  const plain = typeOf(new Field(name, arrow, true), name)
  const hint = sameBut(plain, type) ? undefined : hintOf(type)
  const metadata = hint === undefined ? null : new Map([[TYPE_METADATA, hint]])
  return new Field(name, arrow, type.nullable, metadata)
}

/** Whether the types are the same apart from their nullability and from what nested fields say themselves. */
function sameBut(a: DataType, b: DataType): boolean {
  return hintOf(a) === hintOf(b)
}

function hintOf(type: DataType): string {
  return NESTED.has(type.kind) ? type.kind : typeText(asNullable(type))
}

const NESTED = new Set<DataType['kind']>(['ARRAY', 'MAP', 'MULTISET', 'ROW', 'VECTOR'])

/** The Arrow type of the values. */
function arrowType(type: DataType): ArrowType {
  switch (type.kind) {
    case 'BOOLEAN':
      return new Bool()
    case 'TINYINT':
      return new Int8()
    case 'SMALLINT':
      return new Int16()
    case 'INT':
      return new Int32()
    case 'BIGINT':
      return new Int64()
    case 'FLOAT':
      return new Float32()
    case 'DOUBLE':
      return new Float64()
    case 'DECIMAL':
      return new Decimal(type.scale, type.precision, 128)
    case 'DATE':
      return new DateDay()
    case 'TIME':
      return new TimeMillisecond()
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return new Timestamp(
        ARROW_UNIT[timestampUnit(type.precision)],
        type.kind === 'TIMESTAMP' ? null : 'UTC',
      )
    case 'CHAR':
    case 'VARCHAR':
      return new Utf8()
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return new Binary()
    case 'ARRAY':
      return new List(arrowField('item', type.element))
    case 'VECTOR':
      return new FixedSizeList(type.length, arrowField('item', type.element))
    case 'MAP':
    case 'MULTISET':
      return mapType(type)
    case 'VARIANT':
      return new Struct([
        new Field('value', new Binary(), false),
        new Field('metadata', new Binary(), false),
      ])
    default:
      return new Struct(type.fields.map((field) => arrowField(field.name, field.type)))
  }
}

const ARROW_UNIT = {
  3: TimeUnit.MILLISECOND,
  6: TimeUnit.MICROSECOND,
  9: TimeUnit.NANOSECOND,
} as const

function mapType(type: DataType): ArrowType {
  const [key, value] = entryTypes(type)
  const pair = new Struct<{ key: ArrowType; value: ArrowType }>([
    arrowField('key', notNull(key)),
    arrowField('value', value),
  ])
  return new Map_(new Field('entries', pair, false))
}

/**
 * The fields of a table that can hold the Arrow data; ids are given out in order, a field before those inside of it.
 * Throws INVALID for a name that stands twice and UNSUPPORTED for a type that Paimon has no like of.
 */
export function fieldsFromArrow(schema: Schema): DataField[] {
  const names = new Set<string>()
  for (const { name } of schema.fields) {
    if (names.has(name)) throw invalid(`the Arrow schema has two columns named "${name}"`)
    names.add(name)
  }
  let lastId = -1
  const withIds = (field: DataField): DataField => ({
    ...field,
    id: ++lastId,
    type: typeWithIds(field.type, withIds),
  })
  return schema.fields.map((field) =>
    withIds({ id: 0, name: field.name, type: typeOf(field, field.name) }),
  )
}

function typeWithIds(type: DataType, withIds: (field: DataField) => DataField): DataType {
  const inside = (inner: DataType): DataType => typeWithIds(inner, withIds)
  switch (type.kind) {
    case 'ROW':
      return { ...type, fields: type.fields.map(withIds) }
    case 'ARRAY':
    case 'MULTISET':
    case 'VECTOR':
      return { ...type, element: inside(type.element) }
    case 'MAP':
      return { ...type, key: inside(type.key), value: inside(type.value) }
    default:
      return type
  }
}

/** The type that the field's metadata names, where it fits the Arrow type, else the one nearest to the Arrow type. */
function typeOf(field: Field, path: string): DataType {
  const plain = plainType(field.type, path)
  const hint = field.metadata.get(TYPE_METADATA)
  const type = hint === undefined ? plain : hinted(plain, hint)
  return field.nullable ? type : notNull(type)
}

function hinted(plain: DataType, hint: string): DataType {
  if (plain.kind === 'MAP' && hint === 'MULTISET')
    return { kind: 'MULTISET', element: plain.key, nullable: true }
  if (plain.kind === 'VECTOR' && hint === 'ARRAY')
    return { kind: 'ARRAY', element: plain.element, nullable: true }
  if (NESTED.has(plain.kind) && hint !== 'VARIANT') return plain
  let named: DataType
  try {
    named = parseTypeText(hint, { nested: false })
  } catch {
    return plain
  }
  return arrowText(arrowType(named)) === arrowText(arrowType(plain)) ? asNullable(named) : plain
}

function plainType(arrow: ArrowType, path: string): DataType {
  if (ArrowDataType.isDictionary(arrow)) return plainType(arrow.dictionary as ArrowType, path)
  const nested = nestedType(arrow, path)
  if (nested !== undefined) return nested
  if (ArrowDataType.isBool(arrow)) return { kind: 'BOOLEAN', nullable: true }
  if (ArrowDataType.isInt(arrow)) return integerType(arrow.isSigned, arrow.bitWidth)
  if (ArrowDataType.isFloat(arrow))
    return { kind: arrow.precision === Precision.DOUBLE ? 'DOUBLE' : 'FLOAT', nullable: true }
  if (ArrowDataType.isDate(arrow)) return { kind: 'DATE', nullable: true }
  if (ArrowDataType.isTime(arrow)) return { kind: 'TIME', precision: 3, nullable: true }
  if (ArrowDataType.isTimestamp(arrow)) {
    const kind = hasZone(arrow) ? 'TIMESTAMP_LTZ' : 'TIMESTAMP'
    return { kind, precision: unitDigits(arrow.unit), nullable: true }
  }
  if (ArrowDataType.isFixedSizeBinary(arrow))
    return { kind: 'BINARY', length: arrow.byteWidth, nullable: true }
  if (STRING_TYPES.has(arrow.typeId)) return { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true }
  if (BYTES_TYPES.has(arrow.typeId))
    return { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true }
  if (ArrowDataType.isDecimal(arrow)) {
    const { precision, scale } = arrow
    if (precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision)
      return { kind: 'DECIMAL', precision, scale, nullable: true }
  }
  throw unsupported(`column ${path} is Arrow ${arrowText(arrow)}, which no Paimon type is like`)
}

function nestedType(arrow: ArrowType, path: string): DataType | undefined {
  if (ArrowDataType.isList(arrow) || ArrowDataType.isLargeList(arrow)) {
    const element = typeOf(arrow.children[0]!, `${path}[]`)
    return { kind: 'ARRAY', element, nullable: true }
  }
  if (ArrowDataType.isFixedSizeList(arrow)) {
    const element = typeOf(arrow.children[0]!, `${path}[]`)
    return VECTOR_ELEMENTS.has(element.kind) && arrow.listSize > 0
      ? { kind: 'VECTOR', element, length: arrow.listSize, nullable: true }
      : { kind: 'ARRAY', element, nullable: true }
  }
  if (ArrowDataType.isMap(arrow)) {
    const [key, value] = (arrow.children[0]!.type as Struct).children
    return {
      kind: 'MAP',
      key: notNull(typeOf(key!, `${path}.key`)),
      value: typeOf(value!, `${path}.value`),
      nullable: true,
    }
  }
  if (!ArrowDataType.isStruct(arrow)) return undefined
  const fields = arrow.children.map((field) => ({
    id: 0,
    name: field.name,
    type: typeOf(field, `${path}.${field.name}`),
  }))
  return { kind: 'ROW', fields, nullable: true }
}

/** Unsigned integers need the next wider type, and the widest a decimal. */
function integerType(isSigned: boolean, bitWidth: number): DataType {
  if (!isSigned && bitWidth === 64)
    return { kind: 'DECIMAL', precision: 20, scale: 0, nullable: true }
  const kinds = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'] as const
  const width = Math.log2(bitWidth / 8) + (isSigned ? 0 : 1)
  return { kind: kinds[width]!, nullable: true }
}

const STRING_TYPES = new Set<Type>([Type.Utf8, Type.LargeUtf8, Type.Utf8View])
const BYTES_TYPES = new Set<Type>([Type.Binary, Type.LargeBinary, Type.BinaryView])

/** What Paimon takes as elements of a VECTOR. */
const VECTOR_ELEMENTS = new Set<DataType['kind']>([
  'BOOLEAN',
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'FLOAT',
  'DOUBLE',
])

/** Whether the Arrow timestamps are instants. */
export function hasZone(type: Timestamp): boolean {
  return type.timezone !== null && type.timezone !== undefined && type.timezone !== ''
}

/** The digits after the second that Arrow's unit counts: 0, 3, 6 or 9. */
export function unitDigits(unit: TimeUnit): 0 | 3 | 6 | 9 {
  return (3 * unit) as 0 | 3 | 6 | 9
}

/** The name of an Arrow type, for messages: `Int64`, `Timestamp<MICROSECOND>`. */
export function arrowText(type: ArrowType): string {
  // Every Arrow type has a toString of its own, which the class above them does not declare.
  return (type as unknown as { toString: () => string }).toString()
}
