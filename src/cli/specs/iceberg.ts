/** The commands for Iceberg clients of a table. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

const EMIT: CommandSpec = {
  name: 'iceberg emit',
  summary: 'Brings the Iceberg metadata of a table up to date.',
  arguments: [
    {
      name: 'DB.TABLE|DB',
      summary:
        'The table, such as `sales.orders`, or a database: all its tables that have Iceberg metadata.',
      form: 'required',
    },
  ],
  flags: ['rebuild', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'Commits of this library do so themselves where the option `metadata.iceberg.storage` is set; this makes up for what failed, and for what others committed. It may run beside writers, as often as one likes: where nothing is behind, nothing is written.',
    'With `--rebuild` nothing of the metadata is used again but the id of the table and the ids of its rows: the way out where they are damaged. `--option metadata.iceberg.storage=table-location` makes metadata of a table that has none, for this once.',
  ],
  examples: [
    'millrace iceberg emit shop.visits',
    'millrace iceberg emit shop.visits --rebuild',
    'millrace iceberg emit shop',
  ],
  load: async () => (await import('../commands/iceberg.ts')).emitIcebergCommand,
}

const SHOW: CommandSpec = {
  name: 'iceberg show',
  summary: 'Shows what Iceberg clients see of a table, and whether it is behind.',
  arguments: [TABLE],
  flags: ['report-format', ...CATALOG_FLAGS],
  notes: [
    'The metadata file that clients open, its snapshots, branches and tags, the columns with their ids, and the manifests and files of the current snapshot. What differs from the table itself is told first; `millrace check` looks at every file.',
  ],
  examples: ['millrace iceberg show shop.visits', 'millrace iceberg show shop.visits --json'],
  load: async () => (await import('../commands/iceberg.ts')).showIcebergCommand,
}

export const ICEBERG_COMMANDS: readonly CommandSpec[] = [EMIT, SHOW]
