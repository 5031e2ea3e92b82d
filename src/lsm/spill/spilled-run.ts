/**
 * Sorted rows of the write buffer as a run that a merge reads: from the disk they were spilled to, or from memory.
 *
 * A spilled run is cut into pages. Each page is two blocks, one of the columns that decide a merge and one of the others,
 * since a merge reads the first well ahead of the second.
 */
import type { CursorOptions, DataFile, RowCursor } from '../../format/data-file.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import type { Batch, Column } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD } from '../../types/field-ids.ts'
import { assert } from '../../util/assert.ts'
import { gatherPart } from '../gather.ts'
import { type KeyValueLayout, SYSTEM_FIELDS } from '../key-value.ts'
import { sequenceNumbers } from '../row-kinds.ts'
import type { RunFile } from '../run-reader.ts'
import type { RunRows } from '../run-writer.ts'
import { getBatch, type PackedBlock, putBatch } from './packed-block.ts'
import type { SpillSpace } from './spill-space.ts'

/** What a page comes to, and the most rows of it. */
const PAGE_BYTES = 256 << 10
const PAGE_ROWS_MAX = 16_384

interface Page {
  readonly merging: PackedBlock
  readonly values: PackedBlock
}

export interface SpilledRun {
  readonly rowCount: number
  readonly pages: readonly Page[]
}

/** The columns of the two blocks of a page. */
interface PageFields {
  readonly merging: readonly DataField[]
  readonly values: readonly DataField[]
}

function pageFields({ keys, sequence, fields }: KeyValueLayout): PageFields {
  const deciding = [...keys, ...sequence.filter(({ id }) => !keys.some((key) => key.id === id))]
  const values = fields.filter(({ id }) => !deciding.some((field) => field.id === id))
  return { merging: [...SYSTEM_FIELDS, ...deciding], values }
}

/** Puts sorted rows away; their numbers count from the first row of the buffer on. */
export async function spillRun(
  space: SpillSpace,
  layout: KeyValueLayout,
  pieces: Iterable<RunRows> | AsyncIterable<RunRows>,
): Promise<SpilledRun> {
  const fields = pageFields(layout)
  const pages: Page[] = []
  let rowCount = 0
  try {
    for await (const rows of pieces) {
      const step = pageRows(rows)
      for (let from = 0; from < rows.length; from += step) {
        const to = Math.min(rows.length, from + step)
        pages.push(await putPage(space, layout, fields, rows, from, to))
      }
      rowCount += rows.length
    }
  } catch (error) {
    await releaseRun(space, { rowCount, pages })
    throw error
  }
  return { rowCount, pages }
}

function pageRows({ values: { rowBytes = 100 } }: RunRows): number {
  return Math.max(1, Math.min(PAGE_ROWS_MAX, Math.floor(PAGE_BYTES / (rowBytes + 9))))
}

async function putPage(
  space: SpillSpace,
  layout: KeyValueLayout,
  fields: PageFields,
  rows: RunRows,
  from: number,
  to: number,
): Promise<Page> {
  const put = async (blockFields: readonly DataField[]): Promise<PackedBlock> => {
    const columns = blockFields.map((field) => partOf(layout, rows, field, from, to))
    return await putBatch(space, { length: to - from, columns })
  }
  const [merging, values] = await Promise.allSettled([put(fields.merging), put(fields.values)])
  if (merging.status === 'fulfilled' && values.status === 'fulfilled')
    return { merging: merging.value, values: values.value }
  for (const each of [merging, values])
    if (each.status === 'fulfilled') await space.release([each.value.block])
  throw [merging, values].find((each) => each.status === 'rejected')!.reason
}

/** The rows `[from, to)` of a column of the table, or of a system column. */
function partOf(
  { fields }: KeyValueLayout,
  { values, sequences, kinds }: RunRows,
  { id }: DataField,
  from: number,
  to: number,
): Column {
  if (id === SEQUENCE_NUMBER_FIELD.id) return gatherPart(sequences, from, to)
  if (id === VALUE_KIND_FIELD.id) return gatherPart(kinds, from, to)
  return gatherPart(values.column(fields.findIndex((field) => field.id === id)), from, to)
}

export async function releaseRun(space: SpillSpace, { pages }: SpilledRun): Promise<void> {
  await space.release(pages.flatMap(({ merging, values }) => [merging.block, values.block]))
}

/** A spilled run as a merge reads it, `firstSequence` added to the numbers of its rows. */
export function spilledFile(
  space: SpillSpace,
  layout: KeyValueLayout,
  { rowCount, pages }: SpilledRun,
  firstSequence: bigint,
): RunFile {
  const { merging, values } = pageFields(layout)
  return runFile(layout, rowCount, ({ fields }) => {
    const isMerging = merging.some(({ id }) => id === fields[0]!.id)
    const of = isMerging ? merging : values
    const places = fields.map(({ id }) => of.findIndex((field) => field.id === id))
    assert(!places.includes(-1), 'a spilled run is read across its blocks')
    return pageCursor(pages.length, async (index) => {
      const page = pages[index]!
      const { length, columns } = await getBatch(space, isMerging ? page.merging : page.values)
      const chosen = places.map((at) =>
        of[at]!.id === SEQUENCE_NUMBER_FIELD.id
          ? numbered(columns[at]!, firstSequence)
          : columns[at]!,
      )
      return { length, columns: chosen }
    })
  })
}

/** Sorted rows in memory as a merge reads them. */
export function memoryFile(layout: KeyValueLayout, rows: RunRows): RunFile {
  const step = pageRows(rows)
  return runFile(layout, rows.length, ({ fields }) =>
    pageCursor(Math.ceil(rows.length / step), async (index) => {
      const from = index * step
      const to = Math.min(rows.length, from + step)
      const columns = fields.map((field) => partOf(layout, rows, field, from, to))
      return { length: to - from, columns }
    }),
  )
}

function runFile(
  { fields }: KeyValueLayout,
  rowCount: number,
  cursor: (options: CursorOptions) => RowCursor,
): RunFile {
  const columnNames = new Set([...fields, ...SYSTEM_FIELDS].map(({ name }) => name))
  const file: DataFile = {
    path: 'the write buffer',
    columnNames,
    rowCount,
    prune: async () => null,
    cursor,
  }
  return { open: async () => file, rows: async () => null, level: 0, hasDeletes: true }
}

/** Reads pages one after the other, each while the rows of the one before it are merged. */
function pageCursor(count: number, read: (index: number) => Promise<Batch>): RowCursor {
  let next = 0
  let ahead: Promise<Batch> | null = null
  let page: Batch | null = null
  let at = 0
  const load = (): Promise<Batch> | null => {
    if (next >= count) return null
    const loading = read(next++)
    // Whoever asks for the page is told of its failure.
    loading.catch(() => {})
    return loading
  }
  return {
    read: async (rowCount) => {
      if (page === null || at === page.length) {
        ahead ??= load()
        if (ahead === null) return null
        page = await ahead
        ahead = load()
        at = 0
      }
      const to = Math.min(page.length, at + rowCount)
      const part = at === 0 && to === page.length ? page : sliceBatch(page, at, to)
      at = to
      return part
    },
  }
}

/** The numbers with `first` added to each. */
function numbered(column: Column, first: bigint): Column {
  const words = sequenceNumbers(column).slice()
  const low = Number(BigInt.asUintN(32, first))
  const high = Number(BigInt.asIntN(32, first >> 32n))
  for (let i = 0; i < words.length; i += 2) {
    const sum = (words[i]! >>> 0) + low
    words[i] = sum
    words[i + 1] = words[i + 1]! + high + (sum >= 2 ** 32 ? 1 : 0)
  }
  const values = new BigInt64Array(words.buffer)
  return { layout: 'fixed', length: column.length, validity: null, values }
}
