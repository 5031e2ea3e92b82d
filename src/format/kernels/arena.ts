/**
 * The memory that the kernels of bytes.wat work on.
 *
 * Columns are laid into an arena, and are columns like any other there: their buffers are views of its memory. Memory
 * is used again and again, since fresh memory costs more than the copying.
 */
import { assert } from '../../util/assert.ts'
import { BYTES_MODULE } from './bytes-module.ts'

/** Addresses count from the start of the arena; what each does is said in bytes.wat. */
export interface BytesKernels {
  measureBlocks(starts: number, ends: number, blocks: number, count: number, sums: number): void
  dealBytes(
    source: number,
    starts: number,
    ends: number,
    blocks: number,
    count: number,
    cursors: number,
    out: number,
  ): void
  gatherPlain(
    source: number,
    starts: number,
    ends: number,
    rows: number,
    count: number,
    out: number,
    room: number,
    result: number,
  ): number
  decodePlain(
    page: number,
    size: number,
    count: number,
    out: number,
    ends: number,
    base: number,
  ): number
  decodePlainKept(
    page: number,
    size: number,
    count: number,
    flags: number,
    out: number,
    ends: number,
    base: number,
  ): number
  pickPlain(
    page: number,
    size: number,
    count: number,
    flags: number,
    places: number,
    usual: number,
    result: number,
  ): number
  gatherPicked(
    places: number,
    slots: number,
    count: number,
    out: number,
    ends: number,
    base: number,
  ): number
}

type Exports = BytesKernels & { readonly memory: WebAssembly.Memory }

const BLOCK_BYTES = 1 << 16
/** Addresses are signed numbers where they come back. */
const ARENA_BYTES_MAX: number = 2 ** 31 - BLOCK_BYTES
/** An arena that has grown larger is not kept. */
const KEPT_BYTES_MAX = 128 << 20
const KEPT_MAX = 4

/** Where a kernel leaves its numbers. */
export const RESULT_AT = 16
/** Row numbers that a kernel is to take are laid here, so many at a time. */
export const ROWS_AT = 64
export const ROWS_MAX = 1 << 15
/** What a kernel writes goes here, so many bytes at a time. */
export const OUT_AT: number = ROWS_AT + 4 * ROWS_MAX
export const OUT_BYTES = 1 << 20
/** Allocations begin behind the work space. */
const FREE_AT = OUT_AT + OUT_BYTES + 64

let compiled: WebAssembly.Module | null = null
const kept: Arena[] = []
const arenas = new WeakMap<ArrayBufferLike, Arena>()

export class Arena {
  readonly kernels: BytesKernels
  readonly #memory: WebAssembly.Memory
  #end = FREE_AT

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(BYTES_MODULE, 'base64'))
    const exports = new WebAssembly.Instance(compiled).exports as unknown as Exports
    this.kernels = exports
    this.#memory = exports.memory
    this.reset(0, 0)
  }

  get buffer(): ArrayBuffer {
    return this.#memory.buffer
  }

  /** Forgets what the arena holds and makes room for `sizeBytes`, and for 16 bytes more for each allocation. */
  reset(sizeBytes: number, allocations: number): void {
    const wanted = FREE_AT + sizeBytes + 32 * allocations
    assert(wanted <= ARENA_BYTES_MAX, `an arena of ${wanted} bytes`)
    const missing = wanted - this.#memory.buffer.byteLength
    // Growing takes the views of the memory away, so it grows by more than it must.
    if (missing > 0) {
      const grown = Math.min(ARENA_BYTES_MAX - this.#memory.buffer.byteLength, missing * 2)
      this.#memory.grow(Math.ceil(Math.max(missing, grown) / BLOCK_BYTES))
    }
    arenas.set(this.#memory.buffer, this)
    this.#end = FREE_AT
  }

  /** The address of `sizeBytes` bytes, and of sixteen behind them that copies may run over. */
  allocate(sizeBytes: number): number {
    const at = this.#end
    this.#end = (at + sizeBytes + 16 + 15) & ~15
    assert(this.#end <= this.#memory.buffer.byteLength, 'the arena is full')
    return at
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, at, length)
  }

  ints(at: number, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, at, length)
  }
}

/** An arena that nobody else works in until it is given back. */
export function takeArena(): Arena {
  return kept.pop() ?? new Arena()
}

export function giveArena(arena: Arena): void {
  if (kept.length < KEPT_MAX && arena.buffer.byteLength <= KEPT_BYTES_MAX) kept.push(arena)
}

/** The arena whose memory `buffer` is; undefined for other memory. */
export function arenaOf(buffer: ArrayBufferLike): Arena | undefined {
  return arenas.get(buffer)
}
