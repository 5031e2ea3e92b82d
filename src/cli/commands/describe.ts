/** `describe`: a table's schema, and how much is in it. */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { Table } from '../../table/table.ts'
import { schemaFileText, type TableSchema } from '../../types/schema-file.ts'
import { typeText } from '../../types/type-text.ts'
import { isSecretName } from '../../util/secret-name.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { displayWidth, printable } from '../printable.ts'
import { wantsJson } from '../report.ts'
import { StreamOutput } from '../streams.ts'
import { requireTable } from '../table-name.ts'

export async function describeCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'describe')
  const { signal } = run
  const catalog = await run.openCatalog()
  const table = (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
  const out = new StreamOutput(run.streams.stdout)
  if (wantsJson(run)) await out.write(`${schemaFileText(table.schema)}\n`)
  else {
    const snapshot = await table.latestSnapshot({ signal })
    await out.write(description(table, snapshot))
  }
  await out.close()
  return EXIT.done
}

function description({ name, path, schema }: Table, snapshot: Snapshot | null): string {
  const { comment, partitionKeys, primaryKeys, options, id } = schema
  const facts: [string, string][] = [
    ['table', name],
    ['location', path],
    ...(comment === undefined ? [] : [['comment', comment] as [string, string]]),
    ['schema', String(id)],
    ['primary key', primaryKeys.join(', ') || 'none'],
    ['partitioned by', partitionKeys.join(', ') || 'nothing'],
    ['snapshot', snapshotText(snapshot)],
  ]
  const shownOptions = Object.entries(options).map(([option, value]): [string, string] => [
    option,
    isSecretName(option) ? '***' : value,
  ])
  const parts = [aligned(facts), `columns\n${aligned(columnRows(schema), '  ')}`]
  if (shownOptions.length > 0) parts.push(`options\n${aligned(shownOptions, '  ')}`)
  return `${parts.join('\n\n')}\n`
}

function snapshotText(snapshot: Snapshot | null): string {
  if (snapshot === null) return 'none yet'
  const { id, totalRecordCount, timeMillis } = snapshot
  return `${id} of ${new Date(timeMillis).toISOString()}, ${totalRecordCount} rows in files`
}

function columnRows({ fields }: TableSchema): [string, string][] {
  return fields.map(({ name, type, defaultValue, description: comment }) => {
    const words = [typeText(type)]
    if (defaultValue !== undefined) words.push(`DEFAULT ${JSON.stringify(defaultValue)}`)
    if (comment !== undefined && comment !== null) words.push(`-- ${comment}`)
    return [name, words.join(' ')]
  })
}

function aligned(rows: readonly (readonly [string, string])[], indent = ''): string {
  const width = Math.max(...rows.map(([first]) => displayWidth(printable(first))))
  return rows
    .map(([first, second]) => {
      const name = printable(first)
      return `${indent}${name}${' '.repeat(width - displayWidth(name))}  ${printable(second)}`
    })
    .join('\n')
}
