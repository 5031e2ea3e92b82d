/** A leaf's decoded values as the column of a Paimon type. */
import type { Column, FixedValues } from '../../../types/column.ts'
import { timestampUnit } from '../../../types/column.ts'
import type { DataType } from '../../../types/data-type.ts'
import { corrupt } from '../../../util/errors.ts'
import { type LogicalType, PHYSICAL } from '../metadata.ts'
import type { LeafNode } from '../tree.ts'
import { BooleanValues } from './boolean-values.ts'
import type { BytesValues } from './bytes-values.ts'
import { BytesViews } from './bytes-views.ts'
import { CompactBytes } from './compact-bytes.ts'
import { FixedBytesValues } from './fixed-bytes-values.ts'
import { fromConverted } from './infer.ts'
import {
  float16Values,
  int96Timestamps,
  narrowInts,
  rescaleTimestamps,
  signExtend32,
  signExtend64,
  timeToMillis,
  unscaledFixed,
  unscaledBytes,
  widen32,
  widenFloats,
} from './leaf-convert.ts'
import type { LeafValues } from './leaf-values.ts'
import { WordValues } from './word-values.ts'

/** Decodes a leaf's pages, then hands its slots over as a column. */
export interface LeafDecoder {
  readonly values: LeafValues
  finish(slots: number, validity: Uint8Array | null): Column
}

/**
 * A decoder of the leaf to the type. With `views` strings stay in their pages, for a reader that will keep few of them;
 * `path` is the file that they come from.
 */
export function leafDecoder(
  leaf: LeafNode,
  type: DataType,
  views: boolean,
  path: string,
): LeafDecoder {
  const logical = leaf.element.logical ?? fromConverted(leaf)
  switch (leaf.physical) {
    case PHYSICAL.BOOLEAN: {
      if (type.kind !== 'BOOLEAN') throw mismatch(leaf, type)
      const values = new BooleanValues()
      return {
        values,
        finish: (length, validity) => ({
          layout: 'boolean',
          length,
          validity,
          bits: values.finish(),
        }),
      }
    }
    case PHYSICAL.BYTE_ARRAY: {
      const values = views ? new BytesViews(path) : new CompactBytes()
      return { values, finish: bytesFinish(values, leaf, type, logical) }
    }
    case PHYSICAL.FIXED_LEN_BYTE_ARRAY: {
      const values = new FixedBytesValues(leaf.typeLength)
      return { values, finish: fixedBytesFinish(values, leaf, type, logical) }
    }
    default: {
      const values = new WordValues(wordsOf(leaf.physical))
      const convert = wordConversion(leaf, type, logical)
      return {
        values,
        finish: (length, validity) => ({
          layout: 'fixed',
          length,
          validity,
          values: convert(values.finish(length), length, validity),
        }),
      }
    }
  }
}

function wordsOf(physical: number): 1 | 2 | 3 {
  if (physical === PHYSICAL.INT96) return 3
  return physical === PHYSICAL.INT32 || physical === PHYSICAL.FLOAT ? 1 : 2
}

function mismatch(leaf: LeafNode, type: DataType): Error {
  const stored = Object.keys(PHYSICAL)[leaf.physical] ?? leaf.physical
  return corrupt(`column ${leaf.name} is stored as ${stored}, which does not read as ${type.kind}`)
}

type WordConversion = (
  words: Int32Array,
  length: number,
  validity: Uint8Array | null,
) => FixedValues

function wordConversion(
  leaf: LeafNode,
  type: DataType,
  logical: LogicalType | undefined,
): WordConversion {
  checkScale(leaf, type, logical)
  const found =
    leaf.physical === PHYSICAL.INT32
      ? fromInt32(type, logical)
      : leaf.physical === PHYSICAL.INT64
        ? fromInt64(type, logical)
        : fromOther(leaf.physical, type)
  if (found === null) throw mismatch(leaf, type)
  return found
}

function checkScale(leaf: LeafNode, type: DataType, logical: LogicalType | undefined): void {
  if (type.kind !== 'DECIMAL' || logical?.kind !== 'DECIMAL' || logical.scale === type.scale) return
  throw corrupt(
    `column ${leaf.name} is stored with scale ${logical.scale} and declared with ${type.scale}`,
  )
}

function fromInt32(type: DataType, logical: LogicalType | undefined): WordConversion | null {
  const unsigned = logical?.kind === 'INTEGER' && !logical.signed
  switch (type.kind) {
    case 'INT':
    case 'DATE':
    case 'TIME':
      return (words) => words
    case 'TINYINT':
      return (words) => narrowInts(words, new Int8Array(words.length))
    case 'SMALLINT':
      return (words) => narrowInts(words, new Int16Array(words.length))
    case 'BIGINT':
      return (words) => widen32(words, unsigned)
    case 'DECIMAL':
      return signExtend32
    default:
      return null
  }
}

function fromInt64(type: DataType, logical: LogicalType | undefined): WordConversion | null {
  switch (type.kind) {
    case 'BIGINT':
      return longs
    case 'DECIMAL': {
      const unsigned = logical?.kind === 'INTEGER' && !logical.signed
      return (words) => signExtend64(words, unsigned)
    }
    case 'TIME': {
      const nanos = logical?.kind === 'TIME' && logical.unit === 'NANOS'
      return (words, length) => timeToMillis(longs(words), length, nanos ? 1_000_000n : 1000n)
    }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const unit = timestampUnit(type.precision)
      const stored =
        logical?.kind !== 'TIMESTAMP'
          ? unit
          : logical.unit === 'MILLIS'
            ? 3
            : logical.unit === 'MICROS'
              ? 6
              : 9
      return (words, _, validity) => rescaleTimestamps(longs(words), stored, unit, validity)
    }
    default:
      return null
  }
}

function fromOther(physical: number, type: DataType): WordConversion | null {
  if (physical === PHYSICAL.INT96 && (type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ')) {
    const unit = timestampUnit(type.precision)
    return (words, length, validity) => int96Timestamps(words, length, unit, validity)
  }
  if (physical === PHYSICAL.FLOAT && type.kind === 'FLOAT') return floats
  if (physical === PHYSICAL.FLOAT && type.kind === 'DOUBLE')
    return (words) => widenFloats(floats(words))
  if (physical === PHYSICAL.DOUBLE && type.kind === 'DOUBLE')
    return (words) => new Float64Array(words.buffer, 0, words.length / 2)
  return null
}

const longs = (words: Int32Array): BigInt64Array =>
  new BigInt64Array(words.buffer, 0, words.length / 2)
const floats = (words: Int32Array): Float32Array => new Float32Array(words.buffer, 0, words.length)

function isBytes(type: DataType): boolean {
  return (
    type.kind === 'VARCHAR' ||
    type.kind === 'CHAR' ||
    type.kind === 'VARBINARY' ||
    type.kind === 'BINARY' ||
    type.kind === 'BLOB'
  )
}

function bytesFinish(
  values: BytesValues,
  leaf: LeafNode,
  type: DataType,
  logical: LogicalType | undefined,
): LeafDecoder['finish'] {
  if (isBytes(type)) return (length, validity) => values.column(length, validity)
  if (type.kind !== 'DECIMAL') throw mismatch(leaf, type)
  checkScale(leaf, type, logical)
  return (length, validity) => ({
    layout: 'fixed',
    length,
    validity,
    values: unscaledBytes(values.finish(length), length),
  })
}

function fixedBytesFinish(
  values: FixedBytesValues,
  leaf: LeafNode,
  type: DataType,
  logical: LogicalType | undefined,
): LeafDecoder['finish'] {
  const width = leaf.typeLength
  if (isBytes(type))
    return (length, validity) => ({
      layout: 'bytes',
      length,
      validity,
      data: values.finish(),
      ...fixedRanges(length, width, validity),
    })
  const isHalf = type.kind === 'FLOAT' && logical?.kind === 'FLOAT16' && width === 2
  if (type.kind !== 'DECIMAL' && !isHalf) throw mismatch(leaf, type)
  checkScale(leaf, type, logical)
  return (length, validity) => ({
    layout: 'fixed',
    length,
    validity,
    values: isHalf
      ? float16Values(values.finish(), length)
      : unscaledFixed(values.finish(), length, width),
  })
}

/** Where the values of a fixed width lie; a null's start and end are equal. */
function fixedRanges(
  length: number,
  width: number,
  validity: Uint8Array | null,
): { starts: Int32Array; ends: Int32Array } {
  const starts = new Int32Array(length)
  const ends = new Int32Array(length)
  for (let i = 0; i < length; i++) {
    if (validity !== null && !(validity[i >> 3]! & (1 << (i & 7)))) continue
    starts[i] = i * width
    ends[i] = (i + 1) * width
  }
  return { starts, ends }
}
