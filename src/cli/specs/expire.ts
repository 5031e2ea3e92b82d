/** The command that expires snapshots. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

export const EXPIRE: CommandSpec = {
  name: 'expire',
  summary: 'Deletes old snapshots, and the files that only they had.',
  arguments: [TABLE],
  flags: [
    'retain-min',
    'retain-max',
    'older-than',
    'max-deletes',
    'dry-run',
    'report-format',
    ...CATALOG_FLAGS,
  ],
  notes: [
    'What is kept is said by the options of the table, `snapshot.num-retained.min`, `snapshot.num-retained.max` and `snapshot.time-retained`, and for changes that outlive their snapshots `changelog.*`; each can be set for one run with `--option`. Writers do the same after their commits, unless they have the option `write-only`.',
    'Snapshots stay that a consumer has yet to read, and files stay that a tag or a branch has. With `--max-deletes` at most so many snapshots go at once. An expiry that was interrupted is made good by the next one.',
  ],
  examples: [
    'millrace expire shop.users --dry-run',
    "millrace expire shop.users --retain-min 1 --retain-max 100 --older-than '2 d'",
  ],
  load: async () => (await import('../commands/expire.ts')).expireCommand,
}
