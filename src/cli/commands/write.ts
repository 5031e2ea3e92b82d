/** `write`: puts the rows of all inputs into a table, in one commit. */
import { createWriteStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import type { RecordBatch } from 'apache-arrow'

import { type ExchangeFormat, formatOfName } from '../../format/exchange/row-writer.ts'
import { LocalFileIO } from '../../io/local.ts'
import { resolveLocation } from '../../io/path.ts'
import { BATCH_IDENTIFIER } from '../../snapshot/snapshot.ts'
import type { Table } from '../../table/table.ts'
import { KIND_COLUMN } from '../../table/write/input.ts'
import type { OverwriteOptions } from '../../table/write/overwrite.ts'
import type { TableWriter } from '../../table/write/writer.ts'
import { throwIfAborted } from '../../util/async.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { type Input, inputBytes, inputError, inputsOf } from '../input-files.ts'
import { amount } from '../printable.ts'
import { tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'
import { partitionOfText } from './empty.ts'

export async function writeCommand(run: CommandRun): Promise<number> {
  const [name = '', ...words] = run.arguments
  requireTable(name, 'write')
  const { signal } = run
  const { user, 'commit-id': identifier } = run.flags
  if ((user === undefined) !== (identifier === undefined))
    throw invalid('--user and --commit-id belong together', {
      hint: 'a commit is known again by both; leave both out for a commit of its own',
    })
  const overwrite = overwriteOf(run)
  const inputs = await inputsOf(words)
  const catalog = await run.openCatalog()
  const table = (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
  await using writer = await table.writer({
    commitUser: user,
    overwrite,
    isStream: identifier !== undefined,
    signal,
  })
  let rowCount = 0
  for (const input of inputs) rowCount += await writeInput(run, table, writer, input, rowCount)
  run.progress.clear()
  const result = await writer.commit({ identifier: identifier ?? BATCH_IDENTIFIER })
  const snapshots = result.snapshots.map(({ id }) => id)
  const { alreadyCommitted } = result
  const done = alreadyCommitted
    ? `commit ${identifier} of ${user} had happened before: nothing was written`
    : snapshots.length === 0
      ? 'there was nothing to write'
      : `${amount(rowCount, 'row')} in snapshot ${snapshots.join(' and ')} of ${table.name}`
  const summary = { table: table.name, rowCount, snapshots, alreadyCommitted }
  await tellResult(run, summary, [done])
  // What is wrong with metadata for Iceberg clients is told behind every command.
  const told = new Set(catalog.icebergFailures().values())
  for (const error of result.upkeepErrors) {
    if (told.has(error)) continue
    const what = error instanceof Error ? error.message : String(error)
    run.note(`the rows are committed, but the upkeep of ${table.name} failed: ${what}`)
  }
  return EXIT.done
}

function overwriteOf({ flags }: CommandRun): OverwriteOptions | undefined {
  const { overwrite, partition } = flags
  if (overwrite === true)
    return partition === undefined ? {} : { partition: partitionOfText(partition) }
  if (partition !== undefined)
    throw invalid('--partition is what --overwrite replaces', {
      hint: 'the partition of a row is told by its columns; add --overwrite to replace a partition',
    })
  return undefined
}

/** What takes the rows of inputs. */
export type RowTaker = Pick<TableWriter, 'write' | 'writeJson'>

/** Hands the rows of an input on; how many there were. */
export async function writeInput(
  run: CommandRun,
  table: Table,
  writer: RowTaker,
  input: Input,
  rowsBefore: number,
): Promise<number> {
  const format = run.flags['input-format'] ?? formatOfName(input.name) ?? 'jsonl'
  let rowCount = 0
  const count = (rows: number): void => {
    throwIfAborted(run.signal)
    rowCount += rows
    run.progress.show('rows', rowsBefore + rowCount)
  }
  try {
    await WRITE_AS[format]({ run, table, writer, input, count })
  } catch (error) {
    throw withWayOut(inputError(error, input.name, run.signal))
  }
  return rowCount
}

/** A row that is refused comes after others that were taken: people want to know what became of those. */
function withWayOut(error: unknown): unknown {
  if (!(error instanceof LakeError) || error.code !== 'INVALID' || error.hint !== undefined)
    return error
  const { message, path, cause } = error
  return invalid(message, {
    path,
    cause,
    hint: 'nothing was written: mend the input, and write it again',
  })
}

interface InputWrite {
  readonly run: CommandRun
  readonly table: Table
  readonly writer: RowTaker
  readonly input: Input
  /** Told of rows as they are handed to the writer. */
  readonly count: (rows: number) => void
}

const WRITE_AS: Readonly<Record<ExchangeFormat, (write: InputWrite) => Promise<void>>> = {
  jsonl: writeJson,
  csv: writeCsv,
  arrow: writeArrow,
  parquet: writeParquet,
}

async function writeJson({ run, writer, input, count }: InputWrite): Promise<void> {
  const { readJsonRows } = await import('../../format/exchange/json-rows.ts')
  const rows = readJsonRows(inputBytes(input, run.streams), input.name)
  await writer.writeJson(counted(rows, (chunk) => count(chunk.length)))
}

async function writeCsv({ run, table, writer, input, count }: InputWrite): Promise<void> {
  const { readCsvRows } = await import('../../format/exchange/csv-rows.ts')
  const options = { path: input.name, others: [KIND_COLUMN] }
  const rows = readCsvRows(inputBytes(input, run.streams), table.schema.fields, options)
  await writer.writeJson(counted(rows, (chunk) => count(chunk.length)))
}

async function writeArrow({ run, writer, input, count }: InputWrite): Promise<void> {
  const { readArrowBatches } = await import('../../format/exchange/arrow-files.ts')
  const write = async (source: Parameters<typeof readArrowBatches>[0]): Promise<void> => {
    const batches = readArrowBatches(source, input.name)
    await writer.write(counted(batches, (batch) => count(batch.numRows)))
  }
  if (input.file === null || !input.seekable) {
    await write(inputBytes(input, run.streams))
    return
  }
  await using handle = await open(input.file, 'r')
  await write(handle)
}

async function writeParquet({ run, table, writer, input, count }: InputWrite): Promise<void> {
  await using spooled = await seekableFile(run, input)
  const io = new LocalFileIO()
  try {
    const batches = parquetBatches(io, resolveLocation(spooled.file), table, run.signal)
    await writer.write(counted(batches, (batch) => count(batch.numRows)))
  } finally {
    await io.close()
  }
}

async function* parquetBatches(
  io: LocalFileIO,
  path: string,
  { schema }: Table,
  signal: AbortSignal,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { readParquetRows } = await import('../../format/exchange/parquet-files.ts')
  const { toRecordBatch } = await import('../../types/arrow-export.ts')
  const { fields, batches } = await readParquetRows(io, path, { wanted: schema.fields, signal })
  for await (const batch of batches()) yield toRecordBatch(batch, fields)
}

/** The input as a file that can be read from its end, which is where Parquet says what it holds. */
async function seekableFile(
  run: CommandRun,
  input: Input,
): Promise<AsyncDisposable & { readonly file: string }> {
  if (input.file !== null && input.seekable)
    return { file: input.file, [Symbol.asyncDispose]: async () => {} }
  const directory = await mkdtemp(join(tmpdir(), 'millrace-'))
  const remove = async (): Promise<void> => await rm(directory, { recursive: true, force: true })
  const file = join(directory, 'input.parquet')
  try {
    await pipeline(inputBytes(input, run.streams), createWriteStream(file))
  } catch (error) {
    await remove()
    throw error
  }
  return { file, [Symbol.asyncDispose]: remove }
}

async function* counted<Item>(
  source: AsyncIterable<Item>,
  tell: (item: Item) => void,
): AsyncGenerator<Item, void, undefined> {
  for await (const item of source) {
    tell(item)
    yield item
  }
}
