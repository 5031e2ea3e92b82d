/** The commands that read rows. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, ROW_FLAGS, TABLE } from './common.ts'

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
  load: async () => (await import('../commands/read.ts')).readCommand,
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
  examples: [
    'millrace explain shop.users --where "id = 7"',
    'millrace explain shop.visits --where "dt = \'2026-11-21\'" --format json',
  ],
  load: async () => (await import('../commands/explain.ts')).explainCommand,
}

const CHANGES: CommandSpec = {
  name: 'changes',
  summary: 'Prints what became of the rows of a table, snapshot by snapshot.',
  arguments: [TABLE],
  flags: [
    'from',
    'follow',
    'consumer',
    'metrics',
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
  load: async () => (await import('../commands/changes.ts')).changesCommand,
}

export const READ_COMMANDS: readonly CommandSpec[] = [READ, EXPLAIN, CHANGES]
