/** `orphans`: deletes the files of a table, or of all tables of a database, that nothing refers to. */
import type { OrphanOptions, OrphanResult } from '../../table/maintain/orphans.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { tellFreed } from '../freed.ts'
import { amount, bytesText, printable } from '../printable.ts'
import { wantsJson } from '../report.ts'
import { StreamOutput } from '../streams.ts'
import { requireTable } from '../table-name.ts'

export async function orphansCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  const { signal } = run
  const {
    'dry-run': dryRun = false,
    'older-than': olderThan,
    'external-paths': external,
  } = run.flags
  const isTable = name.includes('.')
  if (isTable) requireTable(name, 'orphans')
  const catalog = await run.openCatalog()
  const names = isTable
    ? [name]
    : (await catalog.tables(name, { signal })).map((table) => `${name}.${table}`)
  const cleaned: { readonly table: string; readonly result: OrphanResult }[] = []
  const failures: unknown[] = []
  for (const each of names) {
    const options: OrphanOptions = {
      dryRun,
      olderThan,
      externalPaths: external,
      signal,
      onProgress: ({ phase, done, total }) => run.progress.show(`${phase} of ${each}`, done, total),
    }
    try {
      const table = (await catalog.table(each, undefined, { signal })).withOptions(run.tableOptions)
      cleaned.push({ table: each, result: await table.removeOrphans(options) })
    } catch (error) {
      // One damaged table is no reason to leave the others alone.
      if (isTable || signal.aborted) throw error
      failures.push(error)
      run.note(`${each}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  run.progress.clear()
  if (dryRun && !wantsJson(run)) await printPaths(run, cleaned)
  const sum = (countOf: (result: OrphanResult) => number): number =>
    cleaned.reduce((total, { result }) => total + countOf(result), 0)
  const freed = {
    fileCount: sum(({ fileCount }) => fileCount),
    sizeBytes: sum(({ sizeBytes }) => sizeBytes),
  }
  await tellFreed(run, freed, {
    result: { tables: cleaned.map(({ table, result }) => ({ table, ...result })) },
    lines: cleaned.flatMap(({ table, result }) => linesOf(table, result, dryRun)),
  })
  if (failures.length > 0) throw failures[0]
  return EXIT.done
}

/** The files are what a dry run is asked for. */
async function printPaths(
  { streams }: CommandRun,
  cleaned: readonly { readonly result: OrphanResult }[],
): Promise<void> {
  const out = new StreamOutput(streams.stdout)
  for (const { result } of cleaned)
    for (const { path } of result.files) await out.write(`${printable(path)}\n`)
  await out.close()
}

function linesOf(table: string, result: OrphanResult, dryRun: boolean): string[] {
  const { fileCount, sizeBytes, uploads, directories, incomplete } = result
  const lines: string[] = []
  const verb = (word: string): string => (dryRun ? `would be ${word}` : word)
  if (fileCount > 0) lines.push(`${table}: ${amount(fileCount, 'orphan')}, ${bytesText(sizeBytes)}`)
  if (uploads === null)
    lines.push(`${table}: unfinished uploads cannot be listed, which takes a permission of its own`)
  else if (uploads.length > 0)
    lines.push(`${table}: ${amount(uploads.length, 'unfinished upload')} ${verb('aborted')}`)
  if (directories.length > 0)
    lines.push(`${table}: ${directories.length} empty directories ${verb('deleted')}`)
  for (const path of incomplete)
    lines.push(`${table}: ${path} refers to files that are gone; an expiry may have been stopped`)
  return lines
}
