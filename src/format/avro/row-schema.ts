/**
 * The Avro schema that Paimon writes for a row type: the tree to encode by, and the JSON text for the header.
 *
 * Follows the Java class `AvroSchemaConverter`; the text is what Avro's `Schema.toString` gives for it.
 */
import type { DataField, DataType } from '../../types/data-type.ts'
import { decimalBytes } from '../../types/decimal-text.ts'
import { assert } from '../../util/assert.ts'
import { unsupported } from '../../util/errors.ts'
import {
  arrayOf,
  type AvroField,
  type AvroLogical,
  type AvroRecord,
  type AvroSchema,
  fixedOf,
  mapOf,
  primitiveOf,
  recordOf,
  unionOf,
} from './schema.ts'

export interface RowSchema {
  readonly record: AvroRecord
  /** The value of `avro.schema`. */
  readonly json: string
}

/**
 * Java's option `avro.row-name-mapping`: the names of records by the names they would have, and, with the key
 * `iceberg`, the field ids that Iceberg wants. See `IcebergManifestFile`.
 *
 * With that key decimals are `fixed` and timestamps say whether they are of UTC, as Iceberg's specification has it
 * ("Avro") and Java's Paimon has not. `iceberg_name_RECORD_FIELD` is the name of a field that is none in Avro.
 */
export type RowNames = ReadonlyMap<string, string>

const ROOT_NAME = 'org.apache.paimon.avro.generated.record'

/** UNSUPPORTED, naming the field, when the row type has no Avro form in Paimon. */
export function rowSchema(fields: readonly DataField[], names: RowNames = new Map()): RowSchema {
  const context: Context = { names, written: new Map(), iceberg: names.has('iceberg') }
  const { schema, json } = convertRow(fields, names.get(ROOT_NAME) ?? ROOT_NAME, context)
  return { record: schema as AvroRecord, json }
}

interface Context {
  readonly names: RowNames
  /** The JSON of each record so far: a second one of the same name is written as a reference. */
  readonly written: Map<string, string>
  readonly iceberg: boolean
}

interface Converted {
  readonly schema: AvroSchema
  readonly json: string
}

function convert(type: DataType, name: string, where: string, context: Context): Converted {
  const plain = convertPlain(type, context.names.get(name) ?? name, where, context)
  if (!type.nullable) return plain
  const schema = unionOf([{ kind: 'null', minBytes: 0, nodes: 1 }, plain.schema])
  return { schema, json: `["null",${plain.json}]` }
}

function convertPlain(type: DataType, name: string, where: string, context: Context): Converted {
  switch (type.kind) {
    case 'BOOLEAN':
      return simple('boolean')
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
      return simple('int')
    case 'BIGINT':
      return simple('long')
    case 'FLOAT':
      return simple('float')
    case 'DOUBLE':
      return simple('double')
    case 'CHAR':
    case 'VARCHAR':
      return simple('string')
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return simple('bytes')
    case 'DATE':
      return logical('int', { name: 'date' }, 'date')
    case 'TIME':
      if (type.precision > 3) throw tooPrecise(where, `TIME(${type.precision})`, 3)
      return logical('int', { name: 'time-millis' }, 'time-millis')
    case 'TIMESTAMP':
      if (context.iceberg) return icebergTimestamp(type.precision, false)
      return timestamp(type.precision, 'timestamp', where)
    case 'TIMESTAMP_LTZ':
      if (context.iceberg) return icebergTimestamp(type.precision, true)
      // The opposite of Avro's own meaning, and what Java writes.
      return timestamp(type.precision, 'local-timestamp', where)
    case 'DECIMAL': {
      const { precision, scale } = type
      if (context.iceberg) return fixedDecimal(precision, scale, context)
      const json = `{"type":"bytes","logicalType":"decimal","precision":${precision},"scale":${scale}}`
      return { schema: primitiveOf('bytes', { name: 'decimal', precision, scale }), json }
    }
    case 'ROW':
      return convertRow(type.fields, name, context, where)
    case 'ARRAY':
    case 'VECTOR': {
      const items = convert(type.element, name, `${where}.element`, context)
      const id = icebergId(`array_id_${name}`, 'element-id', context)
      return { schema: arrayOf(items.schema), json: `{"type":"array","items":${items.json}${id}}` }
    }
    case 'MAP':
      return convertMap(type.key, type.value, name, where, context)
    case 'MULTISET':
      if (type.element.kind !== 'VARCHAR' && type.element.kind !== 'CHAR')
        throw unsupported(
          `the field ${where} is a MULTISET, and Paimon 1.4 reads Avro files only with one of strings`,
          { hint: 'use the file format parquet' },
        )
      return convertMap(type.element, { kind: 'INT', nullable: true }, name, where, context)
    default:
      throw unsupported(`the field ${where} is of type ${type.kind}, which Avro files cannot hold`)
  }
}

type Simple = Parameters<typeof primitiveOf>[0]

function simple(kind: Simple): Converted {
  return { schema: primitiveOf(kind), json: `"${kind}"` }
}

function logical(kind: Simple, type: AvroLogical, name: string): Converted {
  return {
    schema: primitiveOf(kind, type),
    json: `{"type":"${kind}","logicalType":"${name}"}`,
  }
}

function timestamp(precision: number, prefix: string, where: string): Converted {
  if (precision > 6) throw tooPrecise(where, `TIMESTAMP(${precision})`, 6)
  const digits = precision <= 3 ? 3 : 6
  const unit = precision <= 3 ? 'millis' : 'micros'
  return logical('long', { name: 'timestamp', digits }, `${prefix}-${unit}`)
}

function icebergTimestamp(precision: number, isUtc: boolean): Converted {
  assert(precision > 3 && precision <= 6, 'timestamps in Iceberg metadata count microseconds')
  return {
    schema: primitiveOf('long', { name: 'timestamp', digits: 6 }),
    json: `{"type":"long","logicalType":"timestamp-micros","adjust-to-utc":${isUtc}}`,
  }
}

/** Of the fewest bytes that hold every value. Each has a name of its own: pyiceberg knows no references to a type. */
function fixedDecimal(precision: number, scale: number, { written }: Context): Converted {
  const plain = `decimal_${precision}_${scale}`
  const name = written.has(plain) ? `${plain}_${written.size}` : plain
  const sizeBytes = decimalBytes(precision)
  const logicalType = { name: 'decimal', precision, scale } as const
  const json = `{"type":"fixed","name":"${name}","size":${sizeBytes},"logicalType":"decimal","precision":${precision},"scale":${scale}}`
  written.set(name, json)
  return { schema: fixedOf(name, sizeBytes, logicalType), json }
}

const tooPrecise = (where: string, type: string, digits: number) =>
  unsupported(
    `the field ${where} is of type ${type}, and Avro files hold ${digits} digits of a second`,
    { hint: `use precision ${digits} or less, or the file format parquet` },
  )

/** A map with string keys is one of Avro; other keys make an array of records. */
function convertMap(
  key: DataType,
  value: DataType,
  mappedName: string,
  where: string,
  context: Context,
): Converted {
  if (key.kind === 'VARCHAR' || key.kind === 'CHAR') {
    const values = convert(value, mappedName, `${where}.value`, context)
    return { schema: mapOf(values.schema), json: `{"type":"map","values":${values.json}}` }
  }
  const name = (context.iceberg && context.names.get(`kv_name_${mappedName}`)) || mappedName
  const items = writeRecord(name, context, () => [
    {
      name: 'key',
      ...convert(key, `${name}_key`, `${where}.key`, context),
      properties: icebergId(`k_id_${name}`, 'field-id', context),
    },
    {
      name: 'value',
      ...convert(value, `${name}_value`, `${where}.value`, context),
      properties: nullDefault(value) + icebergId(`v_id_${name}`, 'field-id', context),
    },
  ])
  return {
    schema: arrayOf(items.schema),
    json: `{"type":"array","items":${items.json},"logicalType":"map"}`,
  }
}

function convertRow(
  fields: readonly DataField[],
  name: string,
  context: Context,
  where?: string,
): Converted {
  return writeRecord(name, context, () =>
    fields.map((field) => {
      const path = where === undefined ? field.name : `${where}.${field.name}`
      checkName(field.name, path)
      const id = context.iceberg
        ? `,"field-id":${field.id}${icebergName(name, field, context)}`
        : ''
      return {
        name: field.name,
        ...convert(field.type, `${name}_${field.name}`, path, context),
        properties: nullDefault(field.type) + id,
      }
    }),
  )
}

const nullDefault = (type: DataType): string => (type.nullable ? ',"default":null' : '')

function icebergName(record: string, { name }: DataField, { names }: Context): string {
  const original = names.get(`iceberg_name_${record}_${name}`)
  return original === undefined ? '' : `,"iceberg-field-name":${JSON.stringify(original)}`
}

function icebergId(key: string, property: string, { iceberg, names }: Context): string {
  const id = iceberg ? names.get(key) : undefined
  return id === undefined ? '' : `,"${property}":${Number(id)}`
}

interface RecordField extends AvroField {
  readonly json: string
  readonly properties: string
}

function writeRecord(name: string, context: Context, makeFields: () => RecordField[]): Converted {
  const fields = makeFields()
  const schema = recordOf(name, fields)
  const dot = name.lastIndexOf('.')
  const simpleName = name.slice(dot + 1)
  // Records within the first one share its namespace, which is written once.
  const namespace =
    dot > 0 && name === ROOT_NAME ? `,"namespace":${JSON.stringify(name.slice(0, dot))}` : ''
  const list = fields.map(
    (field) => `{"name":${JSON.stringify(field.name)},"type":${field.json}${field.properties}}`,
  )
  const json = `{"type":"record","name":${JSON.stringify(simpleName)}${namespace},"fields":[${list.join(',')}]}`
  const before = context.written.get(name)
  if (before === undefined) {
    context.written.set(name, json)
    return { schema, json }
  }
  if (before === json) return { schema, json: JSON.stringify(simpleName) }
  throw unsupported(`two rows within the row type would both be the Avro record ${simpleName}`, {
    hint: 'rename one of the fields, or use the file format parquet',
  })
}

/** Avro's names are letters, digits and underscores, and do not start with a digit; see Java's `Schema.validateName`. */
const NAME = /^[\p{L}_][\p{L}\p{Nd}_]*$/u
/** Java looks at UTF-16 units, so letters beyond the first plane are none to it. */
const BEYOND_FIRST_PLANE = /[\u{10000}-\u{10ffff}]/u

function checkName(name: string, where: string): void {
  if (NAME.test(name) && !BEYOND_FIRST_PLANE.test(name)) return
  throw unsupported(`the field name ${JSON.stringify(where)} is no name in Avro`, {
    hint: 'rename the field to letters, digits and underscores, or use the file format parquet',
  })
}
