import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { variantText } from '../../src/types/variant-json.ts'
import { parseVariant } from '../../src/types/variant-parse.ts'
import { LakeError } from '../../src/util/errors.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

// The bytes and the text that Java makes of each JSON text (GenericVariant.fromJson and toJson of 1.4.2).
test.each([
  ['null', '00', '010000', 'null'],
  ['true', '04', '010000', 'true'],
  ['-129', '107fff', '010000', '-129'],
  ['2147483648', '180000008000000000', '010000', '2147483648'],
  ['9223372036854775808', '280000000000000000800000000000000000', '010000', '9223372036854775808'],
  ['2.50', '2002fa000000', '010000', '2.5'],
  ['-0.001', '2003ffffffff', '010000', '-0.001'],
  ['12345678901.5', '2401171a99be1c000000', '010000', '12345678901.5'],
  ['1e3', '1c0000000000408f40', '010000', '1000.0'],
  ['"é"', '09c3a9', '010000', '"é"'],
  [`"${'x'.repeat(64)}"`, `4040000000${'78'.repeat(64)}`, '010000', `"${'x'.repeat(64)}"`],
  ['[]', '030000', '010000', '[]'],
  ['[1, "a", [true]]', '0303000204090c0105610301000104', '010000', '[1,"a",[true]]'],
  ['{}', '020000', '010000', '{}'],
  [
    '{"b":1,"a":{"b":2.5},"c":[]}',
    '020301000202000d100c010201000006200119000000030000',
    '010300010203626163',
    '{"a":{"b":2.5},"b":1,"c":[]}',
  ],
  [
    '{"z":0,"🚀":1,"a":2}',
    '0203020001040002060c000c010c02',
    '0103000105067af09f9a8061',
    '{"a":2,"z":0,"🚀":1}',
  ],
])('%s has the bytes that Java gives it', (json, value, metadata, text) => {
  const variant = parseVariant(json)
  expect([hex(variant.value), hex(variant.metadata)]).toEqual([value, metadata])
  expect(variantText(variant.value, variant.metadata)).toBe(text)
})

// Values that JSON has no form for; the texts are Java's.
test.each([
  ['2c5705f5ff', '"-0001-12-31"'],
  ['303ae2a50731af0500', '"2020-09-13 12:26:40.12345+00:00"'],
  ['300000a40731af0500', '"2020-09-13 12:26:40+00:00"'],
  ['34ffffffffffffffff', '"1969-12-31 23:59:59.999999"'],
  ['340000000000000000', '"1970-01-01 00:00:00"'],
  ['38cdcccc3d', '0.1'],
  ['38000080ff', '"-Infinity"'],
  ['3c0200000001ff', '"Af8="'],
  ['1c000000000000f87f', '"NaN"'],
  ['500f1e2d3c4b5a69788796a5b4c3d2e1f0', '"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"'],
])('%s prints as %s', (value, text) => {
  expect(variantText(unhex(value), unhex('010000'))).toBe(text)
})

test('JSON comes back, with the keys in order', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), (json) => {
      const { value, metadata } = parseVariant(JSON.stringify(json))
      expect(JSON.parse(variantText(value, metadata))).toEqual(JSON.parse(JSON.stringify(json)))
    }),
    { numRuns: 500 },
  )
})

test('large objects and arrays take wider offsets', () => {
  const object = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`k${i}`, 'v'.repeat(300)]),
  )
  const json = [object, Array.from({ length: 70_000 }, (_, i) => i)]
  const { value, metadata } = parseVariant(JSON.stringify(json))
  expect(JSON.parse(variantText(value, metadata))).toEqual(json)
})

test.each([
  ['', 'a value is missing'],
  ['[1,]', 'a value is missing'],
  ['[1 2]', 'a "," or "]" is missing'],
  ['{"a"}', 'a ":" is missing'],
  ['{a:1}', 'a key in double quotes is missing'],
  ['{"a":1,"a":2}', 'the key "a" stands twice'],
  ['"abc', 'a string is never closed'],
  ['"\n"', 'a string holds what JSON does not allow'],
  ['01', 'something follows the value'],
  ['nulls', 'something follows the value'],
  ['[', 'a value is missing'],
  ['['.repeat(100_000), 'nests more than 500 deep'],
])('%.20s is refused', (text, problem) => {
  expect(() => parseVariant(text)).toThrow(problem)
})

test('bytes that are no variant are CORRUPT, never a crash or an endless text', () => {
  const headers = fc.constantFrom(0x02, 0x03, 0x43, 0x42, 0x0b, 0x40, 0x3c, 0x28, 0x09, 0x50)
  const bytes = fc.array(
    fc.oneof(headers, fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 2)),
    {
      maxLength: 40,
    },
  )
  fc.assert(
    fc.property(bytes, bytes, (value, keys) => {
      expect(outcome(Uint8Array.from(value), Uint8Array.from([1, ...keys]))).toMatch(
        /^text|^CORRUPT$/,
      )
    }),
    { numRuns: 5000 },
  )
})

function outcome(value: Uint8Array, metadata: Uint8Array): string {
  try {
    return `text ${variantText(value, metadata)}`
  } catch (error) {
    return error instanceof LakeError ? error.code : String(error)
  }
}

test('parts that are used twice are refused, or a few bytes could make an endless text', () => {
  // Each array holds the next one twice, at the same place.
  const value = Uint8Array.from([...Array.from({ length: 60 }, () => [3, 2, 0, 0, 1]).flat(), 0])
  expect(outcome(value, Uint8Array.of(1, 0, 0))).toBe('CORRUPT')
})

test('metadata of another version is refused', () => {
  expect(outcome(Uint8Array.of(0), Uint8Array.of(2, 0, 0))).toBe('CORRUPT')
  expect(outcome(Uint8Array.of(0), new Uint8Array(0))).toBe('CORRUPT')
})
