/** Which catalog a command works on: from its flags, a catalog file, and the environment, in this order. */
import { type Catalog, createCatalog } from '../catalog/catalog.ts'
import { knownCatalogOption, knownTableOption, type RawOptions } from '../types/options.ts'
import { invalid } from '../util/errors.ts'
import { parseCatalogFile } from './catalog-file.ts'
import type { FlagValues } from './flags.ts'
import { readTextFile } from './input-files.ts'
import type { Secrets } from './secrets.ts'
import type { CliStreams } from './streams.ts'

export interface SplitOptions {
  readonly catalog: RawOptions
  readonly table: RawOptions
}

/** Parts the options by whose they are; those that nobody knows are left to the table to refuse. */
export function splitOptions(given: RawOptions): SplitOptions {
  const catalog: Record<string, string> = {}
  const table: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const isCatalogs = knownCatalogOption(name) !== undefined && !isTables(name)
    ;(isCatalogs ? catalog : table)[name] = value
  }
  return { catalog, table }
}

/** A name that both have means the table here. */
function isTables(name: string): boolean {
  return knownTableOption(name) !== undefined
}

export async function openCommandCatalog(
  flags: FlagValues,
  options: RawOptions,
  streams: CliStreams,
  secrets: Secrets,
): Promise<Catalog> {
  const fromFile = flags.catalog === undefined ? {} : await optionsOfFile(flags.catalog, streams)
  for (const [name, value] of Object.entries(fromFile)) secrets.add(name, value)
  const all: Record<string, string> = { ...fromFile, ...options }
  const fromEnv = streams.env['MILLRACE_WAREHOUSE']
  const warehouse = flags.warehouse ?? all['warehouse'] ?? (fromEnv === '' ? undefined : fromEnv)
  if (warehouse === undefined)
    throw invalid('no warehouse is named', {
      hint: 'give --warehouse DIR or s3://BUCKET/PREFIX, --catalog FILE, or set MILLRACE_WAREHOUSE',
    })
  return await createCatalog({ ...all, warehouse })
}

async function optionsOfFile(file: string, streams: CliStreams): Promise<RawOptions> {
  return parseCatalogFile(await readTextFile(file, streams), file)
}
