/**
 * Which columns of a table get which file indexes, as its options have it.
 *
 * Follows the Java classes `FileIndexOptions` and `DataFileIndexWriter`.
 */
import type { DataType } from '../../../types/data-type.ts'
import { decodeOption, memorySize } from '../../../types/options/codec.ts'
import type { TableSchema } from '../../../types/schema-file.ts'
import { fieldNamed } from '../../../types/schema-keys.ts'
import { typeText } from '../../../types/type-text.ts'
import { invalid, type LakeError, unsupported } from '../../../util/errors.ts'
import { didYouMean } from '../../../util/nearest.ts'
import { bitmapWriter } from './bitmap-writer.ts'
import { bloomFilterWriter } from './bloom-filter-writer.ts'
import { bitSliceWriter } from './bsi-writer.ts'
import type { ColumnIndexWriter } from './column-index-writer.ts'
import { rangeBitmapWriter } from './range-bitmap-writer.ts'

/** An index of a column, or of the values that a MAP column has for one key. */
export interface IndexSpec {
  /** `bloom-filter`, `bitmap`, `bsi` or `range-bitmap`. */
  readonly type: string
  /** What the index is stored under: the column's name, or `NAME[KEY]`. */
  readonly name: string
  /** The position of the column in the table. */
  readonly column: number
  readonly mapKey: string | null
  /** The type of the values. */
  readonly valueType: DataType
  /** A new writer for one file. */
  readonly writer: () => ColumnIndexWriter
}

type Settings = ReadonlyMap<string, string>

const COLUMNS = /^file-index\.([^.]+(?:\.[^.]+)*)\.columns$/
const SETTING = /^file-index\.([^.]+)\.([^.]+)\.([^.]+)$/

/** Throws INVALID for columns that are not there or have no such index, UNSUPPORTED for indexes of other types. */
export function indexSpecs(schema: TableSchema): IndexSpec[] {
  const settings = settingsOf(schema)
  const specs: IndexSpec[] = []
  for (const [option, value] of Object.entries(schema.options)) {
    const type = COLUMNS.exec(option)?.[1]
    if (type === undefined) continue
    const names = new Set(value.split(',').map((name) => name.trim()))
    for (const name of names) specs.push(indexSpec(schema, option, type, name, settings))
  }
  for (const name of settings.keys())
    if (!specs.some((spec) => settingNames(spec).includes(name)))
      throw invalid(`options file-index.${name} are of a column without such an index`, {
        hint: `name the column in file-index.${name.slice(0, name.indexOf('.'))}.columns`,
      })
  return specs
}

/** Settings by type and column: `bitmap.a`. */
function settingsOf({ options }: TableSchema): Map<string, Map<string, string>> {
  const settings = new Map<string, Map<string, string>>()
  for (const [option, value] of Object.entries(options)) {
    const [, type, column, setting] = SETTING.exec(option) ?? []
    if (setting === undefined || COLUMNS.test(option)) continue
    const name = `${type}.${column}`
    settings.set(name, (settings.get(name) ?? new Map<string, string>()).set(setting, value))
  }
  return settings
}

/** Where the settings of an index may stand: those of a MAP column are of all its keys. */
function settingNames({ type, name, mapKey }: Pick<IndexSpec, 'type' | 'name' | 'mapKey'>) {
  const whole = mapKey === null ? [] : [`${type}.${name.slice(0, name.indexOf('['))}`]
  return [...whole, `${type}.${name}`]
}

function indexSpec(
  schema: TableSchema,
  option: string,
  type: string,
  name: string,
  settings: ReadonlyMap<string, Settings>,
): IndexSpec {
  const [columnName, mapKey] = partsOf(name)
  const names = schema.fields.map((field) => field.name)
  if (!names.includes(columnName))
    throw invalid(
      `option ${option}: there is no column "${columnName}"${didYouMean(columnName, names)}`,
    )
  const { type: columnType } = fieldNamed(schema, columnName)
  const valueType = mapKey === null ? columnType : valueTypeOf(columnType, option, columnName)
  const own = new Map(
    settingNames({ type, name, mapKey }).flatMap((each) => [...(settings.get(each) ?? [])]),
  )
  const writer = (): ColumnIndexWriter => {
    const made = writerOf(type, valueType, own, option)
    if (made !== undefined) return made
    throw invalid(
      `option ${option}: "${name}" has the type ${typeText(valueType)}, which has no such index`,
    )
  }
  // What cannot be is told before a row is written.
  writer()
  return { type, name, column: names.indexOf(columnName), mapKey, valueType, writer }
}

/** A column, and the key in brackets behind it. */
function partsOf(name: string): readonly [string, string | null] {
  const at = name.indexOf('[')
  return at >= 0 && name.endsWith(']') ? [name.slice(0, at), name.slice(at + 1, -1)] : [name, null]
}

function valueTypeOf(type: DataType, option: string, column: string): DataType {
  if (type.kind === 'MAP' && (type.key.kind === 'VARCHAR' || type.key.kind === 'CHAR'))
    return type.value
  throw invalid(
    `option ${option}: "${column}" has the type ${typeText(type)} and no keys that are text`,
  )
}

function writerOf(
  type: string,
  valueType: DataType,
  settings: Settings,
  option: string,
): ColumnIndexWriter | undefined {
  const number = (name: string, byDefault: number): number => {
    const given = settings.get(name)
    const value = given === undefined ? byDefault : Number(given)
    if (given?.trim() === '' || Number.isNaN(value)) throw wrong(option, name, given ?? '')
    return value
  }
  const size = (name: string): number | undefined => {
    const given = settings.get(name)
    if (given === undefined) return undefined
    try {
      return decodeOption(memorySize, given)
    } catch {
      throw wrong(option, name, given)
    }
  }
  switch (type) {
    case 'bloom-filter':
      return bloomFilterWriter(valueType, {
        items: number('items', 1_000_000),
        fpp: number('fpp', 0.1),
      })
    case 'bitmap': {
      const version = number('version', 2)
      if (version !== 1 && version !== 2) throw wrong(option, 'version', settings.get('version')!)
      return bitmapWriter(valueType, { version, blockBytes: size('index-block-size') ?? 16 << 10 })
    }
    case 'bsi':
      return bitSliceWriter(valueType)
    case 'range-bitmap':
      return rangeBitmapWriter(valueType, { chunkBytes: size('chunk-size') })
    default:
      throw unsupported(`option ${option}: file indexes of the type "${type}" cannot be written`, {
        hint: 'use bloom-filter, bitmap, bsi or range-bitmap',
      })
  }
}

function wrong(option: string, setting: string, given: string): LakeError {
  return invalid(`the setting ${setting} of ${option} cannot be ${JSON.stringify(given)}`)
}
