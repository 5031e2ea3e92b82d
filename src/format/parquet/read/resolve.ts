/** Which parts of a file's schema a wanted field reads: the plan that row groups are decoded by. */
import { type DataField, type DataType, notNull } from '../../../types/data-type.ts'
import { corrupt, unsupported } from '../../../util/errors.ts'
import { REPETITION } from '../metadata.ts'
import type { GroupNode, LeafNode, Node } from '../tree.ts'
import { listForm, mapForm } from '../tree.ts'
import { resolveVariant, type TypedShape } from './variant-plan.ts'

export type ColumnPlan =
  | { readonly kind: 'leaf'; readonly node: LeafNode; readonly type: DataType }
  | {
      readonly kind: 'list'
      readonly node: Node
      readonly repeated: Node
      readonly child: ColumnPlan
    }
  | { readonly kind: 'struct'; readonly node: Node; readonly children: readonly ColumnPlan[] }
  /** A shredded variant: put together from the parts that `storage` reads. */
  | { readonly kind: 'variant'; readonly storage: ColumnPlan; readonly typed: TypedShape }
  /** The file has no such column: every value is null. */
  | { readonly kind: 'missing'; readonly type: DataType }

/**
 * Plans the wanted fields by name; one that the file does not have reads as nulls. CORRUPT where the file has the
 * field's id under another name: a file's columns are named as in the schema that it was written with.
 */
export function resolveColumns(root: GroupNode, fields: readonly DataField[]): ColumnPlan[] {
  const byName = new Map(root.children.map((child) => [child.name, child]))
  return fields.map((field) => {
    const node = byName.get(field.name)
    if (node !== undefined) return resolveNode(node, field.type, false)
    const other = root.children.find(({ element }) => element.fieldId === field.id)
    if (other !== undefined && field.name !== '')
      throw corrupt(`column ${field.name} is stored as ${other.name}`)
    return { kind: 'missing', type: field.type }
  })
}

/** The first leaf below a plan that the file has; its levels describe the plan's own presence. */
export function firstLeaf(plan: ColumnPlan): LeafNode | null {
  switch (plan.kind) {
    case 'leaf':
      return plan.node
    case 'missing':
      return null
    case 'list':
      return firstLeaf(plan.child)
    case 'variant':
      return firstLeaf(plan.storage)
    case 'struct':
      for (const child of plan.children) {
        const leaf = firstLeaf(child)
        if (leaf !== null) return leaf
      }
      return null
  }
}

/** The leaves that a plan reads. */
export function plannedLeaves(plan: ColumnPlan): { node: LeafNode; type: DataType }[] {
  switch (plan.kind) {
    case 'leaf':
      return [{ node: plan.node, type: plan.type }]
    case 'missing':
      return []
    case 'list':
      return plannedLeaves(plan.child)
    case 'variant':
      return plannedLeaves(plan.storage)
    case 'struct':
      return plan.children.flatMap(plannedLeaves)
  }
}

/** `asElement`: the node repeats, and one of its repetitions is meant. */
function resolveNode(node: Node, type: DataType, asElement: boolean): ColumnPlan {
  if (node.repetition === REPETITION.REPEATED && !asElement && type.kind !== 'ARRAY')
    throw corrupt(`column ${node.name} repeats, which does not read as ${type.kind}`)
  switch (type.kind) {
    case 'ARRAY':
      return resolveList(node, type.element, asElement)
    case 'MAP':
      return resolveMap(node, type.key, type.value)
    case 'MULTISET':
      return resolveMap(node, type.element, { kind: 'INT', nullable: false })
    case 'ROW':
      return resolveStruct(node, type.fields)
    case 'VARIANT':
      return resolveVariant(node)
    case 'VECTOR':
      throw unsupported(`column ${node.name}: ${type.kind} has no form in Parquet files`)
    default:
      if (node.children !== undefined)
        throw corrupt(
          `column ${node.name} is stored as a group, which does not read as ${type.kind}`,
        )
      return { kind: 'leaf', node, type }
  }
}

function resolveList(node: Node, element: DataType, asElement: boolean): ColumnPlan {
  const form = listForm(node, asElement)
  if (form !== null)
    return {
      kind: 'list',
      node,
      repeated: form.repeated,
      child: resolveNode(form.element, element, form.element === form.repeated),
    }
  // A map without values is a list of its keys.
  const map = mapForm(node)
  if (map === null || map.value !== undefined)
    throw corrupt(`column ${node.name} is not stored as a list`)
  return { kind: 'list', node, repeated: map.repeated, child: resolveNode(map.key, element, false) }
}

function resolveMap(node: Node, key: DataType, value: DataType): ColumnPlan {
  const form = mapForm(node)
  if (form?.value === undefined) throw corrupt(`column ${node.name} is not stored as a map`)
  const children = [
    resolveNode(form.key, notNull(key), false),
    resolveNode(form.value, value, false),
  ]
  return {
    kind: 'list',
    node,
    repeated: form.repeated,
    child: { kind: 'struct', node: form.repeated, children },
  }
}

function resolveStruct(node: Node, fields: readonly DataField[]): ColumnPlan {
  if (node.children === undefined) throw corrupt(`column ${node.name} is not stored as a group`)
  const children = resolveColumns({ ...node, children: node.children }, fields)
  const plan: ColumnPlan = { kind: 'struct', node, children }
  if (firstLeaf(plan) === null)
    throw unsupported(`column ${node.name}: the file has none of the fields of the row`)
  return plan
}
