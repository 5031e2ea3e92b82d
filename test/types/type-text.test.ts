import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  parseField,
  parseType,
  parseTypeText,
  typeText,
  typeToJson,
} from '../../src/types/type-text.ts'
import { LakeError } from '../../src/util/errors.ts'
import { fixture } from '../support/java-vectors.ts'

interface Vectors {
  readonly texts: readonly { input: string; text?: string; json?: unknown; error?: boolean }[]
  readonly nested: readonly { json: unknown; text: string }[]
}

const { texts, nested } = fixture('type-texts.json') as Vectors

describe('texts are read and refused as in Java', () => {
  test.each(texts.filter(({ error }) => error !== true))('"$input" is $text', (vector) => {
    const type = parseType(vector.input)
    expect(typeText(type)).toBe(vector.text)
    expect(typeToJson(type)).toEqual(vector.json)
    expect(parseType(vector.json)).toEqual(type)
  })

  test.each(texts.filter(({ error }) => error === true))('"$input" is refused', ({ input }) => {
    expect(() => parseType(input)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})

describe('JSON forms are read and printed as in Java', () => {
  test.each(nested)('$text', ({ json, text }) => {
    const type = parseType(json)
    expect(typeToJson(type)).toEqual(json)
    expect(typeText(type)).toBe(text)
  })
})

describe('texts of nested types, which Java prints but does not read', () => {
  test.each([
    'ARRAY<INT NOT NULL> NOT NULL',
    'MAP<STRING NOT NULL, ARRAY<DECIMAL(10, 2)>>',
    'MULTISET<STRING>',
    "ROW<`a` INT, `b c` STRING NOT NULL COMMENT 'it''s'>",
    'ROW<`a` ROW<`b` TIMESTAMP(3) WITH LOCAL TIME ZONE>, `c` VECTOR<FLOAT, 3>>',
    'ROW<>',
  ])('%s', (text) => {
    expect(typeText(parseTypeText(text))).toBe(text)
  })

  test('names of fields may be bare words', () => {
    expect(typeText(parseTypeText('row<id bigint not null, date date>'))).toBe(
      'ROW<`id` BIGINT NOT NULL, `date` DATE>',
    )
  })

  test('fields are numbered in the order of the text', () => {
    expect(parseTypeText('ROW<a ROW<b INT>, c INT>')).toMatchObject({
      fields: [{ id: 0, type: { fields: [{ id: 1 }] } }, { id: 2 }],
    })
  })
})

test('any text is a type that prints back, or INVALID', () => {
  const words =
    "INT ARRAY MAP ROW MULTISET VECTOR DECIMAL CHAR TIME TIMESTAMP WITH NOT NULL < > ( ) , 5 0 ` a '"
  const text = fc.array(fc.oneof(fc.constantFrom(...words.split(' ')), fc.string()), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(text, (parts) => {
      const outcome = printedOrCode(parts.join(' '))
      expect(outcome === 'INVALID' || printedOrCode(outcome) === outcome).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

/** The type's text, or the code of the error. */
function printedOrCode(text: string): string {
  try {
    return typeText(parseTypeText(text))
  } catch (error) {
    return error instanceof LakeError ? error.code : String(error)
  }
}

describe('errors', () => {
  test.each([
    ['INTEGR', 'character 1: "INTEGR" is no type (did you mean "INTEGER"?)'],
    ['DECIMAL(10, 2', 'character 14: expected ")"'],
    ['DECIMAL(40, 2)', 'character 1: the precision of DECIMAL must be between 1 and 38, not 40'],
    ['INT NOT', 'character 5: did not expect "NOT"'],
    ['ARRAY<INT,', 'character 10: expected ">"'],
    ['ROW<`a INT>', 'character 5: the quote ` is not closed'],
    ['ROW<a INT, a STRING>', 'character 20: two fields are named "a"'],
    ['', 'character 1: expected a type'],
  ])('%s: %s', (text, message) => {
    expect(() => parseTypeText(text)).toThrow(message)
  })

  test('a mistake in a schema file is CORRUPT, and leads to the place', () => {
    const json = {
      id: 1,
      name: 'tags',
      type: { type: 'ARRAY', element: { type: 'MAP', key: 'STRNG', value: 'INT' } },
    }
    expect(() => parseField(json, 'db/t/schema/schema-3')).toThrow(
      expect.objectContaining({
        code: 'CORRUPT',
        path: 'db/t/schema/schema-3',
        message: expect.stringContaining(
          'field "tags".element.key: type "STRNG" at character 1: "STRNG" is no type (did you mean "STRING"?)',
        ),
      }),
    )
  })

  test.each([
    [7],
    [null],
    [[]],
    [{}],
    [{ type: 'ARRAYS', element: 'INT' }],
    [{ type: 'ARRAY' }],
    [{ type: 'ROW', fields: {} }],
    [{ type: 'ROW', fields: [{ name: 'a', type: 'INT' }] }],
    [{ type: 'ROW', fields: [{ id: -1, name: 'a', type: 'INT' }] }],
    [{ type: 'ROW', fields: [{ id: 1, name: ' ', type: 'INT' }] }],
    [{ type: 'VECTOR', element: 'FLOAT', length: 0 }],
    [{ type: 'VECTOR', element: 'FLOAT' }],
    ['ARRAY<INT>'],
  ])('%j is no type', (json) => {
    expect(() => parseType(json, 'file')).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  })

  test('nesting has a limit, in JSON and in text', () => {
    let json: unknown = 'INT'
    for (let i = 0; i < 101; i++) json = { type: 'ARRAY', element: json }
    expect(() => parseType(json, 'file')).toThrow('nests more than 100 deep')
    expect(() => parseTypeText('ARRAY<'.repeat(100_000))).toThrow('nests more than 100 deep')
  })
})
