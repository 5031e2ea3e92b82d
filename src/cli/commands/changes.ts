/** `changes`: prints what became of the rows of a table, snapshot by snapshot, and as it happens. */
import type { ExchangeFormat } from '../../format/exchange/row-writer.ts'
import type { Changes } from '../../table/stream-read.ts'
import { type ChangeBatch, kindedBatch, kindedFields } from '../../table/stream/change-batch.ts'
import { namesStart } from '../../table/stream/start.ts'
import type { SystemChangesOptions, SystemTable } from '../../table/system-tables.ts'
import type { ChangesOptions } from '../../table/table-options.ts'
import { Table } from '../../table/table.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
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
  const catalog = await run.openCatalog()
  const opened = await catalog.open(name, { signal })
  const stream: Changes<unknown> = opened.changes({ ...requestOf(run, opened), follow, signal })
  // The rows of an audit log tell their kinds themselves.
  const shape = opened instanceof Table ? KINDED : PLAIN
  const isSeen = isImmediate(format) && output === undefined
  let last: ChangeBatch<unknown> | null = null
  const batches = printedBatches({
    stream,
    shape,
    rowCountMax: flags.limit ?? Infinity,
    async onPrinted(batch) {
      last = batch
      if (isSeen) await batch.ack()
    },
    end: follow ? signal : null,
  })
  const source = { fields: async () => shape.fields(await stream.fields()), batches: () => batches }
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

/** How batches are printed. */
interface Shape {
  readonly fields: (fields: readonly DataField[]) => readonly DataField[]
  readonly batch: (changes: ChangeBatch<unknown>) => Batch
}

const KINDED: Shape = {
  fields: kindedFields,
  batch: ({ batch, kinds }) => kindedBatch(batch, kinds),
}
const PLAIN: Shape = { fields: (fields) => fields, batch: ({ batch }) => batch }

function requestOf(
  { flags, tableOptions }: CommandRun,
  opened: Table | SystemTable,
): ChangesOptions & SystemChangesOptions {
  const { select, where, consumer } = flags
  const stored = opened instanceof Table ? opened.schema.options : {}
  // Changes alone are what this command is asked for, unless something says where to start.
  const isOpen = !namesStart({ ...stored, ...tableOptions })
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
  readonly shape: Shape
  readonly rowCountMax: number
  /** Told of each batch when it is printed; one that is printed in part only is never done. */
  readonly onPrinted: (batch: ChangeBatch<unknown>) => Promise<void>
  /** Whose firing ends a stream that follows. */
  readonly end: AbortSignal | null
}

/** The batches of the stream as they are printed. */
async function* printedBatches({
  stream,
  shape,
  rowCountMax,
  onPrinted,
  end,
}: Printing): AsyncGenerator<Batch, void, undefined> {
  let left = rowCountMax
  if (left <= 0) return
  try {
    for await (const changes of stream.batches()) {
      const batch = shape.batch(changes)
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
