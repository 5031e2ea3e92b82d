/** The commands that keep a table in order. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

const COMPACT: CommandSpec = {
  name: 'compact',
  summary: 'Merges the files of a table, beside those who write to it.',
  arguments: [TABLE],
  flags: [
    'full',
    'partition',
    'where',
    'order-by',
    'strategy',
    'watch',
    'metrics',
    ...CATALOG_FLAGS,
  ],
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
  load: async () => (await import('../commands/compact.ts')).compactCommand,
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
    'millrace rescale shop.orders --buckets 8 --dry-run',
    'millrace rescale shop.orders --buckets 16 --partition dt=2026-11-21,region=eu',
  ],
  load: async () => (await import('../commands/rescale.ts')).rescaleCommand,
}

const CHECK: CommandSpec = {
  name: 'check',
  summary: 'Checks all that is stored of a table, and exits with 1 on any damage.',
  arguments: [TABLE],
  flags: ['shallow', 'all-snapshots', 'repair', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'It walks from schemas and snapshots over manifests to data files: every file that is named must be there and have the size it should have, footers, key ranges, row counts and statistics must say what the rows say, and the runs of a level must not overlap. Tags, other branches, long-lived changelogs, consumers and statistics must have what they need. Each damaged file is a line. Files that nothing refers to, which crashes leave, are counted and are no damage: `millrace orphans` deletes them.',
    '`--repair` writes hints anew that lead astray (LATEST, EARLIEST), and puts statistics that say nothing of columns where those that a snapshot names cannot be read. Rows, manifests and snapshots are never touched.',
  ],
  examples: ['millrace check shop.users', 'millrace check shop.users --shallow --repair'],
  load: async () => (await import('../commands/check.ts')).checkCommand,
}

export const UPKEEP_COMMANDS: readonly CommandSpec[] = [COMPACT, RESCALE, CHECK]
