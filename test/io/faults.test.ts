/** The faulty storage that the crash tests build on keeps its word. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { LakeError } from '../../src/util/errors.ts'
import {
  CrashError,
  faultAt,
  type FaultKind,
  FaultyFileIO,
  randomFaults,
} from '../support/faults.ts'
import { fileIoSuite } from '../support/file-io-suite.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

async function temporaryDirectory(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'millrace-faults-'))
  onTestFinished(() => rm(root, { recursive: true }))
  return root
}

fileIoSuite(
  'FaultyFileIO without faults',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'millrace-faults-'))
    const io = new FaultyFileIO(new LocalFileIO())
    return {
      io,
      root,
      leftovers: async () =>
        (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.tmp')),
      close: async () => {
        await io.close()
        await rm(root, { recursive: true })
      },
    }
  },
  { manyFiles: 100, raceRounds: 2 },
)

/** Ten operations: 1 write, 2 read, 3 openWriter, 4-5 write, 6 close, 7 create, 8 list, 9 deleteAll, 10 stat. */
async function scenario(io: FileIO, root: string): Promise<void> {
  await io.write(`${root}/a`, text('aaaa'))
  await io.read(`${root}/a`)
  const writer = await io.openWriter(`${root}/b`)
  try {
    await writer.write(text('bb'))
    await writer.write(new Uint8Array(2_000_000))
    await writer.close()
  } catch (error) {
    await writer.abort()
    throw error
  }
  await io.create(`${root}/c`, text('cccc'))
  await Array.fromAsync(io.list(root))
  await io.deleteAll([`${root}/a`])
  await io.stat(`${root}/a`)
}

async function filesAfter(schedule: Parameters<typeof faultAt>): Promise<{
  names: string[]
  error: unknown
  io: FaultyFileIO
  root: string
}> {
  const root = await temporaryDirectory()
  const io = new FaultyFileIO(new LocalFileIO(), faultAt(...schedule))
  const error: unknown = await scenario(io, root).catch((thrown: unknown) => thrown)
  await io.close()
  const names = (await readdir(root)).map((name) => name.replace(/[0-9a-f-]{36}/, 'UUID'))
  return { names: names.toSorted(), error, io, root }
}

function kindOf(error: unknown): string {
  if (error instanceof CrashError) return 'crash'
  if (error instanceof LakeError) return error.code + (error.retriable ? ', retriable' : '')
  return error === undefined ? 'none' : 'other'
}

test('operations are numbered in the order in which they begin', async () => {
  const root = await temporaryDirectory()
  const io = new FaultyFileIO(new LocalFileIO())
  await scenario(io, root)
  await io.close()
  expect(io.operations.map(({ number, name }) => `${number} ${name}`)).toEqual([
    '1 write',
    '2 read',
    '3 openWriter',
    '4 writer.write',
    '5 writer.write',
    '6 writer.close',
    '7 create',
    '8 list',
    '9 deleteAll',
    '10 stat',
  ])
  expect(io.operations[6]?.path).toBe(`${root}/c`)
})

test.for<[number, FaultKind, string[], string]>([
  [1, 'fail', [], 'IO'],
  [1, 'transient', [], 'IO, retriable'],
  [1, 'lose', ['a'], 'IO, retriable'],
  [1, 'crash', [], 'crash'],
  [1, 'torn', ['.a.UUID.tmp'], 'crash'],
  [2, 'torn', ['a'], 'crash'],
  [5, 'fail', ['a'], 'IO'],
  [5, 'crash', ['.b.UUID.tmp', 'a'], 'crash'],
  [5, 'torn', ['.b.UUID.tmp', 'a'], 'crash'],
  [6, 'fail', ['a'], 'IO'],
  [6, 'lose', ['a', 'b'], 'IO, retriable'],
  [6, 'crash', ['.b.UUID.tmp', 'a'], 'crash'],
  [7, 'fail', ['a', 'b'], 'IO'],
  [7, 'lose', ['a', 'b', 'c'], 'OUTCOME_UNKNOWN'],
  [7, 'crash', ['a', 'b'], 'crash'],
  [7, 'torn', ['.c.UUID.tmp', 'a', 'b'], 'crash'],
  [8, 'transient', ['a', 'b', 'c'], 'IO, retriable'],
  [9, 'lose', ['b', 'c'], 'IO, retriable'],
  [11, 'crash', ['b', 'c'], 'none'],
])('operation %i with the fault %s leaves %j', async ([number, kind, expected, thrown]) => {
  const { names, error } = await filesAfter([number, kind])
  expect(names).toEqual(expected)
  expect(kindOf(error)).toBe(thrown)
})

test('a torn write leaves half of the bytes under a temporary name', async () => {
  const { root } = await filesAfter([7, 'torn'])
  const name = (await readdir(root)).find((each) => each.endsWith('.tmp')) ?? ''
  expect(await readFile(join(root, name), 'utf8')).toBe('cc')
})

test('after a crash nothing has an effect any more, and it is noted', async () => {
  const { io, root } = await filesAfter([2, 'crash'])
  expect(io.crashed).toBe(true)
  await expect(io.write(`${root}/late`, text('x'))).rejects.toBeInstanceOf(CrashError)
  await expect(Array.fromAsync(io.list(root))).rejects.toBeInstanceOf(CrashError)
  expect(await readdir(root)).toEqual(['a'])
  expect(io.operations.map(({ name, fault }) => [name, fault])).toEqual([
    ['write', undefined],
    ['read', 'crash'],
    ['write', undefined],
    ['list', undefined],
  ])
})

/** What a schedule of random faults makes of 200 operations. */
function drawn(): string[] {
  let state = 7
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
  const schedule = randomFaults(0.2, ['fail', 'lose'], random)
  const faultOf = (number: number): string => String(schedule({ number, name: 'read', path: '' }))
  return Array.from({ length: 200 }, (_, number) => faultOf(number))
}

test('random faults depend on nothing but their source of numbers', () => {
  expect(drawn()).toEqual(drawn())
  expect(new Set(drawn())).toEqual(new Set(['undefined', 'fail', 'lose']))
})
