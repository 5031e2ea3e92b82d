import { describe, expect, test } from 'vitest'

import { parseType } from '../../src/types/type-text.ts'
import { castText, floatText, javaText, parseValueText } from '../../src/types/value-text.ts'
import { fixture, vectorValue } from '../support/java-vectors.ts'

interface Vectors {
  readonly names: readonly { type: string; value: unknown; legacy?: string; cast: string }[]
  readonly casts: readonly { type: string; text: string; value?: unknown; error?: boolean }[]
}

const { names, casts } = fixture('partition-texts.json') as Vectors
const printed = names.filter(({ cast }) => cast !== '__DEFAULT_PARTITION__')
const floats = printed.filter(({ type }) => type === 'FLOAT' || type === 'DOUBLE')
const others = printed.filter((vector) => !floats.includes(vector))

describe.each(Object.entries(Object.groupBy(others, ({ type }) => type)))('%s', (text, vectors) => {
  const type = parseType(text)

  test('prints as in Java', () => {
    for (const { value, cast } of vectors!)
      expect(castText(type, vectorValue(type, value)!)).toBe(cast)
    for (const { value, legacy } of vectors!.filter((vector) => vector.legacy !== undefined))
      expect(javaText(type, vectorValue(type, value)!)).toBe(legacy)
  })
})

test('floats print as in Java, save for the digit too many of the JDK that made the vectors', () => {
  let shorter = 0
  for (const { type, value, cast } of floats) {
    const text = castText(parseType(type), vectorValue(parseType(type), value)!)
    if (text === cast) continue
    shorter++
    expect(text.length).toBeLessThan(cast.length)
    expect(parseValueText(parseType(type), text)).toBe(vectorValue(parseType(type), value))
  }
  expect(shorter).toBeLessThan(floats.length / 8)
})

describe('texts are cast as in Java', () => {
  const right = casts.filter(({ error, value }) => error !== true && value !== null)

  test.each(right)('$type "$text" is $value', (vector) => {
    const type = parseType(vector.type)
    expect(parseValueText(type, vector.text)).toEqual(vectorValue(type, vector.value))
  })
})

describe('texts that Java refuses are refused', () => {
  // A 'T' between date and time is what the names of partition directories have.
  const wrong = casts.filter(({ error, text }) => error === true && !text.includes('T'))

  test.each(wrong)('$type "$text"', ({ type, text }) => {
    expect(() => parseValueText(parseType(type), text)).toThrow(
      expect.objectContaining({ code: 'INVALID' }),
    )
  })
})

test('a decimal with too many digits is refused, where Java makes it null', () => {
  const nulls = casts.filter(({ value, error }) => value === null && error !== true)
  expect(nulls).toHaveLength(1)
  for (const { type, text } of nulls)
    expect(() => parseValueText(parseType(type), text)).toThrow(`"${text}" is no ${type}`)
})

describe('the names that partitions get are read back', () => {
  // Values longer than their CHAR(5) or VARCHAR(20) allows are among the vectors.
  const readable = printed.filter(({ type }) => !/CHAR|BINARY|BYTES/.test(type))

  test.each(Object.entries(Object.groupBy(readable, ({ type }) => type)))('%s', (text, vectors) => {
    const type = parseType(text)
    for (const { value, legacy, cast } of vectors!) {
      const expected = vectorValue(type, value)
      expect(parseValueText(type, legacy!)).toEqual(expected)
      // A cast cuts the digits of a TIME that its precision does not have.
      expect(parseValueText(type, type.kind === 'TIME' ? legacy! : cast)).toEqual(expected)
    }
  })
})

test.each([
  ['2020-01-01T10:00', '1577872800000'],
  ['2020-01-01 10:00:00Z', '1577872800000'],
])('a zoned timestamp reads %s in UTC', (text, millis) => {
  const type = parseType('TIMESTAMP(3) WITH LOCAL TIME ZONE')
  expect(parseValueText(type, text)).toBe(BigInt(millis))
})

test.each([
  [1, '1.0'],
  [0.001, '0.001'],
  [0.0009, '9.0E-4'],
  [9999999, '9999999.0'],
  [10000000, '1.0E7'],
  [1e23, '1.0E23'],
  [123456789012, '1.23456789012E11'],
  [5e-324, '4.9E-324'],
])('the double %d prints as %s', (value, text) => {
  expect(floatText(value, false)).toBe(text)
})
