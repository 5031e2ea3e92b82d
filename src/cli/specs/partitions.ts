/** The commands for the life of partitions. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

const EXPIRE_PARTITIONS: CommandSpec = {
  name: 'expire-partitions',
  summary: 'Drops the partitions of a table that are past their time.',
  arguments: [TABLE],
  flags: ['expiration-time', 'dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'How old a partition is, its values tell by `partition.timestamp-pattern` and `partition.timestamp-formatter`, in the time zone of the machine; or its youngest file, with `partition.expiration-strategy = update-time`. Partitions whose values tell no time stay. No more than `partition.expiration-max-num` go at once.',
    'Writers do the same after their commits where the table has the option `partition.expiration-time`. Older snapshots have the rows until they expire.',
  ],
  examples: [
    "millrace expire-partitions shop.visits --expiration-time '30 d' --dry-run",
    "millrace expire-partitions shop.visits --expiration-time '30 d'",
  ],
  load: async () => (await import('../commands/partitions.ts')).expirePartitionsCommand,
}

const MARK_DONE: CommandSpec = {
  name: 'mark-done',
  summary: 'Says that all rows of partitions are there, by a file `_SUCCESS` in each.',
  arguments: [
    TABLE,
    {
      name: 'KEY=VALUE,...',
      summary: 'A partition, such as `dt=2026-11-21,region=eu`; its last keys may be left out.',
      form: 'repeated',
    },
  ],
  flags: ['report-format', ...CATALOG_FLAGS],
  notes: [
    'The file tells when the partition was marked first and last. Of the actions of `partition.mark-done-action` only `success-file` needs no metastore.',
  ],
  examples: [
    'millrace mark-done shop.visits dt=2026-11-20',
    'millrace mark-done shop.visits dt=2026-11-20 dt=2026-11-21',
  ],
  load: async () => (await import('../commands/partitions.ts')).markDoneCommand,
}

export const PARTITION_COMMANDS: readonly CommandSpec[] = [EXPIRE_PARTITIONS, MARK_DONE]
