/**
 * The values that descriptors in a data file stand for.
 *
 * A BLOB column that is no blob file of its own holds descriptors, in Java 1.4 as the option `blob-descriptor-field` says.
 */
import type { DataFile, RowCursor } from '../../format/data-file.ts'
import type { FileIO } from '../../io/file-io.ts'
import { parsePath, schemeOf } from '../../io/path.ts'
import { decodeBlobDescriptor } from '../../types/blob-descriptor.ts'
import { BytesBuilder } from '../../types/column-builder.ts'
import { type BytesColumn, type Column, isPresent } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { mapAll } from '../../util/async.ts'
import { corrupt, decodingError, notFound, unsupported } from '../../util/errors.ts'

/** The file with the values in place of the descriptors in its BLOB columns. */
export function withBlobValues(
  file: DataFile,
  io: FileIO,
  signal: AbortSignal | undefined,
): DataFile {
  return {
    ...file,
    cursor: (options) => {
      const { fields } = options
      const cursor = file.cursor(options)
      return fields.some(isBlob) ? valueCursor(cursor, fields, { file, io, signal }) : cursor
    },
  }
}

function isBlob({ type }: DataField): boolean {
  return type.kind === 'BLOB'
}

interface Source {
  readonly file: DataFile
  readonly io: FileIO
  readonly signal: AbortSignal | undefined
}

function valueCursor(cursor: RowCursor, fields: readonly DataField[], source: Source): RowCursor {
  return {
    read: async (rowCount) => {
      // What descriptors stand for is as large as it likes, so few are read at a time.
      const batch = await cursor.read(Math.min(rowCount, ROWS_AT_ONCE))
      if (batch === null) return null
      const columns: Column[] = []
      for (const [i, column] of batch.columns.entries())
        columns.push(isBlob(fields[i]!) ? await valuesOf(column as BytesColumn, source) : column)
      return { length: batch.length, columns }
    },
  }
}

const ROWS_AT_ONCE = 64
const REQUESTS_AT_ONCE = 8

async function valuesOf(column: BytesColumn, source: Source): Promise<BytesColumn> {
  const { data, starts, ends, length } = column
  const rows = Array.from({ length }, (_, row) => row)
  const values = await mapAll(rows, REQUESTS_AT_ONCE, async (row) =>
    isPresent(column, row) ? await valueOf(data.subarray(starts[row], ends[row]), source) : null,
  )
  const builder = new BytesBuilder()
  for (const value of values)
    if (value === null) builder.appendNull()
    else builder.append(value)
  return builder.finish()
}

async function valueOf(bytes: Uint8Array, { file, io, signal }: Source): Promise<Uint8Array> {
  let descriptor
  try {
    descriptor = decodeBlobDescriptor(bytes)
  } catch (error) {
    throw decodingError(file.path, error)
  }
  const { uri, offset, lengthBytes } = descriptor
  if (!isSameStorage(schemeOf(uri), io.scheme))
    throw unsupported(
      `a BLOB value refers to ${uri.slice(0, 200)}, which is not on the storage of the table`,
      {
        path: file.path,
        hint: 'read with the option blob-as-descriptor = true, and fetch what the descriptors refer to yourself',
      },
    )
  checkPath(uri, file.path)
  if (lengthBytes >= 0 && lengthBytes <= TRUSTED_BYTES)
    return await io.readRange(uri, offset, lengthBytes, { signal })
  const status = await io.stat(uri, { signal })
  if (status === null)
    throw notFound('the file that a BLOB value refers to is not there', { path: uri })
  if (status.sizeBytes < offset)
    throw corrupt(`a BLOB value starts at ${offset}, behind the end of the file`, { path: uri })
  const end = lengthBytes < 0 ? status.sizeBytes : offset + lengthBytes
  if (end > status.sizeBytes || end - offset > VALUE_BYTES_MAX)
    throw corrupt(`a BLOB value claims the bytes ${offset} to ${end}`, { path: uri })
  return await io.readRange(uri, offset, end - offset, { signal })
}

/** Memory for more is taken only once the file is known to have as much. */
const TRUSTED_BYTES = 1 << 24
/** What a column can hold. */
const VALUE_BYTES_MAX = 2 ** 31 - 1

/** What a file names is not what the caller asked for, so a path that is none is damage. */
function checkPath(uri: string, path: string): void {
  try {
    parsePath(uri)
  } catch (cause) {
    throw corrupt(`a BLOB value refers to ${uri.slice(0, 200)}, which is no path`, { path, cause })
  }
}

function isSameStorage(scheme: string, own: string): boolean {
  return scheme === own || (own === 's3' && scheme === 's3a')
}
