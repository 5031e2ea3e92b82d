import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { decodeBlobDescriptor, encodeBlobDescriptor } from '../../src/types/blob-descriptor.ts'

// Java's BlobDescriptor.serialize of the same values.
const JAVA =
  '0243534544424f4c420c000000' +
  '2f6461746121612e626c6f62' +
  '0400000000000000' +
  '0600000000000000'
const DESCRIPTOR = { uri: '/data!a.blob', offset: 4, lengthBytes: 6 }

test('a descriptor has the bytes that Java gives it', () => {
  expect(Buffer.from(encodeBlobDescriptor(DESCRIPTOR)).toString('hex')).toBe(JAVA)
  expect(decodeBlobDescriptor(Buffer.from(JAVA, 'hex'))).toEqual(DESCRIPTOR)
})

test('descriptors come back', () => {
  const descriptors = fc.record({
    uri: fc.string({ unit: 'grapheme' }),
    offset: fc.maxSafeNat(),
    lengthBytes: fc.maxSafeInteger().map((length) => Math.max(-1, length)),
  })
  fc.assert(
    fc.property(descriptors, (descriptor) => {
      expect(decodeBlobDescriptor(encodeBlobDescriptor(descriptor))).toEqual(descriptor)
    }),
  )
})

test('the first version had no magic', () => {
  const bytes = Buffer.from(`01${JAVA.slice(18)}`, 'hex')
  expect(decodeBlobDescriptor(bytes)).toEqual(DESCRIPTOR)
})

test.each([
  ['no bytes', ''],
  ['a value that is none', '00'.repeat(40)],
  ['another magic', JAVA.replace('43534544', '43534545')],
  ['a URI that is too long', JAVA.replace('0c000000', '0d000000')],
  ['a URI of negative length', JAVA.replace('0c000000', 'ffffffff')],
  ['bytes behind it', `${JAVA}00`],
  ['a negative offset', JAVA.replace('0400000000000000', 'ffffffffffffffff')],
  ['a length below -1', JAVA.replace('0600000000000000', 'feffffffffffffff')],
])('%s: CORRUPT', (_, hex) => {
  expect(() => decodeBlobDescriptor(Buffer.from(hex, 'hex'))).toThrow(
    expect.objectContaining({ code: 'CORRUPT' }),
  )
})

test('a later version is UNSUPPORTED', () => {
  expect(() => decodeBlobDescriptor(Buffer.from(`03${JAVA.slice(2)}`, 'hex'))).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
})
