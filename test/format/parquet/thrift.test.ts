import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { THRIFT, ThriftReader, ThriftWriter } from '../../../src/format/parquet/thrift.ts'
import { LakeError } from '../../../src/util/errors.ts'

/** The error of reading the bytes as a struct whose fields are all skipped. */
function skipError(bytes: Uint8Array | readonly number[]): unknown {
  const reader = new ThriftReader(Uint8Array.from(bytes))
  try {
    reader.struct((_, type) => reader.skip(type))
  } catch (error) {
    return error
  }
  return undefined
}

const corrupt = (words: RegExp): unknown =>
  expect.objectContaining({ code: 'CORRUPT', message: expect.stringMatching(words) })

function outcome(body: () => unknown): unknown {
  try {
    return body()
  } catch (error) {
    return (error as Error).message
  }
}

type Field =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'i8' | 'i16' | 'i32' | 'i64'; readonly value: number }
  | { readonly kind: 'binary'; readonly value: Uint8Array }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'i32s' | 'i64s'; readonly value: readonly number[] }
  | { readonly kind: 'bools'; readonly value: readonly boolean[] }
  | { readonly kind: 'texts'; readonly value: readonly string[] }
  | { readonly kind: 'struct' | 'structs'; readonly value: readonly Entry[] }

interface Entry {
  readonly id: number
  readonly field: Field
}

const int = (bits: number): fc.Arbitrary<number> =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
const offset = fc.maxSafeInteger()
const text = fc.string({ unit: 'grapheme', maxLength: 40 })

const { fields } = fc.letrec<{ fields: Entry[]; field: Field }>((tie) => ({
  fields: fc
    .uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 60 }), field: tie('field') }), {
      selector: (entry) => entry.id,
      maxLength: 6,
    })
    .map((entries) => entries.toSorted((a, b) => a.id - b.id)),
  field: fc.oneof(
    { maxDepth: 3 },
    fc.record({ kind: fc.constant('bool' as const), value: fc.boolean() }),
    fc.record({ kind: fc.constant('i8' as const), value: int(8) }),
    fc.record({ kind: fc.constant('i16' as const), value: int(16) }),
    fc.record({ kind: fc.constant('i32' as const), value: int(32) }),
    fc.record({ kind: fc.constant('i64' as const), value: offset }),
    fc.record({ kind: fc.constant('binary' as const), value: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ kind: fc.constant('text' as const), value: text }),
    fc.record({
      kind: fc.constant('i32s' as const),
      value: fc.array(int(32), { maxLength: 40 }),
    }),
    fc.record({ kind: fc.constant('i64s' as const), value: fc.array(offset, { maxLength: 40 }) }),
    fc.record({ kind: fc.constant('bools' as const), value: fc.array(fc.boolean()) }),
    fc.record({ kind: fc.constant('texts' as const), value: fc.array(text) }),
    fc.record({
      kind: fc.constantFrom('struct' as const, 'structs' as const),
      value: tie('fields'),
    }),
  ),
}))

type Writer = Parameters<Parameters<ThriftWriter['struct']>[0]>[0]

function writeFields(entries: readonly Entry[], out: Writer): void {
  for (const { id, field } of entries) {
    switch (field.kind) {
      case 'bool':
        out.bool(id, field.value)
        break
      case 'i8':
      case 'i16':
      case 'i32':
      case 'i64':
        out[field.kind](id, field.value)
        break
      case 'binary':
        out.binary(id, field.value)
        break
      case 'text':
        out.text(id, field.value)
        break
      case 'i32s':
      case 'i64s':
        out[field.kind](id, field.value)
        break
      case 'bools':
        out.bools(id, field.value)
        break
      case 'texts':
        out.texts(id, field.value)
        break
      case 'struct':
        out.struct(id, (inner) => writeFields(field.value, inner))
        break
      default:
        // Each entry is a struct of one field.
        out.structs(id, field.value, (entry, inner) => writeFields([entry], inner))
    }
  }
}

function readFields(reader: ThriftReader, like: readonly Entry[]): unknown[] {
  const found: unknown[] = []
  const byId = new Map(like.map((entry) => [entry.id, entry.field]))
  reader.struct((id, type) => found.push([id, readField(reader, type, byId.get(id)!)]))
  return found
}

function readField(reader: ThriftReader, type: number, field: Field): unknown {
  switch (field.kind) {
    case 'bool':
      return reader.bool(type)
    case 'i8':
    case 'i16':
    case 'i32':
      return reader.int(type)
    case 'i64':
      return Number(reader.long(type))
    case 'binary':
      return reader.binary(type)
    case 'text':
      return reader.text(type)
    case 'i32s':
      return reader.list(type, (element) => reader.int(element))
    case 'i64s':
      return reader.list(type, (element) => Number(reader.long(element)))
    case 'bools':
      return reader.bools(type)
    case 'texts':
      return reader.list(type, (element) => reader.text(element))
    case 'struct':
      return readFields(reader, field.value)
    default: {
      let next = 0
      return reader.list(type, () => readFields(reader, [field.value[next++]!]))
    }
  }
}

function plain(entries: readonly Entry[]): unknown[] {
  return entries.map(({ id, field }) => {
    if (field.kind === 'struct') return [id, plain(field.value)]
    if (field.kind === 'structs') return [id, field.value.map((entry) => plain([entry]))]
    return [id, field.value]
  })
}

describe('a struct', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(fields, (entries) => {
        const out = new ThriftWriter()
        out.struct((w) => writeFields(entries, w))
        const bytes = out.finish()
        const reader = new ThriftReader(bytes)
        expect(readFields(reader, entries)).toEqual(plain(entries))
        expect(reader.position).toBe(bytes.length)
      }),
      { numRuns: 500 },
    )
  })

  test('is skipped to its end, whatever it holds', () => {
    fc.assert(
      fc.property(fields, (entries) => {
        const out = new ThriftWriter()
        out.struct((w) => w.struct(1, (inner) => writeFields(entries, inner)))
        const bytes = out.finish()
        const reader = new ThriftReader(bytes)
        reader.struct((_, type) => reader.skip(type))
        expect(reader.position).toBe(bytes.length)
      }),
      { numRuns: 500 },
    )
  })

  test('cut anywhere is CORRUPT', () => {
    fc.assert(
      fc.property(fields, fc.nat(), (entries, cut) => {
        const out = new ThriftWriter()
        out.struct((w) => writeFields(entries, w))
        const bytes = out.finish()
        expect(skipError(bytes.subarray(0, cut % bytes.length))).toEqual(corrupt(/./))
      }),
    )
  })

  test('of random bytes is read or CORRUPT, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const error = skipError(bytes)
        const isFine =
          error === undefined || (error instanceof LakeError && error.code === 'CORRUPT')
        expect(isFine).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

test('a map is skipped, keys, values and all', () => {
  // Field 1 is a map of two entries, from I32 to BINARY; field 2 is true.
  const bytes = [0x1b, 2, 0x58, 2, 1, 0x61, 4, 2, 0x62, 0x63, 0x11, 0]
  const reader = new ThriftReader(Uint8Array.from(bytes))
  const seen: unknown[] = []
  reader.struct((id, type) => {
    if (id === 2) seen.push(reader.bool(type))
    else reader.skip(type)
  })
  expect(seen).toEqual([true])
  expect(skipError([0x1b, 0, 0])).toBeUndefined()
})

describe('integers', () => {
  test.each([
    [0n],
    [1n],
    [-1n],
    [2n ** 53n - 1n],
    [-(2n ** 53n) + 1n],
    [2n ** 63n - 1n],
    [-(2n ** 63n)],
    [2n ** 56n + 3n],
  ])('of 64 bits keep every bit: %s', (value) => {
    const out = new ThriftWriter()
    out.zigzagLong(value)
    const reader = new ThriftReader(out.finish())
    expect(reader.long(THRIFT.I64)).toBe(value)
  })

  test('that count something are refused below zero and from 2^53 on', () => {
    for (const [value, fits] of [
      [0n, true],
      [2n ** 53n - 1n, true],
      [2n ** 53n, false],
      [-1n, false],
    ] as const) {
      const out = new ThriftWriter()
      out.zigzagLong(value)
      const read = (): number => new ThriftReader(out.finish()).count(THRIFT.I64)
      expect(outcome(read)).toBe(fits ? Number(value) : `a count or an offset is ${value}`)
    }
  })
})

test('a byte-order mark at the start of a name stays', () => {
  const out = new ThriftWriter()
  out.raw(new TextEncoder().encode('\ufeffname'))
  expect(new ThriftReader(out.finish()).text(THRIFT.BINARY)).toBe('\ufeffname')
})

describe('hostile bytes', () => {
  const five = [0xff, 0xff, 0xff, 0xff, 0x0f]

  test.each([
    ['a byte string longer than what is left', [0x18, ...five, 1, 2], /runs past the end/],
    ['a list of more elements than bytes', [0x19, 0xf8, ...five, 1, 2], /a list claims/],
    ['a short list of more elements than bytes', [0x19, 0xe5, 0, 0], /a list claims/],
    ['a map of more entries than bytes', [0x1b, ...five, 0x55, 1], /a map claims/],
    [
      'a varint of eleven bytes',
      [0x16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
      /too long/,
    ],
    ['a length of more than 32 bits', [0x18, 255, 255, 255, 255, 0x7f], /too long/],
    ['a type that does not exist', [0x1f, 0], /thrift type 15 is unknown/],
    ['an element type that does not exist', [0x19, 0x1e, 0], /thrift type 14 is unknown/],
    ['nothing at all', [], /ends early/],
    ['a double cut short', [0x17, 0, 0, 0], /ends early/],
    ['structs in structs', Array.from({ length: 10_000 }, () => 0x1c), /nested too deeply/],
    ['lists in lists', [0x19, ...Array.from({ length: 10_000 }, () => 0x19)], /nested too deeply/],
    ['sets in sets', [0x1a, ...Array.from({ length: 10_000 }, () => 0x1a)], /nested too deeply/],
    [
      'lists of structs of lists',
      Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? 0x19 : 0x1c)),
      /nested too deeply/,
    ],
    [
      'maps of maps',
      [0x1b, ...Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? 1 : 0xbb))],
      /nested too deeply/,
    ],
  ])('%s is CORRUPT', (_, bytes, words) => {
    expect(skipError(bytes)).toEqual(corrupt(words))
  })

  test.each([
    ['a boolean', (reader: ThriftReader) => reader.bool(THRIFT.I32)],
    ['an integer', (reader: ThriftReader) => reader.int(THRIFT.BINARY)],
    ['a 64-bit integer', (reader: ThriftReader) => reader.long(THRIFT.I32)],
    ['a byte string', (reader: ThriftReader) => reader.binary(THRIFT.LIST)],
    ['a list', (reader: ThriftReader) => reader.list(THRIFT.STRUCT, () => 0)],
  ])('another type where %s belongs is CORRUPT', (what, read) => {
    expect(() => read(new ThriftReader(new Uint8Array(20)))).toThrow(`where ${what} belongs`)
  })
})
