/** Streams of tables that Java wrote, restored from every place in them. */
import { describe, expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../../src/io/local.ts'
import type { Checkpoint } from '../../../src/table/stream/checkpoint.ts'
import { GOLDEN_WAREHOUSE } from '../../support/golden-expect.ts'
import { openStream, readStream, streamCases } from '../../support/golden-streams.ts'
import { REFUSED } from '../../support/golden-suite.ts'

const catalog = new Catalog(new LocalFileIO(), GOLDEN_WAREHOUSE)
const cases = streamCases.filter(({ name }) => REFUSED[name] === undefined)

describe('a restored stream gives the rest of the rows, in their order', () => {
  test.each(cases)('$name from each of its snapshots', async (golden) => {
    const whole = await readStream((await openStream(catalog, golden)).stream)
    const lastId = whole.at(-1)!.snapshotId
    for (let id = 1; id <= lastId + 1; id++) {
      const rest = await readStream((await openStream(catalog, golden, id)).stream)
      expect(rest).toEqual(whole.filter(({ snapshotId }) => snapshotId >= id))
    }
  })

  test.each(cases)('$name from rows within its snapshots', async (golden) => {
    const whole = await readStream((await openStream(catalog, golden)).stream)
    const checkpoints: Checkpoint[] = []
    const { stream } = await openStream(catalog, golden)
    for await (const { checkpoint } of stream) checkpoints.push(checkpoint)
    expect(checkpoints).toHaveLength(whole.length)
    // Every row would take long.
    const step = Math.ceil(whole.length / 6)
    for (let i = 0; i < whole.length; i += step) {
      const checkpoint = JSON.parse(JSON.stringify(checkpoints[i])) as Checkpoint
      const rest = await readStream((await openStream(catalog, golden, checkpoint)).stream)
      expect(rest).toEqual(whole.slice(i + 1))
    }
  })
})
