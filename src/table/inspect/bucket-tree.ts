/**
 * One bucket's LSM tree, as it is shown.
 *
 * 1. Files part into runs: each of level 0, the newest first, and each level above it.
 * 2. Of runs with more files than may be shown, some are taken at even distances.
 * 3. The ends of all that are shown are put in order; a file's place is that of its first and last key among them.
 */
import { compareKeyValues, decodeKey, type Key } from '../../lsm/key-compare.ts'
import { type DataFileMeta, FILE_SOURCE } from '../../snapshot/data-file-meta.ts'
import { entryAt, maxSequenceAt } from '../../snapshot/manifest-rows.ts'
import type { DataField } from '../../types/data-type.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { trimmedKeyFields } from '../../types/schema-keys.ts'
import { decoding } from '../../util/errors.ts'
import { keyText } from '../system/files.ts'
import {
  type BucketFiles,
  fileSums,
  type FilePlace,
  millis,
  sumOf,
  type VectorRows,
} from './bucket-files.ts'
import type { FileKeys, InspectedBucket, InspectedFile, InspectedRun } from './inspection.ts'

/** Runs of level 0 that are shown of a bucket at most. */
const LEVEL0_RUNS_MAX = 64

export interface TreeContext {
  /** The name of the bucket's partition. */
  readonly partition: string
  /** The columns that files are sorted by; none without a primary key. */
  readonly keyFields: readonly DataField[]
  readonly vectorRows: VectorRows
  /** The schema that a file was written with. */
  readonly schemaOf: (schemaId: number) => TableSchema
}

/** The columns that files are sorted by. */
export function sortedBy(schema: TableSchema): readonly DataField[] {
  return schema.primaryKeys.length === 0 ? [] : trimmedKeyFields(schema)
}

/** The tree of a bucket, of which at most so many files are shown. */
export function bucketTree(
  files: BucketFiles,
  filesMax: number,
  context: TreeContext,
): InspectedBucket {
  const isKeyed = context.keyFields.length > 0
  const runs = isKeyed ? sortedRuns(files.places, filesMax) : [{ level: 0, places: files.places }]
  const counts = shares(
    runs.map(({ places }) => places.length),
    filesMax,
  )
  const shown = runs.map(({ places }, i) => metasOf(sample(places, counts[i]!), isKeyed, context))
  const axis = isKeyed ? keyAxis(shown.flat(), context.keyFields) : null
  return {
    partition: context.partition,
    bucket: files.bucket,
    totalBuckets: files.totalBuckets,
    ...files.sums,
    runCount: isKeyed ? files.runCount : null,
    runs: runs.map(({ level, places }, i): InspectedRun => ({
      level,
      ...sumOf(places.map((place) => fileSums(place, context.vectorRows))),
      shown: shown[i]!.map((meta) => fileOf(meta, axis, context)),
    })),
    keyPlaces: axis?.length ?? 0,
  }
}

/** How many of each may be taken so that all together are at most `max`: the few are taken whole, the many cut alike. */
export function shares(counts: readonly number[], max: number): number[] {
  const order = counts.map((count, i) => ({ count, i })).toSorted((a, b) => a.count - b.count)
  const taken = counts.map(() => 0)
  let left = max
  for (const [done, { count, i }] of order.entries()) {
    taken[i] = Math.min(count, Math.floor(left / (order.length - done)))
    left -= taken[i]
  }
  return taken
}

interface RunPlaces {
  readonly level: number
  readonly places: readonly FilePlace[]
}

/** The runs, those of level 0 only as far as a file of each can be shown. */
function sortedRuns(places: readonly FilePlace[], filesMax: number): RunPlaces[] {
  const byLevel = Map.groupBy(places, ({ rows, row }) => rows.levels[row]!)
  const upperCount = byLevel.size - Number(byLevel.has(0))
  const level0Max = Math.min(LEVEL0_RUNS_MAX, Math.max(1, filesMax - upperCount))
  const level0 = (byLevel.get(0) ?? [])
    .map((place) => ({ place, sequence: maxSequenceAt(place.rows, place.row) }))
    .toSorted((a, b) => (a.sequence > b.sequence ? -1 : Number(a.sequence < b.sequence)))
    .slice(0, level0Max)
    .map(({ place }) => ({ level: 0, places: [place] }))
  const upper = [...byLevel]
    .filter(([level]) => level > 0)
    .toSorted(([a], [b]) => a - b)
    .map(([level, files]) => ({ level, places: files }))
  return [...level0, ...upper]
}

/** So many of the places, at even distances. */
function sample(places: readonly FilePlace[], count: number): FilePlace[] {
  if (count >= places.length) return [...places]
  return Array.from({ length: count }, (_, i) => places[Math.floor((i * places.length) / count)]!)
}

function metasOf(
  places: readonly FilePlace[],
  isKeyed: boolean,
  { keyFields }: TreeContext,
): DataFileMeta[] {
  const metas = places.map(({ rows, row }) => entryAt(rows, row).file)
  if (!isKeyed)
    return metas.toSorted((a, b) => Number(a.minSequenceNumber - b.minSequenceNumber) || 0)
  return metas
    .map((meta) => ({ meta, min: keyOf(meta, meta.minKey, keyFields) }))
    .toSorted((a, b) => compareKeyValues(a.min, b.min))
    .map(({ meta }) => meta)
}

function keyOf(meta: DataFileMeta, bytes: Uint8Array, keyFields: readonly DataField[]): Key {
  return decoding(meta.fileName, () => decodeKey(keyFields, bytes))
}

/** The ends of files in order, each once. */
function keyAxis(metas: readonly DataFileMeta[], keyFields: readonly DataField[]): Key[] {
  const ends = metas
    .flatMap((meta) => [keyOf(meta, meta.minKey, keyFields), keyOf(meta, meta.maxKey, keyFields)])
    .toSorted(compareKeyValues)
  return ends.filter((key, i) => i === 0 || compareKeyValues(ends[i - 1]!, key) !== 0)
}

function placeOf(axis: readonly Key[], key: Key): number {
  let [from, to] = [0, axis.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (compareKeyValues(axis[middle]!, key) < 0) from = middle + 1
    else to = middle
  }
  return from
}

function fileOf(
  meta: DataFileMeta,
  axis: readonly Key[] | null,
  { keyFields, vectorRows, schemaOf }: TreeContext,
): InspectedFile {
  const keys = (): FileKeys | null => {
    const schema = schemaOf(meta.schemaId)
    const min = keyText(meta, meta.minKey, schema)
    const max = keyText(meta, meta.maxKey, schema)
    if (axis === null || min === null || max === null) return null
    const minPlace = placeOf(axis, keyOf(meta, meta.minKey, keyFields))
    const maxPlace = placeOf(axis, keyOf(meta, meta.maxKey, keyFields))
    return { min, max, minPlace, maxPlace }
  }
  return {
    name: meta.fileName,
    rows: meta.rowCount,
    bytes: meta.fileSize,
    deleteRows: meta.deleteRowCount,
    vectorRows: vectorRows(meta.fileName),
    schemaId: meta.schemaId,
    createdMillis: millis(meta.creationTime),
    source: sourceOf(meta),
    keys: keys(),
  }
}

function sourceOf({ fileSource }: DataFileMeta): InspectedFile['source'] {
  if (fileSource === FILE_SOURCE.APPEND) return 'append'
  return fileSource === FILE_SOURCE.COMPACT ? 'compact' : null
}
