/** How a create ends on file systems whose link(2) is missing, lies about its answer, or fails. */
import type * as FsPromises from 'node:fs/promises'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'

const fake = vi.hoisted(() => ({
  link: undefined as ((from: string, to: string) => Promise<void>) | undefined,
}))

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof FsPromises>()
  const link = async (from: string, to: string): Promise<void> =>
    await (fake.link ?? original.link)(from, to)
  return { ...original, link }
})

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const failure = (code: string): Error => Object.assign(new Error(`${code}: link`), { code })

let root: string
const io = new LocalFileIO()
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-links-'))
})
afterEach(async () => {
  fake.link = undefined
  const leftovers = (await readdir(root)).filter((name) => name.endsWith('.tmp'))
  if (leftovers.length > 0) throw new Error(`the test left behind ${leftovers.join(', ')}`)
})
afterAll(() => rm(root, { recursive: true }))

test.for(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])(
  'where link(2) answers %s the file is created exclusively under its own name',
  async (code) => {
    fake.link = () => Promise.reject(failure(code))
    const file = join(root, code)
    const won = await Promise.all(
      Array.from({ length: 16 }, (_, index) => io.create(file, text(`contender ${index}`))),
    )
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await readFile(file, 'utf8')).toBe(`contender ${won.indexOf(true)}`)
    expect(await io.create(file, text('late'))).toBe(false)
  },
)

test('a link that was made although the answer says EEXIST is our own', async () => {
  const { link } = await vi.importActual<typeof FsPromises>('node:fs/promises')
  fake.link = async (from, to) => {
    await link(from, to)
    throw failure('EEXIST')
  }
  expect(await io.create(join(root, 'lost-answer'), text('mine'))).toBe(true)
  expect(await readFile(join(root, 'lost-answer'), 'utf8')).toBe('mine')
})

test('any other failure of link(2) is an IO error and nothing is created', async () => {
  fake.link = () => Promise.reject(failure('EIO'))
  await expect(io.create(join(root, 'broken'), text('x'))).rejects.toMatchObject({ code: 'IO' })
  expect(await io.stat(join(root, 'broken'))).toBeNull()
})
