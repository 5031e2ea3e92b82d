/** What Java read back from the golden tables: one case for each file of `expect/`, and how its rows are compared. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { FileIO } from '../../src/io/file-io.ts'
import { joinPath } from '../../src/io/path.ts'
import type { BatchResult } from '../../src/table/batch-result.ts'
import { jsonReader } from '../../src/types/json-value.ts'

export const GOLDEN_WAREHOUSE = join(import.meta.dirname, '../../fixtures/golden/warehouse')
export const GOLDEN_EXPECT = join(import.meta.dirname, '../../fixtures/golden/expect')

/** A file of `expect/`, by its name. */
export interface GoldenCase {
  /** The name of the file, without its ending. */
  readonly name: string
  readonly table: string
  /** `files` of `mor$files`. */
  readonly systemTable: string | undefined
  /** `2` of `mor@2`, `tag-v1`, `branch-dev`, `1..3`. */
  readonly at: string | undefined
  /** Whether it is what a stream reads, in order. */
  readonly isStream: boolean
}

export const goldenCases: readonly GoldenCase[] = readdirSync(GOLDEN_EXPECT)
  .filter((file) => file.endsWith('.jsonl'))
  .toSorted()
  .map(parseCase)

function parseCase(file: string): GoldenCase {
  const name = file.slice(0, -'.jsonl'.length)
  const isStream = name.endsWith('.stream')
  const [, table = '', systemTable, at] =
    /^([^$@.]+)(?:\$([^@]+))?(?:@(.+))?$/.exec(
      isStream ? name.slice(0, -'.stream'.length) : name,
    ) ?? []
  return { name, table, systemTable, at, isStream }
}

/** The rows that Java read, as {@link readRows} gives them, of a warehouse that lies at `warehouse`; `directory` has the files. */
export function expectedRows(
  golden: GoldenCase,
  warehouse: string,
  directory = GOLDEN_EXPECT,
): string[] {
  return readFileSync(join(directory, `${golden.name}.jsonl`), 'utf8')
    .replaceAll('WAREHOUSE', warehouse)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Object.entries(JSON.parse(line) as object))
    .map((values) => values.filter(([column]) => !isOfTheCopy(golden, column)))
    .map((values) => canonicalRow(Object.fromEntries(values)))
    .toSorted()
}

/** Whether the column shows when files were written, which a copy of the tables changes. */
export function isOfTheCopy({ systemTable }: GoldenCase, column: string): boolean {
  return systemTable === 'branches' && column === 'create_time'
}

/** The rows of a read as JSON, sorted. */
export async function readRows(read: BatchResult<unknown>): Promise<string[]> {
  const fields = await read.fields()
  const rows: string[] = []
  for await (const batch of read.batches()) {
    const json = jsonReader(batch, fields)
    for (let row = 0; row < batch.length; row++) rows.push(canonicalRow(json(row)))
  }
  return rows.toSorted()
}

/** Columns that Java keeps as hash sets while it merges, so that the order of their elements says nothing. */
const SETS: Readonly<Record<string, string>> = { aggregation_retract: 'c', nested_update: 'items' }

/** The rows with the elements of sets in order. */
export function comparableRows({ table, systemTable }: GoldenCase, rows: string[]): string[] {
  const column = SETS[table]
  if (column === undefined || systemTable !== undefined) return rows
  const ordered = rows.map((text) => {
    const row = JSON.parse(text) as Record<string, unknown[] | null>
    const elements = row[column]?.map((element) => canonicalRow(element)).toSorted()
    return canonicalRow({ ...row, [column]: elements ?? null })
  })
  return ordered.toSorted()
}

/** One text for each value: floats that are equal as numbers are, -0 is told from 0. */
export function canonicalRow(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => (Object.is(value, -0) ? '-0.0' : value))
}

/** How two lists of rows differ, few rows of each kind: what a failing test should show. */
export function differences(
  actual: readonly string[],
  expected: readonly string[],
): { missing: string[]; extra: string[]; count: number } {
  const counts = new Map<string, number>()
  for (const row of actual) counts.set(row, (counts.get(row) ?? 0) + 1)
  for (const row of expected) counts.set(row, (counts.get(row) ?? 0) - 1)
  const rows = (sign: number): string[] =>
    [...counts].filter(([, count]) => Math.sign(count) === sign).map(([row]) => row)
  const [missing, extra] = [rows(-1), rows(1)]
  return {
    missing: missing.slice(0, 3),
    extra: extra.slice(0, 3),
    count: missing.length + extra.length,
  }
}

export const NO_DIFFERENCES = { missing: [], extra: [], count: 0 }

/** Copies the warehouse of the golden tables into another storage. */
export async function copyGoldenTables(
  io: FileIO,
  warehouse: string,
  isWanted: (path: string) => boolean = () => true,
): Promise<void> {
  const files = readdirSync(GOLDEN_WAREHOUSE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => isWanted(path.slice(GOLDEN_WAREHOUSE.length + 1)))
  const copy = async (path: string): Promise<void> => {
    const levels = path.slice(GOLDEN_WAREHOUSE.length + 1).split('/')
    await io.write(joinPath(warehouse, ...levels), readFileSync(path))
  }
  while (files.length > 0) await Promise.all(files.splice(0, 32).map(copy))
}
