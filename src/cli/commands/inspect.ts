/** `inspect`: what there is to see of a table, as a page for browsers, as text, or as JSON. */
import type { InspectedBucket, Inspection } from '../../table/inspect/inspection.ts'
import { parsePartitionSpec } from '../../types/partition.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { countText, sizeText, some, timeText } from '../inspect/html.ts'
import { inspectionPage } from '../inspect/page.ts'
import { openOutput } from '../output-rows.ts'
import { printable } from '../printable.ts'
import { printReport, tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'
import { version } from '../version.ts'

export async function inspectCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'inspect')
  const { partition, where, html } = run.flags
  const { signal } = run
  const catalog = await run.openCatalog()
  const table = (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
  const seen = await table.inspect({
    ...(partition !== undefined && {
      partition: Object.fromEntries(parsePartitionSpec(partition)),
    }),
    ...(where !== undefined && { where }),
    signal,
    onProgress: ({ phase, done, total }) => run.progress.show(phase, done, total),
  })
  if (html === undefined) await printReport(run, seen, textOf(seen))
  else await writePage(run, seen, html)
  return EXIT.done
}

async function writePage(run: CommandRun, seen: Inspection, file: string): Promise<void> {
  const page = inspectionPage(seen, { madeMillis: Date.now(), version: version() })
  const { out } = await openOutput(run, file)
  try {
    await out.write(Buffer.from(page))
    await out.close()
  } catch (error) {
    await out.abort()
    throw error
  }
  const bytes = Buffer.byteLength(page)
  if (file !== '-')
    await tellResult(run, { file, bytes }, [`${file}: ${sizeText(bytes)}; open it in a browser`])
}

/** Buckets that the text shows. */
const BUCKETS_MAX = 20

function textOf(seen: Inspection): string {
  const { totals, snapshotId, snapshots, notices, leftOut } = seen
  const at = snapshots.find(({ id }) => id === snapshotId)
  const time = at === undefined ? '' : ` of ${timeText(at.timeMillis)} UTC`
  const state = snapshotId === null ? 'without a snapshot' : `snapshot ${snapshotId}${time}`
  const tallest = seen.buckets
    .toSorted((a, b) => (b.runCount ?? 0) - (a.runCount ?? 0) || b.bytes - a.bytes)
    .slice(0, BUCKETS_MAX)
  const others = seen.buckets.length - tallest.length + leftOut.buckets
  return [
    `${seen.table}, ${state}`,
    [
      some(totals.rows, 'row'),
      some(totals.files, 'file'),
      sizeText(totals.bytes),
      some(totals.buckets, 'bucket'),
      ...(seen.partitionKeys.length > 0 ? [some(totals.partitions, 'partition')] : []),
      some(totals.snapshots, 'snapshot'),
      some(totals.tags, 'tag'),
    ].join(', '),
    ...notices.map(({ severity, text, command }) => `${severity}: ${text} ${command ?? ''}`.trim()),
    ...tallest.map(bucketText),
    ...(others > 0 ? [`and ${some(others, 'more bucket')}; --html FILE draws them`] : []),
  ]
    .map((line) => `${printable(line)}\n`)
    .join('')
}

/** `dt=2026-11-21, bucket 0: 3 runs, 5 files, 12.0 kB (level 0: 2 files, level 3: 3 files)` */
function bucketText({ partition, bucket, runCount, files, bytes, runs }: InspectedBucket): string {
  const levels = Map.groupBy(runs, ({ level }) => level)
  const each = [...levels].map(
    ([level, of]) => `level ${level}: ${countText(of.reduce((sum, run) => sum + run.files, 0))}`,
  )
  const name = partition === '' ? `bucket ${bucket}` : `${partition}, bucket ${bucket}`
  const figures = [some(files, 'file'), sizeText(bytes)]
  if (runCount === null) return `${name}: ${figures.join(', ')}`
  return `${name}: ${[some(runCount, 'run'), ...figures].join(', ')} (files of ${each.join(', ')})`
}
