/** The commands, declared once: parsing, help and docs/cli.md derive from this table. */
import type { CommandSpec } from './command.ts'
import { EXPIRE } from './specs/expire.ts'
import { HISTORY_COMMANDS } from './specs/histories.ts'
import { ICEBERG_SERVE } from './specs/iceberg-serve.ts'
import { ICEBERG_COMMANDS } from './specs/iceberg.ts'
import { INSPECT } from './specs/inspect.ts'
import { LIST_COMMANDS } from './specs/lists.ts'
import { METADATA_COMMANDS } from './specs/metadata.ts'
import { ORPHANS } from './specs/orphans.ts'
import { PARTITION_COMMANDS } from './specs/partitions.ts'
import { READ_COMMANDS } from './specs/reads.ts'
import { SCHEMA_COMMANDS } from './specs/schema-changes.ts'
import { COMPLETION } from './specs/shell.ts'
import { TABLE_COMMANDS } from './specs/tables.ts'
import { UPKEEP_COMMANDS } from './specs/upkeep.ts'
import { WRITE_COMMANDS } from './specs/writes.ts'

export const COMMANDS: readonly CommandSpec[] = [
  ...TABLE_COMMANDS,
  ...SCHEMA_COMMANDS,
  ...WRITE_COMMANDS,
  ...READ_COMMANDS,
  ...LIST_COMMANDS,
  INSPECT,
  ...UPKEEP_COMMANDS,
  EXPIRE,
  ORPHANS,
  ...PARTITION_COMMANDS,
  ...METADATA_COMMANDS,
  ...HISTORY_COMMANDS,
  ...ICEBERG_COMMANDS,
  ICEBERG_SERVE,
  COMPLETION,
]
