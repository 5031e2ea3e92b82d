/** `compact`: merges the files of a table beside its writers, once or as they are written. */
import { parsePartitionSpec } from '../../types/partition.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { amount } from '../printable.ts'
import { tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'

export async function compactCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'compact')
  const { signal } = run
  const { full = false, watch = false, partition: text, where } = run.flags
  const catalog = await run.openCatalog()
  const table = (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
  const partition = text === undefined ? undefined : Object.fromEntries(parsePartitionSpec(text))
  const { 'order-by': columns, strategy } = run.flags
  if (strategy !== undefined && columns === undefined)
    throw invalid('--strategy goes with --order-by', { hint: 'name the columns: --order-by a,b' })
  if (columns !== undefined && watch) throw invalid('--order-by and --watch do not go together')
  const orderBy = columns && { columns, strategy }
  const options = { full, partition, where, orderBy, signal }
  if (watch)
    return await watchTable(run, () => table.watchCompactions({ ...options, onRound: told }))
  const { snapshots, droppedBuckets } = await table.compact({
    ...options,
    onProgress: ({ what, done, total }) => run.progress.show(`${what} of ${name}`, done, total),
  })
  const ids = snapshots.map(({ id }) => id)
  await tellResult(run, { table: name, snapshots: ids, droppedBuckets }, [
    ids.length === 0 ? 'there was nothing to compact' : `compacted in ${snapshotsText(ids)}`,
  ])
  if (droppedBuckets > 0)
    throw new LakeError(
      'CONFLICT',
      `${amount(droppedBuckets, 'bucket')} of ${name} were compacted or overwritten by others at the same time`,
      { path: table.path, hint: 'nothing is lost; compact again what is left', retriable: true },
    )
  return EXIT.done

  function told(made: readonly { readonly id: number }[], bucketCount: number): void {
    if (made.length === 0 && run.flags.verbose !== true) return
    const done =
      made.length === 0
        ? 'nothing was due'
        : `compacted in ${snapshotsText(made.map(({ id }) => id))}`
    run.note(`${amount(bucketCount, 'bucket')} of ${name}: ${done}`)
  }
}

function snapshotsText(ids: readonly number[]): string {
  return ids.length === 1 ? `snapshot ${ids[0]}` : `snapshots ${ids[0]} to ${ids.at(-1)}`
}

/** Being interrupted is how watching ends. */
async function watchTable(run: CommandRun, watch: () => Promise<never>): Promise<number> {
  try {
    return await watch()
  } catch (error) {
    if (!(error instanceof LakeError && error.code === 'ABORTED' && run.signal.aborted)) throw error
    return EXIT.interrupted
  }
}
