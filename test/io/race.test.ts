/** Many that create one snapshot at the same moment: exactly one wins, and the snapshot is its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { startTestS3 } from '../support/s3-file-io.ts'

const isFull = process.env['RELIABILITY'] === 'full'
const string = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

interface Report {
  readonly ready?: boolean
  readonly round?: number
  readonly won?: boolean
  readonly error?: string
}

function nextReport(child: ChildProcess): Promise<Report> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void =>
      reject(new Error(`a contender ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (report: Report) => {
      child.off('exit', onExit)
      resolve(report)
    })
  })
}

test(
  'of 6 processes exactly one creates each of 400 local snapshots',
  { timeout: 120_000 },
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-race-'))
    const script = join(import.meta.dirname, '../support/race-contender.ts')
    const names = Array.from({ length: 6 }, (_, index) => `process ${index}`)
    const children = names.map((name) =>
      fork(script, [name, directory], { execArgv: ['--no-warnings'] }),
    )
    const io = new LocalFileIO()
    try {
      await Promise.all(children.map(nextReport))
      for (let round = 0; round < (isFull ? 2_000 : 400); round++) {
        const reports = children.map(nextReport)
        for (const child of children) child.send(round)
        const won = await Promise.all(reports)
        expect(won.filter((report) => report.error !== undefined)).toEqual([])
        expect(won.filter((report) => report.won)).toHaveLength(1)
        const winner = names[won.findIndex((report) => report.won)]
        expect(string(await io.read(`${directory}/snapshot-${round}`))).toBe(winner)
      }
      const leftovers = (await readdir(directory)).filter((name) => name.endsWith('.tmp'))
      expect(leftovers).toEqual([])
    } finally {
      for (const child of children) child.kill()
      await io.close()
      await rm(directory, { recursive: true })
    }
  },
)

test('of 32 contenders exactly one creates each snapshot on S3', { timeout: 120_000 }, async () => {
  await using s3 = await startTestS3({}, { idleTimeoutMs: 30_000 })
  const storages = Array.from({ length: 4 }, () => s3.open())
  for (let round = 0; round < (isFull ? 2_000 : 80); round++) {
    const path = `s3://lake/t/snapshot/snapshot-${round}`
    const won = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        storages[index % 4]!.create(path, new TextEncoder().encode(`contender ${index}`)),
      ),
    )
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(string(await s3.io.read(path))).toBe(`contender ${won.indexOf(true)}`)
  }
})
