/** `compact`: merges the files of a table beside its writers, once or as they are written. */
import type { WatchOptions } from '../../table/compact/watch.ts'
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
    return await watchTable(run, (onRound) => table.watchCompactions({ ...options, onRound }))
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
}

function snapshotsText(ids: readonly number[]): string {
  return ids.length === 1 ? `snapshot ${ids[0]}` : `snapshots ${ids[0]} to ${ids.at(-1)}`
}

type OnRound = NonNullable<WatchOptions['onRound']>

/** Being interrupted is how watching ends: what is being compacted then is dropped, and leaves no files. */
async function watchTable(
  run: CommandRun,
  watch: (onRound: OnRound) => Promise<never>,
): Promise<number> {
  const [name = ''] = run.arguments
  let madeCount = 0
  try {
    return await watch((snapshots, bucketCount) => {
      madeCount += snapshots.length
      tellRound(run, name, { snapshots: snapshots.map(({ id }) => id), bucketCount })
    })
  } catch (error) {
    if (!(error instanceof LakeError && error.code === 'ABORTED' && run.signal.aborted)) throw error
    run.note(`stopped watching ${name}, after ${amount(madeCount, 'snapshot')}`)
    return EXIT.interrupted
  }
}

interface Round {
  readonly snapshots: readonly number[]
  readonly bucketCount: number
}

/** A line as it happens. */
function tellRound(run: CommandRun, name: string, { snapshots, bucketCount }: Round): void {
  if (snapshots.length === 0 && run.flags.verbose !== true) return
  if (run.flags.json === true) {
    run.streams.stdout.write(`${JSON.stringify({ table: name, bucketCount, snapshots })}\n`)
    return
  }
  const done =
    snapshots.length === 0 ? 'nothing was due' : `compacted in ${snapshotsText(snapshots)}`
  run.note(`${amount(bucketCount, 'bucket')} of ${name}: ${done}`)
}
