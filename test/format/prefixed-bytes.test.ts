import { describe, expect, test } from 'vitest'

import { prefixedColumn, PrefixedPage, prefixedPieces } from '../../src/format/prefixed-bytes.ts'
import { prefixedPage } from '../support/prefixed.ts'

const TEXTS = ['', 'a', 'bcd', 'e'.repeat(100), 'fg']

function textsOf(column: ReturnType<typeof prefixedColumn>): string[] {
  return Array.from({ length: column.length }, (_, i) =>
    Buffer.from(column.data.subarray(column.starts[i], column.ends[i])).toString(),
  )
}

describe('a column of pieces', () => {
  test('has the values of its pages, one piece behind the other', () => {
    const first = prefixedPage(TEXTS)
    const second = prefixedPage(['x', 'yz'])
    const column = prefixedColumn([first.piece(1, 3), second.piece(0, 2)], 5)
    expect(textsOf(column)).toEqual([...TEXTS.slice(1, 4), 'x', 'yz'])
  })

  test('may lie before one of the same page that was asked for earlier', () => {
    const page = prefixedPage(TEXTS)
    const [early, late] = [page.piece(0, 2), page.piece(2, 3)]
    expect(textsOf(prefixedColumn([late], 3))).toEqual(TEXTS.slice(2))
    expect(textsOf(prefixedColumn([early], 2))).toEqual(TEXTS.slice(0, 2))
  })

  test('is told by itself, and not by a copy of it', () => {
    const column = prefixedColumn([prefixedPage(TEXTS).piece(0, 2)], 2)
    expect(prefixedPieces(column)).toHaveLength(1)
    expect(prefixedPieces({ ...column, length: 1 })).toBeUndefined()
  })
})

describe('a page that does not hold what it claims', () => {
  const damaged: [string, (bytes: Uint8Array) => Uint8Array][] = [
    ['is cut within a value', (bytes) => bytes.slice(0, -1)],
    ['is cut within a length', (bytes) => bytes.slice(0, -5)],
    ['has a negative length', (bytes) => bytes.with(bytes.length - 3, 0xff)],
    ['has a length past its end', (bytes) => bytes.with(bytes.length - 6, 3)],
  ]
  test.each(damaged)('and %s is CORRUPT and names the file', (_, damage) => {
    const whole = prefixedPage(TEXTS)
    const bytes = damage(whole.bytes)
    const values = { bytes, from: 0, to: bytes.length, count: TEXTS.length, isOwn: false }
    const error = { code: 'CORRUPT', path: 'bucket-0/data' }
    const piece = () => new PrefixedPage(values, 'bucket-0/data').piece(0, TEXTS.length)
    const asked = () => prefixedColumn([piece()], TEXTS.length).data
    expect(asked).toThrow(expect.objectContaining(error))
    const walked = () => piece().page.seek(TEXTS.length)
    expect(walked).toThrow(expect.objectContaining(error))
  })
})

describe('the memory of a page', () => {
  const LONG = Array.from({ length: 4000 }, (_, i) => `value ${i}`)

  test('is given back once its last piece is finished, and not before', () => {
    const page = prefixedPage(LONG, true)
    const pieces = [page.piece(0, 1500), page.piece(1500, 2500)]
    page.finishPiece()
    expect(page.bytes.length).toBeGreaterThan(0)
    expect(textsOf(prefixedColumn(pieces.slice(1), 2500))[0]).toBe('value 1500')
    page.finishPiece()
    expect(page.bytes.length).toBe(0)
  })

  test('is kept while values of it are to come', () => {
    const page = prefixedPage(LONG, true)
    page.piece(0, 100)
    page.finishPiece()
    expect(page.bytes.length).toBeGreaterThan(0)
    page.leave()
    expect(page.bytes.length).toBe(0)
  })

  test('is kept where other bytes lie in its buffer', () => {
    const page = prefixedPage(LONG, false)
    page.piece(0, LONG.length)
    page.finishPiece()
    expect(page.bytes.length).toBeGreaterThan(0)
  })
})
