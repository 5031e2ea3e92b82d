import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { openDataFile } from '../../src/format/data-file.ts'
import { decodeHead, headLengthOf } from '../../src/indexes/file-index/container.ts'
import { indexedRows, type FileIndexes } from '../../src/indexes/file-index/file-index.ts'
import { bitmapValues } from '../../src/indexes/roaring.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { openTableStore } from '../../src/snapshot/table-store.ts'
import type { Batch } from '../../src/types/column.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue, textOf } from '../../src/types/internal-value.ts'
import { bindPredicate } from '../../src/types/predicate-bind.ts'
import { selectRows } from '../../src/types/predicate-rows.ts'
import {
  and,
  between,
  eq,
  gt,
  isIn,
  isNotNull,
  isNull,
  lt,
  ne,
  not,
  notIn,
  or,
  type Predicate,
} from '../../src/types/predicate.ts'
import { LakeError } from '../../src/util/errors.ts'
import { GOLDEN_WAREHOUSE } from '../support/golden-expect.ts'
import { seeded } from '../support/random.ts'

const TYPES = ['bitmap', 'bloom-filter', 'bsi', 'range-bitmap']

interface Indexed {
  readonly fields: readonly DataField[]
  readonly rows: Batch
  readonly container: Uint8Array
}

/** The files of a golden table with the index that Java wrote of each. */
async function indexedFiles(table: string): Promise<Indexed[]> {
  const io = new LocalFileIO()
  const root = join(GOLDEN_WAREHOUSE, 'golden.db', table)
  const store = openTableStore(io, root)
  const snapshot = await store.snapshots.readLatest()
  const { fields } = await store.schemas.readLatest()
  const entries = await scanEntries(store.manifests, snapshot!, 'all')
  return await Promise.all(
    entries.map(async ({ file }) => {
      const path = join(root, 'bucket-0', file.fileName)
      const open = await openDataFile(io, path)
      const rows = await open.cursor({ fields }).read(file.rowCount)
      expect(rows!.length).toBe(file.rowCount)
      const container =
        file.embeddedFileIndex ??
        new Uint8Array(readFileSync(join(root, 'bucket-0', file.extraFiles[0]!)))
      return { fields, rows: rows!, container }
    }),
  )
}

function indexesOf(container: Uint8Array): FileIndexes {
  const head = container.subarray(0, headLengthOf(container, container.length))
  const columns = decodeHead(head, container.length)
  return new Map(
    [...columns].map(([name, places]) => [
      name,
      places.map(({ type, range }) => ({
        type,
        body: range && container.subarray(range.from, range.from + range.length),
      })),
    ]),
  )
}

function outcomeOf(body: () => unknown): string {
  try {
    body()
    return 'read'
  } catch (error) {
    return error instanceof LakeError ? error.code : String(error)
  }
}

/** A value as predicates take it. */
function literal(value: InternalValue): unknown {
  return value instanceof Uint8Array ? textOf(value) : value
}

/** Filters by the column with values that it has, and with others. */
function predicatesOn({ fields, rows }: Indexed, column: number): Predicate[] {
  const { name, type } = fields[column]!
  const next = seeded(column + 1)
  const values = Array.from({ length: 12 }, () =>
    literal(cellValue(rows.columns[column]!, type, Math.floor(next() * rows.length))),
  ).filter((value) => value !== null)
  const strange = type.kind === 'VARCHAR' ? 'no such value' : type.kind === 'BIGINT' ? -77n : -77
  const [a, b = a] = values
  return [
    ...[...values, strange].flatMap((value) => [eq(name, value), ne(name, value)]),
    isIn(name, values.slice(0, 3)),
    notIn(name, [...values.slice(0, 3), strange]),
    isNull(name),
    isNotNull(name),
    lt(name, a),
    gt(name, a),
    between(name, a, b),
    not(between(name, a, b)),
    or(eq(name, a), isNull(name)),
    and(gt(name, a), ne(name, b)),
  ] as Predicate[]
}

describe.each(TYPES)('%s', (type) => {
  test('chooses the rows that a filter passes, or does not tell', async () => {
    const told: { readonly found: number[]; readonly passed: number[] }[] = []
    for (const file of await indexedFiles(`index_${type.replace('-', '_')}`)) {
      const indexes = indexesOf(file.container)
      expect(indexes.size).toBeGreaterThan(1)
      for (const [column, { name }] of file.fields.entries()) {
        if (!indexes.has(name)) continue
        for (const predicate of predicatesOn(file, column)) {
          const bound = bindPredicate(predicate, file.fields)
          const rows = indexedRows(bound, indexes)
          if (rows === null) continue
          const passed = [...(selectRows(bound, file.rows) ?? Array(file.rows.length).keys())]
          told.push({ found: [...bitmapValues(rows)], passed })
        }
      }
    }
    // A bloom filter tells of no row where it tells anything.
    expect(told.map(({ found }) => found)).toEqual(told.map(({ passed }) => passed))
    expect(told.length).toBeGreaterThan(type === 'bloom-filter' ? 1 : 40)
  })

  test('damaged bytes are CORRUPT, or read as some rows, and never hang', async () => {
    const [file] = await indexedFiles(`index_${type.replace('-', '_')}`)
    const { container, fields } = file!
    const predicates = fields.flatMap((_, column) => predicatesOn(file!, column))
    const next = seeded(5)
    for (let run = 0; run < 150; run++) {
      const damaged = container.slice(
        0,
        next() < 0.2 ? Math.floor(next() * container.length) : undefined,
      )
      const at = Math.floor(next() * Math.min(damaged.length, next() < 0.5 ? 400 : damaged.length))
      if (damaged.length > 0) damaged[at] = Math.floor(next() * 256)
      const predicate = predicates[Math.floor(next() * predicates.length)]!
      const outcome = outcomeOf(() =>
        indexedRows(bindPredicate(predicate, fields), indexesOf(damaged)),
      )
      expect(['read', 'CORRUPT']).toContain(outcome)
    }
  })
})

test('the golden tables have an index of each type', () => {
  const tables = readdirSync(join(GOLDEN_WAREHOUSE, 'golden.db'))
  for (const type of TYPES) expect(tables).toContain(`index_${type.replace('-', '_')}`)
})
