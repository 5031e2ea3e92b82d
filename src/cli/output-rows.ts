/** Where rows go: to stdout or to a file, in any format. */
import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'

import {
  EXCHANGE_FORMATS,
  type ExchangeFormat,
  formatOfName,
  openRowWriter,
  type RowWriter,
} from '../format/exchange/row-writer.ts'
import type { FileWriter } from '../io/file-io.ts'
import { LocalFileIO } from '../io/local.ts'
import { resolveLocation } from '../io/path.ts'
import type { BatchSource } from '../table/batch-result.ts'
import type { DataField } from '../types/data-type.ts'
import { throwIfAborted } from '../util/async.ts'
import { invalid } from '../util/errors.ts'
import { show } from '../util/show.ts'
import { paintFor } from './colour.ts'
import type { CommandRun } from './command.ts'
import type { FlagValues } from './flags.ts'
import { StreamOutput, terminalWidth } from './streams.ts'
import { TableWriter } from './table-writer.ts'

/** Prints all rows of the source as the flags say; how many they were. */
export async function printRows(run: CommandRun, source: BatchSource): Promise<number> {
  const fields = await source.fields()
  const { output } = run.flags
  const { out, seekable } = await openOutput(run, output)
  try {
    const isFile = output !== undefined && output !== '-'
    const writer = await rowWriter(run, fields, { out, seekable, isFile })
    let rowCount = 0
    for await (const batch of source.batches()) {
      throwIfAborted(run.signal)
      await writer.write(batch)
      rowCount += batch.length
      if (output !== undefined) run.progress.show('rows', rowCount)
    }
    await writer.close()
    await out.close()
    return rowCount
  } catch (error) {
    await out.abort()
    throw error
  } finally {
    run.progress.clear()
  }
}

async function rowWriter(
  { flags, streams: { stdout, env } }: CommandRun,
  fields: readonly DataField[],
  { out, seekable, isFile }: Output & { readonly isFile: boolean },
): Promise<RowWriter> {
  const format = rowFormat(flags)
  if (format === 'table') {
    if (isFile) return new TableWriter(fields, out)
    const look = { width: terminalWidth(stdout), paint: paintFor(stdout, env) }
    return new TableWriter(fields, out, look)
  }
  return await openRowWriter(format, fields, out, { seekable })
}

/** The format that rows are printed in. INVALID for a file whose name says another than those there are. */
export function rowFormat({ format, output = '' }: FlagValues): ExchangeFormat | 'table' {
  const known = format ?? formatOfName(output)
  if (known !== undefined) return known
  const [ending = '.txt'] = /\.[^./\\]+$/.exec(output) ?? []
  if (ending.toLowerCase() === '.txt') return 'table'
  throw invalid(`rows cannot be written as ${show(ending)}`, {
    path: output,
    hint: `--format takes ${['table', ...EXCHANGE_FORMATS].join(', ')}, whatever the file is called`,
  })
}

interface Output {
  readonly out: FileWriter
  readonly seekable: boolean
}

/** A file, or stdout for `-` and unless named; a file appears whole or not at all. */
export async function openOutput(run: CommandRun, file: string | undefined): Promise<Output> {
  if (file === undefined || file === '-')
    return { out: new StreamOutput(run.streams.stdout), seekable: false }
  const status = await stat(file).catch(() => null)
  if (status?.isDirectory() === true)
    throw invalid('the output is a directory', { path: file, hint: 'name a file in it' })
  // A device or a pipe is written to, and never replaced by a file.
  if (status !== null && !status.isFile())
    return { out: new StreamOutput(createWriteStream(file), { owned: true }), seekable: false }
  const { signal } = run
  const out = await new LocalFileIO().openWriter(resolveLocation(file), { signal })
  return { out, seekable: true }
}
