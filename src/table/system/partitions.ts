/**
 * `$partitions` and `$buckets`: sums over their files.
 *
 * Added files count up and deleted ones down, manifest by manifest, so that no set of live files is made. Follow the
 * Java classes `PartitionsTable` with `PartitionEntry`, and `BucketsTable` with `BucketEntry`.
 */
import { FILE_KIND } from '../../snapshot/manifest-entry.ts'
import {
  creationTimeAt,
  fileSizeAt,
  type ManifestRows,
  partitionAt,
  rowCountAt,
} from '../../snapshot/manifest-rows.ts'
import { latin1At } from '../../snapshot/metadata-columns.ts'
import type { DataField } from '../../types/data-type.ts'
import { utf8 } from '../../types/internal-value.ts'
import { type PartitionNaming, partitionText } from '../../types/partition.ts'
import { partitionFields, partitionNaming } from '../../types/schema-keys.ts'
import { mapOrdered } from '../../util/async.ts'
import { readState } from '../plan/time-travel.ts'
import {
  column,
  long,
  type SystemColumn,
  type SystemContext,
  type SystemSource,
} from './columns.ts'
import { perPartition, rowText } from './partition-text.ts'

export interface FileSums {
  readonly partition: Uint8Array
  readonly bucket: number
  rowCount: number
  fileSizeBytes: number
  fileCount: number
  /** Of files that were deleted too, as in Java. */
  lastCreationTime: bigint | null
}

/** Sums that are to be shown under a text. */
interface ShownSums extends FileSums {
  readonly text: string
}

const SUM_COLUMNS: readonly SystemColumn<ShownSums>[] = [
  column('record_count', 'BIGINT NOT NULL', ({ rowCount }) => long(rowCount)),
  column('file_size_in_bytes', 'BIGINT NOT NULL', ({ fileSizeBytes }) => long(fileSizeBytes)),
  column('file_count', 'BIGINT NOT NULL', ({ fileCount }) => long(fileCount)),
  column('last_update_time', 'TIMESTAMP(3)', ({ lastCreationTime }) => lastCreationTime),
]

const TEXT_COLUMN: SystemColumn<ShownSums> = column('partition', 'STRING', ({ text }) => text)

export const PARTITIONS: SystemSource<ShownSums> = {
  columns: [
    TEXT_COLUMN,
    ...SUM_COLUMNS,
    // Only catalogs that keep partitions themselves know of these.
    column('created_at', 'TIMESTAMP(3)', () => null),
    column('created_by', 'STRING', () => null),
    column('updated_by', 'STRING', () => null),
    column('options', 'STRING', () => null),
  ],
  async *items(context) {
    const { fields, naming, sums } = await readSums(context, false)
    yield* shown(sums, perPartition(fields, specText(fields, naming)))
  },
}

export const BUCKETS: SystemSource<ShownSums> = {
  columns: [TEXT_COLUMN, column('bucket', 'INT NOT NULL', ({ bucket }) => bucket), ...SUM_COLUMNS],
  async *items(context) {
    const { fields, sums } = await readSums(context, true)
    yield* shown(
      sums,
      perPartition(fields, (values) => rowText(fields, values)),
    )
  },
}

/** `dt=2026-11-01/region=eu`, not escaped; null, '' and blank texts are all the default name. */
function specText(
  fields: readonly DataField[],
  naming: PartitionNaming,
): Parameters<typeof perPartition>[1] {
  const shownAs = { ...naming, legacyName: false }
  return (values) =>
    fields
      .map(({ name, type }, i) => `${name}=${partitionText(type, values[i]!, shownAs)}`)
      .join('/')
}

/** Sorted by the text's bytes, then by bucket. */
function shown(sums: readonly FileSums[], textOf: (partition: Uint8Array) => string): ShownSums[] {
  return sums
    .map((each) => ({ ...each, text: textOf(each.partition) }))
    .map((each) => ({ each, key: utf8(each.text) }))
    .toSorted((a, b) => Buffer.compare(a.key, b.key) || a.each.bucket - b.each.bucket)
    .map(({ each }) => each)
}

export interface PartitionSums {
  readonly fields: readonly DataField[]
  readonly naming: PartitionNaming
  readonly sums: readonly FileSums[]
}

/** The sums of all partitions, or of all buckets of each, that have files. */
export async function readSums(context: SystemContext, byBucket: boolean): Promise<PartitionSums> {
  const { store, schema: latest, options, signal } = context
  const { snapshot, schema } = await readState(store, latest, options, signal)
  const sums = new Map<string, FileSums>()
  if (snapshot !== null) {
    const metas = await store.manifests.readDataManifests(snapshot, { signal })
    const manifests = mapOrdered(metas, 8, (meta) => store.manifests.readManifest(meta, { signal }))
    for await (const rows of manifests) addRows(sums, rows, byBucket)
  }
  return {
    fields: partitionFields(schema),
    naming: partitionNaming(schema),
    sums: [...sums.values()].filter(({ fileCount }) => fileCount > 0),
  }
}

function addRows(sums: Map<string, FileSums>, rows: ManifestRows, byBucket: boolean): void {
  for (let row = 0; row < rows.length; row++) {
    const bucket = byBucket ? rows.buckets[row]! : 0
    const key = `${bucket}/${latin1At(rows.partitions, row)}`
    let sum = sums.get(key)
    if (sum === undefined) {
      sum = newSums(partitionAt(rows, row), bucket)
      sums.set(key, sum)
    }
    const sign = rows.kinds[row] === FILE_KIND.ADD ? 1 : -1
    sum.rowCount += sign * rowCountAt(rows, row)
    sum.fileSizeBytes += sign * fileSizeAt(rows, row)
    sum.fileCount += sign
    const creationTime = creationTimeAt(rows, row)
    if (creationTime !== null && creationTime > (sum.lastCreationTime ?? -(2n ** 63n)))
      sum.lastCreationTime = creationTime
  }
}

function newSums(partition: Uint8Array, bucket: number): FileSums {
  return {
    partition,
    bucket,
    rowCount: 0,
    fileSizeBytes: 0,
    fileCount: 0,
    lastCreationTime: null,
  }
}
