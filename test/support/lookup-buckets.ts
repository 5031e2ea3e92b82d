/** Buckets with files on several levels, in memory, to be compacted. */
import { randomUUID } from 'node:crypto'

import { allRows } from '../../src/format/column-rows.ts'
import { openDataFile } from '../../src/format/data-file.ts'
import { BucketDeletions } from '../../src/indexes/bucket-deletions.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { joinPath } from '../../src/io/path.ts'
import type { RewriteContext } from '../../src/lsm/compaction-rewrite.ts'
import { fileTarget } from '../../src/lsm/file-target.ts'
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { levelsOf } from '../../src/lsm/levels.ts'
import { kindsColumn } from '../../src/lsm/row-kinds.ts'
import { writeRun } from '../../src/lsm/run-writer.ts'
import { type DataFileMeta, FILE_SOURCE } from '../../src/snapshot/data-file-meta.ts'
import { withoutDeleted } from '../../src/table/file/live-rows.ts'
import { VALUE_KIND_FIELD } from '../../src/types/field-ids.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { inKeyOrder, type KeyValueRow } from './memory-runs.ts'
import type { LeveledRow } from './merge-model.ts'
import { appendCells } from './parquet.ts'
import { batchOf } from './random-columns.ts'

export interface LookupBucket {
  readonly context: RewriteContext
  readonly deletions: BucketDeletions
  /** The files of the runs, in their order. */
  readonly files: readonly DataFileMeta[]
  /** The rows of files, with their kinds behind their columns. */
  readonly read: (files: readonly DataFileMeta[]) => Promise<InternalValue[][]>
}

export interface BucketOptions {
  readonly windowRows: number
  /** Whether rows may be marked as deleted. */
  readonly marks: boolean
  /** The positions that are marked already, for each of the runs. */
  readonly marked?: readonly (readonly number[])[]
}

/** A bucket with a file for each of the runs, whose rows are of one level and in the order of their keys. */
export async function lookupBucket(
  schema: TableSchema,
  runs: readonly (readonly LeveledRow[])[],
  { windowRows, marks, marked = [] }: BucketOptions,
): Promise<LookupBucket> {
  const io = new MemoryFileIO()
  const directory = `memory://${randomUUID()}/bucket-0`
  const target = fileTarget(io, schema)
  const layout = keyValueLayout(schema)
  const files: DataFileMeta[] = []
  for (const rows of runs) {
    const place = { directory, level: rows[0]!.level, source: FILE_SOURCE.APPEND }
    files.push(...(await writeRun(target, place, runRows(schema, rows))).files)
  }
  const deletions = new BucketDeletions(new Map(), 32)
  for (const [i, positions] of marked.entries())
    deletions.delete(files[i]!.fileName, Uint32Array.from(positions))
  const open = async ({ fileName }: DataFileMeta) => {
    const file = await openDataFile(io, joinPath(directory, fileName))
    const deleted = deletions.of(fileName)
    return deleted === undefined ? file : withoutDeleted(file, deleted)
  }
  const context: RewriteContext = {
    target,
    directory,
    layout,
    windowRows,
    openRun: (file) => ({
      open: async () => await open(file),
      rows: async () => null,
      level: file.level,
      hasDeletes: file.deleteRowCount !== 0,
    }),
    levels: () => levelsOf(layout.keys, files, 6),
    deletions: marks ? deletions : null,
  }
  const read = async (wanted: readonly DataFileMeta[]) => {
    const fields = [...schema.fields, VALUE_KIND_FIELD]
    const columns: InternalValue[][] = fields.map(() => [])
    for (const file of wanted) {
      const cursor = (await open(file)).cursor({ fields })
      for (let batch = await cursor.read(100); batch !== null; batch = await cursor.read(100))
        appendCells(columns, batch, fields)
    }
    return columns[0]!.map((_, row) => columns.map((values) => values[row]!))
  }
  return { context, deletions, files, read }
}

function runRows(schema: TableSchema, rows: readonly KeyValueRow[]) {
  const { length } = rows
  const sorted = inKeyOrder(schema, rows)
  const batch = batchOf(
    schema.fields,
    sorted.map(({ row }) => row),
  )
  const numbers = BigInt64Array.from(sorted, ({ number }) => number)
  const sequences = { layout: 'fixed', length, validity: null, values: numbers } as const
  const kinds = kindsColumn(Int8Array.from(sorted, ({ kind }) => kind))
  const [of, as] = [sequences, kinds].map((column) => ({
    columns: [column],
    sourceOf: null,
    rows: null,
    length,
  }))
  return { length, values: allRows(batch), sequences: of!, kinds: as! }
}
