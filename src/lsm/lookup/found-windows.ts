/** Reads rows that were found in files, as windows that a merge takes beside those of its runs. */
import type { CursorOptions, DataFile, RowCursor, RowRange } from '../../format/data-file.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { corrupt } from '../../util/errors.ts'
import { type KeyValueLayout, SYSTEM_FIELDS } from '../key-value.ts'
import { type RunWindow, runWindow, storedKeyFields } from '../run-reader.ts'
import type { FoundRows } from './upper-files.ts'

/** Rows of a file, and the columns that a merge reads last. */
export interface FoundWindow {
  readonly window: RunWindow
  readonly values: Batch
}

/** Windows of found rows, and which row of them each probe has. */
export interface FoundWindows {
  readonly windows: readonly FoundWindow[]
  /** -1 where nothing was found. */
  readonly windowOf: Int32Array
  readonly rows: Uint32Array
}

/** Rows that lie between two wanted ones are read with them, up to so many, instead of sought. */
const GAP_ROWS = 1024
/** Where so many rows are read for each wanted one at most, all are kept as they lie; else the others are left out. */
const DENSE = 4
/** Rows of a read. */
const READ_ROWS = 65_536

/** Reads the columns of the rows that were found, a file after the other. */
export async function readFound(
  { files, fileOf, positions }: FoundRows,
  layout: KeyValueLayout,
  values: readonly DataField[],
): Promise<FoundWindows> {
  const windows: FoundWindow[] = []
  const windowOf = new Int32Array(fileOf.length).fill(-1)
  const rows = new Uint32Array(fileOf.length)
  for (const [number, probes] of probesByFile(fileOf, files.length)) {
    const { meta, open } = files[number]!
    const file = await open()
    const fields = [
      ...storedKeyFields(layout, file),
      ...SYSTEM_FIELDS,
      ...layout.sequence,
      ...values,
    ]
    const wanted = probes.map((probe) => positions[probe]!)
    let found = 0
    for await (const { batch, places } of readPositions(file, fields, wanted)) {
      for (const place of places) {
        windowOf[probes[found]!] = windows.length
        rows[probes[found++]!] = place
      }
      windows.push(windowOfBatch(batch, layout, meta.level, values.length))
    }
    if (found < probes.length)
      throw corrupt('a data file is shorter than its keys', { path: file.path })
  }
  return { windows, windowOf, rows }
}

/** The probes that were found in each file, ascending. */
export function probesByFile(fileOf: Int32Array, fileCount: number): Map<number, Uint32Array> {
  const counts = new Uint32Array(fileCount)
  for (const file of fileOf) if (file >= 0) counts[file]!++
  const lists = Array.from(counts, (count) => new Uint32Array(count))
  counts.fill(0)
  for (let probe = 0; probe < fileOf.length; probe++) {
    const file = fileOf[probe]!
    if (file >= 0) lists[file]![counts[file]!++] = probe
  }
  return new Map([...lists.entries()].filter(([, probes]) => probes.length > 0))
}

function windowOfBatch(
  { length, columns }: Batch,
  layout: KeyValueLayout,
  level: number,
  valueCount: number,
): FoundWindow {
  const merging = columns.length - valueCount
  return {
    window: runWindow(layout, { length, columns: columns.slice(0, merging) }, level, null),
    values: { length, columns: columns.slice(merging) },
  }
}

interface PlacedRows {
  readonly batch: Batch
  /** The places of the next wanted rows in the batch, ascending. */
  readonly places: Uint32Array
}

/** Reads rows by their positions, which ascend. */
async function* readPositions(
  file: DataFile,
  fields: readonly DataField[],
  wanted: Uint32Array,
): AsyncGenerator<PlacedRows, void, undefined> {
  const ranges = rangesAround(wanted)
  const count = ranges.reduce((sum, { from, to }) => sum + to - from, 0)
  const isDense = count <= DENSE * wanted.length
  const options: CursorOptions = { fields, rows: ranges, views: isDense, keepsDeleted: true }
  const cursor = file.cursor(options)
  const places = placesIn(ranges, wanted)
  let passed = 0
  for (let next = 0; next < places.length;) {
    const read = isDense
      ? await readAll(cursor)
      : await readWanted(cursor, places, next, passed, count)
    if (read === null) return
    const first = next
    while (next < places.length && places[next]! < passed + read.passed) next++
    const at = places.slice(first, next)
    for (let i = 0; i < at.length; i++) at[i] = read.isKept ? i : at[i]! - passed
    passed += read.passed
    if (at.length > 0) yield { batch: read.batch, places: at }
  }
}

interface ReadRows {
  readonly batch: Batch
  readonly passed: number
  /** Whether the batch has only the wanted rows. */
  readonly isKept: boolean
}

async function readAll(cursor: RowCursor): Promise<ReadRows | null> {
  const batch = await cursor.read(READ_ROWS)
  return batch && { batch, passed: batch.length, isKept: false }
}

/** Reads on and leaves out the rows that are not wanted: `places[next]` and on are, `passed` rows were read before. */
async function readWanted(
  cursor: RowCursor,
  places: Uint32Array,
  next: number,
  passed: number,
  rowCount: number,
): Promise<ReadRows | null> {
  const count = Math.min(READ_ROWS, rowCount - passed)
  if (cursor.readKept === undefined) {
    const batch = await cursor.read(count)
    if (batch === null) return null
    const rows = places.subarray(next, behind(places, next, passed + batch.length))
    const taken = takeBatch(
      batch,
      rows.map((row) => row - passed),
    )
    return { batch: taken, passed: batch.length, isKept: true }
  }
  const dropped = new Uint32Array(Math.ceil(count / 32)).fill(0xffffffff)
  for (let i = next; i < places.length && places[i]! < passed + count; i++) {
    const bit = places[i]! - passed
    dropped[bit >>> 5]! &= ~(1 << (bit & 31))
  }
  const kept = await cursor.readKept(count, dropped)
  return kept && { ...kept, isKept: true }
}

function behind(places: Uint32Array, from: number, row: number): number {
  let next = from
  while (next < places.length && places[next]! < row) next++
  return next
}

/** Ranges that hold the rows and no wide gap between them. */
function rangesAround(rows: Uint32Array): RowRange[] {
  const ranges: RowRange[] = []
  let from = rows[0]!
  let to = from + 1
  for (let i = 1; i < rows.length; i++) {
    const row = rows[i]!
    if (row - to > GAP_ROWS) {
      ranges.push({ from, to })
      from = row
    }
    to = row + 1
  }
  ranges.push({ from, to })
  return ranges
}

/** Where each of the rows stands among those of the ranges. */
function placesIn(ranges: readonly RowRange[], rows: Uint32Array): Uint32Array {
  const places = new Uint32Array(rows.length)
  let range = 0
  let before = 0
  for (let i = 0; i < rows.length; i++) {
    while (rows[i]! >= ranges[range]!.to) {
      before += ranges[range]!.to - ranges[range]!.from
      range++
    }
    places[i] = before + rows[i]! - ranges[range]!.from
  }
  return places
}
