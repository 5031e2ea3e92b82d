/** Parquet files of one column `a` whose pages are made by hand. */
import {
  ENCODING,
  PAGE,
  REPETITION,
  type SchemaElement,
} from '../../src/format/parquet/metadata.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'
import { withLength } from './parquet-encode.ts'
import { assemble, type RawChunk, type RawPage } from './parquet-pages.ts'
import { difference, openBytes, readColumns } from './parquet.ts'

const { OPTIONAL } = REPETITION

export const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
export const int32s = (...values: number[]): Uint8Array =>
  new Uint8Array(Int32Array.from(values).buffer)
export const int64s = (...values: bigint[]): Uint8Array =>
  new Uint8Array(BigInt64Array.from(values).buffer)
export const strings = (...values: string[]): Uint8Array =>
  concat(...values.map((value) => withLength(utf8(value))))
export const texts = (...values: string[]): Uint8Array[] => values.map((value) => utf8(value))

export const page = (
  valueCount: number,
  body: Uint8Array,
  more: Partial<RawPage> = {},
): RawPage => ({
  type: PAGE.DATA,
  valueCount,
  encoding: ENCODING.PLAIN,
  body,
  ...more,
})

export const dictionary = (valueCount: number, body: Uint8Array): RawPage =>
  page(valueCount, body, { type: PAGE.DICTIONARY, encoding: ENCODING.PLAIN_DICTIONARY })

/** A page of version 2 without repetition levels. */
export function page2(
  valueCount: number,
  definitions: Uint8Array,
  values: Uint8Array,
  more: Partial<RawPage> = {},
): RawPage {
  const v2 = {
    nullCount: 0,
    rowCount: valueCount,
    definitionBytes: definitions.length,
    repetitionBytes: 0,
    compressed: false,
  }
  return page(valueCount, concat(definitions, values), { type: PAGE.DATA_V2, v2, ...more })
}

export interface ColumnOptions {
  readonly repetition?: number
  readonly rowCount?: number
  readonly valueCount?: number
  readonly element?: Partial<SchemaElement>
  readonly chunk?: Partial<RawChunk>
}

/** A file of one column `a`. */
export function file(
  physical: number,
  pages: readonly RawPage[],
  options: ColumnOptions = {},
): Uint8Array {
  const { repetition = OPTIONAL, element, chunk } = options
  const dataPages = pages.filter(({ type }) => type === PAGE.DATA || type === PAGE.DATA_V2)
  const counted = dataPages.reduce((sum, { valueCount }) => sum + valueCount, 0)
  const { rowCount = counted, valueCount = counted } = options
  return assemble({
    schema: [
      { name: 'root', childCount: 1 },
      { name: 'a', physical, repetition, ...element },
    ],
    rowGroups: [{ rowCount, chunks: [{ physical, path: ['a'], valueCount, pages, ...chunk }] }],
  })
}

export const levels = (...runs: Uint8Array[]): Uint8Array => withLength(concat(...runs))

/** The values of the column, read whole and row by row. */
export async function valuesOf(bytes: Uint8Array, type: string): Promise<InternalValue[]> {
  const opened = await openBytes(bytes)
  const fields = [{ id: 0, name: 'a', type: parseTypeText(type) }]
  const [whole] = await readColumns(opened, { fields })
  const [pieces] = await readColumns(opened, { fields, batchRows: 1, views: true })
  if (difference([pieces!], [whole!]) !== null) throw new Error('row by row the values are others')
  return whole!
}

export async function failureOf(bytes: Uint8Array, type: string): Promise<unknown> {
  return await valuesOf(bytes, type).catch((error: unknown) => error)
}
