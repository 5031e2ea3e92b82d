/** `rescale`: gives a table, or some of its partitions, another number of buckets. */
import type { RescaleResult } from '../../table/rescale.ts'
import { parsePartitionSpec } from '../../types/partition.ts'
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { amount } from '../printable.ts'
import { tellResult } from '../report.ts'
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
  const { partitions, snapshot, schema } = result
  const told = {
    table: name,
    dryRun,
    buckets,
    partitions,
    snapshot: snapshot?.id ?? null,
    schema: schema?.id ?? null,
  }
  await tellResult(run, told, linesOf(name, buckets, dryRun, result))
  return EXIT.done
}

function linesOf(
  name: string,
  buckets: number,
  isDry: boolean,
  { partitions, snapshot, schema }: RescaleResult,
): string[] {
  const lines: string[] = []
  for (const { partition, bucketsBefore } of partitions) {
    const what = partition === '' ? name : partition
    const verb = isDry ? 'would go' : 'went'
    lines.push(`${what} ${verb} from ${amount(bucketsBefore, 'bucket')} to ${buckets}`)
  }
  if (partitions.length === 0) lines.push(`no rows of ${name} have another number of buckets`)
  if (snapshot !== null) lines.push(`written anew in snapshot ${snapshot.id}`)
  if (schema !== null) lines.push(`bucket = ${buckets} from schema ${schema.id} on`)
  return lines
}
