/** The sorted keys of a data file, loaded from its front on, block by block, as they are asked for. */
import type { DataFile, RowCursor } from '../../format/data-file.ts'
import { assert } from '../../util/assert.ts'
import { keyOrder, type KeyValueLayout } from '../key-value.ts'
import { storedKeyFields } from '../run-reader.ts'
import { compareKeys, type SortKeys, sortKeys } from '../sort-keys.ts'

/** The keys of rows that follow each other. */
export interface KeyBlock {
  /** Where the first of the rows stands in the file. */
  readonly firstRow: number
  readonly keys: SortKeys
}

/** Rows of a block. */
const BLOCK_ROWS = 65_536

/** What a key takes beyond its bytes: its two words, and where the bytes end. */
const KEY_WORDS_BYTES = 12

export class FileKeys {
  readonly #layout: KeyValueLayout
  readonly #open: () => Promise<DataFile>
  #cursor: RowCursor | null = null
  #blocks: KeyBlock[] = []
  /** How many blocks were dropped from the front. */
  #dropped = 0
  #rows = 0
  #isAtEnd = false
  /** Whether a read failed: where the next one would go on is not known then. */
  #hasFailed = false
  #sizeBytes = 0

  constructor(layout: KeyValueLayout, open: () => Promise<DataFile>) {
    this.#layout = layout
    this.#open = open
  }

  /** What the loaded blocks take. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Whether every block that was loaded is still there, so that the file can be looked through from its front. */
  get isWhole(): boolean {
    return this.#dropped === 0 && !this.#hasFailed
  }

  /** The block, loaded if it is not yet; null behind the last. Those before it may be dropped already. */
  async block(index: number): Promise<KeyBlock | null> {
    while (index >= this.#dropped + this.#blocks.length) if (!(await this.#load())) return null
    return this.#blocks[index - this.#dropped]!
  }

  /** Drops all blocks but the last. */
  forget(): void {
    const last = this.#blocks.slice(-1)
    this.#dropped += this.#blocks.length - last.length
    this.#blocks = last
    this.#sizeBytes = last.reduce((sum, { keys }) => sum + keyBytes(keys), 0)
  }

  async #load(): Promise<boolean> {
    if (this.#isAtEnd) return false
    assert(!this.#hasFailed, 'keys are read on behind a failure')
    this.#hasFailed = true
    this.#cursor ??= await this.#openCursor()
    const batch = await this.#cursor.read(BLOCK_ROWS)
    this.#hasFailed = false
    if (batch === null) {
      this.#isAtEnd = true
      this.#cursor = null
      return false
    }
    const keys = sortKeys(keyOrder(this.#layout), batch.columns, batch.length)
    this.#blocks.push({ firstRow: this.#rows, keys })
    this.#rows += batch.length
    this.#sizeBytes += keyBytes(keys)
    return true
  }

  async #openCursor(): Promise<RowCursor> {
    const file = await this.#open()
    const fields = storedKeyFields(this.#layout, file)
    return file.cursor({ fields, views: true, keepsDeleted: true })
  }
}

function keyBytes({ length, tail }: SortKeys): number {
  return KEY_WORDS_BYTES * length + (tail === null ? 0 : tail.bytes.length)
}

/** The first of the keys from `from` on that is not below key `at` of `other`; looked for near `from` first. */
export function seekKey(keys: SortKeys, from: number, other: SortKeys, at: number): number {
  const { length } = keys
  let low = from
  let step = 1
  // Strides grow until one ends at or above the key, so that what lies near is found in few comparisons.
  while (low + step <= length && compareKeys(keys, low + step - 1, other, at) < 0) {
    low += step
    step *= 2
  }
  let high = Math.min(length, low + step - 1)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareKeys(keys, middle, other, at) < 0) low = middle + 1
    else high = middle
  }
  return low
}
