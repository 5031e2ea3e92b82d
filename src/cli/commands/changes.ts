/** `changes`: prints what became of the rows of a table, snapshot by snapshot, and as it happens. */
import type { ExchangeFormat } from '../../format/exchange/row-writer.ts'
import type { Changes } from '../../table/stream-read.ts'
import { type ChangeBatch, kindedBatch, kindedFields } from '../../table/stream/change-batch.ts'
import { namesStart } from '../../table/stream/start.ts'
import { Table } from '../../table/table.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import type { Batch } from '../../types/column.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { printRows, rowFormat } from '../output-rows.ts'
import { amount } from '../printable.ts'

export async function changesCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  const { signal, flags } = run
  const { follow = false, output } = flags
  const format = formatOf(run)
  if (follow) checkEndless(format, output)
  const table = await openTable(run, name)
  const stream = table.changes({ ...requestOf(run, table), follow, signal })
  const isSeen = isImmediate(format) && output === undefined
  let last: ChangeBatch<unknown> | null = null
  const batches = printedBatches({
    stream,
    rowCountMax: flags.limit ?? Infinity,
    async onPrinted(batch) {
      last = batch
      if (isSeen) await batch.ack()
    },
    end: follow ? signal : null,
  })
  const source = { fields: async () => kindedFields(await stream.fields()), batches: () => batches }
  // Who ends a stream that follows ends it in order: what it has begun to print is printed.
  const patient = follow ? { ...run, signal: new AbortController().signal } : run
  const rowCount = await printRows({ ...patient, flags: { ...flags, format } }, source)
  await (last as ChangeBatch<unknown> | null)?.ack()
  if (flags.verbose === true) {
    const place = stream.checkpoint()
    const next = place === null ? '' : `, next is snapshot ${place.nextSnapshot}`
    run.note(`${amount(rowCount, 'change')}${next}`)
  }
  return signal.aborted ? EXIT.interrupted : EXIT.done
}

async function openTable(run: CommandRun, name: string): Promise<Table> {
  const catalog = await run.openCatalog()
  const opened = await catalog.open(name, { signal: run.signal })
  if (opened instanceof Table) return opened
  throw invalid(`${name} is a system table, and changes wants a table`, {
    hint: 'name the table itself; its changes come with their kinds',
  })
}

function requestOf(
  { flags, tableOptions }: CommandRun,
  table: Table,
): Parameters<Table['changes']>[0] {
  const { select, where, consumer } = flags
  const { options } = table.schema
  // Changes alone are what this command is asked for, unless something says where to start.
  const isOpen = !namesStart({ ...options, ...tableOptions })
  const from = flags.from ?? (isOpen ? 'earliest' : undefined)
  return {
    options: tableOptions,
    ...(from !== undefined && { from }),
    ...(consumer !== undefined && { consumer }),
    ...(select !== undefined && { columns: select }),
    ...(where !== undefined && { where }),
  }
}

type Format = ExchangeFormat | 'table'

function formatOf({ flags }: CommandRun): Format {
  const { 'change-format': format, output } = flags
  if (format !== undefined) return format
  return output === undefined ? 'jsonl' : rowFormat({ output })
}

/** Whether rows are printed as they come, and not when it is known which are the last. */
function isImmediate(format: Format): boolean {
  return format !== 'table' && format !== 'parquet'
}

function checkEndless(format: Format, output: string | undefined): void {
  if (output !== undefined)
    throw invalid('a stream that follows has no end, and a file appears at its end', {
      path: output,
      hint: 'leave --output out and send stdout to the file, or leave --follow out',
    })
  if (!isImmediate(format))
    throw invalid(
      `rows are printed as ${format} when all are known, and a stream that follows has no end`,
      {
        hint: 'with --follow --format takes jsonl, csv or arrow',
      },
    )
}

interface Printing {
  readonly stream: Changes<unknown>
  readonly rowCountMax: number
  /** Told of each batch when it is printed; one that is printed in part only is never done. */
  readonly onPrinted: (batch: ChangeBatch<unknown>) => Promise<void>
  /** Whose firing ends a stream that follows. */
  readonly end: AbortSignal | null
}

/** The batches of the stream, each behind a column of the kinds. */
async function* printedBatches({
  stream,
  rowCountMax,
  onPrinted,
  end,
}: Printing): AsyncGenerator<Batch, void, undefined> {
  let left = rowCountMax
  if (left <= 0) return
  try {
    for await (const changes of stream.batches()) {
      const batch = kindedBatch(changes.batch, changes.kinds)
      yield batch.length > left ? sliceBatch(batch, 0, left) : batch
      left -= batch.length
      if (left >= 0) await onPrinted(changes)
      if (left <= 0) return
    }
  } catch (error) {
    const isEnd = error instanceof LakeError && error.code === 'ABORTED' && end?.aborted === true
    if (!isEnd) throw error
  }
}
