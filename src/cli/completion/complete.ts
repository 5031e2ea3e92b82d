/**
 * `millrace complete WORD...`: what shells ask while a command line is typed, the last word being the one that is typed.
 *
 * Each line that is printed is a candidate, a tab and what it means; the line `:files` asks the shell for names of files.
 * Nothing is ever said about failures, which would land in the middle of what is typed.
 */
import type { Catalog } from '../../catalog/catalog.ts'
import type { CliStreams } from '../streams.ts'
import { type Candidate, type Looked, type Wanted, wantedAt } from './wanted.ts'

/** The lines for the shell. It never throws. */
export async function completionLines(
  words: readonly string[],
  streams: CliStreams,
): Promise<string[]> {
  const current = words.at(-1) ?? ''
  const wanted = wantedAt(words)
  const typed = current.slice(wanted.prefix.length)
  let found: readonly Candidate[] = []
  try {
    found = await lookUp(wanted, typed, streams)
  } catch {
    // A warehouse that cannot be read has nothing to offer.
  }
  const lines = [...wanted.candidates, ...found]
    .filter(({ word }) => word.startsWith(typed))
    .map(({ word, summary }) => `${wanted.prefix}${word}\t${oneLine(summary)}`)
  if (wanted.looked?.what === 'files') lines.push(':files')
  return lines
}

/** Names of others may hold anything, and here each is a line with a tab in it. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNFIT = /[\u0000-\u001f\u007f-\u009f]/

function oneLine(summary: string): string {
  return summary.replaceAll('`', '').replaceAll(/\s+/g, ' ')
}

async function lookUp(wanted: Wanted, typed: string, streams: CliStreams): Promise<Candidate[]> {
  const { looked } = wanted
  if (looked === null || looked.what === 'files') return []
  const names =
    looked.what === 'options' ? await optionNames() : await stored(wanted, typed, streams)
  return names.filter(({ word }) => !UNFIT.test(word))
}

async function optionNames(): Promise<Candidate[]> {
  const { CATALOG_OPTIONS, TABLE_OPTIONS } = await import('../../types/options.ts')
  return Object.entries({ ...TABLE_OPTIONS, ...CATALOG_OPTIONS }).map(([name, { summary }]) => ({
    word: `${name}=`,
    summary,
  }))
}

async function stored(wanted: Wanted, typed: string, streams: CliStreams): Promise<Candidate[]> {
  const [{ openCommandCatalog, splitOptions }, { parseCommandLine }, { Secrets }] =
    await Promise.all([
      import('../catalog-options.ts'),
      import('../command-line.ts'),
      import('../secrets.ts'),
    ])
  const { flags } = parseCommandLine(['databases', ...wanted.catalogFlags])
  const options = splitOptions(flags.option ?? {}).catalog
  const secrets = new Secrets(streams.env)
  await using catalog = await openCommandCatalog(flags, options, streams, secrets)
  return await namesIn(catalog, wanted.looked!, { typed, signal: streams.signal })
}

async function namesIn(
  catalog: Catalog,
  looked: Looked,
  { typed, signal }: { readonly typed: string; readonly signal: AbortSignal },
): Promise<Candidate[]> {
  if (looked.what === 'names') {
    const { systemTable, table } = looked
    const opened = await catalog.open(`${table}$${systemTable}`, { signal })
    const [column] = await opened.read({ signal }).fields()
    const name = column!.name
    const rows = await opened.read({ columns: [name], signal }).toArray()
    return rows.map((row) => ({ word: String(row[name]), summary: `of ${table}` }))
  }
  const dot = typed.indexOf('.')
  if (looked.what === 'tables' && dot >= 0) {
    const database = typed.slice(0, dot)
    const tables = await catalog.tables(database, { signal })
    return tables.map((table) => ({ word: `${database}.${table}`, summary: 'table' }))
  }
  const databases = await catalog.databases({ signal })
  const end = looked.what === 'tables' ? '.' : ''
  return databases.map((database) => ({ word: `${database}${end}`, summary: 'database' }))
}
