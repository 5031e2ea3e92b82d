/** The compactors of a writer's buckets: what opens their files, and how many work at once. */
import type { DataFile } from '../../format/data-file.ts'
import { readBucketDeletions } from '../../indexes/bucket-deletions.ts'
import { vectorFileOptions } from '../../indexes/deletion-vector-file.ts'
import { AppendCompactor } from '../../lsm/append-compactor.ts'
import type { MakeCompactor } from '../../lsm/bucket-compactions.ts'
import { BucketCompactor } from '../../lsm/bucket-compactor.ts'
import type { FileTarget } from '../../lsm/file-target.ts'
import { keyValueLayout } from '../../lsm/key-value.ts'
import { type RecordExpiry, recordExpiry } from '../../lsm/record-expiry.ts'
import type { RunFile } from '../../lsm/run-reader.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { bucketDirectory, POSTPONE_BUCKET } from '../../snapshot/data-paths.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { createSlots } from '../../util/async.ts'
import { fileContext, openTableFile } from '../file/table-file.ts'

/** So many buckets of a writer are compacted side by side; each holds windows of its runs in memory. */
const COMPACTIONS_AT_ONCE = 2

/** What makes the compactors of buckets; null where writers leave files as they are. */
export interface CompactorSource {
  keyed(partition: Uint8Array, bucket: number): MakeCompactor<BucketCompactor> | null
  append(partition: Uint8Array, bucket: number): MakeCompactor<AppendCompactor> | null
}

/** The compactors of a writer that writes to the target. */
export function compactorSource(store: TableStore, target: FileTarget): CompactorSource {
  const { io, schema, options, signal } = target
  if (options.get('write-only')) return { keyed: () => null, append: () => null }
  const context = fileContext(store, schema)
  const slots = createSlots(COMPACTIONS_AT_ONCE)
  const nextName = (): string => store.manifests.names.index()
  const contextOf = async (
    partition: Uint8Array,
    bucket: number,
    { files, indexFiles }: Parameters<MakeCompactor>[0],
  ) => {
    const rowCounts = new Map(files.map(({ fileName, rowCount }) => [fileName, rowCount]))
    const rowCountOf = (fileName: string): number | null => rowCounts.get(fileName) ?? null
    const indexes = { partition, bucket, indexFiles, rowCountOf }
    const { form } = vectorFileOptions(options)
    const deletions = options.get('deletion-vectors.enabled')
      ? await readBucketDeletions(io, context.layout, indexes, form, { signal })
      : null
    const open = async (file: DataFileMeta, by = signal): Promise<DataFile> => {
      const deleted = deletions?.of(file.fileName)
      return await openTableFile(context, { partition, bucket }, file, by, deleted)
    }
    const directory = bucketDirectory(context.layout, partition, bucket)
    const indexPlace = { io, layout: context.layout, partition, bucket, nextName, signal }
    return { target, directory, open, deletions, indexPlace, slots }
  }
  const layout = hasPrimaryKey(schema) ? keyValueLayout(schema) : null
  return {
    keyed(partition, bucket) {
      // Rows that have no bucket yet are not in any order.
      if (bucket === POSTPONE_BUCKET || layout === null) return null
      return async (restored) => {
        const { open, ...rest } = await contextOf(partition, bucket, restored)
        const openRun = (file: DataFileMeta): RunFile => ({
          open: () => open(file),
          rows: () => Promise.resolve(null),
          level: file.level,
          hasDeletes: file.deleteRowCount !== 0,
        })
        const expiry = await expiryOf(store, schema, restored.files)
        return new BucketCompactor({ ...rest, layout, openRun, expiry }, restored.files)
      }
    },
    append(partition, bucket) {
      // Where buckets are not counted, many writers write to one: their files are put together by who is asked to.
      if (options.get('bucket') === -1) return null
      return async (restored) =>
        new AppendCompactor(await contextOf(partition, bucket, restored), restored.files)
    },
  }
}

/** What expires of a bucket that has these files. */
async function expiryOf(
  store: TableStore,
  schema: TableSchema,
  files: readonly DataFileMeta[],
): Promise<RecordExpiry | null> {
  const schemas = new Map<number, TableSchema>()
  const expiry = recordExpiry(schema, { schemaOf: (id) => schemas.get(id) })
  if (expiry === null) return null
  for (const { schemaId } of files)
    if (!schemas.has(schemaId)) schemas.set(schemaId, await store.schemas.read(schemaId))
  return expiry
}
