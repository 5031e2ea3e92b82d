/**
 * One process of a race of commits. Arguments: its name, the table's directory, how many commits it makes, and the
 * options of its storage as JSON. It tells the parent the file of each commit that was acknowledged.
 */
import { openFileIO } from '../../src/io/resolve.ts'
import { commit } from '../../src/snapshot/commit.ts'
import { fileMeta, message, openTestTable } from './commit-tables.ts'

const [name = '', root = '', count = '0', options = '{}'] = process.argv.slice(2)
const io = openFileIO(root, JSON.parse(options) as Record<string, string>)
const table = openTestTable(io, root)

async function race(): Promise<void> {
  for (let i = 0; i < Number(count); i++) {
    const file = fileMeta({ name: `${name}-${i}.parquet` })
    const { snapshots } = await commit(table, [message({ newFiles: [file] })], {
      commitUser: name,
      identifier: BigInt(i),
    })
    process.send?.({ file: file.fileName, snapshotId: snapshots[0]?.id })
  }
}

process.once('message', () => {
  race().then(
    () => process.send?.({ done: true }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.send?.({ ready: true })
