/** Checks of merged sketches and bitmaps against Java's bytes (fixtures/sketches.json), and of damaged ones. */
import { describe, expect, it } from 'vitest'

import { valueAggregate } from '../../../src/lsm/merge/value-aggregates.ts'
import { tableOptions } from '../../../src/types/options.ts'
import { parseTypeText } from '../../../src/types/type-text.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { fixture } from '../../support/java-vectors.ts'
import { between, type Random, seeded } from '../../support/random.ts'

interface Case {
  readonly name: string
  readonly a: string
  readonly b: string
  readonly union: string
}

const CASES = fixture('sketches.json') as readonly Case[]
const NAMES = ['theta_sketch', 'hll_sketch', 'rbm32', 'rbm64']

function aggregate(name: string, type = 'BYTES') {
  const field = { id: 0, name: 'v', type: parseTypeText(type) }
  return valueAggregate(name, field, tableOptions({}))
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

function hex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString('hex')
}

describe.each(NAMES)('%s', (name) => {
  const { agg } = aggregate(name)
  const cases = CASES.filter((each) => each.name === name)

  it('merges into the bytes that Java stores', () => {
    expect(cases.length).toBeGreaterThan(40)
    for (const { a, b, union } of cases)
      expect(hex(agg(bytesOf(a), bytesOf(b)))).toBe(hex(bytesOf(union)))
  })

  it('leaves its arguments alone, and takes null for nothing', () => {
    for (const { a, b } of cases) {
      const [first, second] = [bytesOf(a), bytesOf(b)]
      agg(first, second)
      expect([hex(first), hex(second)]).toEqual([hex(bytesOf(a)), hex(bytesOf(b))])
      expect(agg(first, null)).toBe(first)
      expect(agg(null, first)).toBe(first)
    }
  })

  it('takes VARBINARY only', () => {
    expect(() => aggregate(name, 'BINARY(9)')).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  it('calls damaged bytes CORRUPT and names the column, if it does not make something of them', () => {
    const random = seeded(7)
    const small = cases.filter(({ a }) => a.length < 4000)
    const errors: unknown[] = []
    for (let i = 0; i < 600; i++) {
      const { a, b } = small[i % small.length]!
      try {
        expect(agg(damaged(bytesOf(a), random), bytesOf(b))).toBeInstanceOf(Uint8Array)
      } catch (error) {
        errors.push(error)
      }
    }
    expect(errors.length).toBeGreaterThan(50)
    expect(errors.filter((error) => !isAsItShould(error))).toEqual([])
  })
})

/** Another cause than a LakeError would be a slip inside. */
function isAsItShould(error: unknown): boolean {
  if (!(error instanceof LakeError) || error.code !== 'CORRUPT') return false
  return error.message.startsWith('column "v": ') && error.cause instanceof LakeError
}

/** Cut off, or with a few bytes of the head or of anywhere changed. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  if (between(random, 0, 4) === 0) return bytes.slice(0, between(random, 0, bytes.length))
  const copy = bytes.slice()
  const reach = between(random, 0, 2) === 0 ? Math.min(48, copy.length) : copy.length
  for (let i = between(random, 0, 3); i >= 0; i--)
    copy[between(random, 0, reach)] = between(random, 0, 256)
  return copy
}
