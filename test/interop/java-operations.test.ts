/**
 * Random schedules of operations, done by Java and by this library to tables of the same schema: files, snapshots, tags,
 * branches, consumers, schemas, rows and changes are the same afterwards. `node scripts/operations.ts` runs as many as one
 * likes.
 */
import { expect, test } from 'vitest'

import { findJava } from './support/java.ts'
import { type OperatedSchedule, runOperations } from './support/operation-runs.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'operations')
const first = Number(process.env['SEED'] ?? 1)
const isFull = process.env['RELIABILITY'] === 'full'

test.each([
  ['all by this library', 'ours', 60],
  ['by both in turns', 'mixed', 40],
] as const)(
  'schedules end as in Java: %s',
  async (_, operator, count) => {
    const differing: OperatedSchedule[] = []
    const runs = { first, count: isFull ? 10 * count : count, operator, length: isFull ? 12 : 8 }
    await runOperations(both, runs, (schedule) => differing.push(schedule))
    expect(differing).toEqual([])
  },
  3_600_000,
)
