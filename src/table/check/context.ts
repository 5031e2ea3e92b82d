/** What the steps of a check share. */
import type { TableStore } from '../../snapshot/table-store.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import type { Findings } from './findings.ts'

export type CheckPhase = 'snapshots' | 'files' | 'orphans'

export interface CheckProgress {
  readonly phase: CheckPhase
  readonly done: number
  readonly total: number
}

export interface CheckContext {
  /** Opened for this check, so that nothing is taken from memory that storage may have lost. */
  readonly store: TableStore
  readonly findings: Findings
  /** By id; those that could be read. */
  readonly schemas: ReadonlyMap<number, TableSchema>
  /** The newest of them. */
  readonly schema: TableSchema
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: CheckProgress) => void
}
