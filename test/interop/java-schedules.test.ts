/**
 * Random schedules of writes and compactions, done by Java and by this library to tables of the same schema: rows, changes,
 * levels and deletion vectors are the same afterwards. `node scripts/schedules.ts` runs as many as one likes.
 */
import { expect, test } from 'vitest'

import { findJava } from './support/java.ts'
import { randomSchedule } from './support/schedule-plans.ts'
import { runSchedule } from './support/schedule-runs.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'schedules')
const first = Number(process.env['SEED'] ?? 1)
const COUNT = process.env['RELIABILITY'] === 'full' ? 3_000 : 300

test(
  `${COUNT} schedules of seed ${first} and on end as in Java`,
  { timeout: 3_600_000 },
  async () => {
    for (let seed = first; seed < first + COUNT; seed++) {
      const schedule = randomSchedule(seed)
      const problems = await runSchedule(both, schedule, `s${seed}`)
      const { options } = schedule.schema
      expect({ seed, options, problems }).toEqual({ seed, options, problems: [] })
    }
  },
)
