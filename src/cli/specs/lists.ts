/** The commands that list what a table has. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, ROW_FLAGS, TABLE } from './common.ts'

function listing(name: string, what: string, mainColumns?: readonly string[]): CommandSpec {
  return {
    name,
    summary: `Lists the ${what} of a table.`,
    arguments: [TABLE],
    flags: [...ROW_FLAGS, ...CATALOG_FLAGS],
    notes: [
      `The columns are those of Paimon's system table \`DB.TABLE$${name}\`.`,
      ...(mainColumns === undefined
        ? []
        : ['The format `table` shows the main ones, the other formats and `--select` any.']),
    ],
    examples: [`millrace ${name} shop.users`, `millrace ${name} shop.users --json`],
    load: async () => {
      const { listCommand } = await import('../commands/list.ts')
      return async (run) => await listCommand(run, name, mainColumns)
    },
  }
}

export const LIST_COMMANDS: readonly CommandSpec[] = [
  listing('snapshots', 'snapshots', [
    'snapshot_id',
    'schema_id',
    'commit_kind',
    'commit_time',
    'commit_user',
    'delta_record_count',
    'total_record_count',
  ]),
  listing('schemas', 'schemas', ['schema_id', 'update_time', 'fields', 'primary_keys', 'options']),
  listing('files', 'data files of the latest snapshot', [
    'partition',
    'bucket',
    'level',
    'record_count',
    'file_size_in_bytes',
    'min_key',
    'max_key',
    'file_path',
  ]),
  listing('partitions', 'partitions', [
    'partition',
    'record_count',
    'file_size_in_bytes',
    'file_count',
    'last_update_time',
  ]),
  listing('buckets', 'buckets'),
  listing('tags', 'tags'),
  listing('branches', 'branches'),
  listing('consumers', 'consumers'),
]
