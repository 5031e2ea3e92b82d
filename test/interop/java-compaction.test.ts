/** What compactions do beyond merging, as Java does it: which values count as changed, and which rows as too old. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { canonicalRow, readRows } from '../support/golden-expect.ts'
import { keyedSchema } from '../support/memory-runs.ts'
import { type EvolvedRead, writeEvolvedTables } from './support/evolved-tables.ts'
import { findJava, JavaPaimon } from './support/java.ts'
import { parseJson, weWrite } from './support/our-writes.ts'
import { jsonSchema } from './support/shared-table.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const seed = Number(process.env['SEED'] ?? 1)
const EVOLVED = process.env['RELIABILITY'] === 'full' ? 300 : 12
const both = sharedWarehouse(classPath, 'compaction')

const INT: DataType = { kind: 'INT', nullable: true }
const FLOAT: DataType = { kind: 'FLOAT', nullable: true }
const DOUBLE: DataType = { kind: 'DOUBLE', nullable: true }
const TEXT: DataType = { kind: 'VARCHAR', length: 20, nullable: true }
const ROW: DataType = {
  kind: 'ROW',
  nullable: true,
  fields: [
    { id: 100, name: 'a', type: INT },
    { id: 101, name: 'd', type: DOUBLE },
  ],
}
const LONGS: DataType = { kind: 'BIGINT', nullable: true }

type Cells = Readonly<Record<string, unknown>>

/** Pairs of values of a column, the one before and the one after. */
const PAIRS: readonly {
  readonly type: DataType
  readonly pairs: readonly (readonly unknown[])[]
}[] = [
  {
    type: INT,
    pairs: [
      [1, 1],
      [1, 2],
      [null, null],
      [null, 1],
      [1, null],
    ],
  },
  {
    type: FLOAT,
    pairs: [
      [0, '-0.0'],
      ['NaN', 'NaN'],
      [1.5, 1.5],
      ['Infinity', 'Infinity'],
    ],
  },
  {
    type: DOUBLE,
    pairs: [
      [0, '-0.0'],
      ['NaN', 'NaN'],
      [1.5, 1.5],
    ],
  },
  {
    type: TEXT,
    pairs: [
      ['', ''],
      ['é', 'é'],
      ['a', 'b'],
      ['', null],
    ],
  },
  {
    type: { kind: 'VARBINARY', length: 9, nullable: true },
    pairs: [
      ['00ff', '00ff'],
      ['00', ''],
    ],
  },
  {
    type: { kind: 'BOOLEAN', nullable: true },
    pairs: [
      [true, true],
      [true, false],
    ],
  },
  {
    type: { kind: 'DECIMAL', precision: 30, scale: 2, nullable: true },
    pairs: [
      ['1.10', '1.10'],
      ['1.10', '1.11'],
    ],
  },
  {
    type: { kind: 'TIMESTAMP', precision: 9, nullable: true },
    pairs: [
      ['2026-01-01T00:00:00.000000001', '2026-01-01T00:00:00.000000001'],
      ['2026-01-01T00:00:00.000000001', '2026-01-01T00:00:00.000000002'],
    ],
  },
  {
    type: { kind: 'ARRAY', element: INT, nullable: true },
    pairs: [
      [[], []],
      [
        [1, 2],
        [1, 2],
      ],
      [
        [1, 2],
        [2, 1],
      ],
      [
        [1, null],
        [1, null],
      ],
      [
        [1, null],
        [1, 2],
      ],
    ],
  },
  {
    type: { kind: 'ARRAY', element: DOUBLE, nullable: true },
    pairs: [
      [['NaN'], ['NaN']],
      [[0], ['-0.0']],
    ],
  },
  {
    type: { kind: 'ARRAY', element: TEXT, nullable: true },
    pairs: [
      [['a'], ['a']],
      [['a'], ['b']],
    ],
  },
  {
    type: { kind: 'ARRAY', element: ROW, nullable: true },
    pairs: [
      [[{ a: 1, d: 2 }], [{ a: 1, d: 2 }]],
      [[{ a: null, d: 2 }], [{ a: null, d: 2 }]],
      [[{ a: 1, d: 'NaN' }], [{ a: 1, d: 'NaN' }]],
      [[null], [null]],
    ],
  },
  {
    type: ROW,
    pairs: [
      [
        { a: 1, d: 0 },
        { a: 1, d: '-0.0' },
      ],
      [
        { a: null, d: null },
        { a: null, d: null },
      ],
      [
        { a: 1, d: 'NaN' },
        { a: 1, d: 'NaN' },
      ],
      [null, { a: null, d: null }],
    ],
  },
  {
    type: { kind: 'MAP', key: { ...TEXT, nullable: false }, value: INT, nullable: true },
    pairs: [
      [
        [
          ['a', 1],
          ['b', 2],
        ],
        [
          ['a', 1],
          ['b', 2],
        ],
      ],
      [
        [
          ['a', 1],
          ['b', 2],
        ],
        [
          ['b', 2],
          ['a', 1],
        ],
      ],
      [[['a', 1]], [['a', 2]]],
      [[['a', null]], [['a', null]]],
      [[['a', 1]], [['b', 1]]],
    ],
  },
  {
    type: { kind: 'MULTISET', element: { ...TEXT, nullable: false }, nullable: true },
    pairs: [
      [[['a', 1]], [['a', 1]]],
      [[['a', 1]], [['a', 2]]],
    ],
  },
]

/** The changes that a stream reads, as text, those of a key together. */
async function changesOf(table: string): Promise<string[]> {
  const { splits } = (await both.java.streams(table, {
    task: 'read',
    options: { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '1' },
  })) as {
    readonly splits: readonly { readonly snapshot: number; readonly rows: readonly Cells[] }[]
  }
  const rows = splits.flatMap(({ snapshot, rows: of }) => of.map((row) => [snapshot, row] as const))
  return rows.map(([snapshot, row]) => `${snapshot} ${canonicalRow(row)}`)
}

/** The same commits by Java and by us, each compacted whole, or only the last. */
async function writeBoth(
  name: string,
  commits: readonly (readonly Cells[])[],
  compactsEach = true,
): Promise<{ readonly theirs: string; readonly ours: string }> {
  const [theirs, ours] = [`db.java_${name}`, `db.ours_${name}`]
  const steps = commits.map((rows, i) => ({
    op: 'write',
    rows,
    compact: compactsEach || i === commits.length - 1,
  }))
  await both.java.schedule(theirs, steps, { 'write-buffer-size': '16 mb' })
  for (const { rows, compact } of steps) {
    const parsed = parseJson(JSON.stringify(rows)) as Cells[]
    await weWrite(await both.table(ours), parsed, { compact })
  }
  return { theirs, ours }
}

test.each(['full-compaction', 'lookup'])(
  'rows that stay equal are left out of a changelog of %s as by Java',
  async (producer) => {
    const columns = Object.fromEntries(PAIRS.map(({ type }, i) => [`v${i}`, type]))
    const schema = keyedSchema(
      { k: { kind: 'INT', nullable: false }, ...columns },
      {
        'write-only': 'false',
        'changelog-producer': producer,
        'changelog-producer.row-deduplicate': 'true',
      },
    )
    const name = `equal_${producer.replace('-', '_')}`
    for (const by of ['java', 'ours'])
      await both.java.create(`db.${by}_${name}`, jsonSchema({ schema }))
    const cases = PAIRS.flatMap(({ pairs }, i) => pairs.map((pair) => ({ column: `v${i}`, pair })))
    const commits = [0, 1].map((at) =>
      cases.map(({ column, pair }, k) => ({ _kind: '+I', k, [column]: pair[at] })),
    )
    const { theirs, ours } = await writeBoth(name, commits)
    expect(await changesOf(ours)).toEqual(await changesOf(theirs))
  },
  60_000,
)

function aged(k: number, t: number | null): Cells {
  return { _kind: '+I', k, t: t === null ? null : `${t}` }
}

test.each([
  { producer: 'none', vectors: false, compactsEach: true },
  { producer: 'lookup', vectors: false, compactsEach: true },
  { producer: 'full-compaction', vectors: false, compactsEach: true },
  { producer: 'none', vectors: true, compactsEach: false },
  { producer: 'lookup', vectors: true, compactsEach: false },
])(
  'rows past their age are left out as by Java, with $producer, vectors $vectors, each commit $compactsEach',
  async ({ producer, vectors, compactsEach }) => {
    const now = Math.floor(Date.now() / 1000)
    // Far from the limit, which moves while the test runs.
    const [old, young] = [now - 90_000, now - 10]
    const schema = keyedSchema(
      { k: { kind: 'INT', nullable: false }, t: LONGS },
      {
        'write-only': 'false',
        'changelog-producer': producer,
        'deletion-vectors.enabled': `${vectors}`,
        'record-level.expire-time': '1 h',
        'record-level.time-field': 't',
      },
    )
    const name = `aged_${producer.replace('-', '_')}_${vectors}`
    for (const by of ['java', 'ours'])
      await both.java.create(`db.${by}_${name}`, jsonSchema({ schema }))
    const commits = [
      [aged(1, old), aged(2, young), aged(3, null), aged(4, young * 1000), aged(5, old * 1000)],
      [aged(1, young), aged(2, old), aged(6, old)],
      [aged(3, old), aged(7, young)],
    ]
    const { theirs, ours } = await writeBoth(name, commits, compactsEach)
    const expected = await both.java.read(theirs)
    expect(await both.java.read(ours)).toEqual(expected)
    expect(await readRows((await both.table(ours)).read())).toEqual(expected)
    expect(await changesOf(ours)).toEqual(await changesOf(theirs))
  },
  60_000,
)

/** Whether all rows of the latest snapshot were read. */
function isWhole({ options = {}, where, stream }: EvolvedRead): boolean {
  return Object.keys(options).length === 0 && where === undefined && stream !== true
}

test(`${EVOLVED} tables whose schema changed have the same rows once they are compacted`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-compaction-'))
  const paimon = new JavaPaimon(classPath)
  const catalog = new Catalog(new LocalFileIO(), join(directory, 'warehouse'))
  try {
    const tables = await writeEvolvedTables(classPath, directory, seed, EVOLVED)
    const java = paimon.warehouse(join(directory, 'warehouse'))
    let compacted = 0
    for (const { table, reads } of tables) {
      const whole = reads.find(isWhole)
      const ours = await catalog.table(table)
      if (whole?.rows === undefined || ours.schema.primaryKeys.length === 0) continue
      // ORC files are read, and become files of another format.
      const parquet = ours.withOptions({ 'file.format': 'parquet' })
      const { snapshots } = await parquet.compact({ full: true })
      compacted += snapshots.length
      const rows = whole.rows.map(canonicalRow).toSorted()
      const [theirs, own] = [await java.read(table), await readRows(ours.read())]
      const { damage } = await ours.check()
      expect({ table, theirs, own, damage }).toEqual({ table, theirs: rows, own: rows, damage: [] })
    }
    expect(compacted).toBeGreaterThan(EVOLVED / 6)
  } finally {
    await catalog.close()
    await paimon[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  }
}, 300_000)
