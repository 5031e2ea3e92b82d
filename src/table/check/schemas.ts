/** Checks the schema files: each parses, and their ids have no gaps. */
import { schemaPath } from '../../snapshot/paths.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { collectFieldIds } from '../../types/field-ids.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import type { Findings } from './findings.ts'

/** The schemas that could be read, by id; none for what is no table. */
export async function checkSchemas(
  store: TableStore,
  findings: Findings,
  signal: AbortSignal | undefined,
): Promise<Map<number, TableSchema>> {
  const { schemas, location } = store
  const ids = await schemas.ids({ signal })
  const found = new Map<number, TableSchema>()
  let next = 0
  for (const id of ids) {
    for (; next < id; next++)
      findings.damaged(schemaPath(location, next), 'is missing: there are later schemas')
    next = id + 1
    const path = schemaPath(location, id)
    const schema = await findings.attempt(path, () => schemas.read(id, { signal }))
    if (schema === undefined) continue
    found.set(id, schema)
    const highest = Math.max(-1, ...collectFieldIds(schema.fields))
    if (highest > schema.highestFieldId)
      findings.damaged(
        path,
        `says that the highest field id is ${schema.highestFieldId}, and has a field ${highest}`,
      )
  }
  return found
}
