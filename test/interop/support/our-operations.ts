/** Operations as this library does them. */
import type { Table } from '../../../src/table/table.ts'
import type { Operation } from './operation-plans.ts'
import { parseJson } from './our-writes.ts'
import type { SharedWarehouse } from './shared-warehouse.ts'

/** Does the operation by a process that knows nothing yet of the table; what fails of the upkeep behind it fails too. */
export async function weOperate(
  both: SharedWarehouse,
  name: string,
  step: Operation,
): Promise<void> {
  const table = await both.table(name)
  switch (step.op) {
    case 'write':
      await write(table, step.rows)
      return
    case 'compact':
      await table.compact({ full: step.full })
      return
    case 'overwrite':
      await overwrite(table, step)
      return
    case 'dropPartitions':
      await table.dropPartitions(step.partitions)
      return
    default:
      throw new Error(`this library does not do it: ${JSON.stringify(step)}`)
  }
}

async function write(table: Table, rows: readonly unknown[]): Promise<void> {
  await using writer = await table.writer({ isStream: false })
  await writer.writeJson([parseJson(JSON.stringify(rows))] as never)
  const { upkeepErrors } = await writer.commit({ waitForCompaction: true })
  if (upkeepErrors.length > 0) throw upkeepErrors[0]
}

async function overwrite(
  table: Table,
  { rows, dynamic }: Operation & { readonly op: 'overwrite' },
): Promise<void> {
  const options = { 'dynamic-partition-overwrite': String(dynamic) }
  await using writer = await table.withOptions(options).writer({ overwrite: {}, isStream: false })
  await writer.writeJson([parseJson(JSON.stringify(rows))] as never)
  const { upkeepErrors } = await writer.commit({ waitForCompaction: true })
  if (upkeepErrors.length > 0) throw upkeepErrors[0]
}
