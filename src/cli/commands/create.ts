/** `create`: makes a table of a schema given as JSON. */
import { parseNewSchema, type NewSchema } from '../../types/new-schema.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import { parseJson } from '../../util/json.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { readTextFile, STDIN } from '../input-files.ts'
import { tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'

export async function createCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'create')
  const { signal } = run
  const file = run.flags.schema
  if (file === undefined)
    throw invalid('create needs --schema', { hint: 'write --schema FILE, or --schema - for stdin' })
  const schema = await schemaOf(run, file)
  const catalog = await run.openCatalog()
  const ifNotExists = run.flags['if-not-exists'] ?? false
  const existed = ifNotExists && (await catalog.tableExists(name, { signal }))
  const options = { ...schema.options, ...run.tableOptions }
  const table = await catalog.createTable(name, { ...schema, options }, { ifNotExists, signal })
  const result = { table: table.name, path: table.path, created: !existed }
  await tellResult(run, result, [
    `${existed ? 'there is' : 'created'} ${table.name} in ${table.path}`,
  ])
  return EXIT.done
}

async function schemaOf({ streams }: CommandRun, file: string): Promise<NewSchema> {
  const text = await readTextFile(file, streams)
  const path = file === STDIN ? 'stdin' : file
  try {
    return parseNewSchema(parseJson(text))
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    const { message, hint = SCHEMA_HINT, cause } = error
    const code = error.code === 'CORRUPT' ? 'INVALID' : error.code
    throw new LakeError(code, message, { path, hint, cause })
  }
}

const SCHEMA_HINT = 'millrace help create shows a schema'
