/**
 * Checks one data file against what its manifest entry says: that it is there, as large as told, can be opened, and has
 * the columns of its schema; and, in a deep check, every row.
 */
import { type DataFile, openDataFile } from '../../format/data-file.ts'
import { type DataLayout, dataFilePath, pathsOfFile } from '../../snapshot/data-paths.ts'
import { POSTPONE_BUCKET } from '../../snapshot/data-paths.ts'
import type { ManifestEntry } from '../../snapshot/manifest-entry.ts'
import { statsByName, writtenFields } from '../../snapshot/stats.ts'
import type { DataField } from '../../types/data-type.ts'
import { SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD } from '../../types/field-ids.ts'
import { tableOptions } from '../../types/options.ts'
import { decodePartition } from '../../types/partition.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey, keyFields, trimmedKeyFields } from '../../types/schema-keys.ts'
import { throwIfAborted } from '../../util/async.ts'
import { isBlobFile } from '../file/stored-file.ts'
import { BoundsCheck, type ClaimedColumn } from './column-bounds.ts'
import type { CheckContext } from './context.ts'
import { KeyRowsCheck } from './key-rows.ts'
import { placeCheck } from './placement.ts'

export interface FileToCheck {
  readonly entry: ManifestEntry
  /** The last snapshot that needs the file. */
  readonly snapshotId: number
  readonly isChangelog: boolean
}

const ROWS_PER_BATCH = 8192

/** The number of rows that were read. */
export async function checkDataFile(
  context: CheckContext,
  layout: DataLayout,
  { entry, snapshotId, isChangelog }: FileToCheck,
  deep: boolean,
): Promise<number> {
  const { store, findings, schemas, signal } = context
  const schema = schemas.get(entry.file.schemaId)
  // The manifest's own check has found it.
  if (schema === undefined) return 0
  const path = pathOf(layout, entry)
  if (path === null || !(await isThere(context, layout, entry, snapshotId))) return 0
  const rows = await findings.attempt(path, async () => {
    const { fileSize: sizeBytes } = entry.file
    const isLegacyOrcLtz = tableOptions(schema.options).get('orc.timestamp-ltz.legacy.type')
    const open = await openDataFile(store.io, path, { sizeBytes, isLegacyOrcLtz, signal })
    const columns = columnsOf(open, entry, schema)
    for (const problem of columns.problems) findings.damaged(path, problem)
    const { rowCount } = entry.file
    if (open.rowCount !== null && open.rowCount !== rowCount)
      findings.damaged(path, `has ${open.rowCount} rows, and its manifest says ${rowCount}`)
    if (!deep || columns.problems.length > 0) return 0
    const read = new RowsCheck(layout, entry, schema, columns, isChangelog)
    const count = await read.run(open, signal)
    if (count !== rowCount && open.rowCount === null)
      findings.damaged(path, `has ${count} rows, and its manifest says ${rowCount}`)
    for (const problem of read.problems(count)) findings.damaged(path, problem)
    return count
  })
  return rows ?? 0
}

/** Null for an entry without a path, which was found with the manifest too. */
function pathOf(layout: DataLayout, entry: ManifestEntry): string | null {
  try {
    return dataFilePath(layout, entry)
  } catch {
    return null
  }
}

/** Whether the file is there with its size; the files beside it are looked for too. */
async function isThere(
  { store, findings, signal }: CheckContext,
  layout: DataLayout,
  entry: ManifestEntry,
  snapshotId: number,
): Promise<boolean> {
  const [path, ...extra] = pathsOfFile(layout, entry)
  for (const each of extra)
    if ((await store.io.stat(each, { signal })) === null)
      findings.damaged(each, 'is missing, and belongs to a data file', snapshotId)
  const status = await store.io.stat(path!, { signal })
  if (status === null) findings.damaged(path!, 'is missing', snapshotId)
  else if (status.sizeBytes !== entry.file.fileSize)
    findings.damaged(
      path!,
      `has ${status.sizeBytes} bytes, and its manifest says ${entry.file.fileSize}`,
    )
  return status !== null && status.sizeBytes === entry.file.fileSize
}

interface FileColumns {
  /** What is read. */
  readonly fields: readonly DataField[]
  /** The trimmed primary key; none for files without keys. */
  readonly keys: readonly DataField[]
  /** Where the key columns, the sequence number and the kind are among `fields`. */
  readonly keyIndexes: readonly number[]
  readonly problems: readonly string[]
}

/** The columns that the file should have, and those that it lacks. Thin files have no key columns of their own. */
function columnsOf(open: DataFile, { file }: ManifestEntry, schema: TableSchema): FileColumns {
  const { writeCols } = file
  const values = schema.fields.filter(({ name }) => writeCols === null || writeCols.includes(name))
  const isKeyed = hasPrimaryKey(schema)
  const keys = isKeyed ? trimmedKeyFields(schema) : []
  const stored = isKeyed ? keyFields(schema) : []
  const isThin = !stored.some(({ name }) => open.columnNames.has(name))
  const system = isKeyed ? [SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD] : []
  const fields = [...(isThin ? [] : stored), ...system, ...values]
  // A blob file does not name its column.
  const missing = isBlobFile(file) ? [] : fields.filter(({ name }) => !open.columnNames.has(name))
  return {
    fields,
    keys,
    keyIndexes: [...(isThin ? keys : stored), ...system].map((field) => fields.indexOf(field)),
    problems: missing.map(({ name }) => `lacks the column ${name}`),
  }
}

class RowsCheck {
  readonly #fields: readonly DataField[]
  readonly #bounds: BoundsCheck
  readonly #keyRows: KeyRowsCheck | null
  readonly #place: ReturnType<typeof placeCheck>
  readonly #problems = new Set<string>()

  constructor(
    layout: DataLayout,
    entry: ManifestEntry,
    schema: TableSchema,
    { fields, keys, keyIndexes }: FileColumns,
    isChangelog: boolean,
  ) {
    const { partition, bucket, totalBuckets } = entry
    const { partitionFields } = layout
    this.#fields = fields
    this.#bounds = new BoundsCheck(claimedColumns(entry, schema, fields, keyIndexes))
    // A changelog repeats keys, and a bucket that is yet to be chosen takes rows as they come.
    const isSorted = keys.length > 0 && !isChangelog && bucket !== POSTPONE_BUCKET
    this.#keyRows = isSorted ? new KeyRowsCheck(entry.file, keys, keyIndexes) : null
    const values = decodePartition(partitionFields, partition)
    this.#place = placeCheck(
      { partitionFields, partition: values, bucket, totalBuckets },
      schema,
      fields,
    )
  }

  async run(open: DataFile, signal: AbortSignal | undefined): Promise<number> {
    const cursor = open.cursor({ fields: this.#fields })
    let rowCount = 0
    for (;;) {
      throwIfAborted(signal)
      const batch = await cursor.read(ROWS_PER_BATCH)
      if (batch === null) return rowCount
      rowCount += batch.length
      this.#bounds.add(batch)
      this.#keyRows?.add(batch)
      const misplaced = this.#place(batch)
      if (misplaced !== undefined) this.#problems.add(misplaced)
    }
  }

  *problems(rowCount: number): Generator<string> {
    yield* this.#problems
    yield* this.#bounds.problems(rowCount)
    if (this.#keyRows !== null) yield* this.#keyRows.problems()
  }
}

/** What the manifest claims of the columns: of the key's as `_KEY_` columns, and of the table's own. */
function claimedColumns(
  { file }: ManifestEntry,
  schema: TableSchema,
  fields: readonly DataField[],
  keyIndexes: readonly number[],
): ClaimedColumn[] {
  const { keyStats, valueStats, valueStatsCols, fileName } = file
  const claimed: ClaimedColumn[] = []
  const stored = hasPrimaryKey(schema) ? keyFields(schema) : []
  const ofKeys = statsByName(keyStats, stored, null, fileName)
  for (const [i, { name }] of stored.entries()) {
    const index = keyIndexes[i]!
    const stats = ofKeys(name)
    if (stats !== undefined)
      claimed.push({ field: fields[index]!, index, stats, source: 'key statistics' })
  }
  const values = fields.filter((field) => schema.fields.includes(field))
  const ofValues = statsByName(valueStats, writtenFields(file, schema), valueStatsCols, fileName)
  for (const field of values) {
    const stats = ofValues(field.name)
    const index = fields.indexOf(field)
    if (stats !== undefined) claimed.push({ field, index, stats, source: 'value statistics' })
  }
  return claimed
}
