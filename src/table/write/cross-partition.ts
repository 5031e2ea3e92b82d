/**
 * Assigns partitions and buckets where a key may move from one partition to another (`bucket` = -1 with a primary key that
 * lacks partition keys): an index of all keys tells where each is now.
 *
 * Follows the Java classes `GlobalIndexAssigner`, `IndexBootstrap` and `ExistingProcessor`. The index is read from the keys
 * of the table before the first row, and again when others have written rows. As in Java only one writer at a time may
 * write to such a table; one that finds that another did so meanwhile fails.
 */
import { KeyPlaces } from '../../indexes/key-places.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { nullBitsSize } from '../../types/binary-row.ts'
import { columnBuilder } from '../../types/column-builder.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch, Column } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { appendValue, type InternalValue } from '../../types/internal-value.ts'
import { tableOptions } from '../../types/options.ts'
import { decodePartition } from '../../types/partition.ts'
import { DELETE } from '../../types/row-kind.ts'
import { rowEncoder } from '../../types/row-writer.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldsNamed, partitionFields } from '../../types/schema-keys.ts'
import { LakeError } from '../../util/errors.ts'
import type { AssignOptions, BucketAssigner, BucketIndex } from './bucket-assign.ts'
import { BucketFill } from './bucket-fill.ts'
import { readKeys } from './key-bootstrap.ts'
import { PlacedRows } from './placed-rows.ts'
import { type BucketRows, partitionsOf } from './row-groups.ts'

/** What becomes of a row whose key is in another partition. Follows the subclasses of `ExistingProcessor`. */
type Existing = 'delete-existing' | 'use-existing' | 'skip-new'

export class CrossPartitionBuckets implements BucketAssigner {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #options: AssignOptions
  readonly #existing: Existing
  readonly #targetRowCount: number
  readonly #keys: readonly DataField[]
  readonly #keyPositions: readonly number[]
  /** Keys are never null, so the null bits in front of them tell nothing. */
  readonly #firstWord: number
  #places = new KeyPlaces()
  #partitions: { readonly bytes: Uint8Array; readonly fill: BucketFill }[] = []
  #partitionIds = new Map<string, number>()
  /** The latest snapshot whose rows the index has; null before it was read. */
  #knownId: number | null = null
  /** Whether rows came since the last commit was prepared, and whether some were prepared that may not be committed yet. */
  #isUsed = false
  #isPrepared = false

  constructor(store: TableStore, schema: TableSchema, options: AssignOptions) {
    const values = tableOptions(schema.options)
    this.#store = store
    this.#schema = schema
    this.#options = options
    this.#existing = existingOf(values.get('merge-engine'))
    this.#targetRowCount = values.get('dynamic-bucket.target-row-num')
    this.#keys = fieldsNamed(schema, schema.primaryKeys)
    this.#keyPositions = this.#keys.map(({ id }) => schema.fields.findIndex((f) => f.id === id))
    this.#firstWord = nullBitsSize(this.#keys.length) >> 2
  }

  async assign(batch: Batch, kinds: Int8Array): Promise<BucketRows[]> {
    if (!this.#isUsed) await this.#lookAgain()
    this.#isUsed = true
    const { of, keys } = partitionsOf(this.#schema, batch)
    const ids = keys.map((key) => this.#partitionId(key))
    const placed = new PlacedRows(batch.length)
    const encode = rowEncoder(
      this.#keys.map(({ type }) => type),
      this.#keyPositions.map((at) => batch.columns[at]!),
    )
    for (let row = 0; row < batch.length; row++) {
      const { words, length } = encode(row)
      const partition = ids[of === null ? 0 : of[row]!]!
      this.#place(placed, row, words, length >> 2, partition, kinds[row]!)
    }
    return this.#partedRows(batch, placed)
  }

  #place(
    placed: PlacedRows,
    row: number,
    words: Int32Array,
    end: number,
    partition: number,
    kind: number,
  ): void {
    const places = this.#places
    const entry = places.find(words, this.#firstWord, end)
    if (entry < 0) {
      const bucket = this.#partitions[partition]!.fill.next()
      places.add(words, this.#firstWord, end, partition, bucket)
      placed.push(row, partition, bucket, kind, false)
      return
    }
    const oldPartition = places.partitionOf(entry)
    const oldBucket = places.bucketOf(entry)
    if (oldPartition === partition) placed.push(row, partition, oldBucket, kind, false)
    else if (this.#existing === 'use-existing')
      placed.push(row, oldPartition, oldBucket, kind, true)
    else if (this.#existing === 'delete-existing') {
      placed.push(row, oldPartition, oldBucket, DELETE, true)
      this.#partitions[oldPartition]!.fill.remove(oldBucket)
      const bucket = this.#partitions[partition]!.fill.next()
      places.move(entry, partition, bucket)
      placed.push(row, partition, bucket, kind, false)
    }
  }

  #partitionId(bytes: Uint8Array): number {
    const key = latin1Of(bytes)
    let id = this.#partitionIds.get(key)
    if (id === undefined) {
      id = this.#partitions.length
      this.#partitionIds.set(key, id)
      this.#partitions.push({ bytes: bytes.slice(), fill: new BucketFill(this.#targetRowCount) })
    }
    return id
  }

  #partedRows(batch: Batch, placed: PlacedRows): BucketRows[] {
    return placed.groups().map(({ partition, bucket, rows, kinds, isMoved }) => {
      const { bytes } = this.#partitions[partition]!
      const taken = takeBatch(batch, rows)
      const own = isMoved ? inPartition(this.#schema, taken, bytes) : taken
      return { partition: bytes, bucket, batch: own, kinds }
    })
  }

  /** Reads the keys of the table, unless the index has them. */
  async #lookAgain(): Promise<void> {
    if (this.#options.isOverwrite === true) return
    const { snapshots } = this.#store
    const { signal } = this.#options
    const latest = (await snapshots.range({ signal }))?.latest ?? 0
    if (this.#knownId !== null && !(await this.#hasForeignRows(this.#knownId, latest))) {
      this.#knownId = latest
      return
    }
    if (this.#isPrepared) throw overtaken(this.#store)
    await this.#bootstrap()
  }

  async #bootstrap(): Promise<void> {
    const stored = await this.#store.snapshots.readLatestListed({ signal: this.#options.signal })
    this.#places = new KeyPlaces()
    this.#partitions = []
    this.#partitionIds = new Map()
    this.#knownId = stored?.snapshot.id ?? 0
    if (stored === null) return
    const read = { fields: this.#keys, signal: this.#options.signal }
    const keys = readKeys(this.#store, this.#schema, stored.snapshot, read)
    const types = this.#keys.map(({ type }) => type)
    for await (const { partition: bytes, bucket, batch } of keys) {
      const partition = this.#partitionId(bytes)
      this.#partitions[partition]!.fill.add(bucket, batch.length)
      const encode = rowEncoder(types, batch.columns)
      for (let row = 0; row < batch.length; row++) {
        const { words, length } = encode(row)
        this.#places.add(words, this.#firstWord, length >> 2, partition, bucket)
      }
    }
  }

  /** Whether others have committed rows in the snapshots after `from`. A compaction leaves keys where they are. */
  async #hasForeignRows(from: number, to: number): Promise<boolean> {
    if (to < from) return true
    for (let id = from + 1; id <= to; id++) {
      const { snapshots } = this.#store
      const found = snapshots.recall(id) ?? (await snapshots.find(id, this.#options))
      if (found === null || this.#isForeign(found.snapshot)) return true
    }
    return false
  }

  #isForeign({ commitKind, commitUser }: Snapshot): boolean {
    return (
      commitKind !== 'COMPACT' &&
      commitKind !== 'ANALYZE' &&
      commitUser !== this.#options.commitUser
    )
  }

  async prepare(): Promise<BucketIndex[]> {
    if (!this.#isUsed) return []
    if (this.#options.isOverwrite !== true) {
      const latest = (await this.#store.snapshots.range(this.#options))?.latest ?? 0
      if (await this.#hasForeignRows(this.#knownId!, latest)) throw overtaken(this.#store)
      this.#knownId = latest
    }
    this.#isUsed = false
    this.#isPrepared = true
    return []
  }

  committed(): void {
    this.#isPrepared = false
  }
}

function existingOf(engine: string): Existing {
  if (engine === 'deduplicate') return 'delete-existing'
  return engine === 'first-row' ? 'skip-new' : 'use-existing'
}

function overtaken({ location }: TableStore): LakeError {
  return new LakeError('CONFLICT', 'another writer has written rows that may have the same keys', {
    path: location.root,
    hint: 'let one writer at a time write to a table whose keys move between partitions; write the rows again',
  })
}

/** The batch with the values of the partition in its partition columns. */
function inPartition(schema: TableSchema, batch: Batch, partition: Uint8Array): Batch {
  const fields = partitionFields(schema)
  const values = decodePartition(fields, partition)
  const columns = [...batch.columns]
  for (const [i, field] of fields.entries()) {
    const position = schema.fields.findIndex(({ id }) => id === field.id)
    columns[position] = constantColumn(field, values[i]!, batch.length)
  }
  return { length: batch.length, columns }
}

function constantColumn({ type }: DataField, value: InternalValue, length: number): Column {
  const builder = columnBuilder(type)
  for (let i = 0; i < length; i++) appendValue(builder, type, value)
  return builder.finish()
}
