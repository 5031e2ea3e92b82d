/** What a compaction does to its files, step by step, as a line of text. */
import { planCompaction } from '../../src/lsm/compaction-plan.ts'
import { fileOf, KEY_FIELDS } from './lsm-files.ts'

/** A unit of files, which are called f1, f2 and so on. */
export interface PlanShape {
  readonly files: readonly {
    readonly bytes: number
    readonly level: number
    readonly min: number
    readonly max: number
    readonly deletes: number | null
  }[]
  readonly outputLevel: number
  readonly maxLevel: number
  readonly smallFileBytes: number
  readonly rewritesAll: boolean
}

/** `merge f1 f2 as 2 runs , f3; move f4`: sections of runs that are merged into one output, and files that only change their level. */
export function planOf({ files, outputLevel, maxLevel, ...rules }: PlanShape): string {
  const metas = files.map((file, i) => fileOf({ ...file, name: `f${i + 1}` }))
  const unit = { outputLevel, files: metas, rewritesEach: false }
  const steps = planCompaction(unit, KEY_FIELDS, maxLevel, {
    ...rules,
    hasExpired: () => false,
    hasDeletionVector: () => false,
  })
  return steps
    .map((step) => {
      if (step.kind === 'upgrade') return `move ${step.file.fileName}`
      const sections = step.sections.map((runs) => {
        const names = runs
          .flat()
          .map(({ fileName }) => fileName)
          .toSorted()
        return names.join(' ') + (runs.length > 1 ? ` as ${runs.length} runs` : '')
      })
      return `merge ${sections.join(' , ')}`
    })
    .join('; ')
}
