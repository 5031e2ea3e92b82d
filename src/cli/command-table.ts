/** The commands, declared once: parsing, help and docs/cli.md derive from this table. */
import type { Argument, CommandSpec } from './command.ts'
import type { FlagName } from './flags.ts'

/** Of the commands of a finished millrace, those that this version has not yet. */
export const LATER_COMMANDS: readonly string[] = [
  'tag',
  'branch',
  'rollback',
  'expire',
  'orphans',
  'alter',
  'drop',
  'rename',
  'iceberg',
]

const TABLE: Argument = {
  name: 'DB.TABLE',
  summary: 'The table, such as `sales.orders`.',
  form: 'required',
}

const CATALOG_FLAGS: readonly FlagName[] = ['warehouse', 'catalog', 'option']
const ROW_FLAGS: readonly FlagName[] = ['select', 'where', 'limit', 'format', 'output']

const CREATE: CommandSpec = {
  name: 'create',
  summary: 'Makes a table, and its database if need be.',
  arguments: [TABLE],
  flags: ['schema', 'if-not-exists', ...CATALOG_FLAGS],
  notes: [
    'The schema is JSON as in a table\'s schema file: `{"fields": [{"name", "type"}, ...], "partitionKeys", "primaryKeys", "options", "comment"}`, where all but `fields` may be missing. Types are written as in SQL: `BIGINT NOT NULL`, `DECIMAL(10, 2)`, `TIMESTAMP(6)`. Options of tables given as `--option` are stored with the table.',
  ],
  examples: [
    `echo '{"fields": [{"name": "id", "type": "BIGINT"}, {"name": "name", "type": "STRING"}], "primaryKeys": ["id"], "options": {"bucket": "1"}}' | millrace create shop.users --schema -`,
    'millrace describe shop.users --format json | millrace create shop.copy --schema -',
  ],
  load: async () => (await import('./commands/create.ts')).createCommand,
}

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
  flags: ['input-format', 'overwrite', 'partition', 'user', 'commit-id', ...CATALOG_FLAGS],
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
  load: async () => (await import('./commands/write.ts')).writeCommand,
}

const TRUNCATE: CommandSpec = {
  name: 'truncate',
  summary: 'Takes all rows of a table away, in one commit.',
  arguments: [TABLE],
  flags: ['dry-run', ...CATALOG_FLAGS],
  notes: ['Older snapshots have the rows until they expire.'],
  examples: ['millrace truncate shop.users --dry-run', 'millrace truncate shop.users'],
  load: async () => (await import('./commands/empty.ts')).truncateCommand,
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
  examples: ['millrace drop-partitions shop.visits dt=2026-11-20 dt=2026-11-21'],
  load: async () => (await import('./commands/empty.ts')).dropPartitionsCommand,
}

const RESCALE: CommandSpec = {
  name: 'rescale',
  summary: 'Gives a table, or some of its partitions, another number of buckets.',
  arguments: [TABLE],
  flags: ['buckets', 'partition', 'dry-run', ...CATALOG_FLAGS],
  notes: [
    'All rows are read and written anew, in one commit, which fails if others change the table meanwhile. Without `--partition` the option `bucket` of the table is changed too; writers that run with the old number are refused then, and have to be started again.',
    'With `--partition` the option stays: such a partition can be read, but be written to only as a whole (`write --overwrite`), or after `--option bucket=N`. Tables with `bucket = -2` have a number for each partition anyway.',
  ],
  examples: [
    'millrace rescale shop.visits --buckets 8 --dry-run',
    'millrace rescale shop.visits --buckets 16 --partition dt=2026-11-21',
  ],
  load: async () => (await import('./commands/rescale.ts')).rescaleCommand,
}

const READ: CommandSpec = {
  name: 'read',
  summary: 'Prints the rows of a table, or of a system table such as `shop.users$files`.',
  arguments: [TABLE],
  flags: [...ROW_FLAGS, ...CATALOG_FLAGS],
  notes: [
    'Conditions compare columns with values (`=`, `<>`, `<`, `<=`, `>`, `>=`, `IN`, `BETWEEN`, `LIKE`, `IS NULL`) and join with `AND`, `OR`, `NOT` and parentheses. Texts, dates and times stand in single quotes. What they rule out is not read: partitions, buckets, files, and parts of files.',
    'The format `table` is for people and shortens long values; the others print every value whole. Arrow data is a stream on stdout and a file with `--output`.',
  ],
  examples: [
    'millrace read shop.users --where "id BETWEEN 1 AND 9 AND name LIKE \'A%\'" --select id,name',
    'millrace read shop.users --option scan.snapshot-id=2 --format jsonl',
    'millrace read shop.users -o users.parquet',
  ],
  load: async () => (await import('./commands/read.ts')).readCommand,
}

const EXPLAIN: CommandSpec = {
  name: 'explain',
  summary: 'Shows what a read of a table leaves out, by what, and how it reads the rest.',
  arguments: [TABLE],
  flags: ['select', 'where', 'limit', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'Each line tells the files that are left by a kind of pruning and all before it: partitions, buckets, levels, statistics of keys and values, file indexes. Then the splits: those whose files are read for themselves (`raw`), and those whose files hold rows of the same keys and are merged.',
    'No data file is opened: inside the files that are left, row groups, pages and rows are left out too.',
  ],
  examples: ['millrace explain shop.users --where "id = 7"'],
  load: async () => (await import('./commands/explain.ts')).explainCommand,
}

const CHANGES: CommandSpec = {
  name: 'changes',
  summary: 'Prints what became of the rows of a table, snapshot by snapshot.',
  arguments: [TABLE],
  flags: [
    'from',
    'follow',
    'consumer',
    'select',
    'where',
    'limit',
    'change-format',
    'output',
    ...CATALOG_FLAGS,
  ],
  notes: [
    'Each row tells in `_kind` what became of it: `+I` inserted, `-U` and `+U` the row before and after an update, `-D` deleted. Which of them there are depends on the table: with `changelog-producer = none` the rows are those that were written.',
    'It ends with the snapshot that is the latest when it starts. With `--follow` it goes on, looking for new snapshots every 10 seconds (`--option continuous.discovery-interval=1s`), until it is interrupted.',
    'With `--consumer` snapshots that are not printed yet do not expire. Rows may be printed again after a crash, and none are left out.',
    'The changes of `shop.users$audit_log` and `shop.users$binlog` are printed too; they tell the kinds in `rowkind`.',
    'Options say where to start too, in the place of `--from`: `scan.mode`, `scan.snapshot-id`, `scan.timestamp-millis`.',
  ],
  examples: [
    'millrace changes shop.users',
    'millrace changes shop.users --from latest --follow',
    'millrace changes shop.users --consumer audit --follow >> users.jsonl',
  ],
  load: async () => (await import('./commands/changes.ts')).changesCommand,
}

const DESCRIBE: CommandSpec = {
  name: 'describe',
  summary: 'Shows the columns, keys and options of a table, and its latest snapshot.',
  arguments: [TABLE],
  flags: ['report-format', ...CATALOG_FLAGS],
  notes: ['As JSON it is the schema, ready for `create --schema`.'],
  examples: ['millrace describe shop.users'],
  load: async () => (await import('./commands/describe.ts')).describeCommand,
}

const COMPACT: CommandSpec = {
  name: 'compact',
  summary: 'Merges the files of a table, beside those who write to it.',
  arguments: [TABLE],
  flags: ['full', 'partition', 'where', 'order-by', 'strategy', 'watch', ...CATALOG_FLAGS],
  notes: [
    'Without `--full` it does what a writer would do: it merges the sorted runs of a bucket once there are as many as `num-sorted-run.compaction-trigger` says, or puts small files of a table without primary key together. With `--full` all files of a bucket become one run.',
    "It works beside running writers, which should have the option `write-only`: two that compact the same bucket at once are in each other's way, and then the later one drops its compaction. Rows are never lost by that. A bucket that was dropped is told, with exit code 4.",
    'With `--watch` it looks at every bucket once, and then at those that others write to, looking for new snapshots every 10 seconds (`--option continuous.discovery-interval=1s`), until it is interrupted.',
    '`--where` filters whole partitions: `--where "dt >= \'2026-11-01\'"`.',
    'With `--order-by` all rows of a table without primary key and buckets are written anew in that order, so that filters on these columns leave most files out.',
  ],
  examples: [
    'millrace compact shop.users',
    'millrace compact shop.orders --full --partition dt=2026-11-21,region=eu',
    'millrace compact shop.users --watch',
    'millrace compact shop.visits --order-by user_id,page --strategy zorder',
  ],
  load: async () => (await import('./commands/compact.ts')).compactCommand,
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
  load: async () => (await import('./commands/rows.ts')).deleteCommand,
}

const UPDATE: CommandSpec = {
  name: 'update',
  summary: 'Gives rows new values, in one commit: those that a condition chooses, or all.',
  arguments: [TABLE],
  flags: ['set', 'where', 'dry-run', ...CATALOG_FLAGS],
  notes: [
    'Values are written as in SQL, where quotes may be left out: `--set name=Ada --set born=1815-12-10 --set note=NULL`. Columns of a primary key and of its partition cannot be set.',
  ],
  examples: ['millrace update shop.users --set status=gone --where "id in (7, 9)"'],
  load: async () => (await import('./commands/rows.ts')).updateCommand,
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
  load: async () => (await import('./commands/rows.ts')).mergeCommand,
}

const CHECK: CommandSpec = {
  name: 'check',
  summary: 'Checks all that is stored of a table, and exits with 1 on any damage.',
  arguments: [TABLE],
  flags: ['shallow', 'all-snapshots', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'It walks from schemas and snapshots over manifests to data files: every file that is named must be there and have the size it should have, footers, key ranges, row counts and statistics must say what the rows say, and the runs of a level must not overlap. Each damaged file is a line. Files that nothing refers to, which crashes leave, are counted and are no damage.',
  ],
  examples: ['millrace check shop.users'],
  load: async () => (await import('./commands/check.ts')).checkCommand,
}

const DATABASES: CommandSpec = {
  name: 'databases',
  summary: 'Lists the databases of the warehouse.',
  arguments: [],
  flags: ['format', 'output', ...CATALOG_FLAGS],
  notes: [],
  examples: ['millrace databases'],
  load: async () => (await import('./commands/databases.ts')).databasesCommand,
}

const TABLES: CommandSpec = {
  name: 'tables',
  summary: 'Lists the tables of a database, or of all.',
  arguments: [{ name: 'DB', summary: 'The database.', form: 'optional' }],
  flags: ['format', 'output', ...CATALOG_FLAGS],
  notes: [],
  examples: ['millrace tables shop'],
  load: async () => (await import('./commands/tables.ts')).tablesCommand,
}

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
    examples: [`millrace ${name} shop.users`],
    load: async () => {
      const { listCommand } = await import('./commands/list.ts')
      return async (run) => await listCommand(run, name, mainColumns)
    },
  }
}

export const COMMANDS: readonly CommandSpec[] = [
  CREATE,
  WRITE,
  TRUNCATE,
  DROP_PARTITIONS,
  RESCALE,
  READ,
  EXPLAIN,
  CHANGES,
  DELETE,
  UPDATE,
  MERGE,
  COMPACT,
  DESCRIBE,
  CHECK,
  listing('snapshots', 'snapshots', [
    'snapshot_id',
    'schema_id',
    'commit_kind',
    'commit_time',
    'commit_user',
    'commit_identifier',
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
  TABLES,
  DATABASES,
]
