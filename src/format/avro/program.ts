/**
 * What to do with each value of a row, as one flat list of operations: a loop over them is several times faster than a
 * function per field that calls the next.
 */
import type {
  BooleanBuilder,
  BytesBuilder,
  ColumnBuilder,
  FixedBuilder,
  StructBuilder,
} from '../../types/column-builder.ts'
import type { AvroCursor } from './cursor.ts'

/** Reads or skips one value at a cursor that it is bound to. */
export type Step = () => void

/** Append an int, a long, the bytes behind a length, a boolean. */
const INT = 0
const LONG = 1
const BYTES = 2
const BOOLEAN = 3
/** Reads the branch of a union; where it is null, acts on that and jumps over the operations of the value. */
const OPTIONAL = 4
/** Ends a row of a struct. */
const END_ROW = 5
/** Move past a varint, the bytes behind a length, so many bytes. */
const SKIP_VARINT = 6
const SKIP_BYTES = 7
const SKIP_FIXED = 8
/** Takes a step, for all that is rarer. */
const STEP = 9

export class Program {
  readonly cursor: AvroCursor
  readonly #ops: number[] = []
  readonly #numbers: number[] = []
  readonly #builders: (ColumnBuilder | null)[] = []
  readonly #steps: (Step | null)[] = []
  /** Operations before this one may not take in others: something jumps behind them. */
  #jumpedTo = 0

  constructor(cursor: AvroCursor) {
    this.cursor = cursor
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
    if (last >= this.#jumpedTo && this.#ops[last] === SKIP_FIXED) this.#numbers[last]! += count
    else if (count > 0) this.#add(SKIP_FIXED, count)
  }

  step(step: Step): void {
    this.#add(STEP, 0, null, step)
  }

  /**
   * The value of a union of two branches, of which `nullBranch` is null: `addValue` adds the operations for the other.
   * A null is appended to `builder`, or `onNull` is called, or nothing is done.
   */
  optional(
    nullBranch: number,
    builder: ColumnBuilder | null,
    onNull: Step | null,
    addValue: () => void,
  ): void {
    const at = this.#ops.length
    this.#add(OPTIONAL, 0, builder, onNull)
    addValue()
    this.#jumpedTo = this.#ops.length
    this.#numbers[at] = (this.#ops.length - 1 - at) * 2 + nullBranch
  }

  #add(
    op: number,
    number = 0,
    builder: ColumnBuilder | null = null,
    step: Step | null = null,
  ): void {
    this.#ops.push(op)
    this.#numbers.push(number)
    this.#builders.push(builder)
    this.#steps.push(step)
  }

  /** Runs all operations, `times` times over. */
  run(times: number): void {
    const ops = this.#ops
    const numbers = this.#numbers
    const builders = this.#builders
    const { cursor } = this
    const opCount = ops.length
    for (let time = 0; time < times; time++) {
      for (let i = 0; i < opCount; i++) {
        switch (ops[i]) {
          case INT: {
            const builder = builders[i] as FixedBuilder
            const at = builder.slot()
            builder.words[at] = cursor.readInt()
            builder.next()
            break
          }
          case LONG: {
            const builder = builders[i] as FixedBuilder
            const at = builder.slot() * 2
            cursor.readLong()
            builder.words[at] = cursor.low
            builder.words[at + 1] = cursor.high
            builder.next()
            break
          }
          case BYTES:
            cursor.readBytes()
            ;(builders[i] as BytesBuilder).appendView(cursor.view, cursor.from, cursor.at)
            break
          case BOOLEAN:
            ;(builders[i] as BooleanBuilder).append(cursor.readBoolean())
            break
          case OPTIONAL: {
            const number = numbers[i]!
            if (cursor.readBranch(2) === (number & 1)) {
              builders[i]?.appendNull()
              this.#steps[i]?.()
              i += number >> 1
            }
            break
          }
          case END_ROW:
            ;(builders[i] as StructBuilder).endRow()
            break
          case SKIP_VARINT:
            cursor.skipVarint()
            break
          case SKIP_BYTES:
            cursor.readBytes()
            break
          case SKIP_FIXED:
            cursor.take(numbers[i]!)
            break
          default:
            this.#steps[i]!()
        }
      }
    }
  }
}
