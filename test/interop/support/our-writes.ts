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
  await writer.commit({ identifier })
}

/** A writer that compacts buckets whole in each commit, if told. */
export async function ourWriter(
  table: Table,
  compact = false,
  user?: string,
): Promise<TableWriter> {
  const opened = compact ? table.withOptions({ 'full-compaction.delta-commits': '1' }) : table
  return await opened.writer({ commitUser: user })
}

/** What a process does that only compacts. */
export async function weCompact(table: Table, full: boolean): Promise<void> {
  await (table as unknown as { compact(o: { full: boolean }): Promise<unknown> }).compact({ full })
}
