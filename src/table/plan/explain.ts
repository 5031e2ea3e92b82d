/** What a read will do and why: which files it leaves out by what, and how it reads the others. */
import { fileSections } from '../../lsm/intervals.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import type { DataField } from '../../types/data-type.ts'
import { decodePartition } from '../../types/partition.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey, partitionFields, trimmedKeyFields } from '../../types/schema-keys.ts'
import { rowText } from '../system/partition-text.ts'
import type { PlanPruning } from './plan-steps.ts'
import type { Plan } from './scan.ts'
import type { Split } from './split.ts'

/**
 * How a split is read: `raw`, each file for itself; `merge`, files of overlapping keys together; `changes`, the rows as they
 * were written, none merged; `difference`, two states of a bucket against each other.
 */
export type SplitMode = 'raw' | 'merge' | 'changes' | 'difference'

export interface ExplainedSplit {
  /** The values of the partition in braces, as in system tables; empty without partitions. */
  readonly partition: string
  readonly bucket: number
  /** The branch that it is of, where that is not the one that is read. */
  readonly branch?: string
  readonly mode: SplitMode
  readonly files: number
  /** The files that are merged at a time, at most; 1 where none are. */
  readonly runs: number
  /** As they are written: with rows that are deleted or merged into others. */
  readonly rows: number
  /** How many of them deletion vectors take out; null where that is not known. */
  readonly deletedRows: number | null
  readonly bytes: number
}

export interface Explanation extends PlanPruning {
  /** Null where the table has no snapshot. */
  readonly snapshotId: number | null
  /** The schema that rows are read with. */
  readonly schemaId: number
  readonly columns: readonly string[]
  readonly splits: readonly ExplainedSplit[]
}

/** The explanation of a plan that was made with `explains`. */
export function explanationOf(
  { snapshotId, splits, pruning }: Plan,
  schemaOf: (split: Split) => TableSchema,
  schema: TableSchema,
  fields: readonly DataField[],
): Explanation {
  return {
    snapshotId,
    schemaId: schema.id,
    columns: fields.map(({ name }) => name),
    manifests: pruning?.manifests ?? { total: 0, read: 0 },
    steps: pruning?.steps ?? [],
    splits: splits.map((split) => explainSplit(split, schemaOf(split))),
  }
}

function explainSplit(split: Split, schema: TableSchema): ExplainedSplit {
  const { partition, bucket, branch, before } = split
  const partitions = partitionFields(schema)
  const files = [...(before?.files ?? []), ...split.files]
  const mode = modeOf(split, schema)
  return {
    partition:
      partitions.length === 0 ? '' : rowText(partitions, decodePartition(partitions, partition)),
    bucket,
    ...(branch !== undefined && { branch }),
    mode,
    files: files.length,
    runs: mode === 'merge' ? runsOf(split.files, schema) : 1,
    rows: files.reduce((sum, { rowCount }) => sum + rowCount, 0),
    deletedRows: deletedRows(split),
    bytes: files.reduce((sum, { fileSize }) => sum + fileSize, 0),
  }
}

function modeOf(split: Split, schema: TableSchema): SplitMode {
  if (split.before !== undefined) return 'difference'
  if (split.isStreaming) return 'changes'
  return split.rawConvertible || !hasPrimaryKey(schema) ? 'raw' : 'merge'
}

/** The most runs of a section. */
function runsOf(files: readonly DataFileMeta[], schema: TableSchema): number {
  const sections = fileSections(files, trimmedKeyFields(schema))
  return Math.max(1, ...sections.map((runs) => runs.length))
}

function deletedRows({ files, deletionFiles, before }: Split): number | null {
  const vectors = [
    ...files.map(({ fileName }) => deletionFiles?.get(fileName)),
    ...(before?.files ?? []).map(({ fileName }) => before?.deletionFiles?.get(fileName)),
  ].filter((vector) => vector !== undefined)
  let rows = 0
  for (const { cardinality } of vectors) {
    if (cardinality === null) return null
    rows += cardinality
  }
  return rows
}
