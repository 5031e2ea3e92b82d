/**
 * Columns of nested types from the levels and values of their leaves.
 *
 * Specification: "Nested Encoding" of parquet-format, and Dremel. An entry opens a *slot* of a node when it lies at
 * the node's depth: its repetition level is at most that of the innermost list around the node, and its definition
 * level says that this list has an element there. The slots of a node are the rows of its column.
 */
import { nullColumn } from '../../../types/column-take.ts'
import type { Column, StructColumn } from '../../../types/column.ts'
import { corrupt } from '../../../util/errors.ts'
import { REPETITION } from '../metadata.ts'
import type { LeafNode, Node } from '../tree.ts'
import type { LeafDecoder } from './leaf-column.ts'
import type { NestedEntries } from './nested-reader.ts'
import { type ColumnPlan, firstLeaf } from './resolve.ts'
import { rebuildVariants } from './shredded-variant.ts'

/** A leaf whose window of rows was decoded. */
export interface DecodedLeaf {
  readonly entries: NestedEntries
  readonly decoder: LeafDecoder
}

/** What an entry must have to open a slot. */
interface Depth {
  readonly repetitionMax: number
  readonly definitionMin: number
}

const TOP: Depth = { repetitionMax: 0, definitionMin: 0 }

/** The column of a plan, of `rowCount` rows. */
export function assembleColumn(
  plan: ColumnPlan,
  leaves: ReadonlyMap<LeafNode, DecodedLeaf>,
  rowCount: number,
): Column {
  const column = assemble(plan, leaves, TOP, rowCount)
  if (column.length !== rowCount)
    throw corrupt(`a nested column has ${column.length} rows where ${rowCount} belong`)
  return column
}

function assemble(
  plan: ColumnPlan,
  leaves: ReadonlyMap<LeafNode, DecodedLeaf>,
  depth: Depth,
  slotCount: number,
): Column {
  switch (plan.kind) {
    case 'missing':
      return nullColumn(plan.type, slotCount)
    case 'leaf':
      return assembleLeaf(plan.node, leaves.get(plan.node)!, depth)
    case 'struct': {
      const entries = leaves.get(firstLeaf(plan)!)!.entries
      const { validity, length } = presence(entries, plan.node, depth)
      const children = plan.children.map((child) => assemble(child, leaves, depth, length))
      for (const child of children)
        if (child.length !== length) throw corrupt('the fields of a row differ in number')
      return { layout: 'struct', length, validity, children }
    }
    case 'variant': {
      const storage = assemble(plan.storage, leaves, depth, slotCount)
      return rebuildVariants(storage as StructColumn, plan.typed)
    }
    case 'list': {
      const { entries } = leaves.get(firstLeaf(plan)!)!
      const lists = listSlots(entries, plan, depth)
      const inner: Depth = {
        repetitionMax: plan.repeated.repetitionLevel,
        definitionMin: plan.repeated.definition,
      }
      const child = assemble(plan.child, leaves, inner, lists.elementCount)
      if (child.length !== lists.elementCount)
        throw corrupt('the elements of a list differ in number')
      const { length, validity, starts, ends } = lists
      return { layout: 'list', length, validity, starts, ends, child }
    }
  }
}

function assembleLeaf(node: LeafNode, { entries, decoder }: DecodedLeaf, depth: Depth): Column {
  const { validity, length } = presence(entries, node, depth)
  if (validity !== null) decoder.values.spread(0, length, entries.presentCount, validity)
  return decoder.finish(length, validity)
}

/** The slots of a node at a depth, and which of them are present; validity is null when all are. */
function presence(
  { definitions, repetitions }: NestedEntries,
  node: Node,
  { repetitionMax, definitionMin }: Depth,
): { length: number; validity: Uint8Array | null } {
  const bits = new Uint8Array((definitions.length + 7) >> 3)
  const present = node.definition
  let length = 0
  let nullCount = 0
  for (let i = 0; i < definitions.length; i++) {
    if (repetitions[i]! > repetitionMax || definitions[i]! < definitionMin) continue
    if (definitions[i]! >= present) bits[length >> 3]! |= 1 << (length & 7)
    else nullCount++
    length++
  }
  return { length, validity: nullCount > 0 ? bits : null }
}

function listSlots(
  { definitions, repetitions }: NestedEntries,
  { node, repeated }: { node: Node; repeated: Node },
  { repetitionMax, definitionMin }: Depth,
): {
  length: number
  validity: Uint8Array | null
  starts: Int32Array
  ends: Int32Array
  elementCount: number
} {
  const offsets = new Int32Array(definitions.length + 1)
  const bits = new Uint8Array((definitions.length + 7) >> 3)
  // A bare repeated field has no group around it that could be null.
  const present = node.repetition === REPETITION.REPEATED ? definitionMin : node.definition
  let length = 0
  let nullCount = 0
  let elementCount = 0
  for (let i = 0; i < definitions.length; i++) {
    const definition = definitions[i]!
    const repetition = repetitions[i]!
    if (repetition <= repetitionMax && definition >= definitionMin) {
      offsets[length] = elementCount
      if (definition >= present) bits[length >> 3]! |= 1 << (length & 7)
      else nullCount++
      length++
    }
    if (repetition <= repeated.repetitionLevel && definition >= repeated.definition) elementCount++
  }
  offsets[length] = elementCount
  return {
    length,
    validity: nullCount > 0 ? bits : null,
    starts: offsets.subarray(0, length),
    ends: offsets.subarray(1, length + 1),
    elementCount,
  }
}
