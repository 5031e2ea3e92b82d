/** The commands that work on what is stored of a table beside its rows. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

const COMPACT_MANIFESTS: CommandSpec = {
  name: 'compact-manifests',
  summary: 'Merges the manifests of a table, so that reads of it are planned more quickly.',
  arguments: [TABLE],
  flags: ['report-format', ...CATALOG_FLAGS],
  notes: [
    'Manifests that are small, or tell of files that are gone, become as few as `manifest.target-file-size` allows. Commits do that too, but only once there are many. No data file changes; the old manifests go when the snapshots that name them expire.',
  ],
  examples: [
    'millrace compact-manifests shop.users',
    "millrace compact-manifests shop.users --option 'manifest.target-file-size=16 mb'",
  ],
  load: async () => (await import('../commands/metadata.ts')).compactManifestsCommand,
}

const ANALYZE: CommandSpec = {
  name: 'analyze',
  summary: 'Reads a table and stores what its columns are like, for the planners of other engines.',
  arguments: [TABLE],
  flags: ['analyzed-columns', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'Rows, distinct values (exact up to some thousands, and within about 2 % beyond), bounds, nulls and lengths become a file that a snapshot names. They hold until the schema changes; `read DB.TABLE$statistics` shows them.',
  ],
  examples: ['millrace analyze shop.users', 'millrace analyze shop.orders --columns region,amount'],
  load: async () => (await import('../commands/metadata.ts')).analyzeCommand,
}

export const METADATA_COMMANDS: readonly CommandSpec[] = [COMPACT_MANIFESTS, ANALYZE]
