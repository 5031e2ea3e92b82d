/** The difference of two merged states, against a plain comparison of rows in maps. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { keyValueLayout } from '../../../src/lsm/key-value.ts'
import { diffBatches } from '../../../src/table/split/diff-read.ts'
import type { Batch } from '../../../src/types/column.ts'
import { type DataType, MAX_LENGTH } from '../../../src/types/data-type.ts'
import { SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD } from '../../../src/types/field-ids.ts'
import { type InternalValue, utf8 } from '../../../src/types/internal-value.ts'
import { keyedSchema } from '../../support/memory-runs.ts'
import { appendCells } from '../../support/parquet.ts'
import { batchOf } from '../../support/random-columns.ts'

const text: DataType = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true }
const schema = keyedSchema({
  v: { kind: 'INT', nullable: true },
  k: { ...text, nullable: false },
  k2: { kind: 'INT', nullable: false },
  w: { kind: 'ARRAY', element: text, nullable: true },
})
const layout = keyValueLayout(schema)
const fields = [...schema.fields, SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD]
const DELETE = 3

/** What a key holds; the kind is its own. */
interface State {
  readonly v: number | null
  readonly w: string | null
  readonly number: bigint
  readonly kind: number
}

/** By key, which is a text and a number. */
type States = ReadonlyMap<string, State>

const state = fc.record({
  v: fc.option(fc.integer({ min: 0, max: 1 })),
  w: fc.option(fc.constantFrom('', 'w')),
  number: fc.bigInt({ min: 0n, max: 3n }),
  kind: fc.constantFrom(0, 0, 2, DELETE),
})
const states: fc.Arbitrary<States> = fc
  .dictionary(fc.constantFrom('a', 'b', 'long key 1', 'long key 2', 'long key 22', 'z'), state)
  .map((some) => new Map(Object.entries(some)))

const keyOf = (key: string): [string, number] => [
  key.replace(/\d*$/, ''),
  Number(/\d*$/.exec(key)![0]),
]

function rowOf([key, { v, w, number, kind }]: [string, State]): InternalValue[] {
  const [k, k2] = keyOf(key)
  return [v, utf8(k), k2, w === null ? null : [utf8(w)], number, kind]
}

function sorted(rows: Iterable<[string, State]>): [string, State][] {
  return [...rows].toSorted(([a], [b]) => {
    const [[x, i], [y, j]] = [keyOf(a), keyOf(b)]
    return x < y ? -1 : x > y ? 1 : i - j
  })
}

async function* batches(all: States, size: number, keepDeletes: boolean): AsyncGenerator<Batch> {
  const rows = sorted(all).filter(([, { kind }]) => keepDeletes || kind !== DELETE)
  for (let at = 0; at < rows.length; at += size)
    yield await Promise.resolve(batchOf(fields, rows.slice(at, at + size).map(rowOf)))
}

/** The rows of b that are new or changed, and those of a that are gone, in the order of the keys. */
function expected(a: States, b: States, keepDeletes: boolean): InternalValue[][] {
  const isShown = ({ kind }: State): boolean => keepDeletes || kind !== DELETE
  const [before, after] = [a, b].map((all) => new Map([...all].filter(([, each]) => isShown(each))))
  const found = new Map<string, State>()
  for (const [key, now] of after!) {
    const then = before!.get(key)
    const isSame =
      then?.v === now.v && then.w === now.w && (then.kind === DELETE) === (now.kind === DELETE)
    if (!isSame && then?.number !== now.number) found.set(key, now)
  }
  for (const [key, then] of before!)
    if (keepDeletes && !after!.has(key) && then.kind !== DELETE)
      found.set(key, { ...then, kind: DELETE })
  return sorted(found).map(rowOf)
}

test('rows of the later state that are new or changed come, and on request the keys that are gone', async () => {
  const size = fc.integer({ min: 1, max: 4 })
  await fc.assert(
    fc.asyncProperty(states, states, size, size, fc.boolean(), async (a, b, m, n, keepDeletes) => {
      const diff = diffBatches(batches(a, m, keepDeletes), batches(b, n, keepDeletes), {
        layout,
        keepDeletes,
      })
      const columns: InternalValue[][] = fields.map(() => [])
      for await (const batch of diff) {
        expect(batch.length).toBeGreaterThan(0)
        appendCells(columns, batch, fields)
      }
      const wanted = expected(a, b, keepDeletes)
      expect(columns).toEqual(fields.map((_, c) => wanted.map((row) => row[c]!)))
    }),
    { numRuns: 300 },
  )
})

test('both sides are closed when the reader stops', async () => {
  let open = 0
  async function* counted(rows: States): AsyncGenerator<Batch> {
    open++
    try {
      yield* batches(rows, 1, false)
    } finally {
      open--
    }
  }
  const some = new Map(['a', 'b', 'c'].map((key) => [key, { v: 1, w: null, number: 1n, kind: 0 }]))
  const other = new Map(['a', 'b', 'c'].map((key) => [key, { v: 2, w: null, number: 2n, kind: 0 }]))
  for await (const batch of diffBatches(counted(some), counted(other), {
    layout,
    keepDeletes: false,
  })) {
    expect(batch.length).toBe(1)
    break
  }
  expect(open).toBe(0)
})
