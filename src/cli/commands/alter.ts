/** `alter`: changes the schema of a table, by changes close to SQL. */
import { parseSchemaChange } from '../../types/schema-change-text.ts'
import { schemaFileText, type TableSchema } from '../../types/schema-file.ts'
import { fieldText } from '../../types/type-text.ts'
import { invalid } from '../../util/errors.ts'
import { isSecretName } from '../../util/secret-name.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { openNamedTable } from '../opened-table.ts'
import { printable } from '../printable.ts'
import { tellResult } from '../report.ts'

export async function alterCommand(run: CommandRun): Promise<number> {
  const [, ...texts] = run.arguments
  const changes = texts.map(parseSchemaChange)
  if (changes.length === 0)
    throw invalid('no change is told', {
      hint: 'write for example millrace alter shop.users "ADD COLUMN note STRING"; millrace help alter tells the others',
    })
  const [option] = Object.keys(run.tableOptions)
  if (option !== undefined)
    throw invalid(`--option ${option} would not be stored`, {
      hint: `write the change "SET ${option} = value"`,
    })
  const { table, name } = await openNamedTable(run, 'alter')
  const dryRun = run.flags['dry-run'] === true
  const { schema } = await table.alter(changes, { dryRun, signal: run.signal })
  const before = dryRun ? table.schema : await table.store.schemas.read(schema.id - 1)
  const verb = dryRun ? 'would have' : 'has'
  const lines = [`${name} ${verb} schema ${schema.id}`, ...differences(before, schema)]
  const buckets = schema.options['bucket']
  if (buckets !== before.options['bucket'] && (await table.latestSnapshot()) !== null)
    lines.push(
      `rows are in buckets of the old number: millrace rescale ${name} --buckets ${buckets} moves them, and until then writers are refused`,
    )
  const json = JSON.parse(schemaFileText(schema)) as unknown
  await tellResult(run, { table: name, dryRun, schema: json }, lines)
  return EXIT.done
}

/** A line for each column, key and option that is another: `- before`, `+ after`. */
function differences(before: TableSchema, after: TableSchema): string[] {
  const [old, now] = [linesOf(before), linesOf(after)]
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `  - ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `  + ${line}`),
  ]
}

function linesOf({ fields, primaryKeys, options, comment }: TableSchema): string[] {
  return [
    ...fields.map((field) => printable(fieldText(field))),
    ...(primaryKeys.length > 0 ? [printable(`primary key ${primaryKeys.join(', ')}`)] : []),
    ...Object.entries(options).map(([name, value]) =>
      printable(`${name} = ${isSecretName(name) ? '***' : value}`),
    ),
    ...(comment !== undefined ? [printable(`comment ${comment}`)] : []),
  ]
}
