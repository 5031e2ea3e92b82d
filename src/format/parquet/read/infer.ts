/** The Paimon types that a Parquet file of any writer reads as, when no table schema says so. */
import { type DataField, type DataType, MAX_LENGTH } from '../../../types/data-type.ts'
import { unsupported } from '../../../util/errors.ts'
import { CONVERTED, type LogicalType, PHYSICAL, REPETITION } from '../metadata.ts'
import { type GroupNode, type LeafNode, listForm, mapForm, type Node } from '../tree.ts'

const STRING: DataType = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true }
const BYTES: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true }

/**
 * The file's columns as fields; their ids are the file's own where it has them, else their position.
 *
 * Unsigned integers widen (UINT_32 to BIGINT, UINT_64 to DECIMAL(20, 0)), FLOAT16 becomes FLOAT, TIME of any unit
 * becomes TIME(3), INT96 becomes TIMESTAMP(9).
 */
export function inferFields(root: GroupNode): DataField[] {
  return root.children.map((node, at) => ({
    id: node.element.fieldId ?? at,
    name: node.name,
    type: inferType(node),
  }))
}

/** The type of one column; see {@link inferFields}. */
export function inferType(node: Node): DataType {
  const nullable = node.repetition !== REPETITION.REQUIRED
  return { ...inferPresent(node, false), nullable }
}

/** The type of a node that is present. `asElement`: the node repeats, and one of its repetitions is meant. */
function inferPresent(node: Node, asElement: boolean): DataType {
  const list = listForm(node, asElement)
  if (list !== null) return { kind: 'ARRAY', element: inferElement(list), nullable: true }
  const map = mapForm(node)
  if (map !== null) {
    const key = { ...inferType(map.key), nullable: false }
    if (map.value === undefined) return { kind: 'ARRAY', element: key, nullable: true }
    return { kind: 'MAP', key, value: inferType(map.value), nullable: true }
  }
  if (node.children === undefined) return inferLeaf(node)
  return {
    kind: 'ROW',
    nullable: true,
    fields: inferFields({ ...node, children: node.children }),
  }
}

function inferElement(form: { repeated: Node; element: Node }): DataType {
  if (form.element === form.repeated)
    return { ...inferPresent(form.element, true), nullable: false }
  return inferType(form.element)
}

function inferLeaf(node: LeafNode): DataType {
  const { element } = node
  const logical = element.logical ?? fromConverted(node)
  switch (node.physical) {
    case PHYSICAL.BOOLEAN:
      return { kind: 'BOOLEAN', nullable: true }
    case PHYSICAL.INT32:
    case PHYSICAL.INT64:
      return inferInteger(node.physical, logical)
    case PHYSICAL.INT96:
      return { kind: 'TIMESTAMP', precision: 9, nullable: true }
    case PHYSICAL.FLOAT:
      return { kind: 'FLOAT', nullable: true }
    case PHYSICAL.DOUBLE:
      return { kind: 'DOUBLE', nullable: true }
    default:
      return inferBinary(node, logical)
  }
}

function inferInteger(physical: number, logical: LogicalType | undefined): DataType {
  const wide = physical === PHYSICAL.INT64
  switch (logical?.kind) {
    case 'DECIMAL':
      return decimal(logical.precision, logical.scale)
    case 'DATE':
      return { kind: 'DATE', nullable: true }
    case 'TIME':
      return { kind: 'TIME', precision: 3, nullable: true }
    case 'TIMESTAMP': {
      const precision = logical.unit === 'MILLIS' ? 3 : logical.unit === 'MICROS' ? 6 : 9
      return { kind: logical.utc ? 'TIMESTAMP_LTZ' : 'TIMESTAMP', precision, nullable: true }
    }
    case 'INTEGER': {
      if (logical.bits === 8)
        return { kind: logical.signed ? 'TINYINT' : 'SMALLINT', nullable: true }
      if (logical.bits === 16) return { kind: logical.signed ? 'SMALLINT' : 'INT', nullable: true }
      if (logical.signed) return { kind: wide ? 'BIGINT' : 'INT', nullable: true }
      return wide ? decimal(20, 0) : { kind: 'BIGINT', nullable: true }
    }
    default:
      return { kind: wide ? 'BIGINT' : 'INT', nullable: true }
  }
}

function inferBinary(node: LeafNode, logical: LogicalType | undefined): DataType {
  switch (logical?.kind) {
    case 'DECIMAL':
      return decimal(logical.precision, logical.scale)
    case 'STRING':
    case 'ENUM':
    case 'JSON':
      return STRING
    case 'FLOAT16':
      return { kind: 'FLOAT', nullable: true }
    default:
      return node.physical === PHYSICAL.BYTE_ARRAY
        ? BYTES
        : { kind: 'BINARY', length: Math.max(1, node.typeLength), nullable: true }
  }
}

function decimal(precision: number, scale: number): DataType {
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
    throw unsupported(`a column is DECIMAL(${precision}, ${scale}); 38 digits are the most`)
  return { kind: 'DECIMAL', precision, scale, nullable: true }
}

/** The logical type that an older writer's converted type stands for. */
export function fromConverted(node: LeafNode): LogicalType | undefined {
  const { converted, precision = 0, scale = 0 } = node.element
  switch (converted) {
    case CONVERTED.UTF8:
      return { kind: 'STRING' }
    case CONVERTED.ENUM:
      return { kind: 'ENUM' }
    case CONVERTED.JSON:
      return { kind: 'JSON' }
    case CONVERTED.DECIMAL:
      return { kind: 'DECIMAL', precision, scale }
    case CONVERTED.DATE:
      return { kind: 'DATE' }
    case CONVERTED.TIME_MILLIS:
    case CONVERTED.TIME_MICROS:
      return { kind: 'TIME', utc: true, unit: converted === 7 ? 'MILLIS' : 'MICROS' }
    case CONVERTED.TIMESTAMP_MILLIS:
    case CONVERTED.TIMESTAMP_MICROS:
      return { kind: 'TIMESTAMP', utc: true, unit: converted === 9 ? 'MILLIS' : 'MICROS' }
    default:
      break
  }
  if (converted === undefined || converted < CONVERTED.UINT_8 || converted > CONVERTED.INT_64)
    return undefined
  const signed = converted >= CONVERTED.INT_8
  const bits = 8 << (converted - (signed ? CONVERTED.INT_8 : CONVERTED.UINT_8))
  return { kind: 'INTEGER', bits, signed }
}
