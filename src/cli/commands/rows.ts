/** `delete`, `update` and `merge`: change rows that are in a table, in one commit. */
import type { RowChanges } from '../../table/rows/change-rows.ts'
import { mergeRows } from '../../table/rows/merge-into.ts'
import type { Table } from '../../table/table.ts'
import { inputReader, type KindedBatch } from '../../table/write/input.ts'
import type { DataField } from '../../types/data-type.ts'
import { fieldNamed } from '../../types/schema-keys.ts'
import { parseWhere } from '../../types/where-text.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import { show } from '../../util/show.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { inputsOf } from '../input-files.ts'
import { amount } from '../printable.ts'
import { tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'
import { type RowTaker, writeInput } from './write.ts'

export async function deleteCommand(run: CommandRun): Promise<number> {
  const { where } = run.flags
  const table = await openTable(run, 'delete')
  if (where === undefined)
    throw invalid('no condition tells the rows that are to be deleted', {
      hint: `write for example millrace delete ${table.name} --where "id = 7"; truncate takes all rows away`,
    })
  return await told(run, table, await table.deleteWhere(where, optionsOf(run)))
}

export async function updateCommand(run: CommandRun): Promise<number> {
  const { where, set: texts } = run.flags
  const table = await openTable(run, 'update')
  if (texts === undefined)
    throw invalid('no column is told that is to be set', {
      hint: `write for example millrace update ${table.name} --set status=done --where "id = 7"`,
    })
  const set = Object.fromEntries(
    [...texts].map(([name, text]) => [name, valueOf(fieldNamed(table.schema, name), text)]),
  )
  const update = { set, ...(where !== undefined && { where }) }
  return await told(run, table, await table.update(update, optionsOf(run)))
}

export async function mergeCommand(run: CommandRun): Promise<number> {
  const { on, 'when-matched': whenMatched, 'when-not-matched': whenNotMatched } = run.flags
  const table = await openTable(run, 'merge')
  const { store, schema } = table
  const source: KindedBatch[] = []
  const reader = inputReader(schema)
  const taker: RowTaker = {
    async write(rows) {
      for await (const batch of reader.read(rows)) source.push(batch)
    },
    async writeJson(rows) {
      for await (const batch of reader.readJson(rows)) source.push(batch)
    },
  }
  let rowCount = 0
  for (const input of await inputsOf(run.arguments.slice(1)))
    rowCount += await writeInput(run, table, taker, input, rowCount)
  run.progress.clear()
  const rules = { on, whenMatched, whenNotMatched }
  const changes = await mergeRows({ store, schema, source, rules }, optionsOf(run))
  return await told(run, table, changes)
}

async function openTable(run: CommandRun, command: string): Promise<Table> {
  const [name = ''] = run.arguments
  requireTable(name, command)
  const catalog = await run.openCatalog()
  const table = await catalog.table(name, undefined, { signal: run.signal })
  return table.withOptions(run.tableOptions)
}

function optionsOf({ flags, signal }: CommandRun) {
  return { dryRun: flags['dry-run'], signal }
}

async function told(run: CommandRun, table: Table, changes: RowChanges): Promise<number> {
  const { deleted, updated, inserted, snapshot } = changes
  const dryRun = run.flags['dry-run'] === true
  const result = { table: table.name, dryRun, deleted, updated, inserted }
  await tellResult(run, { ...result, snapshot: snapshot?.id ?? null }, [
    lineOf(table.name, changes, dryRun),
  ])
  return EXIT.done
}

function lineOf(name: string, changes: RowChanges, dryRun: boolean): string {
  const parts = (['deleted', 'updated', 'inserted'] as const)
    .filter((what) => changes[what] > 0)
    .map((what) => `${amount(changes[what], 'row')} ${what}`)
  const text = parts.length === 0 ? 'no row matches' : parts.join(', ')
  if (changes.snapshot !== null) return `${text} in snapshot ${changes.snapshot.id} of ${name}`
  if (dryRun && parts.length > 0) return `${text} if it were done: ${name} is as it was`
  return `${text}: ${name} is as it was`
}

/** The value that a text stands for, written as a literal of SQL, whose quotes may be left out. */
function valueOf({ name, type }: DataField, text: string): unknown {
  if (/^null$/i.test(text)) return null
  const isQuoted = /^x?'.*'$/is.test(text)
  const isText = type.kind === 'CHAR' || type.kind === 'VARCHAR'
  if (isText && !isQuoted) return text
  const needsQuotes = QUOTED.has(type.kind) && !isQuoted
  const literal = needsQuotes ? `'${text.replaceAll("'", "''")}'` : text
  try {
    const { op, args } = parseWhere(`x = ${literal}`, [{ id: 0, name: 'x', type }])
    if (op === 'eq') return args[1]
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
  }
  throw invalid(`--set ${name}=${show(text)}: that is no value of the type ${type.kind}`, {
    hint: 'write it as in SQL, such as 5, 9.99, true, 2026-11-01 or NULL',
  })
}

const QUOTED: ReadonlySet<string> = new Set(['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ'])
