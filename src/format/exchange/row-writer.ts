/** Writes rows to one output in a format that people exchange rows in. */
import type { FileWriter } from '../../io/file-io.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { jsonLines } from '../../types/json-lines.ts'
import { csvHeader, csvLines } from './csv-lines.ts'

export const EXCHANGE_FORMATS = ['jsonl', 'csv', 'arrow', 'parquet'] as const
export type ExchangeFormat = (typeof EXCHANGE_FORMATS)[number]

const EXTENSIONS: Readonly<Record<string, ExchangeFormat>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'jsonl',
  csv: 'csv',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
  parquet: 'parquet',
}

/** The format that the name of a file tells. */
export function formatOfName(name: string): ExchangeFormat | undefined {
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined
}

/** Takes batches of rows; `close` ends the data, and leaves closing the output to its owner. */
export interface RowWriter {
  write(batch: Batch): Promise<void>
  close(): Promise<void>
}

/**
 * A writer of rows of the fields to `out`. `seekable` says that the output is a file, whose reader can start at its end:
 * Arrow data has an index there then.
 */
export async function openRowWriter(
  format: ExchangeFormat,
  fields: readonly DataField[],
  out: FileWriter,
  options: { readonly seekable: boolean },
): Promise<RowWriter> {
  switch (format) {
    case 'jsonl':
      return linesWriter(out, (batch) => jsonLines(batch, fields))
    case 'csv':
      await out.write(csvHeader(fields))
      return linesWriter(out, (batch) => csvLines(batch, fields))
    case 'arrow': {
      const { ArrowWriter } = await import('./arrow-files.ts')
      return new ArrowWriter(fields, out, options.seekable ? 'file' : 'stream')
    }
    default:
      return await parquetWriter(fields, out)
  }
}

function linesWriter(out: FileWriter, print: (batch: Batch) => Iterable<Uint8Array>): RowWriter {
  return {
    async write(batch) {
      for (const chunk of print(batch)) await out.write(chunk)
    },
    close: async () => {},
  }
}

async function parquetWriter(fields: readonly DataField[], out: FileWriter): Promise<RowWriter> {
  const { allRows } = await import('../column-rows.ts')
  const { PARQUET_DEFAULTS, ParquetWriter } = await import('../parquet/write/file-writer.ts')
  const writer = new ParquetWriter(fields, out, PARQUET_DEFAULTS)
  return {
    write: async (batch) => await writer.write(allRows(batch)),
    async close() {
      await writer.close()
    },
  }
}
