/** Bytes of a file index as they are written: big-endian, one value behind the other. */
import type { DataType } from '../../../types/data-type.ts'
import type { ScalarValue } from '../../../types/predicate-literal.ts'

export class IndexOutput {
  #bytes = new Uint8Array(64)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Makes room for `count` bytes; where they begin. */
  #room(count: number): number {
    const at = this.#length
    const wanted = at + count
    if (wanted > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#length = wanted
    return at
  }

  byte(value: number): void {
    const at = this.#room(1)
    this.#view.setInt8(at, value)
  }

  short(value: number): void {
    const at = this.#room(2)
    this.#view.setInt16(at, value)
  }

  int(value: number): void {
    const at = this.#room(4)
    this.#view.setInt32(at, value)
  }

  long(value: bigint): void {
    const at = this.#room(8)
    this.#view.setBigInt64(at, value)
  }

  float(value: number): void {
    const at = this.#room(4)
    this.#view.setFloat32(at, value)
  }

  double(value: number): void {
    const at = this.#room(8)
    this.#view.setFloat64(at, value)
  }

  put(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#bytes.set(bytes, at)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

/** How an index writes values of a type. */
export interface ValueWriter {
  /** Bytes of each value; null where they differ. */
  readonly width: number | null
  /** Bytes of the value. */
  sizeOf(value: ScalarValue): number
  write(out: IndexOutput, value: ScalarValue): void
}

/** The writer for columns of the type; undefined for a type that has none. The opposite of `valueReader`. */
export function valueWriter(type: DataType): ValueWriter | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return fixed(1, (out, value) => out.byte(value === true ? 1 : 0))
    case 'TINYINT':
      return fixed(1, (out, value) => out.byte(value as number))
    case 'SMALLINT':
      return fixed(2, (out, value) => out.short(value as number))
    case 'INT':
    case 'DATE':
    case 'TIME':
      return fixed(4, (out, value) => out.int(value as number))
    case 'FLOAT':
      return fixed(4, (out, value) => out.float(value as number))
    case 'DOUBLE':
      return fixed(8, (out, value) => out.double(value as number))
    case 'BIGINT':
    case 'DECIMAL':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return fixed(8, (out, value) => out.long(value as bigint))
    case 'CHAR':
    case 'VARCHAR':
      return {
        width: null,
        sizeOf: (value) => 4 + (value as Uint8Array).length,
        write: (out, value) => {
          out.int((value as Uint8Array).length)
          out.put(value as Uint8Array)
        },
      }
    default:
      return undefined
  }
}

function fixed(width: number, write: ValueWriter['write']): ValueWriter {
  return { width, sizeOf: () => width, write }
}
