import { expect, test } from 'vitest'

import { decompressLz4Frame } from '../../src/format/lz4-frame.ts'
import { compressLz4Block } from '../../src/format/lz4.ts'

/** Of pyarrow's codec: two blocks, of which the second copies from the first. */
const LINKED =
  'BCJNGEBAwB8CAABwcm93IDA7IAcAEjEHABIyBwASMwcAEjQHABI1BwASNgcAEjcHABI4BwASOQcAFDFHAANIABMxSQAT' +
  'MUoAEzFLABMxTAATMU0AEzFOABMxTwATMVAAIjIwWAATMlAAEzJQABMyUAATMlAAEzJQABMyUAATMlAAEzJQABMyUAAT' +
  'M1AAIjMxWAATM1AAEzNQABMzUAATM1AAEzNQABMzUAATM1AAEzNQABM0UAATNFAAEzRQABM0UAATNFAAEzRQABM0UAAT' +
  'NFAAEzRQABM0UAATNVAAEzVQABM1UAAiNTOwABM1UAATNVAAEzVQABM1UAATNVAAEzVQAANPAANOAANNAANMABI0BwAD' +
  'SgADSQADSAADRwADRgAP1gH/////////////////////////////////////////////////////////////////////' +
  '////////////////////////////////////////////////////////////////////////////////////////////' +
  '////////////////////////////////////////////////////////////////////////////////////////////' +
  '/////////////////////////////////////////////////////////////////////////////////////8ZQIDI2' +
  'OyAdAAAADzL//////////////////////////19QIDU5OyAAAAAA'

const RAW = Array.from({ length: 9000 }, (_, i) => `row ${i % 60}; `).join('')

const LIMIT = 1 << 24

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))

/** A frame of independent blocks. */
function frame(blocks: readonly { bytes: Uint8Array; isStored?: boolean }[], flags = 0x60): Buffer {
  const parts = [Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40, 0])]
  for (const { bytes: block, isStored } of blocks) {
    const size = Buffer.alloc(4)
    size.writeUInt32LE(block.length + (isStored === true ? 0x80000000 : 0))
    parts.push(size, Buffer.from(block))
    if ((flags & 0x10) !== 0) parts.push(Buffer.alloc(4))
  }
  return Buffer.concat([...parts, Buffer.alloc(4)])
}

test('blocks that copy from the block before are decoded', () => {
  const raw = decompressLz4Frame(bytes(LINKED), LIMIT)
  expect(Buffer.from(raw).equals(Buffer.from(RAW))).toBe(true)
})

test('stored, compressed and checksummed blocks are decoded', () => {
  const text = Buffer.from(RAW.slice(0, 5000))
  const blocks = [{ bytes: compressLz4Block(text) }, { bytes: text, isStored: true }]
  for (const flags of [0x60, 0x70]) {
    const raw = decompressLz4Frame(frame(blocks, flags), LIMIT)
    expect(Buffer.from(raw).equals(Buffer.concat([text, text]))).toBe(true)
  }
  expect(decompressLz4Frame(frame([]), LIMIT)).toHaveLength(0)
})

test('an independent block copies from no other', () => {
  const linked = bytes(LINKED)
  linked[4]! |= 0x20
  expect(() => decompressLz4Frame(linked, LIMIT)).toThrow(/copies from before its start/)
})

test('a frame that is cut anywhere, or too large, is refused', () => {
  const linked = bytes(LINKED)
  for (let length = 0; length < linked.length - 4; length += 13)
    expect(() => decompressLz4Frame(linked.subarray(0, length), LIMIT)).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    )
  for (const limit of [0, 100, RAW.length - 1])
    expect(() => decompressLz4Frame(linked, limit)).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    )
  const stored = frame([{ bytes: new Uint8Array(1000), isStored: true }])
  expect(() => decompressLz4Frame(stored, 10)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
})

test.each([
  ['another magic number', 0, 0x05, 'CORRUPT'],
  ['another version', 4, 0xa0, 'CORRUPT'],
  ['a dictionary', 4, 0x61, 'UNSUPPORTED'],
  ['no size of blocks', 5, 0x00, 'CORRUPT'],
])('a frame of %s is refused', (_, at, value, code) => {
  const changed = frame([])
  changed[at] = value
  expect(() => decompressLz4Frame(changed, LIMIT)).toThrow(expect.objectContaining({ code }))
})
