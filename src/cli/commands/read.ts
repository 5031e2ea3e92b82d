/** `read`: prints the rows of a table or of a system table. */
import { Table } from '../../table/table.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { printRows, rowFormat } from '../output-rows.ts'
import { amount } from '../printable.ts'

export async function readCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  await readTable(run, name)
  return EXIT.done
}

/** Reads what the name names, as the flags say. */
export async function readTable(
  run: CommandRun,
  name: string,
  /** The columns to show to people who name none. */
  mainColumns?: readonly string[],
): Promise<void> {
  const { select, where, limit, verbose } = run.flags
  const { signal } = run
  const columns = select ?? (rowFormat(run.flags) === 'table' ? mainColumns : undefined)
  const catalog = await run.openCatalog()
  const opened = await catalog.open(name, { signal })
  const request = {
    signal,
    ...(columns !== undefined && { columns }),
    ...(where !== undefined && { where }),
    ...(limit !== undefined && { limit }),
  }
  const startMs = performance.now()
  if (!(opened instanceof Table)) {
    await printRows(run, opened.read({ ...request, options: run.tableOptions }))
    return
  }
  const read = opened.withOptions(run.tableOptions).read(request)
  const rowCount = await printRows(run, read)
  if (verbose !== true) return
  const { snapshotId, splits, fileCounts } = await read.plan()
  const state = snapshotId === null ? 'no snapshot' : `snapshot ${snapshotId}`
  const files = `${fileCounts.read} of ${amount(fileCounts.considered, 'data file')}`
  const seconds = ((performance.now() - startMs) / 1000).toFixed(2)
  const [parts, rows] = [amount(splits.length, 'split'), amount(rowCount, 'row')]
  run.note(`${state}: ${files} in ${parts}, ${rows} in ${seconds} s`)
}
