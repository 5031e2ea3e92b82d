/** How rows, changes and facts of two tables differ, as texts. */
import type { Table } from '../../../src/table/table.ts'
import { canonicalRow, differences } from '../../support/golden-expect.ts'
import { readStream, type StreamRow } from '../../support/golden-streams.ts'
import type { JavaWarehouse } from './java.ts'

type Options = Readonly<Record<string, string>>

/** One line where they differ, whatever their order is. */
export function compare(
  what: string,
  actual: readonly string[],
  expected: readonly string[],
): string[] {
  const found = differences(actual, expected)
  if (found.count === 0) return []
  const { missing, extra, count } = found
  return [`${what}: ${count} differ; missing ${missing.join(', ')}; extra ${extra.join(', ')}`]
}

/** Some columns of rows that are texts of JSON. */
export function facts(texts: readonly string[], columns: readonly string[]): string[] {
  return texts.map((text) => {
    const row = JSON.parse(text) as Record<string, unknown>
    return canonicalRow(Object.fromEntries(columns.map((name) => [name, row[name]])))
  })
}

interface JavaStream {
  readonly splits: readonly { readonly snapshot: number; readonly rows: readonly StreamRow[] }[]
}

/** What a stream of Java reads under the options: a text for each key and snapshot, with the changes in order. */
export async function javaChanges(
  java: JavaWarehouse,
  table: string,
  options: Options,
  keys: readonly string[],
): Promise<string[]> {
  const { splits } = (await java.streams(table, { task: 'read', options })) as JavaStream
  return grouped(
    splits.flatMap(({ snapshot, rows }) => rows.map((row) => ({ snapshotId: snapshot, row }))),
    keys,
  )
}

/** The same of a stream of this library. */
export async function ourChanges(
  table: Table,
  options: Options,
  keys: readonly string[],
): Promise<string[]> {
  return grouped(await readStream(table.changes({ follow: false, options })), keys)
}

/** Without keys a snapshot has its changes in any order. */
function grouped(
  rows: readonly { readonly snapshotId: number; readonly row: StreamRow }[],
  keys: readonly string[],
): string[] {
  const groups = new Map<string, string[]>()
  for (const { snapshotId, row } of rows) {
    const key = JSON.stringify([snapshotId, ...keys.map((name) => row[name])])
    groups.set(key, [...(groups.get(key) ?? []), canonicalRow(row)])
  }
  return [...groups].map(([key, changes]) => {
    const texts = keys.length === 0 ? changes.toSorted() : changes
    return `${key}: ${texts.join(' ')}`
  })
}
