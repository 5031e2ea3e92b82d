/** The compactions of one bucket: one at a time, behind the writer's back. */
import { describe, expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { BucketCompactor } from '../../src/lsm/bucket-compactor.ts'
import type { CompactionRewriter, RewriteContext } from '../../src/lsm/compaction-rewrite.ts'
import { fileTarget } from '../../src/lsm/file-target.ts'
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { allFiles } from '../../src/lsm/levels.ts'
import type { DataFileMeta } from '../../src/snapshot/data-file-meta.ts'
import { dataLayout } from '../../src/snapshot/data-paths.ts'
import { createSlots, type Slots } from '../../src/util/async.ts'
import { fileOf, filesOf, namesOf } from '../support/lsm-files.ts'
import { keyedSchema } from '../support/memory-runs.ts'

const io = new MemoryFileIO()

type Rewrite = (files: readonly DataFileMeta[], context: RewriteContext) => Promise<void>

/** A compactor whose merges make one file `mN` each, after `rewrite`; files of a byte are small. */
function compactor(
  files: readonly DataFileMeta[],
  {
    options = {},
    rewrite = async () => {},
    slots = createSlots(2),
  }: {
    readonly options?: Readonly<Record<string, string>>
    readonly rewrite?: Rewrite
    readonly slots?: Slots
  } = {},
): BucketCompactor {
  const schema = keyedSchema(
    { k: { kind: 'INT', nullable: false } },
    { 'num-sorted-run.compaction-trigger': '3', ...options },
  )
  let made = 0
  const rewriter = (context: RewriteContext): CompactionRewriter => ({
    rewrite: async (level, _, sections) => {
      const before = sections.flat(2)
      const name = `m${++made}`
      const path = `memory://bucket/${name}`
      await io.write(path, new Uint8Array(1))
      await rewrite(before, context)
      return { before, after: [fileOf({ name, level, max: 9 })], changelog: [], paths: [path] }
    },
    upgrade: async (level, _, file) =>
      Promise.resolve({ before: [file], after: [{ ...file, level }], changelog: [], paths: [] }),
  })
  const layout = dataLayout('memory://bucket', schema)
  return new BucketCompactor(
    {
      target: fileTarget(io, schema),
      directory: 'memory://bucket',
      layout: keyValueLayout(schema),
      openRun: () => {
        throw new Error('files are not opened here')
      },
      deletions: null,
      indexPlace: { io, layout, partition: new Uint8Array(0), bucket: 0, nextName: () => 'index' },
      slots,
      rewriter,
    },
    files,
  )
}

/** Fails at the file `d`, without leaving what it made of it. */
const failAtTheLast: Rewrite = async (merged) => {
  if (merged.every(({ fileName }) => fileName !== 'd')) return
  await io.delete('memory://bucket/m2')
  throw new Error('the disk is full')
}

const stored = async (): Promise<string[]> =>
  (await Array.fromAsync(io.list('memory://bucket'))).map(({ path }) => path)

describe('a compactor', () => {
  test('starts at the trigger, and changes its levels when the result is taken', async () => {
    const bucket = compactor(filesOf('a@0:0-9 b@0:0-9'))
    bucket.trigger()
    expect(bucket.isComplete).toBe(true)
    bucket.add(filesOf('c@0:0-9'))
    bucket.trigger()
    expect(bucket.isComplete).toBe(false)
    expect(await bucket.take(false)).toBeNull()
    const change = await bucket.take(true)
    expect(namesOf(change!.before)).toBe('a@0 b@0 c@0')
    expect(namesOf(allFiles(bucket.levels))).toBe('m1@3')
    expect(await bucket.take(true)).toBeNull()
  })

  test('runs one compaction at a time, and takes files that come meanwhile along later', async () => {
    const { promise: isReady, resolve: ready } = Promise.withResolvers<void>()
    const bucket = compactor(filesOf('a@0:0-9 b@0:0-9 c@0:0-9'), { rewrite: () => isReady })
    bucket.trigger()
    bucket.add(filesOf('d@0:0-9 e@0:0-9 f@0:0-9'))
    bucket.trigger()
    ready()
    expect(namesOf((await bucket.take(true))!.before)).toBe('a@0 b@0 c@0')
    expect(namesOf(allFiles(bucket.levels))).toBe('d@0 e@0 f@0 m1@3')
    bucket.trigger()
    expect(namesOf((await bucket.take(true))!.after)).toBe('m2@3')
  })

  test('shares its slots with other buckets', async () => {
    const slots = createSlots(1)
    let running = 0
    let most = 0
    const rewrite: Rewrite = async () => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
    }
    const files = filesOf('a@0:0-9 b@0:0-9 c@0:0-9')
    const buckets = [1, 2, 3].map(() => compactor(files, { rewrite, slots }))
    for (const bucket of buckets) bucket.trigger()
    for (const bucket of buckets) await bucket.take(true)
    expect(most).toBe(1)
  })

  test('holds a flush back above the stop trigger, and a commit one run later', () => {
    const bucket = compactor(filesOf('a b c d e f'))
    expect([bucket.blocksFlush, bucket.blocksCommit]).toEqual([false, false])
    bucket.add(filesOf('g'))
    expect([bucket.blocksFlush, bucket.blocksCommit]).toEqual([true, false])
    bucket.add(filesOf('h'))
    expect([bucket.blocksFlush, bucket.blocksCommit]).toEqual([true, true])
    const low = compactor(filesOf('a b c'), { options: { 'num-sorted-run.stop-trigger': '1' } })
    expect(low.blocksFlush).toBe(false)
  })

  test('is not done while rows that need a lookup are on level 0', async () => {
    const bucket = compactor(filesOf('a@0:0-9'), { options: { 'force-lookup': 'true' } })
    expect(bucket.isComplete).toBe(false)
    bucket.trigger()
    await bucket.take(true)
    expect(bucket.isComplete).toBe(true)
    expect(namesOf(allFiles(bucket.levels))).toBe('a@3')
  })

  test('throws a failure once, leaves nothing of it, and can go on', async () => {
    let fails = true
    const rewrite: Rewrite = async () => {
      if (fails) throw new Error('the disk is full')
      return await Promise.resolve()
    }
    const bucket = compactor(filesOf('a@0:0-9 b@0:0-9 c@0:0-9'), { rewrite })
    bucket.trigger()
    await expect(bucket.take(true)).rejects.toThrow('the disk is full')
    expect(await bucket.take(true)).toBeNull()
    expect(namesOf(allFiles(bucket.levels))).toBe('a@0 b@0 c@0')
    fails = false
    bucket.trigger()
    expect(namesOf((await bucket.take(true))!.after)).toBe('m2@3')
  })

  test('deletes what the steps before a failure wrote', async () => {
    const before = new Set(await stored())
    // Two merges, of which the second fails; the file between them is large, and moves.
    const large = 100_000_000
    const files = [
      fileOf({ name: 'a', max: 1, bytes: 1 }),
      fileOf({ name: 'b', min: 1, max: 2, bytes: 1 }),
      fileOf({ name: 'c', min: 5, max: 6, bytes: large }),
      fileOf({ name: 'd', min: 7, max: 9, bytes: 1 }),
      fileOf({ name: 'e', min: 8, max: 9, bytes: 1 }),
    ]
    const bucket = compactor(files, { rewrite: failAtTheLast })
    bucket.triggerFull()
    await expect(bucket.take(true)).rejects.toThrow('the disk is full')
    expect((await stored()).filter((path) => !before.has(path))).toEqual([])
  })

  test('that is cancelled deletes what it makes, and starts nothing more', async () => {
    const before = new Set(await stored())
    const { promise: isReady, resolve: ready } = Promise.withResolvers<void>()
    let signal: AbortSignal | undefined
    const bucket = compactor(filesOf('a@0:0-9 b@0:0-9 c@0:0-9'), {
      rewrite: async (_, context) => {
        signal = context.signal
        await isReady
      },
    })
    bucket.trigger()
    await Promise.resolve()
    const cancelled = bucket.cancel()
    expect(signal?.aborted).toBe(true)
    ready()
    await cancelled
    expect((await stored()).filter((path) => !before.has(path))).toEqual([])
    bucket.triggerFull()
    await expect(bucket.take(true)).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
