import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import { durationText } from '../../src/cli/printable.ts'
import { Progress } from '../../src/cli/progress.ts'

/** What is on the line after each call, of a terminal so many columns wide. */
function lines(
  columns: number | undefined,
  calls: readonly [ms: number, ...shown: Shown][],
): string[] {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns })
  let now = 0
  const progress = new Progress(stream, () => now)
  return calls.map(([ms, ...shown]) => {
    now = ms
    progress.show(...shown)
    const text = String((stream.read() as Buffer | null) ?? '')
    return text.replace('\r\u001b[K', '')
  })
}

type Shown = Parameters<Progress['show']>

test('a bar tells how fast it goes and what time is left, once that can be told', () => {
  expect(
    lines(80, [
      [0, 'files', 0, 400],
      [50, 'files', 10, 400],
      [500, 'files', 50, 400],
      [2000, 'files', 100, 400],
      [8000, 'files', 400, 400],
    ]),
  ).toEqual([
    '[........................] 0/400 files',
    '',
    '[###.....................] 50/400 files',
    '[######..................] 100/400 files, 50/s, 6 s left',
    '[########################] 400/400 files, 50/s',
  ])
})

test('without a total the rate is told, and what is counted next has a rate of its own', () => {
  expect(
    lines(undefined, [
      [0, 'rows', 1000],
      [4000, 'rows', 5000],
      [5000, 'splits', 10],
      [7000, 'splits', 13],
    ]),
  ).toEqual(['1000 rows', '5000 rows, 1000/s', '10 splits', '13 splits, 1.5/s'])
})

test('the line never wraps, and shows no control characters', () => {
  const [line = ''] = lines(30, [[0, `rows of ${'x'.repeat(50)}\u001b[31m`, 7]])
  expect(line).toHaveLength(29)
  expect(line).not.toContain('\u001b')
})

test('nothing is said where stderr is no terminal', () => {
  const stream = new PassThrough()
  const progress = new Progress(stream)
  progress.show('rows', 1)
  progress.clear()
  expect(stream.read()).toBeNull()
})

test.each([
  [7001, '8 s'],
  [125_000, '2 min 5 s'],
  [4_800_000, '1 h 20 min'],
])('%i ms is %s', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text)
})
