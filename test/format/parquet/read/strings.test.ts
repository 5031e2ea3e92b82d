import { describe, expect, test } from 'vitest'

import { ENCODING } from '../../../../src/format/parquet/metadata.ts'
import { BytesViews } from '../../../../src/format/parquet/read/bytes-views.ts'
import { CompactBytes } from '../../../../src/format/parquet/read/compact-bytes.ts'

/** A page of PLAIN strings of as many letters as are asked for. */
function pageOf(lengths: readonly number[]): Uint8Array {
  const parts = lengths.map((length) =>
    Buffer.concat([new Uint8Array(Int32Array.of(length).buffer), Buffer.alloc(length, 'x')]),
  )
  return new Uint8Array(Buffer.concat(parts))
}

/** Reads strings of a page in steps of so many, and passes over others. */
function read(
  form: 'copied' | 'pointed to',
  bytes: Uint8Array,
  steps: readonly number[],
): string[] {
  const count = steps.reduce((sum, step) => sum + Math.abs(step), 0)
  const values = form === 'copied' ? new CompactBytes() : new BytesViews('f.parquet')
  const slots = steps.reduce((sum, step) => sum + Math.max(0, step), 0)
  values.start(slots)
  const page = { encoding: ENCODING.PLAIN, bytes, from: 0, to: bytes.length, count, isOwn: false }
  values.setPage(page)
  let at = 0
  for (const step of steps) {
    if (step < 0) values.skip(-step)
    else {
      values.append(at, step)
      at += step
    }
  }
  const { data, starts, ends } = values.finish(slots)
  return Array.from({ length: slots }, (_, i) =>
    Buffer.from(data.subarray(starts[i], ends[i])).toString(),
  )
}

describe.each(['copied', 'pointed to'] as const)('strings that are %s', (form) => {
  const LENGTHS = Array.from({ length: 300 }, (_, i) => i % 40)
  const page = pageOf(LENGTHS)

  test('come as they are in the page', () => {
    const texts = LENGTHS.map((length) => 'x'.repeat(length))
    expect(read(form, page, [300])).toEqual(texts)
    expect(read(form, page, [1, -100, 150, 49])).toEqual([texts[0], ...texts.slice(101)])
  })

  // Bytes that are left over are levels, of a column that has become one without nulls by damage to the footer.
  test.each([[[300]], [[250, 50]], [[299, 1]]])(
    'of a page that is longer are CORRUPT (%j)',
    (steps) => {
      const longer = new Uint8Array(Buffer.concat([page, Uint8Array.of(0)]))
      const error = expect.objectContaining({ code: 'CORRUPT' }) as Error
      expect(() => read(form, longer, steps)).toThrow(error)
      expect(() => read(form, page.subarray(0, -1), steps)).toThrow(error)
    },
  )
})
