import { readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { kernelModule, TARGET } from '../../../scripts/build-kernels.ts'
import {
  arenaOf,
  giveArena,
  OUT_AT,
  OUT_BYTES,
  RESULT_AT,
  ROWS_AT,
  takeArena,
} from '../../../src/format/kernels/arena.ts'
import { dealBytes } from '../../../src/format/kernels/deal-bytes.ts'
import type { BytesColumn } from '../../../src/types/column.ts'

/** Values around the sixteen bytes of a step and the 64 of a long copy, with prefixes that often agree. */
const values = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 70 }),
    fc
      .constantFrom(0, 1, 3, 4, 15, 16, 17, 32, 33, 63, 64, 65, 300)
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length, max: 2 })),
  ),
  { minLength: 1, maxLength: 60 },
)

function columnOf(parts: readonly Uint8Array[], lead = 0): BytesColumn {
  const offsets = new Int32Array(parts.length + 1)
  offsets[0] = lead
  for (const [i, part] of parts.entries()) offsets[i + 1] = offsets[i]! + part.length
  const data = new Uint8Array(offsets.at(-1)! + 3)
  for (const [i, part] of parts.entries()) data.set(part, offsets[i])
  const { length } = parts
  return {
    layout: 'bytes',
    length,
    validity: null,
    data,
    starts: offsets.subarray(0, length),
    ends: offsets.subarray(1),
  }
}

const valueOf = ({ data, starts, ends }: BytesColumn, row: number): number[] =>
  Array.from(data.subarray(starts[row], ends[row]))

function plain(parts: readonly Uint8Array[]): number[] {
  return parts.flatMap((part) => [...new Uint8Array(Int32Array.of(part.length).buffer), ...part])
}

const strip = (text: string): string => text.replaceAll(/\s/g, '')

test('the translation is current', async () => {
  expect(strip(readFileSync(TARGET, 'utf8'))).toBe(strip(await kernelModule()))
})

describe('values', () => {
  test('are dealt out to blocks in the order of their columns', () => {
    fc.assert(
      fc.property(values, values, fc.nat(5), fc.integer(), (first, second, lead, seed) => {
        const all = [...first, ...second]
        const blockOf = Uint16Array.from(all, (_, i) => {
          const block = Math.abs(seed * 31 + i * 7) % 4
          return block === 3 ? 0xffff : block
        })
        const blockLengths = Int32Array.from([0, 1, 2], (block) =>
          blockOf.reduce((count, of) => count + (of === block ? 1 : 0), 0),
        )
        const arena = takeArena()
        const columns = [columnOf(first, lead), columnOf([], 0), columnOf(second, 0)]
        const dealt = dealBytes(arena, columns, { blockOf, blockLengths })!
        for (const [block, column] of dealt.entries()) {
          const rows = Array.from({ length: column.length }, (_, row) => valueOf(column, row))
          const expected = all.filter((_, i) => blockOf[i] === block)
          expect(rows).toEqual(expected.map((value) => Array.from(value)))
          expect(arenaOf(column.data.buffer)).toBe(arena)
        }
        giveArena(arena)
      }),
    )
  })

  test('that do not lie one behind the other are left where they are', () => {
    const column = columnOf([Uint8Array.of(1), Uint8Array.of(2)])
    const apart = { ...column, ends: column.ends.slice() }
    const deal = { blockOf: new Uint16Array(2), blockLengths: Int32Array.of(2) }
    expect(dealBytes(takeArena(), [apart], deal)).toBeNull()
  })

  test('are gathered as PLAIN while they fit, with the least and the greatest of them', () => {
    fc.assert(
      fc.property(values, fc.nat(2000), fc.integer({ min: 1 }), (parts, room, seed) => {
        const arena = takeArena()
        const { length } = parts
        const deal = { blockOf: new Uint16Array(length), blockLengths: Int32Array.of(length) }
        const [column] = dealBytes(arena, [columnOf(parts)], deal)!
        const rows = Int32Array.from(parts, (_, i) => (i * seed) % length)
        arena.ints(ROWS_AT, length).set(rows)
        const { data, starts, ends } = column!
        const taken = arena.kernels.gatherPlain(
          data.byteOffset,
          starts.byteOffset,
          ends.byteOffset,
          ROWS_AT,
          length,
          OUT_AT,
          Math.min(room, OUT_BYTES),
          RESULT_AT,
        )
        const chosen = Array.from(rows, (row) => parts[row]!)
        const fitting = chosen.findIndex((_, i) => plain(chosen.slice(0, i + 1)).length > room)
        expect(taken).toBe(fitting < 0 ? length : fitting)
        const [written, minStart, minEnd, maxStart, maxEnd] = arena.ints(RESULT_AT, 5)
        expect(Array.from(arena.bytes(OUT_AT, written!))).toEqual(plain(chosen.slice(0, taken)))
        const sorted = chosen.slice(0, taken).toSorted((a, b) => Buffer.compare(a, b))
        const bounds = [data.subarray(minStart, minEnd), data.subarray(maxStart, maxEnd)]
        expect(taken === 0 ? [] : bounds.map((bytes) => Array.from(bytes))).toEqual(
          taken === 0 ? [] : [Array.from(sorted[0]!), Array.from(sorted.at(-1)!)],
        )
        giveArena(arena)
      }),
    )
  })
})

describe('a page', () => {
  test('is decoded, and refused where a value runs past its end', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(1000), (parts, cut, base) => {
        const whole = Uint8Array.from(plain(parts))
        const size = whole.length - (cut % 3 === 0 ? 1 + (cut % whole.length) : 0)
        const { length } = parts
        const arena = takeArena()
        arena.reset(2 * whole.length + 4 * length, 3)
        const page = arena.allocate(size)
        const out = arena.allocate(whole.length)
        const ends = arena.allocate(4 * length)
        arena.bytes(page, size).set(whole.subarray(0, size))
        const { kernels } = arena
        const isWhole = size === whole.length
        const expected = isWhole ? size : -1
        const counted = (at: number): number[] =>
          Array.from(arena.ints(at, length), (position) => position - base)
        const lengths = parts.map((part) => part.length)
        const behind = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))

        expect(kernels.decodePlain(page, size, length, out, ends, base)).toBe(expected)
        const decoded = [counted(ends), Array.from(arena.bytes(out, behind.at(-1)!))]
        expect(isWhole ? decoded : null).toEqual(
          isWhole ? [behind, parts.flatMap((part) => Array.from(part))] : null,
        )
        giveArena(arena)
      }),
    )
  })

  test('gives those of its values that are picked, in any order', () => {
    const picked = fc.array(fc.tuple(fc.uint8Array({ maxLength: 90 }), fc.boolean()), {
      minLength: 1,
    })
    fc.assert(
      fc.property(picked, fc.nat(), fc.integer({ min: -1, max: 20 }), (pairs, cut, usual) => {
        const whole = Uint8Array.from(plain(pairs.map(([part]) => part)))
        const size = whole.length - (cut % 3 === 0 ? 1 + (cut % whole.length) : 0)
        const wanted = pairs.flatMap(([part, is]) => (is ? [part] : []))
        // The last first, and so on.
        const slots = Uint16Array.from(wanted, (_, i) => wanted.length - 1 - i)
        const arena = takeArena()
        arena.reset(2 * whole.length + 11 * (pairs.length + 1), 6)
        const page = arena.allocate(size)
        const flags = arena.allocate(pairs.length)
        const places = arena.allocate(4 * (pairs.length + 1))
        const slotsAt = arena.allocate(2 * slots.length)
        const out = arena.allocate(whole.length)
        const ends = arena.allocate(4 * wanted.length)
        arena.bytes(page, size).set(whole.subarray(0, size))
        arena.bytes(flags, pairs.length).set(pairs.map(([, is]) => Number(is)))
        arena.bytes(slotsAt, slots.byteLength).set(new Uint8Array(slots.buffer))
        const read = arena.kernels.pickPlain(
          page,
          size,
          pairs.length,
          flags,
          places,
          usual,
          RESULT_AT,
        )
        const isWhole = size === whole.length
        expect(read).toBe(isWhole ? size : -1)
        const noted = (arena.ints(RESULT_AT, 1)[0]! - places) / 4
        const count = isWhole ? noted : 0
        expect(count).toBe(isWhole ? wanted.length : 0)
        const written = arena.kernels.gatherPicked(places, slotsAt, count, out, ends, 7)
        const texts = isWhole ? wanted.toReversed().map((part) => Array.from(part)) : []
        expect(Array.from(arena.bytes(out, written))).toEqual(texts.flat())
        const behind = texts.map((_, at) => 7 + texts.slice(0, at + 1).flat().length)
        expect(Array.from(arena.ints(ends, count))).toEqual(behind)
        giveArena(arena)
      }),
    )
  })

  test('whose length is negative is refused', () => {
    const arena = takeArena()
    arena.reset(100, 2)
    const page = arena.allocate(8)
    arena.ints(page, 2).set([-1, 0])
    expect(arena.kernels.decodePlain(page, 8, 1, OUT_AT, ROWS_AT, 0)).toBe(-1)
    expect(arena.kernels.pickPlain(page, 8, 1, ROWS_AT, OUT_AT, 4, RESULT_AT)).toBe(-1)
    expect(arena.kernels.pickPlain(page, 8, 1, ROWS_AT, OUT_AT, -1, RESULT_AT)).toBe(-1)
    giveArena(arena)
  })
})
