/** Which columns of an ORC file a wanted field reads: the plan that stripes are decoded by. */
import { type DataField, type DataType, notNull } from '../../types/data-type.ts'
import { corrupt, unsupported } from '../../util/errors.ts'
import { KIND, kindName, type TypeNode } from './type-tree.ts'

export type ColumnPlan =
  | { readonly kind: 'leaf'; readonly node: TypeNode; readonly type: DataType }
  | { readonly kind: 'list'; readonly node: TypeNode; readonly child: ColumnPlan }
  | { readonly kind: 'map'; readonly node: TypeNode; readonly children: readonly ColumnPlan[] }
  | {
      readonly kind: 'struct'
      readonly node: TypeNode
      readonly children: readonly ColumnPlan[]
      readonly type: DataType
    }
  /** The file has no such column: every value is null. */
  | { readonly kind: 'missing'; readonly type: DataType }

/**
 * Plans the wanted fields by name, as Java's reader matches them; one that the file does not have reads as nulls. CORRUPT
 * where the file has the field's id under another name: columns are named as in the schema that a file was written with.
 */
export function resolveColumns(parent: TypeNode, fields: readonly DataField[]): ColumnPlan[] {
  const byName = new Map(parent.children.map((child) => [child.name, child]))
  return fields.map((field) => {
    if (isWithoutFields(field.type)) return { kind: 'missing', type: field.type }
    const node = byName.get(field.name)
    if (node !== undefined) return resolveNode(node, field.type)
    const other = parent.children.find(({ fieldId }) => fieldId === field.id)
    if (other !== undefined && field.name !== '')
      throw corrupt(`column ${field.name} is stored as ${other.name}`)
    return { kind: 'missing', type: field.type }
  })
}

/** A row of nothing reads as null in Java, also where the file tells that it is there. */
function isWithoutFields(type: DataType): boolean {
  return type.kind === 'ROW' && type.fields.every((field) => isWithoutFields(field.type))
}

/** The columns of the file whose streams the plans read. */
export function plannedColumns(
  plans: readonly ColumnPlan[],
  into = new Set<number>(),
): Set<number> {
  for (const plan of plans) {
    if (plan.kind === 'missing') continue
    into.add(plan.node.column)
    if (plan.kind === 'list') plannedColumns([plan.child], into)
    else if (plan.kind !== 'leaf') plannedColumns(plan.children, into)
  }
  return into
}

function resolveNode(node: TypeNode, type: DataType): ColumnPlan {
  switch (type.kind) {
    case 'ARRAY':
      expectKind(node, type, [KIND.LIST])
      return { kind: 'list', node, child: resolveNode(node.children[0]!, type.element) }
    case 'MAP':
      return resolveMap(node, type, type.key, type.value)
    case 'MULTISET':
      return resolveMap(node, type, type.element, { kind: 'INT', nullable: false })
    case 'ROW':
      expectKind(node, type, [KIND.STRUCT])
      return { kind: 'struct', node, children: resolveColumns(node, type.fields), type }
    case 'VARIANT':
    case 'VECTOR':
      throw unsupported(`column ${node.name}: ${type.kind} has no form in ORC files`)
    default:
      expectKind(node, type, LEAF_KINDS[type.kind])
      return { kind: 'leaf', node, type }
  }
}

function resolveMap(node: TypeNode, type: DataType, key: DataType, value: DataType): ColumnPlan {
  expectKind(node, type, [KIND.MAP])
  const [keys, values] = node.children
  return {
    kind: 'map',
    node,
    children: [resolveNode(keys!, notNull(key)), resolveNode(values!, value)],
  }
}

function expectKind(node: TypeNode, type: DataType, kinds: readonly number[]): void {
  if (kinds.includes(node.kind)) return
  const message = `column ${node.name} is stored as ${kindName(node.kind)}`
  if (node.kind === KIND.UNION) throw unsupported(`${message}, which cannot be read`)
  throw corrupt(`${message}, which does not read as ${type.kind}`)
}

const TEXT_KINDS = [KIND.STRING, KIND.VARCHAR, KIND.CHAR]

/** How Java stores each type, `OrcTypeUtil`; TIMESTAMP_LTZ was stored without a zone of old. */
const LEAF_KINDS = {
  BOOLEAN: [KIND.BOOLEAN],
  TINYINT: [KIND.BYTE],
  SMALLINT: [KIND.SHORT],
  INT: [KIND.INT],
  TIME: [KIND.INT],
  BIGINT: [KIND.LONG],
  FLOAT: [KIND.FLOAT],
  DOUBLE: [KIND.DOUBLE],
  DATE: [KIND.DATE],
  DECIMAL: [KIND.DECIMAL],
  TIMESTAMP: [KIND.TIMESTAMP],
  TIMESTAMP_LTZ: [KIND.TIMESTAMP_INSTANT, KIND.TIMESTAMP],
  CHAR: TEXT_KINDS,
  VARCHAR: TEXT_KINDS,
  BINARY: [KIND.BINARY],
  VARBINARY: [KIND.BINARY],
  BLOB: [KIND.BINARY],
} as const
