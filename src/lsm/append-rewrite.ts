/** Writes the rows of several files of an append table into new ones, in the order in which they come. */
import { allRows } from '../format/column-rows.ts'
import type { DataFile } from '../format/data-file.ts'
import type { FileIO } from '../io/file-io.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import type { Batch } from '../types/column.ts'
import { ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD } from '../types/field-ids.ts'
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { throwIfAborted } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import { appendFileMeta } from './append-file.ts'
import { type FileTarget, fileTarget, openFile } from './file-target.ts'
import { pathsOf, RollingWriter, type WrittenFile } from './rolling-writer.ts'
import { batchRowsOf } from './window-rows.ts'

/**
 * Whether the file was written with a later schema than the rows would be now: columns that the table has got since would
 * be lost.
 */
export function isOfLaterSchema({ schemaId }: DataFileMeta, { id }: TableSchema): boolean {
  return schemaId > id
}

/** CONFLICT for {@link isOfLaterSchema}. */
export function laterSchemaError(path?: string): LakeError {
  return new LakeError('CONFLICT', 'the table has got another schema since it was opened', {
    path,
    hint: 'open the table again, and do the same',
  })
}

/** What rows are written anew with: where they are tracked, their ids and numbers come along as columns. */
export function rewriteTarget(io: FileIO, schema: TableSchema, signal?: AbortSignal): FileTarget {
  if (!tableOptions(schema.options).get('row-tracking.enabled'))
    return fileTarget(io, schema, signal)
  const fields = [...schema.fields, ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD]
  return fileTarget(io, { ...schema, fields }, signal)
}

/** Describes a file of such a target: see {@link appendFileMeta}. */
export function rewrittenFileMeta(
  target: FileTarget,
  file: WrittenFile,
  sequence: bigint,
  source: number,
): DataFileMeta {
  const { fields } = target
  const isTracked = fields.some(({ id }) => id === ROW_ID_FIELD.id)
  const writeCols = isTracked ? fields.map(({ name }) => name) : null
  return { ...appendFileMeta(target, file, sequence, source), writeCols }
}

export interface RewrittenFiles {
  readonly files: readonly DataFileMeta[]
  readonly paths: readonly string[]
}

/**
 * Writes the live rows of the files anew, numbered from the first sequence number of the first file. `open` gives a file
 * with the columns of the table and without its deleted rows; `source` says what they are written for. On failure nothing is left there.
 *
 * Follows `BaseAppendFileStoreWrite.compactRewrite`, in which every file that is written begins with the same number;
 * here they go on, up to the last number of the files before, so that the order of the rows can be told from them.
 */
export async function rewriteAppendFiles(
  target: FileTarget,
  { directory, source }: { readonly directory: string; readonly source: number },
  files: readonly DataFileMeta[],
  open: (file: DataFileMeta) => Promise<DataFile>,
): Promise<RewrittenFiles> {
  if (files.length === 0) return { files: [], paths: [] }
  if (files.some((file) => isOfLaterSchema(file, target.schema))) throw laterSchemaError(directory)
  const place = { directory, level: 0, source }
  const writer = new RollingWriter(() => openFile(target, place), target)
  try {
    for await (const batch of rowsOf(target, files, open)) await writer.write(allRows(batch))
    return described(target, source, files, await writer.finish())
  } catch (error) {
    await target.io.deleteAll(await writer.abort())
    throw error
  }
}

async function* rowsOf(
  { fields, signal }: FileTarget,
  files: readonly DataFileMeta[],
  open: (file: DataFileMeta) => Promise<DataFile>,
): AsyncGenerator<Batch, void, undefined> {
  for (const file of files) {
    const cursor = (await open(file)).cursor({ fields })
    const rowCount = batchRowsOf([file])
    for (;;) {
      throwIfAborted(signal)
      const batch = await cursor.read(rowCount)
      if (batch === null) break
      if (batch.length > 0) yield batch
    }
  }
}

function described(
  target: FileTarget,
  source: number,
  before: readonly DataFileMeta[],
  written: readonly WrittenFile[],
): RewrittenFiles {
  const last = before.reduce(
    (max, { maxSequenceNumber }) => (maxSequenceNumber > max ? maxSequenceNumber : max),
    before[0]!.maxSequenceNumber,
  )
  let next = before[0]!.minSequenceNumber
  const files = written.map((file) => {
    const first = next > last ? last : next
    next += BigInt(file.rowCount)
    return rewrittenFileMeta(target, file, first, source)
  })
  return { files, paths: written.flatMap(pathsOf) }
}
