/** Files that are written side by side. */
import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { Uploads } from '../../src/snapshot/uploads.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { sleep } from '../../src/util/async.ts'
import { LakeError } from '../../src/util/errors.ts'
import { intercept } from '../support/intercept.ts'

const root = 'memory://uploads/t'

test('all files are stored when finish resolves', async () => {
  const memory = new MemoryFileIO()
  const uploads = new Uploads(intercept(memory, { write: { before: () => sleep(5) } }))
  for (const name of ['a', 'b', 'c']) await uploads.put(`${root}/${name}`, utf8(name))
  await uploads.finish()
  for (const name of ['a', 'b', 'c'])
    expect(await memory.read(`${root}/${name}`)).toEqual(utf8(name))
})

test('a file that fails late fails the whole, once nothing is under way any more', async () => {
  const events: string[] = []
  const failing = intercept(new MemoryFileIO(), {
    write: {
      before: async (path) => {
        await sleep(path.endsWith('bad') ? 2 : 10)
        if (path.endsWith('bad')) throw new LakeError('IO', 'no')
      },
      after: (path) => {
        events.push(path)
      },
    },
  })
  const uploads = new Uploads(failing)
  for (const name of ['bad', 'good']) await uploads.put(`${root}/${name}`, utf8(name))
  await expect(uploads.finish()).rejects.toMatchObject({ code: 'IO' })
  expect(events).toEqual([`${root}/good`])
  expect(uploads.paths).toEqual([`${root}/bad`, `${root}/good`])
  await expect(uploads.put(`${root}/next`, utf8('x'))).rejects.toMatchObject({ code: 'IO' })
})

test('no more than eight files are under way', async () => {
  let underWay = 0
  let most = 0
  const io = intercept(new MemoryFileIO(), {
    write: {
      before: async () => {
        most = Math.max(most, ++underWay)
        await sleep(1)
      },
      after: () => {
        underWay--
      },
    },
  })
  const uploads = new Uploads(io)
  for (let i = 0; i < 40; i++) await uploads.put(`${root}/${i}`, utf8('x'))
  await uploads.finish()
  expect(most).toBe(8)
})
