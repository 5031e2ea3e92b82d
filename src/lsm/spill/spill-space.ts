/**
 * Room on this machine's disk for rows that do not fit into memory, shared by all buckets of a writer.
 *
 * There is a file only while something lies in it.
 */
import { compressInWorker, decompressInWorker } from '../../format/codec-workers.ts'
import type { Codec } from '../../format/codec.ts'
import { ScratchFile } from '../../io/scratch-file.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { assert } from '../../util/assert.ts'
import { invalid } from '../../util/errors.ts'

/** Where bytes were put. */
export interface SpilledBlock {
  readonly offset: number
  readonly storedBytes: number
  readonly sizeBytes: number
}

export interface SpillOptions {
  readonly maxBytes: number
  readonly codec: Codec
  readonly level: number | undefined
}

const CODECS: Readonly<Record<string, Codec>> = {
  zstd: 'zstd',
  lz4: 'lz4_raw',
  lzo: 'lz4_raw',
  snappy: 'snappy',
  none: 'none',
}

/** What the options say of spilling; null where it is switched off. Throws INVALID for a compression that is not known. */
export function spillOptions(options: TableOptionValues): SpillOptions | null {
  const name = options.get('spill-compression').toLowerCase()
  const codec = Object.hasOwn(CODECS, name) ? CODECS[name]! : null
  if (codec === null)
    throw invalid(`option spill-compression: ${JSON.stringify(name)} is no compression`, {
      hint: `use one of ${Object.keys(CODECS).join(', ')}`,
    })
  if (!options.get('write-buffer-spillable')) return null
  return {
    maxBytes: options.get('write-buffer-spill.max-disk-size'),
    codec,
    level: codec === 'zstd' ? options.get('spill-compression.zstd-level') : undefined,
  }
}

export class SpillSpace {
  readonly #options: SpillOptions
  #file: Promise<ScratchFile> | null = null
  /** What lies in the file or is on its way to it. */
  #blockCount = 0
  #usedBytes = 0

  constructor(options: SpillOptions) {
    this.#options = options
  }

  /** Whether nothing more should be put here before something is released. */
  get isFull(): boolean {
    return this.#usedBytes >= this.#options.maxBytes
  }

  /** Puts bytes away, which have to stay as they are meanwhile. */
  async put(bytes: Uint8Array): Promise<SpilledBlock> {
    const { codec, level } = this.#options
    this.#blockCount++
    try {
      const stored = await compressInWorker(codec, bytes, level)
      this.#file ??= ScratchFile.open()
      const offset = await (await this.#file).append(stored)
      this.#usedBytes += stored.length
      return { offset, storedBytes: stored.length, sizeBytes: bytes.length }
    } catch (error) {
      await this.#drop(1)
      throw error
    }
  }

  async get({ offset, storedBytes, sizeBytes }: SpilledBlock): Promise<Uint8Array> {
    assert(this.#file !== null, 'a block is asked for that was released')
    const stored = await (await this.#file).read(offset, storedBytes)
    return await decompressInWorker(this.#options.codec, stored, sizeBytes)()
  }

  /** Gives the room of blocks back; the file goes with the last one. */
  async release(blocks: readonly SpilledBlock[]): Promise<void> {
    this.#usedBytes -= blocks.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
    await this.#drop(blocks.length)
  }

  async #drop(count: number): Promise<void> {
    this.#blockCount -= count
    if (this.#blockCount > 0 || this.#file === null) return
    const file = this.#file
    this.#file = null
    // One that could not be opened was told of already.
    const open = await file.catch(() => null)
    await open?.close()
  }
}
