/** Checks of every aggregate function against what Java made of the same values (fixtures/aggregates.json). */
import { describe, expect, it } from 'vitest'

import { valueAggregate } from '../../../src/lsm/merge/value-aggregates.ts'
import type { InternalValue } from '../../../src/types/internal-value.ts'
import { tableOptions } from '../../../src/types/options.ts'
import { parseType } from '../../../src/types/type-text.ts'
import type { LakeError } from '../../../src/util/errors.ts'
import { fixture, vectorValue } from '../../support/java-vectors.ts'

type Operation = 'agg' | 'retract' | 'aggReversed'

interface Case {
  readonly name: string
  readonly type: unknown
  readonly options: Readonly<Record<string, string>>
  readonly runs: readonly (readonly [Operation, unknown, unknown])[][]
}

const CASES = fixture('aggregates.json') as readonly Case[]

/** Java gives these in the order of its hash maps. */
function isUnordered({ name, options }: Case): boolean {
  if (name === 'nested_update') return options['fields.v.nested-key'] !== undefined
  if (name === 'collect') return options['fields.v.distinct'] === 'true'
  return ['merge_map', 'merge_map_with_keytime', 'nested_partial_update'].includes(name)
}

/** As text, since -0 and NaN are told apart there. */
function shown(value: InternalValue): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(' ')}]`
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`
  return Object.is(value, -0) ? '-0' : String(value)
}

function canonical(value: InternalValue, unordered: boolean): string {
  if (!unordered || !Array.isArray(value)) return shown(value)
  return value.map(shown).toSorted().join(' ')
}

/** What comes of each step: a value's text, or the code of the error. */
function outcomes(each: Case): string[] {
  const type = parseType(each.type)
  const field = { id: 0, name: 'v', type }
  const aggregate = valueAggregate(each.name, field, tableOptions(each.options))
  const unordered = isUnordered(each)
  return each.runs.flatMap((steps) => {
    aggregate.reset()
    let acc: InternalValue = null
    return steps.map(([operation, input]) => {
      try {
        acc = aggregate[operation](acc, vectorValue(type, input))
      } catch (error) {
        return (error as LakeError).code
      }
      return canonical(acc, unordered)
    })
  })
}

function expected(each: Case): string[] {
  const type = parseType(each.type)
  const unordered = isUnordered(each)
  return each.runs
    .flat()
    .map(([, , result]) =>
      isError(result) ? 'INVALID' : canonical(vectorValue(type, result), unordered),
    )
}

describe('aggregate functions', () => {
  it.each(
    CASES.map((each) => {
      const { name, type, options } = each
      return [name, JSON.stringify(type), JSON.stringify(options), each] as const
    }),
  )('%s of %s with %s gives what Java gives', (_name, _type, _options, each) => {
    expect(outcomes(each)).toEqual(expected(each))
  })

  it('are compared in all that they do', () => {
    const steps = CASES.flatMap((each) => each.runs).flat()
    expect(new Set(steps.map(([operation]) => operation)).size).toBe(3)
    expect(steps.some(([, , result]) => isError(result))).toBe(true)
    expect(new Set(CASES.map((each) => each.name)).size).toBeGreaterThan(17)
  })
})

function isError(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'error' in result
}
