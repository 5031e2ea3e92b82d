/**
 * Data files that hold columns of the same rows, as one file.
 *
 * Follows `DataEvolutionSplitRead` and `DataEvolutionFileReader` of Java.
 */
import type { CursorOptions, DataFile, RowCursor, RowRange } from '../../format/data-file.ts'
import { commonRanges } from '../../format/row-ranges.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { dataFilePath } from '../../snapshot/data-paths.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import { nullColumn } from '../../types/column-take.ts'
import type { Batch, Column } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import type { BoundPredicate } from '../../types/predicate-bind.ts'
import { mapAll } from '../../util/async.ts'
import { corrupt, decodingError } from '../../util/errors.ts'
import type { Split } from '../plan/split.ts'
import { type FilePart, rowRangeFiles } from './row-ranges.ts'
import { type FileContext, openTableFile } from './table-file.ts'

/** Opens a group of files of the split; see {@link groupByRowIds} and {@link openTableFile}. */
export async function openJoinedFile(
  context: FileContext,
  split: Pick<Split, 'partition' | 'bucket' | 'deletionFiles'>,
  group: readonly DataFileMeta[],
  signal: AbortSignal | undefined,
): Promise<DataFile> {
  const open = async (file: DataFileMeta): Promise<DataFile> =>
    await openTableFile(context, split, file, signal)
  if (group.length === 1) return await open(group[0]!)
  const ids = [...new Set(group.map(({ schemaId }) => schemaId))]
  const schemas = await mapAll(ids, 8, (id) => context.schemas.read(id, { signal }))
  const byId = new Map(schemas.map((schema) => [schema.id, schema]))
  const { parts, rowCount } = rowRangeFiles(group, ({ schemaId }) => byId.get(schemaId)!)
  return joinedFile(
    dataFilePath(context.layout, { ...split, file: group[0]! }),
    parts.map((part) => openPart(part, open)),
    rowCount,
  )
}

/** A part whose files are opened when they are needed. */
interface OpenPart {
  readonly fieldIds: ReadonlySet<number>
  readonly files: readonly OpenedRows[]
}

interface OpenedRows {
  readonly firstRow: number
  readonly rowCount: number
  open(): Promise<DataFile>
}

function openPart(
  { files, fieldIds }: FilePart,
  open: (file: DataFileMeta) => Promise<DataFile>,
): OpenPart {
  const opening = files.map(({ file, firstRow }): OpenedRows => {
    let opened: Promise<DataFile> | undefined
    return { firstRow, rowCount: file.rowCount, open: async () => await (opened ??= open(file)) }
  })
  return { fieldIds, files: opening }
}

/** `path` is that of one of the files, for messages. */
function joinedFile(path: string, parts: readonly OpenPart[], rowCount: number): DataFile {
  return {
    path,
    columnNames: new Set(),
    rowCount,
    prune: async (predicate) => await pruneParts(parts, rowCount, predicate),
    cursor: (options) => joinedCursor(path, parts, rowCount, options),
  }
}

/** The rows that the statistics of every file leave, each asked about the columns that are taken from it. */
async function pruneParts(
  parts: readonly OpenPart[],
  rowCount: number,
  predicate: BoundPredicate,
): Promise<readonly RowRange[] | null> {
  const owners = predicate.fields.map((field) => ownerOf(parts, field))
  let left: readonly RowRange[] | null = null
  for (const part of parts) {
    if (part.files[0]!.rowCount < rowCount || !owners.includes(part)) continue
    // A column that no schema has is one of which nothing is known.
    const fields = predicate.fields.map((field, i) =>
      owners[i] === part ? field : { ...field, id: -1 },
    )
    const file = await part.files[0]!.open()
    const ranges = await file.prune({ fields, root: predicate.root })
    left = commonRanges(left, ranges)
  }
  return left
}

function ownerOf(parts: readonly OpenPart[], { id }: DataField): OpenPart | undefined {
  return parts.find(({ fieldIds }) => fieldIds.has(id))
}

/** Columns that are read from one part, and where they belong among those asked for. */
interface PartRead {
  readonly places: readonly number[]
  readonly cursor: RowCursor
  rest: Batch | null
}

function joinedCursor(
  path: string,
  parts: readonly OpenPart[],
  rowCount: number,
  { fields, rows, views = false }: CursorOptions,
): RowCursor {
  const owners = fields.map((field) => ownerOf(parts, field))
  const asked = parts.filter((part) => owners.includes(part))
  // Where no column is asked for, any part tells how many rows there are.
  const reads = (asked.length > 0 ? asked : parts.slice(0, 1)).map((part): PartRead => {
    const places = [...fields.keys()].filter((i) => owners[i] === part)
    const options = { fields: places.map((i) => fields[i]!), rows, views }
    return { places, cursor: partCursor(part, rowCount, options), rest: null }
  })
  for (const [i, owner] of owners.entries())
    if (owner === undefined && !fields[i]!.type.nullable) throw neverNull(fields[i]!)
  return {
    read: async (count) => {
      try {
        return await readTogether(reads, fields, count)
      } catch (error) {
        throw decodingError(path, error)
      }
    },
  }
}

async function readTogether(
  reads: readonly PartRead[],
  fields: readonly DataField[],
  count: number,
): Promise<Batch | null> {
  await Promise.all(
    reads.map(async (read) => {
      read.rest ??= await read.cursor.read(count)
    }),
  )
  const rests = reads.map(({ rest }) => rest)
  if (rests.every((rest) => rest === null)) return null
  if (rests.includes(null)) throw corrupt('files of the same rows differ in the number of rows')
  const length = Math.min(count, ...rests.map((rest) => rest!.length))
  const columns: Column[] = fields.map(({ type }) => nullColumn(type, 0))
  for (const read of reads) {
    const batch = read.rest!
    const taken = sliceBatch(batch, 0, length)
    read.rest = length === batch.length ? null : sliceBatch(batch, length, batch.length)
    for (const [i, place] of read.places.entries()) columns[place] = taken.columns[i]!
  }
  const places = new Set(reads.flatMap((read) => read.places))
  for (const [i, { type }] of fields.entries())
    if (!places.has(i)) columns[i] = nullColumn(type, length)
  return { length, columns }
}

/** Rows of a part: those of a file, or those that no file has. */
interface Stretch {
  readonly from: number
  readonly to: number
  readonly file: OpenedRows | null
}

/** Reads the files of a part one behind the other, and nulls where there is none. */
function partCursor(part: OpenPart, rowCount: number, options: CursorOptions): RowCursor {
  const ranges = options.rows ?? [{ from: 0, to: rowCount }]
  const stretches = stretchesOf(part, rowCount).values()
  let cursor: RowCursor | null = null
  return {
    async read(count): Promise<Batch | null> {
      for (;;) {
        const batch = await cursor?.read(count)
        if (batch) return batch
        const stretch: Stretch | undefined = stretches.next().value
        if (stretch === undefined) return null
        const { from, file } = stretch
        const rows = (commonRanges(ranges, [stretch]) ?? []).map((range) => ({
          from: range.from - from,
          to: range.to - from,
        }))
        if (rows.length === 0) cursor = null
        else if (file === null) cursor = nullCursor(options.fields, rows)
        else cursor = (await file.open()).cursor({ ...options, rows })
      }
    },
  }
}

function stretchesOf({ files }: OpenPart, rowCount: number): Stretch[] {
  const stretches: Stretch[] = []
  let end = 0
  for (const file of files) {
    const from = file.firstRow
    if (from > end) stretches.push({ from: end, to: from, file: null })
    end = from + file.rowCount
    stretches.push({ from, to: end, file })
  }
  if (end < rowCount) stretches.push({ from: end, to: rowCount, file: null })
  return stretches
}

function nullCursor(fields: readonly DataField[], rows: readonly RowRange[]): RowCursor {
  const required = fields.find(({ type }) => !type.nullable)
  if (required !== undefined) throw neverNull(required)
  let left = rows.reduce((sum, { from, to }) => sum + to - from, 0)
  return {
    read: (count) => {
      const length = Math.min(count, left)
      left -= length
      if (length === 0) return Promise.resolve(null)
      return Promise.resolve({
        length,
        columns: fields.map(({ type }) => nullColumn(type, length)),
      })
    },
  }
}

function neverNull({ name }: DataField): Error {
  return corrupt(`no file has values of the column ${name}, which is never null`)
}
