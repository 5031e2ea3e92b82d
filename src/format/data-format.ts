/** How a table's options have its data files written: their format, compression and inner sizes. */
import type { FileIO } from '../io/file-io.ts'
import type { DataField } from '../types/data-type.ts'
import type { TableOptionValues } from '../types/options.ts'
import type { AvroWriteOptions } from './avro/writer.ts'
import { avroCodec } from './avro/writer.ts'
import type { Codec } from './codec.ts'
import type { DataFileWriter } from './data-file.ts'
import { PARQUET_DEFAULTS, type ParquetWriteOptions } from './parquet/write/file-writer.ts'

export type DataFormat =
  | { readonly name: 'parquet'; readonly parquet: ParquetWriteOptions }
  | { readonly name: 'avro'; readonly avro: AvroWriteOptions }

export function dataFormat(options: TableOptionValues): DataFormat {
  const compression = options.get('file.compression').toLowerCase()
  const level = options.get('file.compression.zstd-level')
  if (options.get('file.format').toLowerCase() === 'avro')
    return { name: 'avro', avro: { codec: avroCodec(compression), level } }
  const blockBytes = options.get('file.block-size') ?? options.get('parquet.block.size')
  return {
    name: 'parquet',
    parquet: {
      codec: compression as Codec,
      level: compression === 'zstd' ? level : undefined,
      rowGroupBytes: blockBytes ?? PARQUET_DEFAULTS.rowGroupBytes,
      pageBytes: options.get('parquet.page.size'),
      pageRows: options.get('parquet.page.row.count.limit'),
      dictionary: options.get('parquet.enable.dictionary'),
      dictionaryBytes: options.get('parquet.dictionary.page.size'),
    },
  }
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
