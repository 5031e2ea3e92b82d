/** Millrace: Apache Paimon tables for Node. This is the whole public surface; what is marked internal may change. */
export { type Catalog, type CatalogInput, createCatalog } from './catalog/catalog.ts'
export { type CatalogMetrics, prometheusText } from './catalog/metrics.ts'
export type { Dropped, DropOptions } from './catalog/drop.ts'
export {
  type IcebergServer,
  type IcebergServerOptions,
  serveIceberg,
  type ServedRequest,
} from './catalog/iceberg-rest/server.ts'
export type { CommitResult } from './snapshot/commit.ts'
export type { CommitMessage } from './snapshot/commit-message.ts'
export {
  decodeJavaMessage,
  decodeMessages,
  encodeJavaMessage,
  encodeMessages,
} from './snapshot/commit-message-bytes.ts'
export type { DataFileMeta } from './snapshot/data-file-meta.ts'
export type { SinkCheckpoint } from './sink/checkpoint.ts'
export {
  type StreamItem,
  streamInto,
  type StreamResult,
  type StreamSinkOptions,
} from './sink/stream-sink.ts'
export type {
  CompactManifestsOptions,
  CompactManifestsResult,
  ManifestSums,
} from './snapshot/compact-manifests.ts'
export { BATCH_IDENTIFIER, type CommitKind, type Snapshot } from './snapshot/snapshot.ts'
export type { TableColumnStatistics, TableStatistics } from './snapshot/statistics.ts'
export type { HistogramValues, TableMetricValues } from './snapshot/table-metrics.ts'
export type { Tag } from './snapshot/tag.ts'
export type { AlterOptions } from './table/alter.ts'
export type { BatchResult } from './table/batch-result.ts'
export type { CheckOptions, CheckProgress, CheckReport, Finding, Warning } from './table/check.ts'
export type { CompactOptions, CompactProgress, CompactResult } from './table/compact.ts'
export type {
  ExpireOptions,
  ExpireProgress,
  ExpireResult,
  RetentionOptions,
} from './table/maintain/expire.ts'
export type { WatchOptions } from './table/compact/watch.ts'
export type { WriterCommitResult } from './table/write/commit-rows.ts'
export type { JsonData, WriteData } from './table/write/input.ts'
export type { InspectOptions, InspectProgress } from './table/inspect.ts'
export type { Inspection } from './table/inspect/inspection.ts'
export type {
  ExpiredPartition,
  ExpiredPartitions,
  ExpirePartitionsOptions,
} from './table/maintain/expire-partitions.ts'
export type { IcebergEmission } from './iceberg-compat/attempt.ts'
export type { IcebergState } from './iceberg-compat/state.ts'
export type { IcebergEmitOptions, TableIceberg } from './table/maintain/iceberg.ts'
export type {
  BranchDeletionOptions,
  BranchOptions,
  TableBranches,
} from './table/maintain/branches.ts'
export type {
  ConsumerDeletionOptions,
  ConsumerInfo,
  ConsumersDeleted,
  TableConsumers,
} from './table/maintain/consumers.ts'
export type { FastForwarded, FastForwardOptions } from './table/maintain/fast-forward.ts'
export type { RollbackOptions, RollbackResult } from './table/maintain/rollback.ts'
export type { SnapshotAt } from './table/maintain/snapshot-at.ts'
export type { TagDeletionOptions } from './table/maintain/tag-files.ts'
export type { TableTags, TagOptions, TagsDeleted } from './table/maintain/tags.ts'
export type {
  OrphanFile,
  OrphanOptions,
  OrphanProgress,
  OrphanResult,
} from './table/maintain/orphans.ts'
export type { AnalyzeOptions, AnalyzeResult } from './table/maintain/analyze.ts'
export type { DonePartition, MarkDoneOptions } from './table/maintain/mark-done.ts'
export type { ReadResult } from './table/read.ts'
export type { RescaleOptions, RescaleResult } from './table/rescale.ts'
export type { ExplainedSplit, Explanation } from './table/plan/explain.ts'
export type { PlanStep } from './table/plan/plan-steps.ts'
export type { Plan } from './table/plan/scan.ts'
export type { Split } from './table/plan/split.ts'
export type { ReadAt } from './table/plan/read-at.ts'
export type { ChangeOptions, RowChanges } from './table/rows/change-rows.ts'
export type { MergeRules, WhenMatched, WhenNotMatched } from './table/rows/merge-into.ts'
export type { SystemChangesOptions, SystemReadOptions, SystemTable } from './table/system-tables.ts'
export type { Change, ChangeBatch } from './table/stream/change-batch.ts'
export type { Checkpoint } from './table/stream/checkpoint.ts'
export type { ChangesFrom } from './table/stream/start.ts'
export type { Changes } from './table/stream-read.ts'
export type {
  ChangesOptions,
  ReadOptions,
  RowUpdate,
  TableCommitOptions,
  Where,
} from './table/table-options.ts'
export { Table } from './table/table.ts'
export type { OverwriteOptions, PartitionMatch } from './table/write/overwrite.ts'
export type { PreparedCommit, Recovered } from './table/write/recover.ts'
export type { TableWriter, WriterCommitOptions, WriterOptions } from './table/write/writer.ts'
export { type BlobDescriptor, decodeBlobDescriptor } from './types/blob-descriptor.ts'
export type { DataField, DataType } from './types/data-type.ts'
export { type NewSchema, parseNewSchema } from './types/new-schema.ts'
export type { DynamicOptions, TableOptions } from './types/options.ts'
export {
  and,
  between,
  contains,
  endsWith,
  eq,
  gt,
  gte,
  isIn,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  ne,
  not,
  notIn,
  or,
  type Predicate,
  startsWith,
} from './types/predicate.ts'
export type { RowKind } from './types/row-kind.ts'
export {
  type ColumnDefinition,
  type Columns,
  defineSchema,
  type InsertOf,
  type RowOf,
  type SchemaDefinition,
  t,
} from './types/schema.ts'
export type { ColumnPath, ColumnPosition, SchemaChange } from './types/schema-change.ts'
export type { TableSchema } from './types/schema-file.ts'
export { LakeError, type LakeErrorCode } from './util/errors.ts'
