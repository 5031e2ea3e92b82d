/** The command that finds files which nothing refers to. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS } from './common.ts'

export const ORPHANS: CommandSpec = {
  name: 'orphans',
  summary: 'Deletes files that nothing refers to: what writers leave that died.',
  arguments: [
    {
      name: 'DB.TABLE|DB',
      summary:
        'The table, such as `sales.orders`, or a database: all its tables, one after the other.',
      form: 'required',
    },
  ],
  flags: ['older-than', 'dry-run', 'external-paths', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'A file is an orphan if it lies among the data files, manifests, index files or statistics of the table, no snapshot, tag or changelog of any branch has its name, and it is older than a day. It may run beside writers, compactors and `expire`. Files of a commit that is under way are orphans until it is made, so `--older-than` must reach back before the longest of them began.',
    'Nothing is deleted where something that refers to files cannot be read: `millrace check` tells more then. With `--dry-run` the paths of the files are printed, and nothing else happens.',
    "On S3 uploads of large files go too that were begun before that time and never ended. Locations outside of the table, of the option `data-file.external-paths`, are left alone unless `--external-paths` says that they are this table's alone.",
  ],
  examples: [
    'millrace orphans shop.users --dry-run',
    "millrace orphans shop.users --older-than '3 d'",
    'millrace orphans shop',
  ],
  load: async () => (await import('../commands/orphans.ts')).orphansCommand,
}
