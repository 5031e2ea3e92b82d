/**
 * Rows past `record-level.expire-time`, which compactions leave out; nobody else does.
 *
 * Follows the Java class `RecordLevelExpire`.
 */
import type { DataFile, RowRange } from '../format/data-file.ts'
import { commonRanges } from '../format/row-ranges.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { statsByName } from '../snapshot/stats.ts'
import { type Column, isPresent, timestampUnit } from '../types/column.ts'
import type { DataField, DataType } from '../types/data-type.ts'
import { castStats } from '../types/evolve-stats.ts'
import type { InternalValue } from '../types/internal-value.ts'
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { assert } from '../util/assert.ts'
import { invalid } from '../util/errors.ts'
import type { RunFile } from './run-reader.ts'

export interface RecordExpiry {
  /** Whether rows of the file have expired, as far as its statistics tell. */
  hasExpired(file: DataFileMeta): boolean
  /** The file without the rows that have expired when it is opened. */
  live(file: DataFileMeta, run: RunFile): RunFile
}

export interface ExpiryOptions {
  /** The schema of a file; undefined where it is not known, and nothing can be told by statistics. */
  readonly schemaOf: (schemaId: number) => TableSchema | undefined
  readonly nowMs?: (() => number) | undefined
}

/** What expires of the table; null where nothing does. Throws INVALID for options that do not go together. */
export function recordExpiry(
  schema: TableSchema,
  { schemaOf, nowMs = Date.now }: ExpiryOptions,
): RecordExpiry | null {
  const options = tableOptions(schema.options)
  const expireMs = options.get('record-level.expire-time')
  if (expireMs === undefined) return null
  const field = timeField(schema, options.get('record-level.time-field'))
  const expireSeconds = Math.floor(expireMs / 1000)
  /** Rows of earlier seconds have expired. */
  const limit = (): number => Math.floor(nowMs() / 1000) - expireSeconds
  const least = (file: DataFileMeta): InternalValue | undefined => {
    const fileSchema = file.schemaId === schema.id ? schema : schemaOf(file.schemaId)
    return fileSchema && leastTime(field, fileSchema, file)
  }
  return {
    hasExpired: (file) => {
      const time = least(file) ?? null
      return time !== null && secondsOf(field.type, Number(time)) < limit()
    },
    live: (file, run) => ({
      ...run,
      rows: async (open) => {
        const rows = await run.rows(open)
        const time = least(file) ?? null
        if (time !== null && isFloor(field.type, Number(time), limit())) return rows
        return commonRanges(rows, await liveRanges(open, field, limit()))
      },
    }),
  }
}

/** Whether no time of a file has expired whose least one is told; a greater BIGINT may be an earlier time. */
function isFloor(type: DataType, least: number, limit: number): boolean {
  return secondsOf(type, least) >= limit && (type.kind !== 'BIGINT' || least >= MILLIS_MIN)
}

function timeField({ fields }: TableSchema, name: string | undefined): DataField {
  if (name === undefined)
    throw invalid('record-level.expire-time needs record-level.time-field', {
      hint: 'name the column that holds the age of a row',
    })
  return fields.find((field) => field.name === name)!
}

/** The least time in the file as its statistics have it: null where all are, undefined where it is not known. */
function leastTime(
  field: DataField,
  fileSchema: TableSchema,
  { valueStats, valueStatsCols, fileName }: DataFileMeta,
): InternalValue | undefined {
  const stored = fileSchema.fields.find(({ id }) => id === field.id)
  if (stored === undefined) return null
  const stats = statsByName(valueStats, fileSchema.fields, valueStatsCols, fileName)(stored.name)
  return stats && castStats(stored.type, field.type, stats)?.min
}

/** The rows of the file that have not expired; null for all. */
async function liveRanges(
  file: DataFile,
  field: DataField,
  limit: number,
): Promise<readonly RowRange[] | null> {
  const cursor = file.cursor({ fields: [field], keepsDeleted: true })
  const ranges: RowRange[] = []
  let from = 0
  let row = 0
  for (let batch = await cursor.read(READ_ROWS); batch !== null;) {
    const [column] = batch.columns
    const timeAt = timesOf(column!)
    for (let i = 0; i < batch.length; i++, row++) {
      if (!isPresent(column!, i) || secondsOf(field.type, timeAt(i)) >= limit) continue
      if (from < row) ranges.push({ from, to: row })
      from = row + 1
    }
    batch = await cursor.read(READ_ROWS)
  }
  if (from === 0) return null
  if (from < row) ranges.push({ from, to: row })
  return ranges
}

const READ_ROWS = 65_536

/** The integers of a column; those of 64 bits as near as floats come, which is far beyond any second. */
function timesOf(column: Column): (row: number) => number {
  assert(column.layout === 'fixed', 'times are fixed-width')
  const { values, length } = column
  if (values instanceof Int32Array) return (row) => values[row]!
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * length)
  return (row) => words[2 * row + 1]! * 2 ** 32 + (words[2 * row]! >>> 0)
}

/** From here on a BIGINT counts milliseconds. */
const MILLIS_MIN = 1_000_000_000_000

/** The seconds since 1970 of a time as it is stored, towards zero where there are parts of one. */
function secondsOf(type: DataType, time: number): number {
  if (type.kind === 'BIGINT') return time >= MILLIS_MIN ? Math.trunc(time / 1000) : time
  if (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') return time
  const millis = Math.floor(time / 10 ** (timestampUnit(type.precision) - 3))
  return Math.trunc(millis / 1000)
}
