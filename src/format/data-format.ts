/** How a table's options have its data files written: their format, compression and inner sizes. */
import type { FileIO } from '../io/file-io.ts'
import type { DataField } from '../types/data-type.ts'
import { icebergStorage, type TableOptionValues } from '../types/options.ts'
import { invalid, unsupported } from '../util/errors.ts'
import type { AvroWriteOptions } from './avro/writer.ts'
import { avroCodec } from './avro/writer.ts'
import type { Codec } from './codec.ts'
import type { DataFileWriter } from './data-file.ts'
import { PARQUET_DEFAULTS, type ParquetWriteOptions } from './parquet/write/file-writer.ts'

export type DataFormat =
  | { readonly name: 'parquet'; readonly parquet: ParquetWriteOptions }
  | { readonly name: 'avro'; readonly avro: AvroWriteOptions }

/** What a file has of its own, in place of `file.format` and `file.compression`. */
export interface FormatChoice {
  readonly format: string
  readonly compression: string
}

/** Throws UNSUPPORTED for a format that is not written, INVALID for a compression that it does not have. */
export function dataFormat(options: TableOptionValues, choice?: FormatChoice): DataFormat {
  const format = (choice?.format ?? options.get('file.format')).toLowerCase()
  const compression = (choice?.compression ?? options.get('file.compression')).toLowerCase()
  const level = options.get('file.compression.zstd-level')
  if (format === 'avro') return { name: 'avro', avro: { codec: avroCodec(compression), level } }
  if (format !== 'parquet')
    throw unsupported(`data files of the format ${JSON.stringify(format)} cannot be written`, {
      hint: 'use parquet or avro',
    })
  const isForIceberg = icebergStorage(options) !== null
  const blockBytes = options.get('file.block-size') ?? options.get('parquet.block.size')
  return {
    name: 'parquet',
    parquet: {
      codec: parquetCodec(compression),
      level: compression === 'zstd' ? level : undefined,
      rowGroupBytes: blockBytes ?? PARQUET_DEFAULTS.rowGroupBytes,
      pageBytes: options.get('parquet.page.size'),
      pageRows: options.get('parquet.page.row.count.limit'),
      dictionary: options.get('parquet.enable.dictionary'),
      dictionaryBytes: options.get('parquet.dictionary.page.size'),
      plainMillis: isForIceberg,
      icebergLineage: isForIceberg,
    },
  }
}

const PARQUET_CODECS: Readonly<Record<string, Codec>> = {
  zstd: 'zstd',
  snappy: 'snappy',
  gzip: 'gzip',
  lz4: 'lz4',
  lz4_raw: 'lz4_raw',
  none: 'none',
  uncompressed: 'none',
}

/** The codec of Parquet files for a value of `file.compression`; INVALID when it names none of theirs. */
function parquetCodec(compression: string): Codec {
  const codec = Object.hasOwn(PARQUET_CODECS, compression) ? PARQUET_CODECS[compression] : undefined
  if (codec !== undefined) return codec
  throw invalid(`Parquet files cannot be compressed with ${JSON.stringify(compression)}`, {
    hint: `set file.compression to one of ${Object.keys(PARQUET_CODECS).join(', ')}`,
  })
}

/** Starts a data file of the fields at the path. */
export async function createDataFile(
  io: FileIO,
  path: string,
  fields: readonly DataField[],
  format: DataFormat,
  signal?: AbortSignal,
): Promise<DataFileWriter> {
  const out = await io.openWriter(path, { signal })
  if (format.name === 'parquet') {
    const { ParquetDataWriter } = await import('./parquet/data-file.ts')
    return new ParquetDataWriter(fields, out, format.parquet)
  }
  const { AvroDataWriter } = await import('./avro/data-file.ts')
  return new AvroDataWriter(fields, out, format.avro)
}
