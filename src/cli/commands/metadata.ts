/** `compact-manifests` and `analyze`: what is stored of a table beside its rows. */
import type { TableStatistics } from '../../snapshot/statistics.ts'
import type { Table } from '../../table/table.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { amount, bytesText } from '../printable.ts'
import { tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'

export async function compactManifestsCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'compact-manifests')
  const table = await openTable(run, name)
  const { snapshot, before, after } = await table.compactManifests({ signal: run.signal })
  const [from, to] = [before, after].map(
    ({ fileCount, sizeBytes }) => `${amount(fileCount, 'manifest')} (${bytesText(sizeBytes)})`,
  )
  const line =
    snapshot === null
      ? `nothing to merge in ${name}: ${from}`
      : `${from} of ${name} became ${to} in snapshot ${snapshot.id}`
  await tellResult(run, { table: name, snapshot: snapshot?.id ?? null, before, after }, [line])
  return EXIT.done
}

export async function analyzeCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'analyze')
  const table = await openTable(run, name)
  const { snapshot, statistics } = await table.analyze({
    columns: run.flags['analyzed-columns'],
    signal: run.signal,
    onProgress: (done, total) => run.progress.show(`rows of ${name}`, done, total),
  })
  const result = { table: name, snapshot: snapshot?.id ?? null, statistics }
  const lines =
    snapshot === null || statistics === null
      ? [`${name} has no snapshot yet, and no statistics`]
      : [...linesOf(statistics), `committed in snapshot ${snapshot.id} of ${name}`]
  await tellResult(run, result, lines)
  return EXIT.done
}

function linesOf({ mergedRecordCount, mergedRecordSize, colStats }: TableStatistics): string[] {
  const lines = [
    `${amount(Number(mergedRecordCount), 'row')} (about ${bytesText(Number(mergedRecordSize))})`,
  ]
  for (const [name, column] of Object.entries(colStats ?? {})) {
    const { distinctCount, min, max, nullCount, avgLen, maxLen } = column
    const facts = [`${distinctCount} distinct`]
    if (min !== undefined && max !== undefined) facts.push(`${min} to ${max}`)
    else facts.push(`lengths ${avgLen} on average, ${maxLen} at most`)
    if (nullCount !== 0n) facts.push(amount(Number(nullCount), 'null'))
    lines.push(`${name}: ${facts.join(', ')}`)
  }
  return lines
}

async function openTable(run: CommandRun, name: string): Promise<Table> {
  const { signal } = run
  const catalog = await run.openCatalog()
  return (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
}
