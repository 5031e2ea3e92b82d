/** Parquet files of any writer as batches of the columns that they have. */
import type { FileIO } from '../../io/file-io.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField, DataType } from '../../types/data-type.ts'
import { decoding } from '../../util/errors.ts'
import { PHYSICAL } from '../parquet/metadata.ts'
import { openParquet, ParquetCursor, type ParquetFile } from '../parquet/read/file-reader.ts'
import { inferFields } from '../parquet/read/infer.ts'
import { leavesOf } from '../parquet/tree.ts'

const ROWS_PER_BATCH = 8192

export interface ParquetRows {
  /** The columns, with the types that the file itself tells. */
  readonly fields: readonly DataField[]
  readonly batches: () => AsyncGenerator<Batch, void, undefined>
}

/** Opens the file; `wanted` are the columns that its rows are for. */
export async function readParquetRows(
  io: FileIO,
  path: string,
  options: { readonly wanted: readonly DataField[]; readonly signal?: AbortSignal },
): Promise<ParquetRows> {
  const { wanted, signal } = options
  const file = await openParquet(io, path, { signal })
  const fields = decoding(path, () => withInstants(inferFields(file.root), wanted, file))
  return {
    fields,
    async *batches() {
      const cursor = new ParquetCursor(file, { fields, signal })
      for (;;) {
        const batch = await cursor.read(ROWS_PER_BATCH)
        if (batch === null) return
        yield batch
      }
    },
  }
}

/** INT96 does not say whether it holds local times or instants: what is wanted of the column says it then. */
function withInstants(
  fields: readonly DataField[],
  wanted: readonly DataField[],
  { root }: ParquetFile,
): DataField[] {
  const leaves = leavesOf(root)
  let next = 0
  const typeOf = (type: DataType, want: DataType | undefined): DataType => {
    switch (type.kind) {
      case 'ARRAY':
        return { ...type, element: typeOf(type.element, childOf(want, 0)) }
      case 'MAP': {
        const key = typeOf(type.key, childOf(want, 0))
        return { ...type, key, value: typeOf(type.value, childOf(want, 1)) }
      }
      case 'ROW':
        return { ...type, fields: fieldsOf(type.fields, want?.kind === 'ROW' ? want.fields : []) }
      default: {
        const isInstant = leaves[next++]?.physical === PHYSICAL.INT96 && isZoned(want)
        return isInstant ? { kind: 'TIMESTAMP_LTZ', precision: 9, nullable: type.nullable } : type
      }
    }
  }
  const fieldsOf = (each: readonly DataField[], wants: readonly DataField[]): DataField[] =>
    each.map((field) => {
      const want = wants.find(({ name }) => name === field.name)
      return { ...field, type: typeOf(field.type, want?.type) }
    })
  return fieldsOf(fields, wanted)
}

function isZoned(type: DataType | undefined): boolean {
  return type?.kind === 'TIMESTAMP_LTZ'
}

/** The type of an array's elements, or of a map's keys (0) and values (1). */
function childOf(type: DataType | undefined, index: 0 | 1): DataType | undefined {
  if (type?.kind === 'ARRAY' || type?.kind === 'VECTOR' || type?.kind === 'MULTISET')
    return index === 0 ? type.element : undefined
  if (type?.kind !== 'MAP') return undefined
  return index === 0 ? type.key : type.value
}
