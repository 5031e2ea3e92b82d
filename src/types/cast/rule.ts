/** What a cast of columns is, and what the casts of this folder share. */
import { LakeError, unsupported } from '../../util/errors.ts'
import { type Column, type FixedColumn, isPresent } from '../column.ts'
import type { DataType } from '../data-type.ts'
import { typeText } from '../type-text.ts'

/** Turns a column of one type into one of another, with as many rows; nulls stay null. */
export type Cast = (column: Column) => Column

/** The cast of columns that serve both types as they are. */
export const unchanged: Cast = (column) => column

export type IntegerKind = 'TINYINT' | 'SMALLINT' | 'INT' | 'BIGINT'
export type NumberKind = IntegerKind | 'FLOAT' | 'DOUBLE'
export type DecimalType = Extract<DataType, { readonly kind: 'DECIMAL' }>
export type ClockKind = 'TIME' | 'TIMESTAMP' | 'TIMESTAMP_LTZ'
/** A TIMESTAMP or TIMESTAMP_LTZ, which share a member of the union with TIME. */
export type TimestampType = Extract<DataType, { readonly kind: ClockKind }>
export type BytesKind = 'CHAR' | 'VARCHAR' | 'BINARY' | 'VARBINARY'
export type BytesType = Extract<DataType, { readonly kind: BytesKind }>

/** INVALID: a value that its cast refuses, where Java throws too once it looks at the value. */
export class CastError extends LakeError {
  constructor(message: string, path?: string) {
    super('INVALID', message, {
      path,
      hint: 'the column had another type when the value was written: read an older snapshot, or change the type back',
    })
  }
}

/** A value that cannot be cast. */
export function notCast(value: string, to: DataType): CastError {
  const shown = value.length > 100 ? `${value.slice(0, 100)}...` : value
  return new CastError(`the value "${shown}" cannot be cast to ${typeText(to)}`)
}

/** A timestamp that nanoseconds since 1970 in 64 bits cannot tell, where Java's two numbers can. */
export function outOfRange(to: DataType): LakeError {
  return unsupported(`a timestamp lies beyond what a column of ${typeText(to)} holds here`, {
    hint: 'timestamps of precision 7 to 9 reach from 1677 to 2262, of precision 4 to 6 some 290,000 years',
  })
}

/** The 32-bit words of 64-bit values, low before high, so that no bigint is made for them. */
export function wordsOf({ values }: FixedColumn): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

/** The rows of a column that are present, less those that a cast makes null. */
export class Presence {
  readonly #column: Column
  #bits: Uint8Array | null = null

  constructor(column: Column) {
    this.#column = column
  }

  has(row: number): boolean {
    return isPresent(this.#column, row)
  }

  clear(row: number): void {
    if (this.#bits === null) {
      const { validity, length } = this.#column
      const byteCount = (length + 7) >> 3
      this.#bits =
        validity === null ? new Uint8Array(byteCount).fill(0xff) : validity.slice(0, byteCount)
    }
    this.#bits[row >> 3]! &= ~(1 << (row & 7))
  }

  finish(): Uint8Array | null {
    return this.#bits ?? this.#column.validity
  }
}
