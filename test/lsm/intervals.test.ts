import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type KeyInterval, partitionIntervals } from '../../src/lsm/intervals.ts'

type Bounds = readonly [min: number, max: number]

function intervals(bounds: readonly Bounds[]): KeyInterval<Bounds>[] {
  return bounds.map((file) => ({ file, minKey: [file[0]], maxKey: [file[1]] }))
}

const parse = (text: string): Bounds[] =>
  text.split(' ').map((part) => part.split('-').map(Number) as unknown as Bounds)

/** Sections apart by a semicolon, runs by a bar. */
const print = (sections: readonly (readonly (readonly Bounds[])[])[]): string =>
  sections
    .map((runs) => runs.map((run) => run.map((file) => file.join('-')).join(' ')).join(' | '))
    .join('; ')

describe('files are parted into sections, and sections into runs', () => {
  test.each([
    ['one is one', '1-5', '1-5'],
    ['disjoint ones are a section each, whatever their order', '7-9 1-2 4-4', '1-2; 4-4; 7-9'],
    ['such that share one key are in one section', '1-3 3-5 6-6', '1-3 | 3-5; 6-6'],
    [
      'a file goes to the run that ends first, which need not have begun first',
      '8-12 1-7 6-9 2-5',
      '1-7 8-12 | 2-5 6-9',
    ],
    ['a file may follow several runs', '1-9 2-3 5-6 8-12', '1-9 | 2-3 5-6 8-12'],
    [
      'a wide file holds small ones together',
      '1-100 10-20 30-40 50-60 101-110',
      '1-100 | 10-20 30-40 50-60; 101-110',
    ],
    ['of equal files each is a run of its own', '2-4 2-4 2-4', '2-4 | 2-4 | 2-4'],
  ])('%s', (_, files, sections) => {
    expect(print(partitionIntervals(intervals(parse(files))))).toBe(sections)
  })

  test('none are no section', () => {
    expect(partitionIntervals([])).toEqual([])
  })

  test('keys of several columns are compared column by column', () => {
    const [a, b] = [Uint8Array.of(1), Uint8Array.of(1, 0)]
    const sections = partitionIntervals([
      { file: 'third', minKey: [b, -5n], maxKey: [b, 2n] },
      { file: 'second', minKey: [a, 7n], maxKey: [a, 9n] },
      { file: 'first', minKey: [a, -2n], maxKey: [a, 7n] },
    ])
    expect(sections).toEqual([[['first'], ['second']], [['third']]])
  })
})

const bounds = fc.tuple(fc.nat(60), fc.nat(12)).map(([min, length]): Bounds => [min, min + length])

test('sections share no key, runs are sorted and disjoint, and there are no more of them than must be', () => {
  fc.assert(
    fc.property(fc.array(bounds, { maxLength: 40 }), (files) => {
      const sections = partitionIntervals(intervals(files))
      expect(sections.flat(2).map(String).toSorted()).toEqual(files.map(String).toSorted())
      let reach = -1
      for (const section of sections) {
        const all = section.flat()
        expect(Math.min(...all.map(([min]) => min))).toBeGreaterThan(reach)
        reach = Math.max(...all.map(([, max]) => max))
        for (const run of section)
          for (const [i, [min]] of run.entries()) expect(min).toBeGreaterThan(run[i - 1]?.[1] ?? -1)
        expect(section.length).toBe(deepest(all))
        expect(hasGap(all)).toBe(false)
      }
    }),
    { numRuns: 300 },
  )
})

/** The most files that hold one and the same key. */
function deepest(files: readonly Bounds[]): number {
  const depth = (key: number): number =>
    files.filter(([min, max]) => min <= key && key <= max).length
  return Math.max(...files.map(([min]) => depth(min)))
}

/** Whether the files could be parted once more. */
function hasGap(files: readonly Bounds[]): boolean {
  return files.some(
    ([, max]) =>
      files.some(([min]) => min > max) && files.every((other) => other[0] > max || other[1] <= max),
  )
}
