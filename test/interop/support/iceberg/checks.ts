/** The tables of cases, made in a warehouse, and beside each state that is checked a file of the rows that clients have to read. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { FileIO } from '../../../../src/io/file-io.ts'
import type { DataType } from '../../../../src/types/data-type.ts'
import { differences } from '../../../support/golden-expect.ts'
import { type CaseTable, type CheckedState, createCase, type IcebergCase } from './case.ts'
import { comparedText, shownRows } from './shown-rows.ts'

/** One state of one table. */
export interface IcebergCheck {
  /** The name of the table, and of the state where it is not the latest: `tags@first`. */
  readonly label: string
  readonly group: string
  readonly version: 2 | 3
  /** The directory that holds `metadata`. */
  readonly table: string
  /** A file with a row of JSON on each line. */
  readonly expected: string
  readonly rowCount: number
  readonly state: CheckedState | null
}

/**
 * Makes the tables in a new warehouse; what is to be checked of each, the latest state first. Throws where this library reads
 * other rows than the model has.
 */
export async function makeChecks(
  io: FileIO,
  warehouse: string,
  cases: readonly IcebergCase[],
): Promise<IcebergCheck[]> {
  const checks: IcebergCheck[] = []
  await mkdir(join(warehouse, 'expected'), { recursive: true })
  for (const each of cases) {
    const table = await createCase(io, warehouse, each)
    await each.steps(table)
    const made = { ...each, tableName: table.tableName }
    const latest = await checkOf(io, warehouse, made, null)
    await compareWithModel(each.name, table, latest.texts)
    checks.push(latest.check)
    for (const state of table.states) checks.push((await checkOf(io, warehouse, made, state)).check)
  }
  return checks
}

async function checkOf(
  io: FileIO,
  warehouse: string,
  { name, tableName, group, version = 2, options }: IcebergCase & { readonly tableName: string },
  state: CheckedState | null,
): Promise<{ check: IcebergCheck; texts: string[] }> {
  const texts = await shownRows(io, warehouse, `db.${tableName}`, state ?? undefined)
  const label = state === null ? name : `${name}@${Object.values(state)[0]}`
  const expected = join(warehouse, 'expected', `${label}.jsonl`)
  await writeFile(expected, texts.map((text) => `${text}\n`).join(''))
  const isBeside = options?.['metadata.iceberg.storage'] === 'hadoop-catalog'
  const table = join(warehouse, ...(isBeside ? ['iceberg', 'db'] : ['db.db']), tableName)
  const rowCount = texts.length
  return { check: { label, group, version, table, expected, rowCount, state }, texts }
}

async function compareWithModel(
  name: string,
  table: CaseTable,
  texts: readonly string[],
): Promise<void> {
  if (table.shown === null) return
  const { fields } = (await table.open()).schema
  const row: DataType = { kind: 'ROW', fields, nullable: false }
  const found = differences(
    texts,
    table.shown.map((each) => comparedText(row, each)),
  )
  if (found.count > 0)
    throw new Error(`${name}: rows differ from the model: ${JSON.stringify(found)}`)
}
