/**
 * The format, compression and statistics of a new data file: what the table's options say of its level, or of changelog
 * files.
 *
 * Follows the Java class `KeyValueFileWriterFactory.FileWriterContextFactory`.
 */
import { type DataFormat, dataFormat } from '../format/data-format.ts'
import { type TableOptionValues, tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { hasPrimaryKey } from '../types/schema-keys.ts'
import { invalid } from '../util/errors.ts'

export interface FileForm {
  readonly format: DataFormat
  /** A value of `metadata.stats-mode`. */
  readonly statsMode: string
}

/** The form of files of a level; `isChangelog` for those that hold changes. */
export type FileForms = (level: number, isChangelog: boolean) => FileForm

/** Throws INVALID for levels that are no numbers and for formats and compressions that do not go together. */
export function fileForms(schema: TableSchema): FileForms {
  const options = tableOptions(schema.options)
  const isLeveled = hasPrimaryKey(schema)
  const perLevel = (name: PerLevel): ReadonlyMap<number, string> =>
    isLeveled ? levelValues(schema, options, name) : new Map()
  const formats = perLevel('file.format.per.level')
  const compressions = perLevel('file.compression.per.level')
  const modes = perLevel('metadata.stats-mode.per.level')
  const made = new Map<string, FileForm>()
  const formOf: FileForms = (level, isChangelog) => {
    const of = <Own>(changelog: Own): Own | undefined => (isChangelog ? changelog : undefined)
    const format =
      of(options.get('changelog-file.format')) ?? formats.get(level) ?? options.get('file.format')
    const compression =
      of(options.get('changelog-file.compression')) ??
      compressions.get(level) ??
      options.get('file.compression')
    const statsMode =
      of(options.get('changelog-file.stats-mode')) ??
      modes.get(level) ??
      options.get('metadata.stats-mode')
    const key = JSON.stringify([format, compression, statsMode])
    const known = made.get(key)
    if (known !== undefined) return known
    const form = { format: dataFormat(options, { format, compression }), statsMode }
    made.set(key, form)
    return form
  }
  // What does not go together is found before rows are taken.
  for (const level of new Set([0, ...formats.keys(), ...compressions.keys()])) formOf(level, false)
  if (isLeveled) formOf(0, true)
  return formOf
}

type PerLevel =
  | 'file.format.per.level'
  | 'file.compression.per.level'
  | 'metadata.stats-mode.per.level'

/** The values of an option that is written as `0:avro,5:parquet`, or else as one option for each level. */
function levelValues(
  { options: raw }: TableSchema,
  options: TableOptionValues,
  name: PerLevel,
): Map<number, string> {
  const pairs = options.isSet(name)
    ? Object.entries(options.get(name))
    : Object.entries(raw)
        .filter(([key]) => key.startsWith(`${name}.`))
        .map(([key, value]) => [key.slice(name.length + 1), value] as const)
  return new Map(
    pairs.map(([level, value]) => {
      if (!/^\d{1,4}$/.test(level))
        throw invalid(`option ${name}: ${JSON.stringify(level)} is no level`, {
          hint: 'write it as 0:avro,5:parquet',
        })
      return [Number(level), value]
    }),
  )
}
