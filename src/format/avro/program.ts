/**
 * What to do with each value of a row, as one flat list of operations: a loop over them is several times faster than a
 * function per field that calls the next.
 */
import {
  type BooleanBuilder,
  type BytesBuilder,
  type ColumnBuilder,
  FixedBuilder,
  type StructBuilder,
} from '../../types/column-builder.ts'
import { corrupt } from '../../util/errors.ts'
import type { AvroCursor } from './cursor.ts'

/** Reads or skips one value at a cursor that it is bound to. */
export type Step = () => void

/** Appends an int, a long, the bytes behind a length, or a boolean. */
const INT = 0
const LONG = 1
const BYTES = 2
const BOOLEAN = 3
/** Reads a branch: null goes to the builder and jumps over the operations of the value. */
const OPTIONAL = 4
/** Ends a row of a struct. */
const END_ROW = 5
/** Moves past a varint, the bytes behind a length, so many bytes. */
const SKIP_VARINT = 6
const SKIP_BYTES = 7
const SKIP_FIXED = 8
/** Takes a step for all that is rarer. */
const STEP = 9

export class Program {
  readonly #cursor: AvroCursor
  readonly #ops: number[] = []
  readonly #numbers: number[] = []
  readonly #builders: (ColumnBuilder | null)[] = []
  readonly #steps: (Step | null)[] = []

  constructor(cursor: AvroCursor) {
    this.#cursor = cursor
  }

  int(builder: FixedBuilder): void {
    this.#add(INT, 0, builder)
  }

  long(builder: FixedBuilder): void {
    this.#add(LONG, 0, builder)
  }

  bytes(builder: BytesBuilder): void {
    this.#add(BYTES, 0, builder)
  }

  boolean(builder: BooleanBuilder): void {
    this.#add(BOOLEAN, 0, builder)
  }

  endRow(builder: StructBuilder): void {
    this.#add(END_ROW, 0, builder)
  }

  skipVarint(): void {
    this.#add(SKIP_VARINT)
  }

  skipBytes(): void {
    this.#add(SKIP_BYTES)
  }

  skipFixed(count: number): void {
    const last = this.#ops.length - 1
    if (this.#ops[last] === SKIP_FIXED) this.#numbers[last]! += count
    else if (count > 0) this.#add(SKIP_FIXED, count)
  }

  step(step: Step): void {
    this.#add(STEP, 0, null, step)
  }

  /** The value of a union of two branches, of which `nullBranch` is null; `onNull` says what to do with a null. */
  optional(nullBranch: number, onNull: Step | ColumnBuilder | null, addValue: () => void): void {
    const at = this.#ops.length
    const isStep = typeof onNull === 'function'
    this.#add(OPTIONAL, 0, isStep ? null : onNull, isStep ? onNull : null)
    addValue()
    // The two share a number; the jump also keeps a run of fixed bytes from growing across it.
    this.#numbers[at] = (this.#ops.length - 1 - at) * 2 + nullBranch
  }
}
