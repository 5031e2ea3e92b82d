/** The commands that write rows. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

const WRITE: CommandSpec = {
  name: 'write',
  summary: 'Writes rows to a table, all of them in one commit.',
  arguments: [
    TABLE,
    {
      name: 'FILE|-',
      summary:
        'The input; `-`, or no file at all, is stdin. Patterns such as `in/*.csv` are taken too.',
      form: 'repeated',
    },
  ],
  flags: [
    'input-format',
    'overwrite',
    'partition',
    'user',
    'commit-id',
    'metrics',
    ...CATALOG_FLAGS,
  ],
  notes: [
    'A row may say its kind in `_kind`: `+I` (the default), `-U`, `+U` or `-D`, which deletes the row of its key. Rows of a key that a primary-key table has already replace it.',
    'With `--overwrite` the rows take the place of others: of those in the partitions that are written to; of those in the `--partition`, also where the input is empty; or, with `--option dynamic-partition-overwrite=false`, of all.',
    'With `--user` and `--commit-id` a commit that is made again, after a crash say, happens once.',
    'JSON lines: BIGINT and DECIMAL are strings (numbers are taken too), bytes are hexadecimal digits, dates and times ISO text, maps arrays of [key, value]. CSV has a first line of column names; an empty cell is null, and `""` the empty text.',
  ],
  examples: [
    'millrace write shop.users users.csv',
    `echo '{"id": "7", "name": "Ada"}' | millrace write shop.users -`,
    'millrace write shop.users events/*.parquet --user loader-1 --commit-id 42',
    'millrace write shop.visits today.csv --overwrite --partition dt=2026-11-21',
  ],
  load: async () => (await import('../commands/write.ts')).writeCommand,
}

const TRUNCATE: CommandSpec = {
  name: 'truncate',
  summary: 'Takes all rows of a table away, in one commit.',
  arguments: [TABLE],
  flags: ['dry-run', ...CATALOG_FLAGS],
  notes: ['Older snapshots have the rows until they expire.'],
  examples: ['millrace truncate shop.users --dry-run', 'millrace truncate shop.users'],
  load: async () => (await import('../commands/empty.ts')).truncateCommand,
}

const DROP_PARTITIONS: CommandSpec = {
  name: 'drop-partitions',
  summary: 'Takes all rows of partitions away, in one commit.',
  arguments: [
    TABLE,
    {
      name: 'KEY=VALUE,...',
      summary:
        'A partition, such as `dt=2026-11-21,region=eu`; one that leaves keys out is all that match.',
      form: 'repeated',
    },
  ],
  flags: ['dry-run', ...CATALOG_FLAGS],
  notes: [
    'The name of `partition.default-name` is the partition of nulls. Older snapshots have the rows until they expire.',
  ],
  examples: [
    'millrace drop-partitions shop.visits dt=2026-11-20 dt=2026-11-21 --dry-run',
    'millrace drop-partitions shop.orders dt=2026-11-21,region=eu',
  ],
  load: async () => (await import('../commands/empty.ts')).dropPartitionsCommand,
}

const DELETE: CommandSpec = {
  name: 'delete',
  summary: 'Deletes the rows that a condition chooses, in one commit.',
  arguments: [TABLE],
  flags: ['where', 'dry-run', ...CATALOG_FLAGS],
  notes: [
    'In a primary-key table the keys are written as deleted, where its merge engine deletes rows. In a table without primary key rows are marked in deletion vectors where it has them (`deletion-vectors.enabled`), and else files are written anew without them.',
    'All rows of a table, or of partitions, go away more quickly with `truncate` and `drop-partitions`.',
  ],
  examples: [
    'millrace delete shop.users --where "id = 7" --dry-run',
    'millrace delete shop.visits --where "dt < \'2026-01-01\' and page is null"',
  ],
  load: async () => (await import('../commands/rows.ts')).deleteCommand,
}

const UPDATE: CommandSpec = {
  name: 'update',
  summary: 'Gives rows new values, in one commit: those that a condition chooses, or all.',
  arguments: [TABLE],
  flags: ['set', 'where', 'dry-run', ...CATALOG_FLAGS],
  notes: [
    'Values are written as in SQL, where quotes may be left out: `--set name=Ada --set born=1815-12-10 --set note=NULL`. Columns of a primary key and of its partition cannot be set.',
  ],
  examples: [
    'millrace update shop.users --set status=gone --where "id in (7, 9)"',
    'millrace update shop.visits --set page=NULL --where "page = \'/ink\'" --dry-run',
  ],
  load: async () => (await import('../commands/rows.ts')).updateCommand,
}

const MERGE: CommandSpec = {
  name: 'merge',
  summary: 'Merges rows into a table in one commit: those that match update it, others are added.',
  arguments: [
    TABLE,
    {
      name: 'FILE|-',
      summary: 'The input, as for `write`; it is held in memory.',
      form: 'repeated',
    },
  ],
  flags: ['on', 'when-matched', 'when-not-matched', 'input-format', 'dry-run', ...CATALOG_FLAGS],
  notes: [
    'Rows match where the primary key is the same, or in a table without one the columns of `--on`. Two rows of the input that match the same row are an error.',
  ],
  examples: [
    'millrace merge shop.visits visits.csv --on user_id,page',
    'millrace merge shop.users gone.jsonl --when-matched delete --when-not-matched skip',
  ],
  load: async () => (await import('../commands/rows.ts')).mergeCommand,
}

export const WRITE_COMMANDS: readonly CommandSpec[] = [
  WRITE,
  TRUNCATE,
  DROP_PARTITIONS,
  DELETE,
  UPDATE,
  MERGE,
]
