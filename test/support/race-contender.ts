/**
 * One process of a race: for each round it waits for the start, creates the round's file and tells whether it won.
 * Arguments: the contender's name and the directory of the snapshots.
 */
import { joinPath } from '../../src/io/path.ts'
import { openFileIO } from '../../src/io/resolve.ts'

const [name = '', directory = ''] = process.argv.slice(2)
const io = openFileIO(directory)

process.on('message', (round: number) => {
  const path = joinPath(directory, `snapshot-${round}`)
  io.create(path, new TextEncoder().encode(name)).then(
    (won) => process.send?.({ round, won }),
    (error: unknown) => process.send?.({ round, error: String(error) }),
  )
})
process.send?.({ ready: true })
