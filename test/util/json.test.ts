import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import fastGlob from 'fast-glob'
import { expect, test } from 'vitest'

import { parseJson, printJson } from '../../src/util/json.ts'

const WAREHOUSE = join(import.meta.dirname, '../../fixtures/golden/warehouse/golden.db')

test('every schema, snapshot and tag file that Java wrote prints back to the same bytes', () => {
  const files = fastGlob.sync('**/{schema/schema-*,snapshot/snapshot-*,tag/tag-*}', {
    cwd: WAREHOUSE,
  })
  expect(files.length).toBeGreaterThan(200)
  const different: string[] = []
  for (const file of files) {
    const text = readFileSync(join(WAREHOUSE, file), 'utf8')
    if (printJson(parseJson(text, file)) !== text) different.push(file)
  }
  expect(different).toEqual([])
})

test.each([
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', 9007199254740993n],
  ['-9223372036854775808', -9223372036854775808n],
  ['[9223372036854775807, 1.5]', [9223372036854775807n, 1.5]],
  ['1.0000000000000000001', 1],
  ['1e30', 1e30],
])('%s keeps its exact value', (text, expected) => {
  expect(parseJson(text)).toEqual(expected)
})

test('an object with a name such as __proto__ changes no other object', () => {
  const parsed = parseJson('{"__proto__": {"polluted": true}, "a": 12345678901234567890}')
  expect(Object.keys(parsed as object)).toEqual(['__proto__', 'a'])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  expect(printJson(parsed)).toContain('"__proto__" : {')
})

test('text that is no JSON is CORRUPT and names the file', () => {
  expect(() => parseJson('{"a":', 'db/t/schema/schema-0')).toThrow(
    expect.objectContaining({ code: 'CORRUPT', path: 'db/t/schema/schema-0' }),
  )
})

test('nesting beyond the limit is CORRUPT, however the brackets are hidden', () => {
  expect(parseJson(deep(500))).toBeInstanceOf(Array)
  expect(() => parseJson(deep(501))).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  expect(() => parseJson(deep(200_000))).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  expect(() => parseJson(`"${'\\"'.repeat(1_000_000)}\\`)).toThrow(
    expect.objectContaining({ code: 'CORRUPT' }),
  )
  expect(() => parseJson('[{"a":'.repeat(100_000))).toThrow(
    expect.objectContaining({ code: 'CORRUPT' }),
  )
})

test('the layout is that of the Java pretty printer', () => {
  const value = { a: [], b: {}, c: [1, { d: [true, null] }], e: undefined, f: { g: 10n ** 18n } }
  expect(printJson(value)).toBe(
    `{
  "a" : [ ],
  "b" : { },
  "c" : [ 1, {
    "d" : [ true, null ]
  } ],
  "f" : {
    "g" : 1000000000000000000
  }
}`,
  )
})

test('strings are escaped as Java escapes them', () => {
  expect(printJson('a"b\\c/d\b\f\n\r\t\u0001\u001f\u007fé\u2028😀')).toBe(
    String.raw`"a\"b\\c/d\b\f\n\r\t\u0001\u001F` + '\u007fé\u2028😀"',
  )
})

test('a raw number keeps its digits', () => {
  const raw = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON('5.000000000')
  expect(printJson({ tagTimeRetained: raw })).toBe('{\n  "tagTimeRetained" : 5.000000000\n}')
})

function deep(depth: number): string {
  return `${'['.repeat(depth)}"[[[\\"[["${']'.repeat(depth)}`
}
