/** Makes the picture of a table from what was gathered of it: which parts are shown, and the sums over all. */
import type { ChosenRows } from '../../snapshot/manifest-scan.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Tag } from '../../snapshot/tag.ts'
import type { DataField } from '../../types/data-type.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey, partitionFields } from '../../types/schema-keys.ts'
import { typeText } from '../../types/type-text.ts'
import { castText } from '../../types/value-text.ts'
import { perPartition } from '../system/partition-text.ts'
import { type BucketFiles, bucketsOf, latest, sumOf, type VectorRows } from './bucket-files.ts'
import { bucketTree, shares, sortedBy } from './bucket-tree.ts'
import { withSizes } from './growth.ts'
import type {
  FileChange,
  InspectedBranch,
  InspectedBucket,
  InspectedColumn,
  InspectedConsumer,
  InspectedPartition,
  InspectedTag,
  InspectedTotals,
  Inspection,
  LeftOut,
} from './inspection.ts'
import { noticesOf } from './notices.ts'
import { schemaHistory, shownOptions } from './schema-history.ts'

interface Counted<Item> {
  /** How many there are. */
  readonly count: number
  readonly shown: readonly Item[]
}

/** What storage says of a table. */
export interface Gathered {
  readonly table: {
    readonly name: string
    readonly store: TableStore
    readonly schema: TableSchema
  }
  /** Whose files are shown, and the schema that they are read with. */
  readonly snapshot: Snapshot | null
  readonly schema: TableSchema
  readonly files: readonly ChosenRows[]
  /** By the name of a data file how many rows its deletion vector takes out, null where it does not say. */
  readonly vectors: ReadonlyMap<string, number | null>
  readonly snapshotIds: readonly number[]
  /** The newest, ascending. */
  readonly snapshots: readonly Snapshot[]
  /** By snapshot; null where a change is not known. */
  readonly changes: ReadonlyMap<number, FileChange | null>
  readonly tags: Counted<Tag>
  /** The newest, ascending. */
  readonly schemas: { readonly count: number; readonly read: readonly TableSchema[] }
  readonly branches: Counted<InspectedBranch>
  readonly consumers: Counted<InspectedConsumer>
  readonly isShown: (partition: Uint8Array) => boolean
}

/** How much is shown at most. */
export interface InspectBounds {
  readonly snapshots: number
  readonly buckets: number
  readonly files: number
  readonly partitions: number
  readonly names: number
}

export function inspectionOf(gathered: Gathered, bounds: InspectBounds): Inspection {
  const { table, snapshot, schema, vectors, snapshotIds } = gathered
  const vectorRows: VectorRows = (name) => vectors.get(name) ?? (vectors.has(name) ? null : 0)
  const all = bucketsOf(gathered.files, vectorRows)
  const nameOf = partitionNames(schema)
  const chosen = all.filter(({ partition }) => gathered.isShown(partition))
  const totals = totalsOf(all, gathered)
  const partitions = partitionsOf(chosen, nameOf, bounds.partitions)
  const trees = treesOf(chosen, nameOf, vectorRows, gathered, bounds)
  const known = { files: totals.files, bytes: totals.bytes }
  const snapshots = withSizes(gathered.snapshots, gathered.changes, known, snapshot?.id ?? -1)
  const tags = tagsOf(gathered)
  const schemas = schemaHistory(
    gathered.schemas.read,
    gathered.schemas.count === gathered.schemas.read.length,
  ).slice(-bounds.names)
  const shownFiles = trees.reduce(
    (sum, { runs }) => sum + runs.reduce((files, { shown }) => files + shown.length, 0),
    0,
  )
  const leftOut: LeftOut = {
    snapshots: snapshotIds.length - snapshots.length,
    tags: gathered.tags.count - tags.length,
    branches: gathered.branches.count - gathered.branches.shown.length,
    consumers: gathered.consumers.count - gathered.consumers.shown.length,
    schemas: gathered.schemas.count - schemas.length,
    buckets: all.length - trees.length,
    files: trees.reduce((sum, { files }) => sum + files, 0) - shownFiles,
    partitions: partitions.leftOut(all),
  }
  const seen = {
    table: table.name,
    path: table.store.location.root,
    branch: table.store.location.branch,
    snapshotId: snapshot?.id ?? null,
    totals,
    snapshots,
    tags,
    branches: gathered.branches.shown,
    consumers: gathered.consumers.shown,
    partitions: partitions.shown,
    buckets: trees,
    schemas,
    columns: schema.fields.map(columnOf),
    partitionKeys: schema.partitionKeys,
    primaryKeys: schema.primaryKeys,
    options: shownOptions(table.schema.options),
    leftOut,
  }
  const { options } = table.schema
  const earliestId = snapshotIds[0] ?? null
  return { ...seen, notices: noticesOf({ seen, buckets: all, options, earliestId }) }
}

function columnOf({ name, type, description }: DataField): InspectedColumn {
  return { name, type: typeText(type), ...(description !== undefined && { comment: description }) }
}

/** `dt=2026-11-21, region=eu` */
function partitionNames(schema: TableSchema): (partition: Uint8Array) => string {
  const fields = partitionFields(schema)
  return perPartition(fields, (values) =>
    fields
      .map(({ name, type }, i) => {
        const value = values[i]!
        return `${name}=${value === null ? 'null' : castText(type, value)}`
      })
      .join(', '),
  )
}

function totalsOf(buckets: readonly BucketFiles[], gathered: Gathered): InspectedTotals {
  const partitions = new Set(buckets.map(({ partitionKey }) => partitionKey))
  const runs = buckets.reduce((max, { runCount }) => Math.max(max, runCount), 0)
  return {
    ...sumOf(buckets.map(({ sums }) => sums)),
    partitions: partitions.size,
    buckets: buckets.length,
    runsMax: hasPrimaryKey(gathered.schema) ? runs : null,
    snapshots: gathered.snapshotIds.length,
    tags: gathered.tags.count,
  }
}

function partitionsOf(
  buckets: readonly BucketFiles[],
  nameOf: (partition: Uint8Array) => string,
  max: number,
): {
  readonly shown: InspectedPartition[]
  leftOut(all: readonly BucketFiles[]): LeftOut['partitions']
} {
  const groups = [...Map.groupBy(buckets, ({ partitionKey }) => partitionKey)].map(([key, of]) => ({
    key,
    of,
    sums: sumOf(of.map(({ sums }) => sums)),
  }))
  const largest = groups.toSorted((a, b) => b.sums.bytes - a.sums.bytes).slice(0, max)
  const keys = new Set(largest.map(({ key }) => key))
  const shown = largest.map(({ of, sums }) => ({
    name: nameOf(of[0]!.partition),
    buckets: of.length,
    ...sums,
    newestFileMillis: of.reduce<number | null>(
      (newest, { newestFileMillis }) => latest(newest, newestFileMillis),
      null,
    ),
  }))
  return {
    shown: shown.toSorted((a, b) => compareTexts(a.name, b.name)),
    leftOut(all) {
      const others = all.filter(({ partitionKey }) => !keys.has(partitionKey))
      const count = new Set(others.map(({ partitionKey }) => partitionKey)).size
      return { count, ...sumOf(others.map(({ sums }) => sums)) }
    },
  }
}

function treesOf(
  chosen: readonly BucketFiles[],
  nameOf: (partition: Uint8Array) => string,
  vectorRows: VectorRows,
  { schema, schemas }: Gathered,
  bounds: InspectBounds,
): InspectedBucket[] {
  const tallest = chosen
    .toSorted((a, b) => b.runCount - a.runCount || b.sums.bytes - a.sums.bytes)
    .slice(0, bounds.buckets)
  const counts = shares(
    tallest.map(({ places }) => places.length),
    bounds.files,
  )
  const byId = new Map(schemas.read.map((each) => [each.id, each]))
  const keyFields = sortedBy(schema)
  return tallest
    .map((files, i) =>
      bucketTree(files, counts[i]!, {
        partition: nameOf(files.partition),
        keyFields,
        vectorRows,
        // Keys change neither their columns nor their types, so that any schema can tell them.
        schemaOf: (id) => byId.get(id) ?? schema,
      }),
    )
    .toSorted((a, b) => compareTexts(a.partition, b.partition) || a.bucket - b.bucket)
}

function tagsOf({ tags, snapshotIds }: Gathered): InspectedTag[] {
  const ids = new Set(snapshotIds)
  return tags.shown
    .map(({ name, snapshot }) => ({
      name,
      snapshotId: snapshot.id,
      timeMillis: snapshot.timeMillis,
      totalRows: snapshot.totalRecordCount,
      isExpired: !ids.has(snapshot.id),
    }))
    .toSorted((a, b) => a.snapshotId - b.snapshotId || compareTexts(a.name, b.name))
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
