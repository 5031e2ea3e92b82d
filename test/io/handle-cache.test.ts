import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { HandleCache } from '../../src/io/handle-cache.ts'
import { sleep } from '../../src/util/async.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-handles-'))
  for (let index = 0; index < 20; index++) await writeFile(join(root, `f${index}`), `${index}`)
})
afterAll(() => rm(root, { recursive: true }))

const fileOf = (index: number): string => join(root, `f${index}`)

/** How many handles of the test's files this process has open, as Linux tells it. */
async function openCount(): Promise<number> {
  const descriptors = await readdir('/proc/self/fd')
  const targets = await Promise.all(
    descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => '')),
  )
  return targets.filter((target) => target.startsWith(root)).length
}

async function settled(count: number): Promise<void> {
  for (let tries = 0; tries < 200 && (await openCount()) !== count; tries++) await sleep(10)
  expect(await openCount()).toBe(count)
}

async function readOf(cache: HandleCache, index: number): Promise<string> {
  return cache.use(fileOf(index), async (handle) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0)
    return buffer.toString('utf8', 0, bytesRead)
  })
}

test.runIf(process.platform === 'linux')(
  'unused handles beyond the limit are closed, the least recently used first',
  async () => {
    const cache = new HandleCache(3, 60_000)
    for (let index = 0; index < 20; index++) expect(await readOf(cache, index)).toBe(`${index}`)
    await settled(3)
    await readOf(cache, 17)
    await readOf(cache, 0)
    await rm(fileOf(18))
    await expect(readOf(cache, 18)).rejects.toMatchObject({ code: 'ENOENT' })
    await rm(fileOf(17))
    expect(await readOf(cache, 17)).toBe('17')
    cache.close()
    await settled(0)
    await expect(readOf(cache, 17)).rejects.toMatchObject({ code: 'ENOENT' })
  },
)

test.runIf(process.platform === 'linux')(
  'a handle in use outlives forgetting, closing and the limit',
  async () => {
    const cache = new HandleCache(1, 60_000)
    const text = await cache.use(fileOf(1), async (handle) => {
      cache.forget(fileOf(1))
      cache.close()
      await readOf(cache, 2)
      await readOf(cache, 3)
      return handle.readFile('utf8')
    })
    expect(text).toBe('1')
    await settled(1)
    cache.close()
    await settled(0)
  },
)

test.runIf(process.platform === 'linux')('a handle that nobody uses is closed soon', async () => {
  const cache = new HandleCache(10, 20)
  await readOf(cache, 4)
  await readOf(cache, 5)
  await settled(0)
  expect(await readOf(cache, 4)).toBe('4')
  await settled(0)
})
