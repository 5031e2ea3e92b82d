import { expect, test } from 'vitest'

import type { InspectedSnapshot } from '../../../src/table/inspect/inspection.ts'
import { type NoticeInput, noticesOf } from '../../../src/table/inspect/notices.ts'

const HOUR_MS = 3_600_000

/** A healthy table of so many snapshots, one an hour. */
function tableOf(snapshotCount: number): NoticeInput {
  const snapshots = Array.from({ length: snapshotCount }, (_, i): InspectedSnapshot => ({
    id: i + 1,
    kind: 'APPEND',
    timeMillis: i * HOUR_MS,
    schemaId: 0,
    user: 'u',
    totalRows: 10_000,
    deltaRows: 1,
    changelogRows: 0,
    change: null,
    state: null,
  }))
  const sums = { files: 4, rows: 10_000, bytes: 1 << 30, deleteRows: 0, vectorRows: 0 }
  const none = { files: 0, rows: 0, bytes: 0, deleteRows: 0, vectorRows: 0, count: 0 }
  const counts = { tags: 0, branches: 0, consumers: 0, schemas: 0, buckets: 0, files: 0 }
  return {
    seen: {
      table: 'db.t',
      totals: {
        ...sums,
        partitions: 1,
        buckets: 1,
        runsMax: 1,
        snapshots: snapshotCount,
        tags: 0,
      },
      snapshots,
      consumers: [],
      primaryKeys: ['id'],
      leftOut: { ...counts, snapshots: 0, partitions: none },
    },
    buckets: [],
    options: {},
    earliestId: 1,
  }
}

const healthy = tableOf(12)

test('of a table in order there is nothing to tell', () => {
  expect(noticesOf(healthy)).toEqual([])
})

test.each<[what: string, input: NoticeInput, text: RegExp, command: string]>([
  [
    'snapshots past their time',
    tableOf(40),
    /^40 snapshots are kept; /,
    'millrace expire db.t --dry-run',
  ],
  [
    'a consumer far behind',
    {
      ...tableOf(200),
      options: { 'snapshot.num-retained.min': '200' },
      seen: { ...tableOf(200).seen, consumers: [{ name: 'audit', nextSnapshotId: 51 }] },
    },
    /^The consumer audit is 150 snapshots behind/,
    'millrace consumers db.t',
  ],
  [
    'many deletes',
    {
      ...healthy,
      seen: {
        ...healthy.seen,
        table: "db.it's",
        totals: { ...healthy.seen.totals, deleteRows: 2_000, vectorRows: 1_000 },
      },
    },
    /^30 % of the rows/,
    String.raw`millrace compact 'db.it'\''s' --full`,
  ],
  [
    'small files of a table without key',
    {
      ...healthy,
      seen: {
        ...healthy.seen,
        primaryKeys: [],
        totals: { ...healthy.seen.totals, files: 5_000 },
      },
    },
    /^The files are many and small/,
    'millrace compact db.t --full',
  ],
])('%s are told with the command that helps', (_, input, text, command) => {
  expect(noticesOf(input)).toEqual([
    { severity: 'note', text: expect.stringMatching(text), command },
  ])
})
