/** The commands that change what a table or a database is: its schema, its name, and whether it is there. */
import { CHANGE_FORMS } from '../../types/change-forms.ts'
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

const ALTER: CommandSpec = {
  name: 'alter',
  summary: 'Changes the columns, keys and options of a table, all at once.',
  arguments: [
    TABLE,
    {
      name: 'CHANGE',
      summary:
        'A change close to SQL, each in quotes of its own, such as `"ADD COLUMN note STRING"`.',
      form: 'repeated',
    },
  ],
  flags: ['dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    `Changes are: ${CHANGE_FORMS.map((form) => `\`${form}\``).join('; ')}.`,
    'A path is the name of a column, or goes on into it with dots: names of fields of a ROW, `element` for what an ARRAY holds, `value` for what a MAP holds. Names that are no plain words stand in double quotes or backticks.',
    'The changes become one new schema, or none of them is made. No data file is touched: older rows are read in the new columns, null where they have none, and cast where the type is another. Options that name a renamed column follow it.',
    'Writers and streams that run go on with the columns that they began with, and should be started again to know the new ones. They do not compact buckets that have rows of a newer schema.',
  ],
  examples: [
    'millrace alter shop.users "ADD COLUMN email STRING COMMENT \'of work\' AFTER name" --dry-run',
    'millrace alter shop.users "RENAME COLUMN name TO full_name" "SET target-file-size = 64 mb"',
  ],
  load: async () => (await import('../commands/alter.ts')).alterCommand,
}

const DROP: CommandSpec = {
  name: 'drop',
  summary: 'Deletes a table or a database, with all files.',
  arguments: [
    {
      name: 'DB.TABLE|DB',
      summary: 'The table, such as `sales.orders`, or the database.',
      form: 'required',
    },
  ],
  flags: ['cascade', 'if-exists', 'dry-run', 'report-format', ...CATALOG_FLAGS],
  notes: [
    'Snapshots, tags and branches go with the table: there is no way back. A drop that was stopped is finished by the next one.',
    'A database must have no tables, unless `--cascade` says that they go too. Directories of `data-file.external-paths` may hold files of others and are left alone; they are told.',
  ],
  examples: [
    'millrace drop shop.users --dry-run',
    'millrace drop shop.users --if-exists',
    'millrace drop shop --cascade --dry-run',
  ],
  load: async () => (await import('../commands/drop.ts')).dropCommand,
}

const RENAME: CommandSpec = {
  name: 'rename',
  summary: 'Gives a table another name, also in another database.',
  arguments: [
    TABLE,
    { name: 'DB.NAME', summary: 'The new name; nothing may have it.', form: 'required' },
  ],
  flags: ['report-format', ...CATALOG_FLAGS],
  notes: [
    'The directory of the table is renamed, in one step. Writers that run fail at their next commit, and have to be started again with the new name.',
    'Storages without directories, such as S3, cannot do it.',
  ],
  examples: [
    'millrace rename shop.users shop.customers',
    'millrace rename shop.users archive.users_2025',
  ],
  load: async () => (await import('../commands/rename.ts')).renameCommand,
}

export const SCHEMA_COMMANDS: readonly CommandSpec[] = [ALTER, DROP, RENAME]
