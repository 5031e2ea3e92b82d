import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'

import { expect, test, vi } from 'vitest'

import { SpillSpace, spillOptions } from '../../../src/lsm/spill/spill-space.ts'
import { tableOptions } from '../../../src/types/options.ts'

const block = (seed: number): Uint8Array =>
  Uint8Array.from({ length: 5000 }, (_, i) => (i * seed) % 97)

test.each(['zstd', 'lz4', 'lzo', 'snappy', 'none'])(
  'blocks come back as they were put, with spill-compression = %s',
  async (name) => {
    const space = new SpillSpace(spillOptions(tableOptions({ 'spill-compression': name }))!)
    const put = await Promise.all([1, 2, 3].map((seed) => space.put(block(seed))))
    const got = await Promise.all(put.map((each) => space.get(each)))
    expect(got.map((bytes) => new Uint8Array(bytes))).toEqual([1, 2, 3].map(block))
    await space.release(put)
    const again = await space.put(block(5))
    expect(again.offset).toBe(0)
    await space.release([again])
  },
)

test('room is limited, and back when blocks are released', async () => {
  const space = new SpillSpace({ maxBytes: 9000, codec: 'none', level: undefined })
  const first = await space.put(block(1))
  expect(space.isFull).toBe(false)
  const second = await space.put(block(2))
  expect(space.isFull).toBe(true)
  await space.release([first])
  expect(space.isFull).toBe(false)
  expect(new Uint8Array(await space.get(second))).toEqual(block(2))
  await space.release([second])
})

test('no file can be seen, so that none is left behind whatever ends the process', async () => {
  const space = new SpillSpace({ maxBytes: 9000, codec: 'none', level: undefined })
  const put = await space.put(block(1))
  const own = readdirSync(tmpdir()).filter((name) => /^millrace-[0-9a-f-]{36}\.tmp$/.test(name))
  expect(own).toEqual([])
  await space.release([put])
})

test('spilling can be switched off, and needs a compression that is known', () => {
  expect(spillOptions(tableOptions({ 'write-buffer-spillable': 'false' }))).toBeNull()
  expect(() => spillOptions(tableOptions({ 'spill-compression': 'zip' }))).toThrow(
    'spill-compression: "zip" is no compression',
  )
})

test('a directory that cannot be written to is named, and tried again the next time', async () => {
  const space = new SpillSpace({ maxBytes: Infinity, codec: 'none', level: undefined })
  vi.stubEnv('TMPDIR', '/there/is/no/such/directory')
  await expect(space.put(block(1))).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining('no temporary file can be made') as string,
    hint: 'give TMPDIR a directory with room, or set write-buffer-spillable to false',
  })
  vi.unstubAllEnvs()
  const put = await space.put(block(2))
  expect(new Uint8Array(await space.get(put))).toEqual(block(2))
  await space.release([put])
})
