/**
 * Options that name columns, after columns got other names. Follows `SchemaManager.applyRenameColumnsToOptions`.
 *
 * Options of other names that hold columns, such as `rowkind.field`, stay as they are, as in Java: the schema is refused then.
 */
import type { RawOptions } from '../options.ts'

/** A column of the table, not a field in one, that got another name. */
export interface TopRename {
  readonly from: string
  readonly to: string
}

/** The options under the names that the columns have after the renames, one after the other. */
export function renamedOptions(options: RawOptions, renames: readonly TopRename[]): RawOptions {
  let renamed = options
  for (const rename of renames) {
    const entries = Object.entries(renamed).map(([name, value]) => [
      renamedKey(name, rename),
      renamedValue(name, value, rename),
    ])
    renamed = Object.fromEntries(entries) as RawOptions
  }
  return renamed
}

/** Options of one column, which the values of the option do not name. */
const OF_COLUMN = ['aggregate-function', 'ignore-retract', 'distinct', 'list-agg-delimiter']
/** Options of one or several columns. */
const OF_COLUMNS = ['sequence-group', 'nested-key']
/** Options whose values are names of columns, or may be. */
const NAMING = ['bucket-key', 'sequence.field']

const PREFIX = 'fields.'

function renamedKey(key: string, { from, to }: TopRename): string {
  if (!key.startsWith(PREFIX)) return key
  for (const suffix of OF_COLUMN)
    if (key === `${PREFIX}${from}.${suffix}`) return `${PREFIX}${to}.${suffix}`
  const suffix = OF_COLUMNS.find((each) => key.endsWith(`.${each}`))
  if (suffix === undefined) return key
  const names = key.slice(PREFIX.length, -suffix.length - 1)
  return `${PREFIX}${renamedList(names, { from, to })}.${suffix}`
}

/** The values of `nested-key` are fields within the column, and not columns. */
function renamedValue(key: string, value: string, rename: TopRename): string {
  const isNaming =
    NAMING.includes(key) || (key.startsWith(PREFIX) && key.endsWith('.sequence-group'))
  return isNaming ? renamedList(value, rename) : value
}

function renamedList(names: string, { from, to }: TopRename): string {
  return names
    .split(',')
    .map((name) => (name.trim() === from ? name.replace(from, () => to) : name))
    .join(',')
}
