/** `check`: what is damaged of a table. */
import type { CheckReport } from '../../table/check.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { amount, printable } from '../printable.ts'
import { printReport } from '../report.ts'
import { requireTable } from '../table-name.ts'

export async function checkCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'check')
  const { shallow, 'all-snapshots': allSnapshots, repair } = run.flags
  const catalog = await run.openCatalog()
  const report = await catalog.checkTable(name, {
    deep: shallow !== true,
    allSnapshots,
    repair,
    signal: run.signal,
    onProgress: ({ phase, done, total }) => run.progress.show(phase, done, total),
  })
  await printReport(run, report, reportText(name, report))
  return report.damage.length > 0 ? EXIT.failed : EXIT.done
}

function reportText(
  name: string,
  { damage, warnings, repairs, counts, snapshotId }: CheckReport,
): string {
  const lines = repairs.map(({ path, what }) => `repaired ${printable(path)}: ${printable(what)}`)
  for (const { path, what } of damage) lines.push(`damaged  ${printable(path)}: ${printable(what)}`)
  for (const { path, what, count } of warnings) {
    const others = count > 1 ? `, and ${count - 1} others` : ''
    lines.push(`odd      ${printable(path)}${others}: ${printable(what)}`)
  }
  const { orphanFiles } = counts
  const checked = [
    amount(counts.schemas, 'schema'),
    amount(counts.snapshots, 'snapshot'),
    amount(counts.manifests, 'manifest'),
    amount(counts.dataFiles, 'data file'),
    amount(counts.rows, 'row'),
  ].join(', ')
  const state = snapshotId === null ? 'without a snapshot' : `snapshot ${snapshotId}`
  const verdict =
    damage.length === 0 ? 'is whole' : `is damaged in ${amount(damage.length, 'place')}`
  lines.push(`${name}, ${state}: ${verdict}; checked ${checked}`)
  if (orphanFiles !== null && orphanFiles > 0)
    lines.push(`${amount(orphanFiles, 'file')} that nothing refers to`)
  return lines.map((line) => `${line}\n`).join('')
}
