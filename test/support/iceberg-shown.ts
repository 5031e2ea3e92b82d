/** What the Iceberg metadata of a table has to show of a snapshot, told by reads of the table itself. */
import { READ_OPTIMIZED, type RowView } from '../../src/table/system/row-view.ts'
import { ViewRead } from '../../src/table/system/view-read.ts'
import type { Table } from '../../src/table/table.ts'
import { topLevel, tableOptions } from '../../src/types/options.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { hasPrimaryKey } from '../../src/types/schema-keys.ts'
import { canonicalRow, readRows } from './golden-expect.ts'
import { untrailed } from './iceberg-values.ts'

/** Every file of a table without keys; of others the top level, and with vectors all levels above 0. */
const SHOWN: RowView = {
  ...READ_OPTIMIZED,
  name: 'shown',
  level(schema) {
    const options = tableOptions(schema.options)
    if (!hasPrimaryKey(schema)) return undefined
    const least = options.get('deletion-vectors.enabled') ? 1 : topLevel(options)
    return (level) => level >= least
  },
}

/** The rows at a place, such as `{ 'scan.snapshot-id': '3' }`, in the form of `icebergRows`. */
export async function shownRows(
  { store, schema }: { readonly store: Table['store']; readonly schema: TableSchema },
  at: Readonly<Record<string, string>>,
): Promise<string[]> {
  const rows = await readRows(
    new ViewRead(SHOWN, { store, schema, options: at, signal: undefined }, {}),
  )
  return rows.map((row) => canonicalRow(untrailed(JSON.parse(row)))).toSorted()
}
