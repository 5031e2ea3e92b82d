import { expect, test } from 'vitest'

import { ByteRanges } from '../../src/format/byte-ranges.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'

test('bytes that one reader gives back stay for another that has asked for its own', async () => {
  const io = new MemoryFileIO()
  const path = 'memory://ranges/file'
  const whole = Uint8Array.from({ length: 100_000 }, (_, i) => i)
  await io.write(path, whole)
  const source = new ByteRanges(io, path, whole.length)
  const [first, second] = [
    { offset: 0, length: 60_000 },
    { offset: 60_000, length: 40_000 },
  ]
  source.announce([first, second])
  const one = await source.read(first.offset, first.length)
  const asked = source.read(second.offset, second.length)
  source.release(one)
  expect(Buffer.compare(await asked, whole.subarray(60_000))).toBe(0)
})
