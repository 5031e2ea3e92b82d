/** Growing columns, one per layout: the decoders of row-wise inputs (Avro, JSON, row objects) append to them. */
import { invalid } from '../util/errors.ts'
import {
  allocateFixed,
  type Batch,
  type BooleanColumn,
  type BytesColumn,
  type FixedColumn,
  type FixedValues,
  layoutOf,
  type ListColumn,
  type StructColumn,
} from './column.ts'
import { type DataField, type DataType, notNull } from './data-type.ts'

export type ColumnBuilder =
  | BooleanBuilder
  | FixedBuilder
  | BytesBuilder
  | ListBuilder
  | StructBuilder

/** A builder of columns of the type; nested types get builders for their children. */
export function columnBuilder(type: DataType): ColumnBuilder {
  switch (type.kind) {
    case 'ARRAY':
    case 'VECTOR':
      return new ListBuilder(columnBuilder(type.element))
    case 'MAP':
      return new ListBuilder(entryBuilder(type.key, type.value))
    case 'MULTISET':
      return new ListBuilder(entryBuilder(type.element, { kind: 'INT', nullable: false }))
    case 'ROW':
      return new StructBuilder(type.fields.map((field) => columnBuilder(field.type)))
    case 'VARIANT':
      return new StructBuilder([new BytesBuilder(), new BytesBuilder()])
    default:
      break
  }
  const layout = layoutOf(type)
  if (layout === 'boolean') return new BooleanBuilder()
  return layout === 'bytes' ? new BytesBuilder() : new FixedBuilder(type)
}

function entryBuilder(key: DataType, value: DataType): StructBuilder {
  return new StructBuilder([columnBuilder(notNull(key)), columnBuilder(value)])
}

/** Builders for the fields of a row type, appended to in step. */
export function batchBuilder(fields: readonly DataField[]): StructBuilder {
  return new StructBuilder(fields.map((field) => columnBuilder(field.type)))
}

/** The rows of a {@link batchBuilder}. */
export function finishBatch(builder: StructBuilder): Batch {
  const { length, children } = builder.finish()
  return { length, columns: children }
}

/** The longest data that one column can address: offsets are signed 32-bit. */
const MAX_BYTES = 2 ** 31 - 1

abstract class BuilderBase {
  length = 0
  #validity: Uint8Array | null = null

  /** Marks the row that is being appended as null. */
  protected setNull(): void {
    const byte = this.length >> 3
    if (this.#validity === null || byte >= this.#validity.length) {
      const grown = new Uint8Array(Math.max(64, 2 * (byte + 1))).fill(0xff)
      if (this.#validity !== null) grown.set(this.#validity)
      this.#validity = grown
    }
    this.#validity[byte]! &= ~(1 << (this.length & 7))
  }

  protected finishValidity(): Uint8Array | null {
    if (this.#validity === null) return null
    const bytes = (this.length + 7) >> 3
    const whole = new Uint8Array(bytes).fill(0xff)
    whole.set(this.#validity.subarray(0, bytes))
    return whole
  }
}

export class BooleanBuilder extends BuilderBase {
  #bits = new Uint8Array(64)

  append(value: boolean): void {
    const byte = this.length >> 3
    if (byte >= this.#bits.length) this.#bits = grow(this.#bits, byte + 1)
    if (value) this.#bits[byte]! |= 1 << (this.length & 7)
    this.length++
  }

  appendNull(): void {
    this.setNull()
    this.append(false)
  }

  finish(): BooleanColumn {
    const bits = this.#bits.subarray(0, (this.length + 7) >> 3)
    return { layout: 'boolean', length: this.length, validity: this.finishValidity(), bits }
  }
}

/** Builds a `fixed` column. `values` has room for at least one more row whenever {@link slot} has been called. */
export class FixedBuilder extends BuilderBase {
  values: FixedValues
  /** The same bytes as 32-bit words, low first, so that decoders can store 64-bit values without making a bigint. */
  words: Int32Array
  /** Elements of `values` a row takes: two for DECIMAL. */
  readonly #stride: number

  constructor(type: DataType) {
    super()
    this.#stride = type.kind === 'DECIMAL' ? 2 : 1
    this.values = allocateFixed(type, 32)
    this.words = wordsOf(this.values)
  }

  /** Makes room for the next row and returns its first element's index; the caller stores there, then calls `next`. */
  slot(): number {
    const at = this.length * this.#stride
    if (at + this.#stride > this.values.length) {
      this.values = grow(this.values, at + this.#stride)
      this.words = wordsOf(this.values)
    }
    return at
  }

  next(): void {
    this.length++
  }

  appendNumber(value: number): void {
    const at = this.slot()
    this.values[at] = value
    this.length++
  }

  appendBigInt(value: bigint): void {
    const at = this.slot()
    this.values[at] = value
    this.length++
  }

  /** Appends a 128-bit integer to a DECIMAL column. */
  appendDecimal(unscaled: bigint): void {
    const at = this.slot()
    this.values[at] = BigInt.asIntN(64, unscaled)
    this.values[at + 1] = BigInt.asIntN(64, unscaled >> 64n)
    this.length++
  }

  appendNull(): void {
    this.setNull()
    this.slot()
    this.length++
  }

  finish(): FixedColumn {
    const values = this.values.subarray(0, this.length * this.#stride)
    return { layout: 'fixed', length: this.length, validity: this.finishValidity(), values }
  }
}

export class BytesBuilder extends BuilderBase {
  #data = new Uint8Array(256)
  #view = new DataView(this.#data.buffer)
  #offsets = new Int32Array(33)

  /** Appends `source[from, to)`. */
  append(source: Uint8Array, from = 0, to = source.length): void {
    const at = this.#offsets[this.length]!
    const end = at + (to - from)
    if (end > this.#data.length) this.#growData(end)
    if (to - from > 16) this.#data.set(source.subarray(from, to), at)
    else for (let i = from, o = at; i < to; i++, o++) this.#data[o] = source[i]!
    this.#endRow(end)
  }

  /**
   * Appends the bytes `[from, to)` of a view: four at a time, past the end and into what the next row overwrites, which
   * is several times faster for short values.
   */
  appendView(source: DataView, from: number, to: number): void {
    const at = this.#offsets[this.length]!
    const end = at + (to - from)
    if (end + 3 > this.#data.length) this.#growData(end + 3)
    if (to - from > 128 || to + 3 > source.byteLength) {
      this.#data.set(new Uint8Array(source.buffer, source.byteOffset + from, to - from), at)
    } else {
      const target = this.#view
      for (let i = from, o = at; i < to; i += 4, o += 4)
        target.setInt32(o, source.getInt32(i, true), true)
    }
    this.#endRow(end)
  }

  /** Appends the text as UTF-8; lone surrogates become U+FFFD. */
  appendText(text: string): void {
    const at = this.#offsets[this.length]!
    const most = at + text.length * 3
    if (most > this.#data.length) this.#growData(most)
    const { written } = ENCODER.encodeInto(text, this.#data.subarray(at))
    this.#endRow(at + written)
  }

  appendNull(): void {
    this.setNull()
    this.#endRow(this.#offsets[this.length]!)
  }

  #growData(length: number): void {
    if (length > MAX_BYTES) throw invalid('a column of one batch holds more than 2 GiB')
    this.#data = grow(this.#data, length)
    this.#view = new DataView(this.#data.buffer)
  }

  #endRow(end: number): void {
    this.length++
    if (this.length >= this.#offsets.length) this.#offsets = grow(this.#offsets, this.length + 1)
    this.#offsets[this.length] = end
  }

  finish(): BytesColumn {
    const { length } = this
    return {
      layout: 'bytes',
      length,
      validity: this.finishValidity(),
      data: this.#data.subarray(0, this.#offsets[length]),
      starts: this.#offsets.subarray(0, length),
      ends: this.#offsets.subarray(1, length + 1),
    }
  }
}

/** Builds a `list` column: append to `child`, then {@link endRow}. */
export class ListBuilder extends BuilderBase {
  readonly child: ColumnBuilder
  #offsets = new Int32Array(33)

  constructor(child: ColumnBuilder) {
    super()
    this.child = child
  }

  /** Ends the row: it holds what was appended to the child since the last one. */
  endRow(): void {
    this.length++
    if (this.length >= this.#offsets.length) this.#offsets = grow(this.#offsets, this.length + 1)
    this.#offsets[this.length] = this.child.length
  }

  appendNull(): void {
    this.setNull()
    this.endRow()
  }

  finish(): ListColumn {
    const { length } = this
    return {
      layout: 'list',
      length,
      validity: this.finishValidity(),
      starts: this.#offsets.subarray(0, length),
      ends: this.#offsets.subarray(1, length + 1),
      child: this.child.finish(),
    }
  }
}

/** Builds a `struct` column: append to every child, then {@link endRow}. */
export class StructBuilder extends BuilderBase {
  readonly children: readonly ColumnBuilder[]

  constructor(children: readonly ColumnBuilder[]) {
    super()
    this.children = children
  }

  endRow(): void {
    this.length++
  }

  /** Appends a null row; the children get nulls to stay in step. */
  appendNull(): void {
    this.setNull()
    for (const child of this.children) child.appendNull()
    this.length++
  }

  finish(): StructColumn {
    const children = this.children.map((child) => child.finish())
    return { layout: 'struct', length: this.length, validity: this.finishValidity(), children }
  }
}

const ENCODER = new TextEncoder()

function wordsOf(values: FixedValues): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

/** A copy of the array with at least `length` elements and at least twice as many as before. */
function grow<A extends FixedValues | Uint8Array>(array: A, length: number): A {
  const Type = array.constructor as new (length: number) => A
  const grown = new Type(Math.max(length, 2 * array.length))
  grown.set(array as never)
  return grown
}
