import { describe, expect, test } from 'vitest'

import { allRows, type BatchRows } from '../../src/format/column-rows.ts'
import type { DataFileWriter } from '../../src/format/data-file.ts'
import { type OpenedFile, RollingWriter } from '../../src/lsm/rolling-writer.ts'
import type { Batch } from '../../src/types/column.ts'

/** A file of rows of so many bytes each, which notes what it is asked for. */
class CountingFile implements DataFileWriter {
  rowCount = 0
  readonly rowBytes: number
  readonly steps: [from: number, to: number][] = []
  state: 'open' | 'closed' | 'aborted' = 'open'

  constructor(rowBytes: number) {
    this.rowBytes = rowBytes
  }

  get sizeBytes(): number {
    return this.rowCount * this.rowBytes
  }

  async write(_: BatchRows, from: number, to: number): Promise<void> {
    this.steps.push([from, to])
    this.rowCount += to - from
  }

  async close() {
    this.state = 'closed' as const
    return [{ min: this.rowCount, max: null, nullCount: 0 }]
  }

  async abort(): Promise<void> {
    this.state = 'aborted' as const
  }
}

function counting(targetBytes: number, rowBytes: number, openFails = false, targetRows?: number) {
  const files: CountingFile[] = []
  const openFile = async (): Promise<OpenedFile> => {
    if (openFails) throw new Error('no room')
    const writer = new CountingFile(rowBytes)
    const name = `f${files.push(writer)}`
    return { name, path: `dir/${name}`, writer, finishIndex: null }
  }
  return { files, writer: new RollingWriter(openFile, { targetBytes, targetRows }) }
}

function rowsOf(length: number, rowBytes?: number): BatchRows {
  const batch: Batch = { length, columns: [] }
  return { ...allRows(batch), rowBytes }
}

describe('rows go to the next file once one has its size', () => {
  test.each([
    [1_000_000, 100, undefined],
    [1_000_000, 100, 100],
    [1_000_000, 100, 3],
    [1_000_000, 100, 5000],
    [50_000_000, 7, 8],
  ])(
    'a target of %i bytes and rows of %i, thought to take %s',
    async (targetBytes, rowBytes, thought) => {
      const { files, writer } = counting(targetBytes, rowBytes)
      const target = targetBytes / rowBytes
      const length = Math.floor(3.3 * target)
      await writer.write(rowsOf(length, thought))
      const written = await writer.finish()
      expect(written.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(length)
      for (const { rowCount } of written.slice(0, -1)) {
        expect(rowCount).toBeGreaterThanOrEqual(target)
        // A first guess that is far too low makes one step too large.
        expect(rowCount).toBeLessThanOrEqual(Math.max(target + 1000, length / 3, 4096))
      }
      expect(files.every(({ state }) => state === 'closed')).toBe(true)
    },
  )

  test('all rows in order, none twice', async () => {
    const { files, writer } = counting(10_000, 3)
    for (const length of [1, 5000, 1, 20_000]) await writer.write(rowsOf(length, 3))
    await writer.finish()
    const steps = files.flatMap((file) => file.steps)
    for (const [i, [from, to]] of steps.entries()) {
      expect(to).toBeGreaterThan(from)
      expect([0, steps[i - 1]?.[1]]).toContain(from)
    }
    expect(steps.reduce((sum, [from, to]) => sum + to - from, 0)).toBe(25_002)
  })

  test('which is looked at after a thousand rows at the earliest, as Java does', async () => {
    const { files, writer } = counting(1, 100)
    await writer.write(rowsOf(3500, 100))
    await writer.finish()
    expect(files.map(({ rowCount }) => rowCount)).toEqual([1000, 1000, 1000, 500])
  })

  test('or as many rows as a file may have', async () => {
    const { files, writer } = counting(1_000_000, 1, false, 300)
    for (const length of [250, 700]) await writer.write(rowsOf(length, 1))
    await writer.finish()
    expect(files.map(({ rowCount }) => rowCount)).toEqual([300, 300, 300, 50])
  })

  test('and one that took its last row is not followed by an empty one', async () => {
    const { files, writer } = counting(100_000, 100)
    await writer.write(rowsOf(1000, 100))
    expect(await writer.finish()).toHaveLength(1)
    expect(files).toHaveLength(1)
  })
})

test('a file stays open between writes, and counts for what it takes', async () => {
  const { files, writer } = counting(1_000_000, 100)
  expect(writer.openBytes).toBe(0)
  await writer.write(rowsOf(10, 100))
  await writer.write(rowsOf(20, 100))
  expect([files.length, writer.openBytes]).toEqual([1, 3000])
  expect(await writer.finish()).toEqual([
    {
      name: 'f1',
      path: 'dir/f1',
      sizeBytes: 3000,
      rowCount: 30,
      bounds: [{ min: 30, max: null, nullCount: 0 }],
      embeddedIndex: null,
      extraFiles: [],
    },
  ])
  expect(writer.openBytes).toBe(0)
})

test('no rows, no file', async () => {
  const { files, writer } = counting(1000, 10)
  await writer.write(rowsOf(0))
  expect(await writer.finish()).toEqual([])
  expect(files).toEqual([])
})

test('abort drops the open file, and names the closed ones for deletion', async () => {
  const { files, writer } = counting(100_000, 100)
  await writer.write(rowsOf(2500, 100))
  expect(await writer.abort()).toEqual(['dir/f1', 'dir/f2'])
  expect(files.map(({ state }) => state)).toEqual(['closed', 'closed', 'aborted'])
  expect(await writer.abort()).toEqual(['dir/f1', 'dir/f2'])
})

test('a file that cannot be opened leaves nothing to drop', async () => {
  const { writer } = counting(1000, 10, true)
  await expect(writer.write(rowsOf(1))).rejects.toThrow('no room')
  expect(await writer.abort()).toEqual([])
})
