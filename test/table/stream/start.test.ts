/** Where streams start: from what the caller says, or the options. */
import { describe, expect, test } from 'vitest'

import {
  type ChangesFrom,
  namesStart,
  startFrom,
  startOfOptions,
} from '../../../src/table/stream/start.ts'

const AT = 1_700_000_000_000

describe('the start that a caller names', () => {
  test.each([
    ['earliest', { mode: 'from-snapshot', snapshotId: 1 }],
    ['latest', { mode: 'latest' }],
    ['latest-full', { mode: 'latest-full' }],
    ['compacted-full', { mode: 'compacted-full' }],
    [7, { mode: 'from-snapshot', snapshotId: 7 }],
    [{ snapshot: 7 }, { mode: 'from-snapshot', snapshotId: 7 }],
    [
      { snapshot: 7, full: true },
      { mode: 'from-snapshot-full', snapshotId: 7 },
    ],
    [{ timestamp: new Date(AT) }, { mode: 'from-timestamp', timeMillis: AT }],
    [{ fileCreationTime: AT }, { mode: 'from-file-creation-time', timeMillis: AT }],
    [{ creationTime: AT }, { mode: 'from-creation-timestamp', timeMillis: AT }],
  ] as const)('%j', (from, start) => {
    expect(startFrom(from)).toEqual(start)
  })

  test.each([0, -1, 1.5, Number.NaN, 'first', null, {}, { timestamp: new Date('x') }])(
    '%j is none',
    (from) => {
      expect(() => startFrom(from as ChangesFrom)).toThrow(
        expect.objectContaining({ code: 'INVALID' }) as Error,
      )
    },
  )
})

describe('the start that options name', () => {
  test.each([
    [{}, { mode: 'latest-full' }],
    [{ 'scan.mode': 'full' }, { mode: 'latest-full' }],
    [{ 'scan.mode': 'latest' }, { mode: 'latest' }],
    [{ 'scan.mode': 'compacted-full' }, { mode: 'compacted-full' }],
    [{ 'scan.snapshot-id': '7' }, { mode: 'from-snapshot', snapshotId: 7 }],
    [{ 'scan.version': '7' }, { mode: 'from-snapshot', snapshotId: 7 }],
    [
      { 'scan.mode': 'from-snapshot-full', 'scan.snapshot-id': '7' },
      { mode: 'from-snapshot-full', snapshotId: 7 },
    ],
    [{ 'scan.timestamp-millis': String(AT) }, { mode: 'from-timestamp', timeMillis: AT }],
    [{ 'scan.timestamp': '2023-11-14T22:13:20Z' }, { mode: 'from-timestamp', timeMillis: AT }],
    [
      { 'scan.file-creation-time-millis': String(AT) },
      { mode: 'from-file-creation-time', timeMillis: AT },
    ],
    [
      { 'scan.creation-time-millis': String(AT) },
      { mode: 'from-creation-timestamp', timeMillis: AT },
    ],
  ] as const)('%j', (options, start) => {
    expect(startOfOptions(options)).toEqual(start)
    const isNamed = Object.keys(options).length > 0
    expect(namesStart(options)).toBe(isNamed)
  })

  test.each([
    [{ 'scan.tag-name': 'v1' }, 'UNSUPPORTED'],
    [{ 'scan.watermark': '3' }, 'UNSUPPORTED'],
    [{ 'scan.version': 'v1' }, 'UNSUPPORTED'],
    [{ 'incremental-between': '1,2' }, 'UNSUPPORTED'],
    [{ 'scan.mode': 'from-timestamp' }, 'INVALID'],
    [{ 'scan.mode': 'latest', 'scan.snapshot-id': '1' }, 'INVALID'],
    [{ 'scan.snapshot-id': '1', 'scan.timestamp-millis': '1' }, 'INVALID'],
  ] as const)('%j is %s', (options, code) => {
    expect(() => startOfOptions(options)).toThrow(expect.objectContaining({ code }) as Error)
  })
})
