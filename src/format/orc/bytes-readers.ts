/** Readers of strings and binaries, which lie one after another or in a dictionary of the stripe. */
import type { BytesColumn } from '../../types/column.ts'
import { corrupt } from '../../util/errors.ts'
import type { IntRuns } from './int-runs.ts'
import { Presence, spread } from './presence.ts'
import { STREAM, type StripeStreams } from './streams.ts'
import { KIND, type TypeNode } from './type-tree.ts'

const BYTES_MAX = 2 ** 31 - 1
/** Entries of a dictionary whose lengths are read at a time, so that a size which lies takes no memory. */
const PIECE_ENTRIES = 1 << 16

type BytesReader = (count: number) => BytesColumn

export function bytesReader(node: TypeNode, streams: StripeStreams): BytesReader {
  const { hasDictionary } = streams.encoding(node)
  return hasDictionary ? dictionaryReader(node, streams) : directReader(node, streams)
}

function directReader(node: TypeNode, streams: StripeStreams): BytesReader {
  const presence = new Presence(streams.find(node, STREAM.PRESENT))
  const lengths = streams.openInts(node, STREAM.LENGTH, false)
  const source = streams.open(node, STREAM.DATA)
  return (length) => {
    const rows = presence.next(length)
    const { validity, presentCount } = rows
    const ends = new Int32Array(length)
    lengths.readInts(ends, presentCount, 0, BYTES_MAX)
    const starts = new Int32Array(length)
    const data = source.take(addUp(node, starts, ends, presentCount))
    if (node.kind === KIND.CHAR) trimPadding(data, starts, ends, presentCount)
    spread(starts, 1, rows, length)
    spread(ends, 1, rows, length)
    if (validity !== null) emptyMissing(validity, starts, ends)
    return { layout: 'bytes', length, validity, data, starts, ends }
  }
}

function dictionaryReader(node: TypeNode, streams: StripeStreams): BytesReader {
  const presence = new Presence(streams.find(node, STREAM.PRESENT))
  const indexes = streams.openInts(node, STREAM.DATA, false)
  let loaded: Dictionary | null = null
  return (length) => {
    const rows = presence.next(length)
    const { validity, presentCount } = rows
    const dictionary = (loaded ??= readDictionary(node, streams))
    const starts = new Int32Array(length)
    const ends = new Int32Array(length)
    if (presentCount > 0) indexes.readInts(starts, presentCount, 0, dictionary.starts.length - 1)
    for (let i = 0; i < presentCount; i++) {
      const entry = starts[i]!
      starts[i] = dictionary.starts[entry]!
      ends[i] = dictionary.ends[entry]!
    }
    spread(starts, 1, rows, length)
    spread(ends, 1, rows, length)
    if (validity !== null) emptyMissing(validity, starts, ends)
    return { layout: 'bytes', length, validity, data: dictionary.data, starts, ends }
  }
}

interface Dictionary {
  readonly data: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

function readDictionary(node: TypeNode, streams: StripeStreams): Dictionary {
  const { dictionarySize } = streams.encoding(node)
  if (dictionarySize > BYTES_MAX)
    throw corrupt(`column ${node.name} has a dictionary of ${dictionarySize} entries`)
  const ends = readLengths(streams.openInts(node, STREAM.LENGTH, false), dictionarySize)
  const starts = new Int32Array(dictionarySize)
  const sizeBytes = addUp(node, starts, ends, dictionarySize)
  const data = streams.open(node, STREAM.DICTIONARY).take(sizeBytes)
  if (node.kind === KIND.CHAR) trimPadding(data, starts, ends, dictionarySize)
  return { data, starts, ends }
}

function readLengths(lengths: IntRuns, count: number): Int32Array {
  const pieces: Int32Array[] = []
  for (let left = count; left > 0; left -= PIECE_ENTRIES) {
    const piece = new Int32Array(Math.min(left, PIECE_ENTRIES))
    lengths.readInts(piece, piece.length, 0, BYTES_MAX)
    pieces.push(piece)
  }
  const joined = new Int32Array(count)
  for (const [i, piece] of pieces.entries()) joined.set(piece, i * PIECE_ENTRIES)
  return joined
}

/** Makes lengths, which `ends` holds, to places; the number of bytes in all. */
function addUp(node: TypeNode, starts: Int32Array, ends: Int32Array, count: number): number {
  let total = 0
  for (let i = 0; i < count; i++) {
    starts[i] = total
    total += ends[i]!
    if (total > BYTES_MAX) throw corrupt(`column ${node.name} has ${total} bytes at a time`)
    ends[i] = total
  }
  return total
}

const SPACE = 0x20

/** CHAR values are filled up with spaces when they are written, and lose all at their end when Java reads them. */
function trimPadding(data: Uint8Array, starts: Int32Array, ends: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    let end = ends[i]!
    while (end > starts[i]! && data[end - 1] === SPACE) end--
    ends[i] = end
  }
}

/** Rows that are not there have the places of others, which may be any after the move. */
function emptyMissing(validity: Uint8Array, starts: Int32Array, ends: Int32Array): void {
  for (let row = 0; row < starts.length; row++)
    if ((validity[row >> 3]! & (1 << (row & 7))) === 0) starts[row] = ends[row] = 0
}
