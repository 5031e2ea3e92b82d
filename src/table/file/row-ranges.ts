/**
 * Data files whose columns were written apart: which files hold the same rows, and which of them hold which columns.
 *
 * Follows `DataEvolutionSplitRead` and `RangeHelper` of Java.
 */
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import type { DataField } from '../../types/data-type.ts'
import { ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD } from '../../types/field-ids.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { corrupt } from '../../util/errors.ts'
import { isBlobFile, isKeptApart } from './stored-file.ts'

/** Whether columns of the table's rows may be written apart. */
export function evolvesData({ options }: TableSchema): boolean {
  return tableOptions(options).get('data-evolution.enabled')
}

/** Files that hold columns of the same rows. */
export interface RowRangeFiles {
  readonly firstRowId: bigint
  readonly rowCount: number
  /** Columns are taken from the first part that has them. */
  readonly parts: readonly FilePart[]
}

/** One file, or several that hold the same columns of different rows; rows that none has are null there. */
export interface FilePart {
  readonly files: readonly PlacedRows[]
  /** The ids of the columns in it. */
  readonly fieldIds: ReadonlySet<number>
}

/** A file, and which of the rows its first one is. */
export interface PlacedRows {
  readonly file: DataFileMeta
  readonly firstRow: number
}

/** The files in groups, by row ids; those of a group overlap, and keep their order. */
export function groupByRowIds(files: readonly DataFileMeta[]): DataFileMeta[][] {
  const sorted = files
    .map((file, order) => ({ file, order, ...rowIds(file) }))
    .toSorted((a, b) => compareLongs(a.from, b.from) || compareLongs(a.to, b.to))
  const groups: (typeof sorted)[] = []
  let end = -1n
  for (const entry of sorted) {
    if (groups.length > 0 && entry.from < end) groups.at(-1)!.push(entry)
    else groups.push([entry])
    if (groups.at(-1)!.length === 1 || entry.to > end) end = entry.to
  }
  return groups.map((group) => group.toSorted((a, b) => a.order - b.order).map(({ file }) => file))
}

/** Takes a group apart. CORRUPT where its files do not fit together. */
export function rowRangeFiles(
  group: readonly DataFileMeta[],
  schemaOf: (file: DataFileMeta) => TableSchema,
): RowRangeFiles {
  const rowFiles = group
    .filter((file) => !isKeptApart(file))
    .toSorted((a, b) => compareLongs(b.maxSequenceNumber, a.maxSequenceNumber))
  const [first] = rowFiles
  if (first === undefined) throw corrupt('columns are there without the rows that they belong to')
  const { from, to } = rowIds(first)
  for (const file of rowFiles) {
    const ids = rowIds(file)
    if (ids.from !== from || ids.to !== to)
      throw corrupt(`the rows of ${file.fileName} and of ${first.fileName} overlap in part`)
  }
  const parts: FilePart[] = rowFiles.map((file) => ({
    files: [{ file, firstRow: 0 }],
    fieldIds: writtenIds(file, schemaOf(file)),
  }))
  for (const files of filesApart(group, schemaOf).values()) {
    const latest = latestFiles(files)
    for (const file of latest) {
      const ids = rowIds(file)
      if (ids.from < from || ids.to > to)
        throw corrupt(`${file.fileName} has values of rows that ${first.fileName} does not have`)
    }
    parts.push({
      files: latest.map((file) => ({ file, firstRow: Number(rowIds(file).from - from) })),
      fieldIds: writtenIds(latest[0]!, schemaOf(latest[0]!)),
    })
  }
  return { firstRowId: from, rowCount: first.rowCount, parts }
}

/** The columns that a file has, and the row ids and sequence numbers that every file has. */
function writtenIds({ writeCols }: DataFileMeta, { fields }: TableSchema): ReadonlySet<number> {
  const written = (field: DataField): boolean =>
    writeCols === null || writeCols.includes(field.name)
  const ids = fields.filter(written).map(({ id }) => id)
  return new Set([...ids, ROW_ID_FIELD.id, SEQUENCE_NUMBER_FIELD.id])
}

/** The files that are kept apart, together with those of the same columns. */
function filesApart(
  group: readonly DataFileMeta[],
  schemaOf: (file: DataFileMeta) => TableSchema,
): Map<string, DataFileMeta[]> {
  const byColumns = new Map<string, DataFileMeta[]>()
  for (const file of group.filter(isKeptApart)) {
    const key = columnsKey(file, schemaOf(file))
    const found = byColumns.get(key)
    if (found === undefined) byColumns.set(key, [file])
    else found.push(file)
  }
  return byColumns
}

function columnsKey(file: DataFileMeta, schema: TableSchema): string {
  const { writeCols, fileName } = file
  const ids = schema.fields.filter(({ name }) => writeCols?.includes(name)).map(({ id }) => id)
  if (ids.length === 0) throw corrupt(`${fileName} does not say which columns it has`)
  if (isBlobFile(file)) return `blob ${ids[0]}`
  const format = fileName.slice(fileName.lastIndexOf('.') + 1)
  return `vector ${schema.id} ${format} ${ids.join(' ')}`
}

/**
 * Of files of the same columns, those that hold the latest values, in the order of their rows. Java wants them to follow
 * each other without a gap; but it joins files of rows with and without values of a column, and then there is one.
 */
function latestFiles(files: readonly DataFileMeta[]): DataFileMeta[] {
  const sorted = files.toSorted(
    (a, b) =>
      compareLongs(rowIds(a).from, rowIds(b).from) ||
      compareLongs(b.maxSequenceNumber, a.maxSequenceNumber),
  )
  const latest: DataFileMeta[] = []
  for (const file of sorted) {
    const before = latest.at(-1)
    if (before === undefined) {
      latest.push(file)
      continue
    }
    if (rowIds(file).from >= rowIds(before).to) latest.push(file)
    else if (file.maxSequenceNumber >= before.maxSequenceNumber)
      throw corrupt(`${file.fileName} and ${before.fileName} hold the same values`)
  }
  return latest
}

/** The row ids `[from, to)` of a file. */
function rowIds({ firstRowId, rowCount, fileName }: DataFileMeta): { from: bigint; to: bigint } {
  if (firstRowId === null) throw corrupt(`the rows of ${fileName} have no ids`)
  return { from: firstRowId, to: firstRowId + BigInt(rowCount) }
}

function compareLongs(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
