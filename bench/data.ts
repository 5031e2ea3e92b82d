/** The benchmark's rows: `k INT NOT NULL` and `f1..f20 STRING`, ten hexadecimal characters each, as Arrow batches. */
import { Field, Int32, makeData, RecordBatch, Schema, Struct, Utf8 } from 'apache-arrow'

import { defineSchema, t } from '../src/index.ts'

export const TEXT_COLUMNS = 20
const TEXT_BYTES = 10
const HEX = new TextEncoder().encode('0123456789abcdef')

/** The benchmark's table, of one bucket. */
export const benchTable = defineSchema({
  columns: {
    k: t.int().notNull(),
    ...Object.fromEntries(
      Array.from({ length: TEXT_COLUMNS }, (_, i) => [`f${i + 1}`, t.string()]),
    ),
  },
  primaryKey: ['k'],
  options: { bucket: 1, 'write-only': true },
})

const SCHEMA = new Schema([
  new Field('k', new Int32(), false),
  ...Array.from({ length: TEXT_COLUMNS }, (_, i) => new Field(`f${i + 1}`, new Utf8(), true)),
])

/** A generator of 32-bit integers from a seed (xorshift), so that each run writes the same rows. */
export function randomInts(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** `rowCount` rows with keys below `keySpace`. */
export function randomBatch(rowCount: number, keySpace: number, seed: number): RecordBatch {
  const next = randomInts(seed * 7919 + 17)
  const keys = new Int32Array(rowCount)
  for (let i = 0; i < rowCount; i++) keys[i] = next() % keySpace
  const offsets = Int32Array.from({ length: rowCount + 1 }, (_, i) => i * TEXT_BYTES)
  const children = [
    makeData({ type: new Int32(), length: rowCount, data: keys }),
    ...Array.from({ length: TEXT_COLUMNS }, () => {
      const data = new Uint8Array(rowCount * TEXT_BYTES)
      for (let i = 0; i < data.length; i += 8) {
        const bits = next()
        for (let b = 0; b < 8 && i + b < data.length; b++)
          data[i + b] = HEX[(bits >>> (4 * b)) & 15]!
      }
      return makeData({ type: new Utf8(), length: rowCount, valueOffsets: offsets, data })
    }),
  ]
  const struct = makeData({ type: new Struct(SCHEMA.fields), length: rowCount, children })
  return new RecordBatch(SCHEMA, struct)
}

/** The same rows as objects. */
export function rowObjects(batch: RecordBatch): Record<string, unknown>[] {
  const columns = batch.schema.fields.map(({ name }) => ({ name, vector: batch.getChild(name)! }))
  return Array.from({ length: batch.numRows }, (_, i) =>
    Object.fromEntries(columns.map(({ name, vector }) => [name, vector.get(i)])),
  )
}
