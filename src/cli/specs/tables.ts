/** The commands on tables as such: what there is, and what they look like. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS, TABLE } from './common.ts'

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
  load: async () => (await import('../commands/create.ts')).createCommand,
}

const DESCRIBE: CommandSpec = {
  name: 'describe',
  summary: 'Shows the columns, keys and options of a table, and its latest snapshot.',
  arguments: [TABLE],
  flags: ['report-format', ...CATALOG_FLAGS],
  notes: ['As JSON it is the schema, ready for `create --schema`.'],
  examples: [
    'millrace describe shop.users',
    'millrace describe shop.users --format json > users.json',
  ],
  load: async () => (await import('../commands/describe.ts')).describeCommand,
}

const TABLES: CommandSpec = {
  name: 'tables',
  summary: 'Lists the tables of a database, or of all.',
  arguments: [{ name: 'DB', summary: 'The database.', form: 'optional' }],
  flags: ['format', 'output', ...CATALOG_FLAGS],
  notes: [],
  examples: ['millrace tables', 'millrace tables shop --format csv'],
  load: async () => (await import('../commands/tables.ts')).tablesCommand,
}

const DATABASES: CommandSpec = {
  name: 'databases',
  summary: 'Lists the databases of the warehouse.',
  arguments: [],
  flags: ['format', 'output', ...CATALOG_FLAGS],
  notes: [],
  examples: ['millrace databases', 'millrace databases --json'],
  load: async () => (await import('../commands/databases.ts')).databasesCommand,
}

export const TABLE_COMMANDS: readonly CommandSpec[] = [CREATE, DESCRIBE, TABLES, DATABASES]
