/** Readers of the columns of an ORC stripe, which give the next rows as a column, front to back. */
import { nullColumn, takeColumn } from '../../types/column-take.ts'
import {
  allocateFixed,
  type BooleanColumn,
  type Column,
  type FixedColumn,
} from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import { assert } from '../../util/assert.ts'
import { corrupt } from '../../util/errors.ts'
import { BitRuns, ByteRuns } from './byte-runs.ts'
import { bytesReader } from './bytes-readers.ts'
import { decimalFill } from './decimals.ts'
import { joinColumns } from './join.ts'
import { Presence, presentRows, spread, spreadBits } from './presence.ts'
import type { ColumnPlan } from './resolve.ts'
import { STREAM, type StripeStreams } from './streams.ts'
import { timestampFill } from './timestamps.ts'
import { type TypeNode } from './type-tree.ts'

/** Gives the column of the next rows; CORRUPT when the streams end before. */
export type ColumnReader = (count: number) => Column

export interface ReadSettings {
  /** Whether TIMESTAMP_LTZ was written as what a clock of UTC shows, taken for the writer's: `orc.timestamp-ltz.legacy.type`. */
  readonly isLegacyLtz: boolean
}

/** Fills the first `count` values of an array, which is seen as words of 32 bits where it has larger elements. */
export type FixedFill = (values: FixedColumn['values'], count: number) => void

export function columnReader(
  plan: ColumnPlan,
  streams: StripeStreams,
  settings: ReadSettings,
): ColumnReader {
  switch (plan.kind) {
    case 'missing':
      return (count) => nullColumn(plan.type, count)
    case 'struct':
      return structReader(
        plan.node,
        plan.type,
        plan.children.map((child) => columnReader(child, streams, settings)),
        streams,
      )
    case 'list':
      return listReader(plan.node, columnReader(plan.child, streams, settings), streams)
    case 'map': {
      const [key, value] = plan.children.map((child) => columnReader(child, streams, settings))
      const entries = (count: number): Column => ({
        layout: 'struct',
        length: count,
        validity: null,
        children: [key!(count), value!(count)],
      })
      return listReader(plan.node, entries, streams)
    }
    case 'leaf':
      return leafReader(plan.node, plan.type, streams, settings)
  }
}

function leafReader(
  node: TypeNode,
  type: DataType,
  streams: StripeStreams,
  settings: ReadSettings,
): ColumnReader {
  switch (type.kind) {
    case 'BOOLEAN':
      return booleanReader(node, streams)
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return bytesReader(node, streams)
    default:
      return fixedReader(node, type, fixedFill(node, type, streams, settings), streams)
  }
}

function presenceOf(node: TypeNode, streams: StripeStreams): Presence {
  return new Presence(streams.find(node, STREAM.PRESENT))
}

function booleanReader(node: TypeNode, streams: StripeStreams): ColumnReader {
  const presence = presenceOf(node, streams)
  const runs = new BitRuns(streams.open(node, STREAM.DATA))
  return (length): BooleanColumn => {
    const rows = presence.next(length)
    const bits = spreadBits(runs.read(rows.presentCount), rows, length)
    return { layout: 'boolean', length, validity: rows.validity, bits }
  }
}

function fixedReader(
  node: TypeNode,
  type: DataType,
  fill: FixedFill,
  streams: StripeStreams,
): ColumnReader {
  const presence = presenceOf(node, streams)
  return (length): FixedColumn => {
    const rows = presence.next(length)
    const values = allocateFixed(type, length)
    fill(values, rows.presentCount)
    // Small elements move as they are, large ones by words.
    const isWide = values.BYTES_PER_ELEMENT >= 4
    const moved = isWide ? words(values) : (values as Int8Array | Int16Array)
    spread(moved, length === 0 ? 1 : moved.length / length, rows, length)
    return { layout: 'fixed', length, validity: rows.validity, values }
  }
}

function fixedFill(
  node: TypeNode,
  type: DataType,
  streams: StripeStreams,
  { isLegacyLtz }: ReadSettings,
): FixedFill {
  switch (type.kind) {
    case 'TINYINT': {
      const runs = new ByteRuns(streams.open(node, STREAM.DATA))
      return (values, count) => runs.read(new Uint8Array(values.buffer, values.byteOffset, count))
    }
    case 'SMALLINT': {
      const runs = streams.openInts(node, STREAM.DATA, true)
      return (values, count) => runs.readInts(values as Int16Array, count, -32768, 32767)
    }
    case 'INT':
    case 'DATE':
    case 'TIME': {
      const runs = streams.openInts(node, STREAM.DATA, true)
      return (values, count) => runs.readInts(values as Int32Array, count, -(2 ** 31), 2 ** 31 - 1)
    }
    case 'BIGINT': {
      const runs = streams.openInts(node, STREAM.DATA, true)
      return (values, count) => runs.readLongs(words(values), count)
    }
    case 'FLOAT':
    case 'DOUBLE': {
      const source = streams.open(node, STREAM.DATA)
      return (values, count) => {
        const sizeBytes = count * values.BYTES_PER_ELEMENT
        new Uint8Array(values.buffer, values.byteOffset).set(source.take(sizeBytes))
      }
    }
    case 'DECIMAL':
      return decimalFill(node, type.precision, type.scale, streams)
    default:
      assert(type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ', 'has a fixed width')
      return timestampFill(node, type.precision, streams, isLegacyLtz)
  }
}

function words(values: FixedColumn['values']): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

/** The children have a value for each struct that is there. */
function structReader(
  node: TypeNode,
  type: DataType,
  children: readonly ColumnReader[],
  streams: StripeStreams,
): ColumnReader {
  const presence = presenceOf(node, streams)
  return (length) => {
    const { validity, presentCount } = presence.next(length)
    // Columns without rows do not tell how many elements make up a value, so nothing can be taken from them.
    if (validity !== null && presentCount === 0) return nullColumn(type, length)
    const dense = children.map((child) => child(presentCount))
    if (validity === null) return { layout: 'struct', length, validity, children: dense }
    const rows = presentRows(validity, length)
    const spreadOut = dense.map((child) => takeColumn(child, rows))
    return { layout: 'struct', length, validity, children: spreadOut }
  }
}

/** Elements are read in pieces, so that lengths which lie take no memory before the elements' stream has ended. */
const PIECE_ROWS = 1 << 16
const ELEMENTS_MAX = 2 ** 31 - 1

function listReader(node: TypeNode, child: ColumnReader, streams: StripeStreams): ColumnReader {
  const presence = presenceOf(node, streams)
  const lengths = streams.openInts(node, STREAM.LENGTH, false)
  return (length) => {
    const rows = presence.next(length)
    const sizes = new Int32Array(length)
    lengths.readInts(sizes, rows.presentCount, 0, ELEMENTS_MAX)
    // Behind the lengths that were read are zeros, but moved ones leave theirs behind.
    spread(sizes, 1, rows, length)
    const { starts, ends, total } = placesOf(sizes, rows.validity)
    if (total > ELEMENTS_MAX) throw corrupt(`column ${node.name} has ${total} elements at a time`)
    const pieces: Column[] = []
    for (let left = total; left > 0 || pieces.length === 0; left -= PIECE_ROWS)
      pieces.push(child(Math.min(left, PIECE_ROWS)))
    return {
      layout: 'list',
      length,
      validity: rows.validity,
      starts,
      ends,
      child: joinColumns(pieces),
    }
  }
}

/** Where values of the lengths lie that follow one another; those of rows that are not there are empty. */
function placesOf(
  sizes: Int32Array,
  validity: Uint8Array | null,
): { starts: Int32Array; ends: Int32Array; total: number } {
  const starts = new Int32Array(sizes.length)
  const ends = new Int32Array(sizes.length)
  let total = 0
  for (let row = 0; row < sizes.length; row++) {
    starts[row] = total
    if (validity === null || validity[row >> 3]! & (1 << (row & 7))) total += sizes[row]!
    ends[row] = total
  }
  return { starts, ends, total }
}
