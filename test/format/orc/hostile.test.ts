import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { openOrcData } from '../../../src/format/orc/data-file.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { bindPredicate } from '../../../src/types/predicate-bind.ts'
import { gte, isNull, or } from '../../../src/types/predicate.ts'
import { GOLDEN_WAREHOUSE } from '../../support/golden-expect.ts'
import { goldenSchema } from '../../support/golden-tables.ts'
import { checkedError } from '../../support/malformed.ts'
import {
  type HandmadeFile,
  type HandmadeStream,
  literals,
  orcFile,
  varint,
  zigzag,
} from '../../support/orc-bytes.ts'
import { ORC_PATH, orcBatches, orcFields } from '../../support/orc-files.ts'
import { mutateBytes } from '../../support/parquet-mutants.ts'
import { BytesIO } from '../../support/parquet.ts'
import { between, seeded } from '../../support/random.ts'

const [DATA, LENGTH, DICTIONARY, SECONDARY] = [1, 2, 3, 5]

/** The code of the error that reading ends with, or `read`; anything but a LakeError that names the file fails. */
async function outcome(bytes: Uint8Array, fields: readonly DataField[]): Promise<string> {
  try {
    await orcBatches(bytes, { fields }, 100)
    return 'read'
  } catch (error) {
    return checkedError(error, ORC_PATH).code
  }
}

/** A file of one column `a` and one row. */
const oneColumn = (
  kinds: readonly number[],
  streams: readonly HandmadeStream[],
  encoding: readonly [number, number] = [0, 0],
): HandmadeFile => ({
  types: [
    { kind: 12, subtypes: [1], names: ['a'] },
    ...kinds.map((kind, i) => ({
      kind,
      subtypes: Array.from({ length: i === 0 ? kinds.length - 1 : 0 }, (_, n) => n + 2),
    })),
  ],
  stripes: [{ rowCount: 1, streams, encodings: { 1: encoding } }],
})

const stream = (kind: number, bytes: readonly number[], column = 1): HandmadeStream => ({
  kind,
  column,
  bytes,
})
const int = oneColumn([3], [stream(DATA, literals(zigzag(5)))])
const intStripe = int.stripes[0]!
const intStream = intStripe.streams[0]!
const INT = orcFields({ a: 'INT' })
const HUGE = varint(2 ** 31 - 1)

describe('values that lie', () => {
  const manyRows = { ...int, stripes: [{ ...intStripe, rowCount: 2 ** 31 - 1 }] }
  const cases: [string, unknown, HandmadeFile][] = [
    ['an INT of 33 bits', 'INT', oneColumn([3], [stream(DATA, literals(zigzag(2n ** 32n)))])],
    ['a SMALLINT of 17 bits', 'SMALLINT', oneColumn([2], [stream(DATA, literals(zigzag(65536)))])],
    ['no value', 'INT', oneColumn([3], [])],
    ['2^31 rows of one value', 'INT', manyRows],
    [
      'a list of 2^31 elements',
      { type: 'ARRAY', element: 'BIGINT' },
      oneColumn([10, 4], [stream(LENGTH, literals(HUGE)), stream(DATA, literals([2]), 2)]),
    ],
    [
      'a map of more entries than there are',
      { type: 'MAP', key: 'INT', value: 'INT' },
      oneColumn([11, 3, 3], [stream(LENGTH, literals([2])), stream(DATA, [0, 1, 2], 2)]),
    ],
    [
      'a string of 2^31 bytes',
      'STRING',
      oneColumn([7], [stream(LENGTH, literals(HUGE)), stream(DATA, [65])]),
    ],
    [
      'a string of a length beyond 2^31',
      'STRING',
      oneColumn([7], [stream(LENGTH, literals(varint(2n ** 40n))), stream(DATA, [65])]),
    ],
    [
      'an entry that the dictionary has not',
      'STRING',
      oneColumn(
        [7],
        [stream(DATA, literals([1])), stream(LENGTH, literals([1])), stream(DICTIONARY, [65])],
        [1, 1],
      ),
    ],
    [
      'a dictionary of 2^31 entries',
      'STRING',
      oneColumn(
        [7],
        [stream(DATA, literals([0])), stream(LENGTH, literals([1])), stream(DICTIONARY, [65])],
        [1, 2 ** 31 - 1],
      ),
    ],
    ['an encoding that there is not', 'INT', oneColumn([3], [intStream], [9, 0])],
    [
      'a decimal of more digits',
      'DECIMAL(3, 0)',
      oneColumn([14], [stream(DATA, zigzag(1000)), stream(SECONDARY, literals(zigzag(0)))]),
    ],
    [
      'a decimal of a larger scale',
      'DECIMAL(3, 0)',
      oneColumn([14], [stream(DATA, zigzag(10)), stream(SECONDARY, literals(zigzag(1)))]),
    ],
    [
      'a decimal of forty bytes',
      'DECIMAL(38, 0)',
      oneColumn(
        [14],
        [
          stream(DATA, [...Array.from({ length: 40 }, () => 0x81), 1]),
          stream(SECONDARY, literals(zigzag(0))),
        ],
      ),
    ],
    [
      'more nanoseconds than a second has',
      'TIMESTAMP(9)',
      oneColumn(
        [9],
        [stream(DATA, literals([0])), stream(SECONDARY, literals(varint((10 << 3) | 7)))],
      ),
    ],
    [
      'a timestamp that 64 bits do not hold',
      'TIMESTAMP(9)',
      oneColumn([9], [stream(DATA, literals(zigzag(2n ** 40n))), stream(SECONDARY, literals([0]))]),
    ],
    ['another type', 'STRING', int],
    ['a type of no column', 'INT', { ...int, types: [{ ...int.types[0]!, subtypes: [7] }] }],
    ['a type below itself', 'INT', { ...int, types: [{ ...int.types[0]!, subtypes: [0] }] }],
  ]

  test.each(cases)('as %s are CORRUPT', async (_, type, file) => {
    for (const codec of [undefined, 'zstd'] as const) {
      const bytes = orcFile({ ...file, ...(codec && { codec }) })
      expect(await outcome(bytes, orcFields({ a: type }))).toBe('CORRUPT')
    }
  })

  test('are read where they do not lie', async () => {
    expect(await orcBatches(orcFile(int), { fields: INT })).toEqual([[[5]]])
  })
})

describe('a file', () => {
  test.each<[string, string, Partial<HandmadeFile>]>([
    ['more rows than its stripes', 'CORRUPT', { rowCount: 2 }],
    [
      'a stream behind its stripe',
      'CORRUPT',
      { stripes: [{ ...intStripe, streams: [{ ...intStream, claimed: 1000 }] }] },
    ],
    [
      'a stream of 2^60 bytes',
      'CORRUPT',
      { stripes: [{ ...intStripe, streams: [{ ...intStream, claimed: 2n ** 60n }] }] },
    ],
    [
      'two streams in one',
      'CORRUPT',
      { stripes: [{ ...intStripe, streams: [intStream, intStream] }] },
    ],
    ['stripes that share bytes', 'CORRUPT', { stripes: [intStripe, { ...intStripe, offset: 3 }] }],
    ['a stripe behind its end', 'CORRUPT', { stripes: [{ ...intStripe, offset: 2 ** 40 }] }],
    ['chunks of more than it says', 'CORRUPT', { codec: 'zstd', blockBytes: 2 }],
    ['chunks of 2^40 bytes', 'CORRUPT', { codec: 'zstd', blockBytes: 2 ** 40 }],
    ['a column that is a union', 'UNSUPPORTED', { types: [int.types[0]!, { kind: 13 }] }],
  ])('of %s is %s', async (_, code, part) => {
    expect(await outcome(orcFile({ ...int, ...part }), INT)).toBe(code)
  })

  test('that is cut anywhere is CORRUPT', async () => {
    const whole = orcFile(int)
    for (let length = 0; length < whole.length; length++)
      expect(await outcome(whole.subarray(0, length), INT)).toBe('CORRUPT')
    expect(await outcome(whole, INT)).toBe('read')
  })

  test('without compression that is damaged reads, or is refused by its name', async () => {
    const streams = [
      stream(DATA, literals(zigzag(5), zigzag(-7))),
      stream(LENGTH, literals([2], [1]), 2),
      stream(DATA, literals(zigzag(1), zigzag(2), zigzag(3)), 3),
      stream(DATA, [0x80, 0, 0, 1], 4),
      stream(LENGTH, literals([1]), 4),
      stream(DICTIONARY, [65], 4),
      stream(DATA, [...zigzag(99), ...zigzag(-1)], 5),
      stream(SECONDARY, literals(zigzag(1), zigzag(0)), 5),
    ]
    const types = [
      { kind: 12, subtypes: [1, 2, 4, 5], names: ['a', 'b', 'c', 'd'] },
      { kind: 3 },
      { kind: 10, subtypes: [3] },
      { kind: 4 },
      { kind: 7 },
      { kind: 14 },
    ]
    const bytes = orcFile({
      types,
      stripes: [{ rowCount: 2, streams, encodings: { 4: [1, 1] } }],
    })
    const fields = orcFields({
      a: 'INT',
      b: { type: 'ARRAY', element: 'BIGINT' },
      c: 'STRING',
      d: 'DECIMAL(9, 1)',
    })
    const random = seeded(1)
    const seen = new Set<string>()
    for (let i = 0; i < 1500; i++)
      seen.add(
        await outcome(mutateBytes(bytes, { from: 3, to: bytes.length }, bytes, random), fields),
      )
    expect(seen).toEqual(new Set(['read', 'CORRUPT', 'UNSUPPORTED']))
  })

  test('of the golden table that is damaged reads, or is refused by its name', async () => {
    const bucket = join(GOLDEN_WAREHOUSE, 'golden.db/format_orc/bucket-0')
    const [bytes, other] = readdirSync(bucket).map(
      (name) => new Uint8Array(readFileSync(join(bucket, name))),
    )
    const { fields } = await goldenSchema('format_orc')
    const random = seeded(2)
    const seen = new Set<string>()
    for (let i = 0; i < 300; i++) {
      const to = bytes!.length
      const from = random() < 0.5 ? between(random, to - 400, to - 1) : 3
      const mutant = mutateBytes(bytes!, { from, to }, other!, random)
      seen.add(await outcome(mutant, fields))
      seen.add(await pruned(mutant, fields))
    }
    expect(seen).toContain('read')
    expect(seen).toContain('CORRUPT')
  })
})

async function pruned(bytes: Uint8Array, fields: readonly DataField[]): Promise<string> {
  try {
    const file = await openOrcData(new BytesIO(bytes).io, ORC_PATH, {})
    await file.prune(bindPredicate(or(gte('id', 5), isNull('c_string')), fields))
    return 'read'
  } catch (error) {
    return checkedError(error, ORC_PATH).code
  }
}
