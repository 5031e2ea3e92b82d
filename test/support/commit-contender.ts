/**
 * One process of a race of commits. Arguments: its name, the table's directory, how many commits it makes, the seed of
 * its pauses (0: none), and the options of its storage as JSON. Each commit adds a row of its own and updates the row
 * that all share. The process tells its parent the snapshot of each commit that was acknowledged, and in the end how
 * many requests it made.
 */
import { openFileIO } from '../../src/io/resolve.ts'
import { TableWriter } from '../../src/table/write/writer.ts'
import { sleep } from '../../src/util/async.ts'
import { seeded } from './random.ts'
import { openRowTable } from './row-tables.ts'

const [name = '', root = '', count = '0', seed = '0', options = '{}'] = process.argv.slice(2)
const io = openFileIO(root, JSON.parse(options) as Record<string, string>)

const PAUSE_MS_MAX = 30

async function race(): Promise<void> {
  const table = await openRowTable(io, root)
  const random = seeded(Number(seed))
  await using writer = new TableWriter(table.store, table.schema, { commitUser: name })
  for (let i = 0; i < Number(count); i++) {
    const own = `${name}-${i}`
    await writer.write([
      { dt: name, id: BigInt(i), v: own },
      { dt: 'shared', id: 0n, v: own },
    ])
    if (Number(seed) !== 0) await sleep(PAUSE_MS_MAX * random())
    const { snapshots } = await writer.commit({ identifier: BigInt(i) })
    process.send?.({ value: own, snapshotId: snapshots[0]?.id })
  }
}

process.once('message', () => {
  race().then(
    () => process.send?.({ done: true, requestCounts: io.stats().requestCounts }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.({ ready: true })
