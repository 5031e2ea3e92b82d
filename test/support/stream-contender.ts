/**
 * A follower in a process of its own, which is killed at any moment. Arguments: the table's directory, the file that it
 * keeps rows and checkpoints in, how it goes on, a seed, and the options of its storage as JSON. It tells its parent when
 * it begins and when it has stored its first record, and follows for ever.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs'

import { openFileIO } from '../../src/io/resolve.ts'
import { seeded } from './random.ts'
import { openRowTable } from './row-tables.ts'
import { followInto, type Recovery, type Sink, type SinkRecord } from './stream-sink.ts'

/** Records as lines of a file; a line that was not written to its end does not count. */
export class FileSink implements Sink {
  readonly records: SinkRecord[]
  readonly #path: string
  #hasTold = false

  constructor(path: string) {
    this.#path = path
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
    const end = bytes.lastIndexOf('\n') + 1
    if (end < bytes.length) truncateSync(path, end)
    const lines = bytes.subarray(0, end).toString().split('\n').slice(0, -1)
    this.records = lines.map((line) => JSON.parse(line) as SinkRecord)
  }

  store(record: SinkRecord): void {
    const file = openSync(this.#path, 'a')
    try {
      writeSync(file, `${JSON.stringify(record)}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    this.records.push(record)
    if (!this.#hasTold) process.send?.('stored')
    this.#hasTold = true
  }
}

const POLL_MS = 5

async function run(argv: readonly string[]): Promise<void> {
  const [root = '', path = '', recovery = 'checkpoint', seed = '1', options = '{}'] = argv
  const io = openFileIO(root, JSON.parse(options) as Record<string, string>)
  const table = await openRowTable(io, root)
  process.send?.('begins')
  await followInto(table, new FileSink(path), {
    recovery: recovery as Recovery,
    from: 'earliest',
    random: seeded(Number(seed)),
    follow: true,
    pollIntervalMs: POLL_MS,
  })
}

if (process.send !== undefined && process.argv.length > 3) await run(process.argv.slice(2))
