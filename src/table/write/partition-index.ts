/** The keys of one partition of a table with dynamic buckets: the bucket of each, by its hash. */
import { BucketHashes } from '../../indexes/bucket-hashes.ts'
import { readHashIndex } from '../../indexes/hash-index.ts'
import type { FileIO } from '../../io/file-io.ts'
import type { DataLayout } from '../../snapshot/data-paths.ts'
import type { IndexManifestEntry } from '../../snapshot/index-manifest.ts'
import { mapAll } from '../../util/async.ts'
import { corrupt, invalid, LakeError } from '../../util/errors.ts'
import { murmur32OfBytes } from '../../util/hash.ts'

/** How new keys are distributed. */
export interface DynamicRules {
  /** `dynamic-bucket.target-row-num`. */
  readonly targetRowCount: number
  /** Buckets have numbers below this one. */
  readonly bucketsMax: number
  /** Whether the most buckets were set by an option: then keys beyond go to full buckets. */
  readonly isLimited: boolean
  /** `dynamic-bucket.initial-buckets`: keys are spread over so many assigners, each with buckets of its own. */
  readonly assignerCount: number
}

export interface IndexSource {
  readonly io: FileIO
  readonly layout: DataLayout
  readonly signal: AbortSignal | undefined
}

/** So many index files are read side by side. */
const FILES_AT_ONCE = 4
/** The bytes of a serialised BinaryRow's arity, which its hash leaves out. */
const ARITY_BYTES = 4

export class PartitionIndex {
  readonly partition: Uint8Array
  /** Buckets that got keys since their index file was written. */
  readonly changed = new Set<number>()
  /** Whether rows came since the last commit was prepared. */
  isUsed = true
  readonly #rules: DynamicRules
  readonly #hashes = new BucketHashes()
  /** How many keys each bucket has; nothing where there is no bucket. */
  readonly #counts: number[] = []
  /** The bucket that each assigner fills; -1 when there is none. */
  readonly #filling: Int32Array
  readonly #offset: number
  /** The index files of the buckets: what the table had last, and all that it may have next. */
  readonly #files = new Map<number, { stored: string | null; readonly known: string[] }>()

  constructor(partition: Uint8Array, rules: DynamicRules) {
    this.partition = partition
    this.#rules = rules
    this.#filling = new Int32Array(rules.assignerCount).fill(-1)
    const hash = murmur32OfBytes(partition.subarray(ARITY_BYTES))
    this.#offset = Math.abs(hash % rules.assignerCount)
  }

  /** Reads the index files of the partition. */
  static async load(
    source: IndexSource,
    partition: Uint8Array,
    entries: readonly IndexManifestEntry[],
    rules: DynamicRules,
  ): Promise<PartitionIndex> {
    const index = new PartitionIndex(partition, rules)
    const { io, layout, signal } = source
    index.#hashes.reserve(entries.reduce((sum, entry) => sum + entry.indexFile.rowCount, 0))
    await mapAll(entries, FILES_AT_ONCE, async (entry) => {
      const { bucket, indexFile } = entry
      if (bucket < 0 || bucket >= 1 << 15)
        throw corrupt(`a hash index is of the bucket ${bucket}`, { path: layout.root })
      const hashes = await readHashIndex(io, layout, entry, { signal })
      for (const hash of hashes) index.#hashes.put(hash, bucket)
      index.#counts[bucket] = (index.#counts[bucket] ?? 0) + hashes.length
      index.#files.set(bucket, { stored: indexFile.fileName, known: [indexFile.fileName] })
    })
    return index
  }

  /** The bucket of the key with the hash. INVALID when there is no bucket left for a new one. */
  assign(hash: number): number {
    const known = this.#hashes.bucketOf(hash)
    if (known >= 0) return known
    const bucket = this.#bucketForNew(hash)
    this.#put(hash, bucket)
    return bucket
  }

  #put(hash: number, bucket: number): void {
    this.#hashes.put(hash, bucket)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.changed.add(bucket)
  }

  #bucketForNew(hash: number): number {
    const { assignerCount, targetRowCount } = this.#rules
    const assigner = (this.#offset + Math.abs(hash % assignerCount)) % assignerCount
    let bucket = this.#filling[assigner]!
    if (bucket >= 0 && this.#counts[bucket]! < targetRowCount) return bucket
    bucket = this.#nextToFill(assigner)
    this.#filling[assigner] = bucket
    return bucket >= 0 ? bucket : this.#fullBucket(assigner, hash)
  }

  /** The first bucket of the assigner that is not full, else the first number that no bucket has; -1 without either. */
  #nextToFill(assigner: number): number {
    const { assignerCount, bucketsMax, targetRowCount } = this.#rules
    let unused = -1
    const end = Math.min(bucketsMax, this.#counts.length + assignerCount)
    for (let bucket = assigner; bucket < end; bucket += assignerCount) {
      const count = this.#counts[bucket]
      if (count === undefined) {
        if (unused < 0) unused = bucket
      } else if (count < targetRowCount) return bucket
    }
    return unused
  }

  /** One of the assigner's buckets, when all that there may be are full. */
  #fullBucket(assigner: number, hash: number): number {
    const { assignerCount, bucketsMax, isLimited, targetRowCount } = this.#rules
    if (!isLimited)
      throw invalid(`a partition has ${bucketsMax} buckets of ${targetRowCount} keys, all full`, {
        hint: 'set dynamic-bucket.target-row-num to a larger number',
      })
    const own = Math.ceil((bucketsMax - assigner) / assignerCount)
    return assigner + assignerCount * ((hash >>> 0) % own)
  }

  hashesOf(bucket: number): Int32Array {
    return this.#hashes.hashesOf(bucket)
  }

  /** Takes note of an index file with all keys that the bucket has now. */
  wrote(bucket: number, fileName: string): void {
    const files = this.#files.get(bucket)
    if (files === undefined) this.#files.set(bucket, { stored: null, known: [fileName] })
    else files.known.push(fileName)
    this.changed.delete(bucket)
  }

  /** Takes note that a file that was written is in the table. */
  settle(bucket: number, fileName: string): void {
    const files = this.#files.get(bucket)
    const at = files?.known.indexOf(fileName) ?? -1
    if (at < 0) return
    files!.known.splice(0, at)
    files!.stored = fileName
  }

  /** Whether all that is known here was in the table once. */
  get isSettled(): boolean {
    if (this.changed.size > 0) return false
    return [...this.#files.values()].every(({ stored, known }) => stored === known.at(-1))
  }

  /** Takes note of the index files that the table has; false when others have written or dropped some of them. */
  follows(entries: readonly IndexManifestEntry[]): boolean {
    const stored = new Map(entries.map(({ bucket, indexFile }) => [bucket, indexFile.fileName]))
    for (const [bucket, name] of stored)
      if (this.#files.get(bucket)?.known.includes(name) !== true) return false
    for (const [bucket, files] of this.#files) {
      const name = stored.get(bucket) ?? null
      if (name === null && files.stored !== null) return false
      if (name !== null) files.known.splice(0, files.known.indexOf(name))
      files.stored = name
      // A file that was prepared may never be committed, so the next one has to hold its keys again.
      if (name !== files.known.at(-1)) this.changed.add(bucket)
    }
    return true
  }

  /**
   * Adds the keys of `own` that are not in the table yet. CONFLICT when others have put one of them into another bucket
   * meanwhile.
   */
  takeUnsettled(own: PartitionIndex, root: string): void {
    own.#hashes.forEach((hash, bucket) => {
      const known = this.#hashes.bucketOf(hash)
      if (known < 0) this.#put(hash, bucket)
      else if (known !== bucket)
        throw new LakeError('CONFLICT', 'another writer has put the same key into another bucket', {
          path: root,
          hint: 'let one writer at a time write to a partition with dynamic buckets; write the rows again',
        })
    })
    this.isUsed = own.isUsed
  }
}
