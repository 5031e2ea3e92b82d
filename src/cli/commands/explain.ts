/** `explain`: what a read leaves out, by what, and how it reads the rest. */
import type { ExplainedSplit, Explanation } from '../../table/plan/explain.ts'
import type { PlanStep } from '../../table/plan/plan-steps.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { bytesText, displayWidth, printable } from '../printable.ts'
import { printReport } from '../report.ts'
import { requireTable } from '../table-name.ts'

export async function explainCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'explain')
  const { select: columns, where, limit } = run.flags
  const { signal } = run
  const catalog = await run.openCatalog()
  const table = await catalog.table(name, undefined, { signal })
  const request = {
    signal,
    ...(columns !== undefined && { columns }),
    ...(where !== undefined && { where }),
    ...(limit !== undefined && { limit }),
  }
  const explanation = await table.withOptions(run.tableOptions).read(request).explain()
  await printReport(run, explanation, explanationText(explanation))
  return EXIT.done
}

/** What each step prunes by. */
const STEPS: Readonly<Record<PlanStep['step'], string>> = {
  live: 'live files',
  partition: 'partitions',
  bucket: 'buckets',
  level: 'levels',
  keys: 'statistics of keys',
  values: 'statistics of values',
  indexes: 'file indexes',
  limit: 'limit',
  common: 'files of both states',
  branch: 'partitions of branches',
}

const MODES: Readonly<Record<ExplainedSplit['mode'], string>> = {
  raw: 'raw',
  merge: 'merged',
  changes: 'as written',
  difference: 'compared',
}

/** More splits than this are summed up. */
const SPLITS_MAX = 40

function explanationText({
  snapshotId,
  schemaId,
  columns,
  manifests,
  steps,
  splits,
}: Explanation): string {
  const state = snapshotId === null ? 'no snapshot' : `snapshot ${snapshotId}`
  const lines = [
    `${state}, schema ${schemaId}, columns ${printable(columns.join(', '))}`,
    `${manifests.read} of ${manifests.total} manifests are read`,
    '',
    ...aligned([
      ['left by', 'files', 'rows', 'bytes'],
      ...steps.map(({ step, files, rows, bytes }) => [
        STEPS[step],
        String(files),
        String(rows),
        bytesText(bytes),
      ]),
    ]),
  ]
  if (splits.length > 0) lines.push('', ...splitLines(splits))
  return lines.map((line) => `${line}\n`).join('')
}

function splitLines(splits: readonly ExplainedSplit[]): string[] {
  const modes = Object.entries(Object.groupBy(splits, ({ mode }) => mode))
  const total = modes.map(([mode, of]) => {
    const bytes = of.reduce((sum, split) => sum + split.bytes, 0)
    return `${of.length} ${MODES[mode as ExplainedSplit['mode']]} (${bytesText(bytes)})`
  })
  const shown = splits.slice(0, SPLITS_MAX)
  const lines = aligned([
    ['read', 'partition', 'bucket', 'files', 'runs', 'rows', 'deleted', 'bytes'],
    ...shown.map((split) => [
      MODES[split.mode],
      printable(
        split.branch === undefined ? split.partition : `${split.partition} ${split.branch}`,
      ),
      String(split.bucket),
      String(split.files),
      String(split.runs),
      String(split.rows),
      split.deletedRows === null ? 'some' : String(split.deletedRows),
      bytesText(split.bytes),
    ]),
  ])
  const rest = splits.length - shown.length
  return [
    `splits: ${total.join(', ')}`,
    ...lines,
    ...(rest > 0 ? [`and ${rest} more; --format json has them all`] : []),
  ]
}

/** Columns of which only the first ones are texts. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column]!))),
  )
  const isText = rows[0]!.map((_, column) => rows.slice(1).some((row) => /^\D/.test(row[column]!)))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const blanks = ' '.repeat(widths[column]! - displayWidth(cell))
        return isText[column] === true ? cell + blanks : blanks + cell
      })
      .join('  ')
      .trimEnd(),
  )
}
