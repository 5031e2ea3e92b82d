/** The independent reader of Iceberg metadata, proven on what Java wrote: it is the judge of what this library writes. */
import { expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import {
  canonicalRow,
  expectedRows,
  GOLDEN_WAREHOUSE,
  goldenCases,
} from '../support/golden-expect.ts'
import { goldenRoot, goldenSchema, goldenStore } from '../support/golden-tables.ts'
import { icebergRows } from '../support/iceberg-rows.ts'
import { shownRows } from '../support/iceberg-shown.ts'
import { openIceberg } from '../support/iceberg-tree.ts'
import { untrailed } from '../support/iceberg-values.ts'

const io = new LocalFileIO()
/** Java wrote the tables at another place. */
const placeOf = (path: string): string => path.replace('/golden/warehouse', GOLDEN_WAREHOUSE)

test.each(['iceberg_v2', 'iceberg_v3_dv'])(
  'the metadata that Java wrote of %s shows what is above level 0',
  async (name) => {
    const tree = (await openIceberg(io, `${goldenRoot(name)}/metadata`, placeOf))!
    const golden = goldenCases.find((each) => each.name === name)!
    const now = expectedRows(golden, GOLDEN_WAREHOUSE).map((row) =>
      canonicalRow(untrailed(JSON.parse(row))),
    )
    expect(await icebergRows(tree)).toEqual(now.toSorted())

    const table = { store: goldenStore(name), schema: await goldenSchema(name) }
    // Java shows the first snapshot by other rules: files of level 0 too, where nothing overlaps.
    for (const { 'snapshot-id': id } of tree.metadata.snapshots.slice(1))
      expect(await icebergRows(tree, id)).toEqual(
        await shownRows(table, { 'scan.snapshot-id': String(id) }),
      )
    expect(tree.metadata.snapshots.length).toBeGreaterThan(5)
  },
)
