/** Commits and compactions of this library, as tests beside Java ask for them. */
import type { Table } from '../../../src/table/table.ts'
import type { TableWriter } from '../../../src/table/write/writer.ts'

export interface OurWrite {
  /** Compacts the buckets that are written to, whole, in the same commit. */
  readonly compact?: boolean
  readonly user?: string
  readonly identifier?: bigint
}

/** One commit of rows as JSON, their kinds in the member `_kind`, by a writer of its own that waits for its compactions. */
export async function weWrite(
  table: Table,
  rows: readonly unknown[],
  { compact = false, user, identifier }: OurWrite = {},
): Promise<void> {
  await using writer = await ourWriter(table, compact, user)
  await writer.writeJson([rows])
  await writer.commit({ identifier, waitForCompaction: true })
}

/**
 * A writer that compacts buckets whole in each commit if told, and else only where its other options lead to that: where
 * changes are told by full compactions, as a job of Flink does, it would on its own.
 */
export async function ourWriter(
  table: Table,
  compact = false,
  user?: string,
): Promise<TableWriter> {
  const isTelling = table.schema.options['changelog-producer'] === 'full-compaction'
  const deltaCommits = compact ? '1' : isTelling ? '1000000007' : undefined
  const options =
    deltaCommits === undefined ? {} : { 'full-compaction.delta-commits': deltaCommits }
  return await table.withOptions(options).writer({ commitUser: user })
}

/** JSON of rows, in which -0 is a text, as few programs keep the sign of a number of JSON. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => (value === '-0.0' ? -0 : value))
}
