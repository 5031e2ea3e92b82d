/** `iceberg emit` and `iceberg show`: what Iceberg clients see of a table. */
import type { IcebergEmission } from '../../iceberg-compat/attempt.ts'
import type { IcebergState } from '../../iceberg-compat/state.ts'
import { nameOf } from '../../io/path.ts'
import type { Table } from '../../table/table.ts'
import { invalid, type LakeError, notFound } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { openNamedTable } from '../opened-table.ts'
import { amount, printable } from '../printable.ts'
import { printReport, tellResult } from '../report.ts'

export async function emitIcebergCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  if (!name.includes('.')) return await emitDatabase(run, name)
  const { table } = await openNamedTable(run, 'iceberg emit')
  if (!table.iceberg.isEnabled) throw notEnabled(name, table)
  const emission = await emit(run, name, table)
  await tellResult(run, { tables: [resultOf(name, emission)] }, [lineOf(name, emission)])
  return EXIT.done
}

/** One table that fails is no reason to leave the others behind. */
async function emitDatabase(run: CommandRun, database: string): Promise<number> {
  const { signal } = run
  const catalog = await run.openCatalog()
  const emitted: { readonly name: string; readonly emission: IcebergEmission | null }[] = []
  const failures: unknown[] = []
  for (const each of await catalog.tables(database, { signal })) {
    const name = `${database}.${each}`
    try {
      const table = (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
      if (table.iceberg.isEnabled) emitted.push({ name, emission: await emit(run, name, table) })
    } catch (error) {
      if (signal.aborted) throw error
      failures.push(error)
      run.note(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const lines = emitted.map(({ name, emission }) => lineOf(name, emission))
  if (emitted.length === 0 && failures.length === 0)
    lines.push(`no table of ${database} has Iceberg metadata`)
  await tellResult(
    run,
    { tables: emitted.map(({ name, emission }) => resultOf(name, emission)) },
    lines,
  )
  if (failures.length > 0) throw failures[0]
  return EXIT.done
}

async function emit(run: CommandRun, name: string, table: Table): Promise<IcebergEmission | null> {
  return await table.iceberg.emit({
    rebuild: run.flags.rebuild === true,
    signal: run.signal,
    onProgress: (done, total) => run.progress.show(`snapshots of ${name}`, done, total),
  })
}

function notEnabled(name: string, { path }: Table): LakeError {
  return invalid(`${name} has no Iceberg metadata`, {
    path,
    hint: `switch them on with millrace alter ${name} "SET metadata.iceberg.storage = table-location"`,
  })
}

function resultOf(table: string, emission: IcebergEmission | null): object {
  if (emission === null) return { table, version: null }
  const { version, metadataPath, snapshotIds, isRebuilt, isChanged } = emission
  return { table, version, metadataPath, snapshots: snapshotIds, isRebuilt, isChanged }
}

function lineOf(name: string, emission: IcebergEmission | null): string {
  if (emission === null) return `${name} has no snapshot yet that could be shown`
  const { metadataPath, snapshotIds, isRebuilt, isChanged } = emission
  if (!isChanged) return `${name} was up to date: ${metadataPath}`
  const how = isRebuilt ? 'was rebuilt' : 'is up to date'
  const count = snapshotIds.length
  return `${name} ${how}, with ${count === 0 ? 'no' : count} new ${count === 1 ? 'snapshot' : 'snapshots'}: ${metadataPath}`
}

export async function showIcebergCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'iceberg show')
  if (!table.iceberg.isEnabled) throw notEnabled(name, table)
  const state = await table.iceberg.show({ signal: run.signal })
  if (state === null)
    throw notFound(`${name} has no Iceberg metadata yet`, {
      path: table.path,
      hint: `millrace iceberg emit ${name} makes them once there is a snapshot`,
    })
  await printReport(run, { table: name, ...state }, stateText(name, state))
  return EXIT.done
}

/** Snapshots and manifests that the text shows; as JSON all are printed. */
const SHOWN_MAX = 20

function stateText(name: string, state: IcebergState): string {
  const { version, formatVersion, snapshotId, behind, files, columns, manifests, refs } = state
  const current = snapshotId === null ? 'no snapshot' : `snapshot ${snapshotId}`
  const status = behind.length === 0 ? 'up to date' : 'behind'
  const deletes =
    files.deleteFileCount === 0
      ? ''
      : `, less ${amount(files.deletedRowCount, 'row')} in ${amount(files.deleteFileCount, 'delete')}`
  const partitions = state.partitionedBy.join(', ') || 'nothing'
  const lines = [
    `${name}: version ${version} (format ${formatVersion}), ${current}, ${status}`,
    ...behind.map((what) => `behind: ${what}; millrace iceberg emit ${name} makes up for it`),
    `metadata file: ${state.metadataPath}`,
    `table id: ${state.tableId}`,
    `last changed: ${timeText(state.updatedMillis)}`,
    `partitioned by: ${partitions}`,
    `files: ${amount(files.dataFileCount, 'data file')} with ${amount(files.rowCount, 'row')}${deletes}`,
    ...(state.nextRowId === null ? [] : [`next row id: ${state.nextRowId}`]),
    '',
    `columns of schema ${state.schemaId}`,
    ...columns.map(
      ({ id, name: column, type, required }) =>
        `  ${id}  ${column}  ${type}${required ? '  required' : ''}`,
    ),
    '',
    'snapshots',
    ...latestOf(
      state.snapshots,
      ({ id, timeMillis, operation, schemaId }) =>
        `  ${id}  ${timeText(timeMillis)}  ${operation}${schemaId === null ? '' : `  schema ${schemaId}`}`,
    ),
    '',
    'branches and tags',
    ...refs.map((ref) => `  ${ref.name}  ${ref.type} of snapshot ${ref.snapshotId}`),
    '',
    'manifests',
    ...latestOf(manifests, ({ path, content, fileCount, deletedFileCount, rowCount }) => {
      const gone = deletedFileCount === 0 ? '' : `, ${deletedFileCount} gone`
      return `  ${nameOf(path)}  ${content}  ${amount(fileCount, 'file')}${gone}  ${amount(rowCount, 'row')}`
    }),
  ]
  return lines.map((line) => `${printable(line)}\n`).join('')
}

function latestOf<Item>(items: readonly Item[], lineFor: (item: Item) => string): string[] {
  const shown = items.slice(-SHOWN_MAX)
  const left = items.length - shown.length
  return [...(left > 0 ? [`  ${left} more; --json tells all`] : []), ...shown.map(lineFor)]
}

function timeText(millis: number): string {
  return new Date(millis).toISOString()
}
