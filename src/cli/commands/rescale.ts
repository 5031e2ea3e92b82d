/** `rescale`: gives a table, or some of its partitions, another number of buckets. */
import type { RescaleResult } from '../../table/rescale.ts'
import { parsePartitionSpec } from '../../types/partition.ts'
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { amount } from '../printable.ts'
import { requireTable } from '../table-name.ts'

export async function rescaleCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'rescale')
  const { signal } = run
  const { buckets, partition: text, 'dry-run': dryRun = false } = run.flags
  if (buckets === undefined)
    throw invalid('the number of buckets is not told', {
      hint: `write for example millrace rescale ${name} --buckets 8`,
    })
  const catalog = await run.openCatalog()
  const table = (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
  const partition = text === undefined ? undefined : Object.fromEntries(parsePartitionSpec(text))
  let rowCount = 0
  const result = await table.rescale({
    buckets,
    partition,
    dryRun,
    signal,
    onProgress: (count) => {
      rowCount += count
      run.progress.show(`rows of ${name}`, rowCount)
    },
  })
  run.progress.clear()
  tell(run, name, buckets, result)
  return EXIT.done
}

function tell(
  run: CommandRun,
  name: string,
  buckets: number,
  { partitions, snapshot, schema }: RescaleResult,
): void {
  const isDry = run.flags['dry-run'] === true
  for (const { partition, bucketsBefore } of partitions) {
    const what = partition === '' ? name : partition
    const verb = isDry ? 'would go' : 'went'
    run.note(`${what} ${verb} from ${amount(bucketsBefore, 'bucket')} to ${buckets}`)
  }
  if (partitions.length === 0) run.note(`no rows of ${name} have another number of buckets`)
  if (snapshot !== null) run.note(`written anew in snapshot ${snapshot.id}`)
  if (schema !== null) run.note(`bucket = ${buckets} from schema ${schema.id} on`)
}
