/** What the descriptions of commands share. */
import type { Argument } from '../command.ts'
import type { FlagName } from '../flags.ts'

export const TABLE: Argument = {
  name: 'DB.TABLE',
  summary: 'The table, such as `sales.orders`.',
  form: 'required',
}

/** Flags of all commands that open a catalog. */
export const CATALOG_FLAGS: readonly FlagName[] = ['warehouse', 'catalog', 'option']
/** Flags of commands that print rows. */
export const ROW_FLAGS: readonly FlagName[] = ['select', 'where', 'limit', 'format', 'output']
