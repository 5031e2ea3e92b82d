/**
 * Writes rows whose bucket is decided later: in the order that they come, not merged, to the directory `bucket-postpone`.
 *
 * Follows the Java classes `PostponeBucketFileStoreWrite` and `PostponeBucketWriter`.
 */
import { allRows, type BatchRows } from '../format/column-rows.ts'
import type { FileIO } from '../io/file-io.ts'
import { type BucketIncrement, EMPTY_INCREMENT } from '../snapshot/commit-message.ts'
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import { batchBytes } from '../types/batch-bytes.ts'
import { concatColumns, takeBatch } from '../types/column-take.ts'
import type { Batch } from '../types/column.ts'
import { tableOptions } from '../types/options.ts'
import { isRetract } from '../types/row-kind.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { isHeldBy } from '../types/schema-validation.ts'
import type { BucketWriter } from './bucket-writer.ts'
import { type FileTarget, fileTarget } from './file-target.ts'
import { keyValueLayout } from './key-value.ts'
import { Memtable } from './memtable.ts'
import { kindsColumn } from './row-kinds.ts'
import { RunWriter } from './run-writer.ts'

/** Rows are handed to the open file once they come to this much, or to this many batches. */
const FLUSH_BYTES = 8 << 20
const BATCHES_MAX = 10_000
/** What Java puts where no number was given to a row; those of these files mean nothing. */
const UNKNOWN_SEQUENCE = -1n

/**
 * Where a writer puts such rows: Avro files without statistics where the types allow, named after the user and the writer, so
 * that a compaction can tell which files follow each other.
 */
export function postponeTarget(
  io: FileIO,
  schema: TableSchema,
  writer: { readonly commitUser: string; readonly signal?: AbortSignal | undefined },
): FileTarget {
  const prefix = tableOptions(schema.options).get('data-file.prefix')
  const writeId = Math.floor(Math.random() * (2 ** 31 - 1))
  const asAvro = { 'file.format': 'avro', 'metadata.stats-mode': 'none' }
  const options = {
    ...schema.options,
    ...(isHeldBy(schema.fields, 'avro') && asAvro),
    'data-file.prefix': `${prefix}-u-${writer.commitUser}-s-${writeId}-w-`,
  }
  return fileTarget(io, { ...schema, options }, writer.signal)
}

export class PostponeWriter implements BucketWriter {
  readonly #target: FileTarget
  readonly #directory: string
  #pending: { readonly batch: Batch; readonly kinds: Int8Array }[] = []
  #pendingBytes = 0
  #isRetractionChecked = false
  #writer: RunWriter | null = null
  #files: DataFileMeta[] = []
  #paths: string[] = []

  constructor(target: FileTarget, directory: string) {
    this.#target = target
    this.#directory = directory
  }

  get sizeBytes(): number {
    return this.#pendingBytes
  }

  readonly isFull = false

  get isDirty(): boolean {
    return this.#pending.length > 0 || this.#writer !== null || this.#files.length > 0
  }

  get isIdle(): boolean {
    return !this.isDirty
  }

  readonly needsRestore = false

  readonly hasHanded = false

  /** INVALID for a row that takes something away, where the merge engine cannot do so. */
  async write(batch: Batch, kinds: Int8Array): Promise<void> {
    this.#checkRetraction(batch, kinds)
    this.#pending.push({ batch, kinds })
    this.#pendingBytes += batchBytes(batch)
    const isMuch = this.#pendingBytes >= FLUSH_BYTES || this.#pending.length >= BATCHES_MAX
    if (isMuch) await this.#flush()
  }

  /** A compaction could not refuse such rows any more, so the engine is asked with the first of them. */
  #checkRetraction(batch: Batch, kinds: Int8Array): void {
    const row = this.#isRetractionChecked ? -1 : kinds.findIndex((kind) => isRetract(kind))
    if (row < 0) return
    const { schema } = this.#target
    const memtable = new Memtable(keyValueLayout(schema))
    // A row that is alone is not merged.
    const twice = Uint32Array.of(row, row)
    memtable.append(takeBatch(batch, twice), Int8Array.of(kinds[row]!, kinds[row]!))
    for (const { values } of memtable.sorted(0n).merged())
      for (const column of schema.fields.keys()) values.column(column)
    this.#isRetractionChecked = true
  }

  /** Rows are not numbered before a compaction puts them into buckets. */
  async restore(): Promise<void> {}

  async spill(): Promise<boolean> {
    return await Promise.resolve(false)
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return
    const { batch, kinds } = joined(this.#pending)
    const place = { directory: this.#directory, level: 0, source: FILE_SOURCE.APPEND }
    this.#writer ??= new RunWriter(this.#target, place)
    const { length } = batch
    await this.#writer.write({
      length,
      values: allRows(batch),
      sequences: whole(length, unknownSequences(length)),
      kinds: whole(length, kindsColumn(kinds)),
    })
    this.#pending = []
    this.#pendingBytes = 0
  }

  async relieve(): Promise<void> {
    await this.#flush()
    if (this.#writer === null) return
    const { files, paths } = await this.#writer.finish()
    this.#writer = null
    this.#files.push(...files)
    this.#paths.push(...paths)
  }

  async compact(): Promise<void> {
    await this.relieve()
  }

  async prepare(): Promise<BucketIncrement> {
    await this.relieve()
    const newFiles = this.#files
    this.#files = []
    this.#paths = []
    return { ...EMPTY_INCREMENT, newFiles }
  }

  /** Nothing depends on what is committed. */
  committed(): void {}

  async dropCompactions(): Promise<void> {}

  async abort(): Promise<void> {
    const paths = this.#paths
    this.#pending = []
    this.#pendingBytes = 0
    this.#files = []
    this.#paths = []
    await this.#writer?.abort()
    this.#writer = null
    await this.#target.io.deleteAll(paths)
  }
}

function whole(length: number, column: Batch['columns'][number]): ReturnType<BatchRows['column']> {
  return { columns: [column], sourceOf: null, rows: null, length }
}

function unknownSequences(length: number): Batch['columns'][number] {
  const values = new BigInt64Array(length).fill(UNKNOWN_SEQUENCE)
  return { layout: 'fixed', length, validity: null, values }
}

function joined(parts: readonly { readonly batch: Batch; readonly kinds: Int8Array }[]) {
  const [first] = parts
  if (parts.length === 1) return first!
  const length = parts.reduce((sum, { batch }) => sum + batch.length, 0)
  const kinds = new Int8Array(length)
  let at = 0
  for (const part of parts) {
    kinds.set(part.kinds, at)
    at += part.batch.length
  }
  const columns = first!.batch.columns.map((_, i) =>
    concatColumns(parts.map(({ batch }) => batch.columns[i]!)),
  )
  return { batch: { length, columns }, kinds }
}
