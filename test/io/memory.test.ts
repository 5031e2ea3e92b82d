import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { dropMemoryStore, MemoryFileIO } from '../../src/io/memory.ts'
import { fileIoSuite } from '../support/file-io-suite.ts'

fileIoSuite('MemoryFileIO', async () => {
  const name = randomUUID()
  return {
    io: new MemoryFileIO(),
    root: `memory://${name}`,
    leftovers: async () => [],
    close: async () => dropMemoryStore(name),
  }
})

test('all that open one name share its files, other names do not', async () => {
  const name = randomUUID()
  await new MemoryFileIO().write(`memory://${name}/a`, new Uint8Array([1]))
  expect(await new MemoryFileIO().read(`memory://${name}/a`)).toEqual(new Uint8Array([1]))
  expect(await new MemoryFileIO().stat(`memory://other-${name}/a`)).toBeNull()
  dropMemoryStore(name)
  expect(await new MemoryFileIO().stat(`memory://${name}/a`)).toBeNull()
})

test('the clock that is given stamps the files', async () => {
  const name = randomUUID()
  const io = new MemoryFileIO({ now: () => 1_234 })
  await io.write(`memory://${name}/a`, new Uint8Array(1))
  expect((await io.stat(`memory://${name}/a`))?.modifiedMs).toBe(1_234)
  dropMemoryStore(name)
})

test('the root of a store is not deleted', async () => {
  await expect(new MemoryFileIO().deleteDirectory('memory://x')).rejects.toMatchObject({
    code: 'INVALID',
  })
})
