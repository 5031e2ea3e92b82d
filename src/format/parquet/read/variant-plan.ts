/**
 * How a group of a Parquet file holds a VARIANT: whole in `value` and `metadata`, or shredded, with the parts that have
 * the expected types in `typed_value`.
 *
 * Specification: VariantEncoding.md and VariantShredding.md of parquet-format; `PaimonShreddingUtils` of Java.
 */
import { type DataType, MAX_LENGTH } from '../../../types/data-type.ts'
import { corrupt, unsupported } from '../../../util/errors.ts'
import { PHYSICAL } from '../metadata.ts'
import { type LeafNode, listForm, type Node } from '../tree.ts'
import { inferType } from './infer.ts'
import type { ColumnPlan } from './resolve.ts'

/** What `typed_value` holds at one level of a shredded variant. */
export type TypedShape =
  | { readonly kind: 'scalar'; readonly type: DataType; readonly isUuid: boolean }
  | { readonly kind: 'array'; readonly element: TypedShape | null }
  | {
      readonly kind: 'object'
      readonly names: readonly string[]
      readonly fields: readonly (TypedShape | null)[]
    }

/** A level read as a struct of `value` and `typed_value`, and its shape; null where it has no `typed_value`. */
interface Level {
  readonly plan: ColumnPlan
  readonly typed: TypedShape | null
}

const BYTES: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true }
const PARTS: ReadonlySet<string> = new Set(['value', 'typed_value', 'metadata'])

/** Plans a VARIANT column: as it lies there, or to be put together from its parts. */
export function resolveVariant(node: Node): ColumnPlan {
  const metadata = partOf(node, 'metadata')
  if (metadata === undefined) throw malformed(node)
  const metadataPlan = bytesPlan(metadata)
  if (partOf(node, 'typed_value') === undefined) {
    const value = partOf(node, 'value')
    if (value === undefined) throw malformed(node)
    return { kind: 'struct', node, children: [bytesPlan(value), metadataPlan] }
  }
  const { value, typed, shape } = levelParts(node)
  const storage: ColumnPlan = { kind: 'struct', node, children: [value, typed, metadataPlan] }
  return { kind: 'variant', storage, typed: shape! }
}

function resolveLevel(node: Node): Level {
  if (partOf(node, 'metadata') !== undefined) throw malformed(node)
  const { value, typed, shape } = levelParts(node)
  return { plan: { kind: 'struct', node, children: [value, typed] }, typed: shape }
}

function levelParts(node: Node): {
  value: ColumnPlan
  typed: ColumnPlan
  shape: TypedShape | null
} {
  const strange = node.children?.find(({ name }) => !PARTS.has(name))
  if (strange !== undefined) throw malformed(node)
  const valueNode = partOf(node, 'value')
  const typedNode = partOf(node, 'typed_value')
  if (valueNode === undefined && typedNode === undefined) throw malformed(node)
  const missing: ColumnPlan = { kind: 'missing', type: BYTES }
  const value = valueNode === undefined ? missing : bytesPlan(valueNode)
  if (typedNode === undefined) return { value, typed: missing, shape: null }
  const { plan, typed } = resolveTyped(typedNode)
  return { value, typed: plan, shape: typed }
}

function resolveTyped(node: Node): Level {
  const list = listForm(node)
  if (list !== null) {
    const element = resolveLevel(list.element)
    const plan: ColumnPlan = { kind: 'list', node, repeated: list.repeated, child: element.plan }
    return { plan, typed: { kind: 'array', element: element.typed } }
  }
  if (node.children === undefined) return resolveScalar(node)
  const levels = node.children.map(resolveLevel)
  if (levels.length === 0) throw malformed(node)
  return {
    plan: { kind: 'struct', node, children: levels.map(({ plan }) => plan) },
    typed: {
      kind: 'object',
      names: node.children.map(({ name }) => name),
      fields: levels.map(({ typed }) => typed),
    },
  }
}

function resolveScalar(node: LeafNode): Level {
  const type = inferType(node)
  const isUuid = node.element.logical?.kind === 'UUID' && node.typeLength === 16
  const isTimestamp = type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ'
  if (type.kind === 'TIME' || (isTimestamp && type.precision !== 6))
    throw unsupported(`a variant is shredded as ${type.kind}(${type.precision})`, {
      hint: 'variants hold timestamps in microseconds',
    })
  return { plan: { kind: 'leaf', node, type }, typed: { kind: 'scalar', type, isUuid } }
}

function partOf(node: Node, name: string): Node | undefined {
  if (node.children === undefined) throw malformed(node)
  const found = node.children.filter((child) => child.name === name)
  if (found.length > 1) throw malformed(node)
  return found[0]
}

function bytesPlan(node: Node): ColumnPlan {
  if (node.children !== undefined || node.physical !== PHYSICAL.BYTE_ARRAY) throw malformed(node)
  return { kind: 'leaf', node, type: BYTES }
}

function malformed({ name }: Node): Error {
  return corrupt(`column ${name} is not stored as a variant`)
}
