/**
 * Rows of nested columns as the levels and values of their leaves: the inverse of {@link ../read/assemble.ts}.
 *
 * Specification: "Nested Encoding" of parquet-format, and Dremel.
 */
import { type Column, isPresent } from '../../../types/column.ts'
import type { DataType } from '../../../types/data-type.ts'
import { MAX_LENGTH, notNull } from '../../../types/data-type.ts'
import { assert } from '../../../util/assert.ts'
import { invalid } from '../../../util/errors.ts'

/** A column to write, and how deep it lies. */
export type WriteNode =
  | { readonly kind: 'leaf'; readonly optional: boolean; readonly leaf: WriteLeaf }
  | {
      readonly kind: 'struct'
      readonly optional: boolean
      readonly children: readonly WriteNode[]
      readonly leaves: readonly WriteLeaf[]
    }
  | {
      readonly kind: 'list'
      readonly optional: boolean
      readonly repetition: number
      readonly child: WriteNode
      readonly leaves: readonly WriteLeaf[]
    }

/** A leaf to write. */
export interface WriteLeaf {
  /** Its index among the file's leaves. */
  readonly index: number
  readonly type: DataType
  readonly path: readonly string[]
  readonly definition: number
  readonly repetition: number
}

/** The two parts of a VARIANT. */
const BYTES: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: false }

/** The write plan of a top-level column; `firstLeaf` is the index of its first leaf. */
export function writeNode(name: string, type: DataType, firstLeaf: number): WriteNode {
  let next = firstLeaf
  const build = (
    of: DataType,
    path: readonly string[],
    definition: number,
    repetition: number,
  ): WriteNode => {
    const optional = of.nullable
    const present = definition + (optional ? 1 : 0)
    switch (of.kind) {
      case 'ROW': {
        const children = of.fields.map((field) =>
          build(field.type, [...path, field.name], present, repetition),
        )
        return { kind: 'struct', optional, children, leaves: children.flatMap(leavesBelow) }
      }
      case 'VARIANT': {
        const children = ['value', 'metadata'].map((part) =>
          build(BYTES, [...path, part], present, repetition),
        )
        return { kind: 'struct', optional, children, leaves: children.flatMap(leavesBelow) }
      }
      case 'ARRAY': {
        const inner = [...path, 'list', 'element']
        const child = build(of.element, inner, present + 1, repetition + 1)
        const leaves = leavesBelow(child)
        return { kind: 'list', optional, repetition: repetition + 1, child, leaves }
      }
      case 'MAP':
      case 'MULTISET': {
        const key = of.kind === 'MAP' ? of.key : of.element
        const value: DataType = of.kind === 'MAP' ? of.value : { kind: 'INT', nullable: false }
        const inner = [...path, 'key_value']
        const children = [
          build(notNull(key), [...inner, 'key'], present + 1, repetition + 1),
          build(value, [...inner, 'value'], present + 1, repetition + 1),
        ]
        const leaves = children.flatMap(leavesBelow)
        const child: WriteNode = { kind: 'struct', optional: false, children, leaves }
        return { kind: 'list', optional, repetition: repetition + 1, child, leaves }
      }
      default: {
        const leaf = { index: next++, type: of, path, definition: present, repetition }
        return { kind: 'leaf', optional, leaf }
      }
    }
  }
  return build(type, [name], 0, 0)
}

export function leavesBelow(node: WriteNode): readonly WriteLeaf[] {
  return node.kind === 'leaf' ? [node.leaf] : node.leaves
}

/** The entries of a leaf, and the leaf's column with the row of each present value. */
export class LeafEntries {
  definitions = new Uint8Array(256)
  repetitions = new Uint8Array(256)
  length = 0
  column: Column | null = null
  rows = new Int32Array(256)
  valueCount = 0

  add(definition: number, repetition: number): void {
    if (this.length === this.definitions.length) {
      this.definitions = grown(this.definitions)
      this.repetitions = grown(this.repetitions)
    }
    this.definitions[this.length] = definition
    this.repetitions[this.length++] = repetition
  }

  addValue(row: number): void {
    if (this.valueCount === this.rows.length) {
      const rows = new Int32Array(2 * this.valueCount)
      rows.set(this.rows)
      this.rows = rows
    }
    this.rows[this.valueCount++] = row
  }
}

function grown(array: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * array.length)
  larger.set(array)
  return larger
}

/** The entries of every leaf below the node, for the rows `[from, to)` of its column. */
export function shred(
  node: WriteNode,
  column: Column,
  from: number,
  to: number,
): Map<WriteLeaf, LeafEntries> {
  const entries = new Map(leavesBelow(node).map((leaf) => [leaf, new LeafEntries()]))
  const missing = (at: WriteNode, repetition: number, definition: number): void => {
    for (const leaf of leavesBelow(at)) entries.get(leaf)!.add(definition, repetition)
  }
  const visit = (
    at: WriteNode,
    of: Column,
    row: number,
    repetition: number,
    outer: number,
  ): void => {
    let definition = outer
    if (!isPresent(of, row)) {
      if (!at.optional)
        throw invalid(`column ${leavesBelow(at)[0]!.path.join('.')} holds a null that is NOT NULL`)
      missing(at, repetition, definition)
      return
    }
    if (at.optional) definition++
    if (at.kind === 'leaf') {
      const leaf = entries.get(at.leaf)!
      leaf.column = of
      leaf.add(definition, repetition)
      leaf.addValue(row)
    } else if (at.kind === 'struct') {
      assert(of.layout === 'struct', `a row column has the layout ${of.layout}`)
      for (const [i, child] of at.children.entries())
        visit(child, of.children[i]!, row, repetition, definition)
    } else {
      assert(of.layout === 'list', `a list column has the layout ${of.layout}`)
      const start = of.starts[row]!
      const end = of.ends[row]!
      if (start === end) missing(at, repetition, definition)
      for (let i = start; i < end; i++)
        visit(at.child, of.child, i, i === start ? repetition : at.repetition, definition + 1)
    }
  }
  for (let row = from; row < to; row++) visit(node, column, row, 0, 0)
  return entries
}
