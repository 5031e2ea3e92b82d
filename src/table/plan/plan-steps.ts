/** How the files of a snapshot come down to those of a plan, step by step: what each kind of pruning leaves. */
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import type { ManifestEntry } from '../../snapshot/manifest-entry.ts'
import type { ManifestFileMeta } from '../../snapshot/manifest-list.ts'
import { type FileFilter, mayHoldWanted } from '../../snapshot/manifest-scan.ts'

/** What a step leaves. */
export interface PlanStep {
  /**
   * `live`: all files of the snapshot, or all that its changes added; then what is left by `partition`, `bucket`, `level`,
   * by the statistics of `keys` and of `values`, by file `indexes`, and by a `limit`; for the difference of two states
   * without the files that are `common` to both, and of another branch only those of the partitions that the first
   * `branch` does not have. Steps that do not apply are not there.
   */
  readonly step: StepName
  readonly files: number
  /** As they are written: with rows that are deleted or merged into others. */
  readonly rows: number
  readonly bytes: number
}

export type StepName =
  | 'live'
  | 'partition'
  | 'bucket'
  | 'level'
  | 'keys'
  | 'values'
  | 'indexes'
  | 'limit'
  | 'common'
  | 'branch'

/** What a plan does without, for whoever asks why it reads what it reads. */
export interface PlanPruning {
  readonly manifests: { readonly total: number; readonly read: number }
  readonly steps: readonly PlanStep[]
}

export function stepOf(step: StepName, files: readonly DataFileMeta[]): PlanStep {
  let rows = 0
  let bytes = 0
  for (const { rowCount, fileSize } of files) {
    rows += rowCount
    bytes += fileSize
  }
  return { step, files: files.length, rows, bytes }
}

/** What two plans do without, of which one is made: `last` is what is left of both together. Undefined unless both tell. */
export function joinPruning(
  plans: readonly { readonly pruning?: PlanPruning | undefined }[],
  last: () => PlanStep,
): PlanPruning | undefined {
  const all = plans.flatMap(({ pruning }) => pruning ?? [])
  if (all.length < plans.length) return undefined
  const steps = new Map<StepName, PlanStep>()
  for (const { step, files, rows, bytes } of all.flatMap((pruning) => pruning.steps)) {
    const sum = steps.get(step) ?? { step, files: 0, rows: 0, bytes: 0 }
    const { files: f, rows: r, bytes: b } = sum
    steps.set(step, { step, files: f + files, rows: r + rows, bytes: b + bytes })
  }
  const manifests = {
    total: all.reduce((total, pruning) => total + pruning.manifests.total, 0),
    read: all.reduce((read, pruning) => read + pruning.manifests.read, 0),
  }
  return { manifests, steps: [...steps.values(), last()] }
}

/** The steps of the filter, each with those before it: what they leave is looked up one after another. */
export async function filterSteps(
  filter: FileFilter,
  scan: (filter: FileFilter) => Promise<readonly ManifestEntry[]>,
): Promise<PlanStep[]> {
  const { partition, manifest, bucket, level } = filter
  const parts: [StepName, FileFilter][] = [
    ['live', {}],
    ['partition', { partition, manifest }],
    ['bucket', { partition, manifest, bucket }],
    ['level', { partition, manifest, bucket, level }],
  ]
  const asked = { live: true, partition, bucket, level }
  const steps: PlanStep[] = []
  for (const [step, part] of parts) {
    if (asked[step as keyof typeof asked] === undefined) continue
    const entries = await scan(part)
    steps.push(
      stepOf(
        step,
        entries.map(({ file }) => file),
      ),
    )
  }
  return steps
}

/** How many of the manifests are opened. */
export function manifestCounts(
  metas: readonly ManifestFileMeta[],
  filter: FileFilter,
): PlanPruning['manifests'] {
  const read = metas.filter((meta) => mayHoldWanted(meta, filter)).length
  return { total: metas.length, read }
}
