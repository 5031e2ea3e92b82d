/** What Iceberg clients have to read of a table, as this library reads it: rows in the JSON that the checker compares. */
import { Catalog } from '../../../../src/catalog/catalog.ts'
import type { FileIO } from '../../../../src/io/file-io.ts'
import type { BatchResult } from '../../../../src/table/batch-result.ts'
import type { ReadAt } from '../../../../src/table/plan/read-at.ts'
import { optionsAt } from '../../../../src/table/plan/read-at.ts'
import type { DataType } from '../../../../src/types/data-type.ts'
import { jsonReader } from '../../../../src/types/json-value.ts'
import { tableOptions } from '../../../../src/types/options.ts'
import { canonicalRow } from '../../../support/golden-expect.ts'

/**
 * A row each, of now or of a tag or snapshot. Without deletion vectors a primary key is shown as its top level has it, which
 * is what `$ro` reads; with them level 0 is left out, as reads of Paimon do.
 */
export async function shownRows(
  io: FileIO,
  warehouse: string,
  name: string,
  at?: ReadAt,
): Promise<string[]> {
  const catalog = new Catalog(io, warehouse)
  const table = await catalog.table(name)
  const { primaryKeys, options } = table.schema
  const showsAll = primaryKeys.length === 0 || tableOptions(options).get('deletion-vectors.enabled')
  if (showsAll) return await textsOf(table.read(at === undefined ? {} : { at }))
  const readOptimized = await catalog.systemTable(`${name}$ro`)
  return await textsOf(readOptimized.read(at === undefined ? {} : { options: optionsAt(at) }))
}

async function textsOf(read: BatchResult<unknown>): Promise<string[]> {
  const fields = await read.fields()
  const row: DataType = { kind: 'ROW', fields, nullable: false }
  const texts: string[] = []
  for await (const batch of read.batches()) {
    const json = jsonReader(batch, fields)
    for (let i = 0; i < batch.length; i++) texts.push(comparedText(row, json(i)))
  }
  return texts.toSorted()
}

/** The text of a row that is JSON as this library prints it. */
export function comparedText(type: DataType, json: unknown): string {
  return canonicalRow(compared(type, json))
}

/** The checker tells bytes from other texts by their beginning. */
function compared(type: DataType, json: unknown): unknown {
  if (json === null) return null
  switch (type.kind) {
    case 'BINARY':
    case 'VARBINARY':
      return `0x${json as string}`
    case 'ARRAY':
      return (json as unknown[]).map((each) => compared(type.element, each))
    case 'MAP':
      return (json as [unknown, unknown][]).map(([key, value]) => [
        compared(type.key, key),
        compared(type.value, value),
      ])
    case 'ROW': {
      const members = json as Readonly<Record<string, unknown>>
      return Object.fromEntries(
        type.fields.map(({ name, type: inner }) => [name, compared(inner, members[name])]),
      )
    }
    default:
      return json
  }
}
