/**
 * Random schedules of writes and compactions, done by Java and by this library to tables of the same schema: rows, changes,
 * levels and deletion vectors are the same afterwards. `node scripts/schedules.ts` runs as many as one likes.
 */
import { expect, test } from 'vitest'

import { findJava } from './support/java.ts'
import { runSchedules } from './support/schedule-runs.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'schedules')
const first = Number(process.env['SEED'] ?? 1)
const COUNT = process.env['RELIABILITY'] === 'full' ? 3_000 : 120

test(`${COUNT} schedules of seed ${first} and on end as in Java`, async () => {
  const differing: unknown[] = []
  const settings = { first, count: COUNT, sharing: 'ours' } as const
  await runSchedules(both, settings, ({ seed, schema }, problems) =>
    differing.push({ seed, problems, options: schema.options }),
  )
  expect(differing).toEqual([])
}, 3_600_000)
