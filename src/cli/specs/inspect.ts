/** The command that shows what there is to see of a table. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

export const INSPECT: CommandSpec = {
  name: 'inspect',
  summary: "Shows a table's snapshots, growth and LSM trees, as text or as a page for browsers.",
  arguments: [TABLE],
  flags: ['html', 'partition', 'where', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'The page is one file that works offline: the timeline of snapshots and tags, growth over time, the sorted runs of each bucket with their key ranges, sizes and deletes, files by partition, and the history of the schema.',
    'What an operator should look at is told first, with the command that helps. Of a large table the newest 300 snapshots are shown, the 100 buckets with the most sorted runs, 3,000 files and 500 partitions; sums are of all, and what is left out is told. `--partition` and `--where` choose the partitions that are shown.',
    'No data file is opened. `--option scan.snapshot-id=N` or `scan.tag-name=NAME` shows the files of an earlier state.',
  ],
  examples: [
    'millrace inspect shop.users --html users.html',
    'millrace inspect shop.orders --partition dt=2026-11-21',
  ],
  load: async () => (await import('../commands/inspect.ts')).inspectCommand,
}
