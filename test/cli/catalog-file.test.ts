import { describe, expect, test } from 'vitest'

import { parseCatalogFile } from '../../src/cli/catalog-file.ts'

const parse = (text: string): Record<string, string> => ({
  ...parseCatalogFile(text, 'paimon.yaml'),
})

describe('a catalog file', () => {
  test('is flat lines of keys and values', () => {
    const text = [
      '---',
      '# the lake',
      'metastore: filesystem',
      '',
      'warehouse: s3://lake/wh   # where it lies',
      "s3.access-key: 'it''s: #1'",
      '"s3.path.style.access": true',
      'fs.s3.endpoint: "http://127.0.0.1:9000"',
      'part: a#b',
      '',
    ].join('\r\n')
    expect(parse(text)).toEqual({
      metastore: 'filesystem',
      warehouse: 's3://lake/wh',
      's3.access-key': "it's: #1",
      's3.path.style.access': 'true',
      'fs.s3.endpoint': 'http://127.0.0.1:9000',
      part: 'a#b',
    })
  })

  test('of nothing has no options', () => {
    expect(parse('')).toEqual({})
    expect(parse('# nothing\n')).toEqual({})
  })
})

const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['nesting', 's3:\n  endpoint: x', /line 1 has no value/],
  ['an indented key', '  warehouse: x', /line 1 is no line/],
  ['a list', '- warehouse: x', /line 1 is no line/],
  ['a flow list', 'warehouse: [a, b]', /line 1 has a value of a form/],
  ['a flow map', 'warehouse: {a: b}', /form/],
  ['an anchor', 'warehouse: &a x', /form/],
  ['an alias', 'warehouse: *a', /form/],
  ['a tag', 'warehouse: !!str x', /form/],
  ['several lines', 'warehouse: |\n  x', /line 1 has a value/],
  ['folded lines', 'warehouse: >-\n  x', /line 1 has a value/],
  ['an escape', 'warehouse: "a\\tb"', /form/],
  ['an open quote', "warehouse: 'x", /form/],
  ['text behind a quote', "warehouse: 'x' y", /form/],
  ['a mapping inside of a value', 'warehouse: a: b', /form/],
  ['no value', 'warehouse:', /line 1 has no value/],
  ['null', 'warehouse: ~', /no value/],
  ['a comment for a value', 'warehouse: # x', /no value/],
  ['a key twice', 'warehouse: a\nwarehouse: b', /line 2 sets warehouse a second time/],
  ['no colon', 'warehouse', /line 1 is no line/],
]

describe('what may mean something else than it seems is refused', () => {
  test.each(REFUSED)('%s', (_, text, message) => {
    expect(() => parse(text)).toThrow(message)
    expect(() => parse(text)).toThrow(/paimon\.yaml/)
  })

  test('a value is never repeated in the message', () => {
    expect(() => parse('s3.secret-key: [hunter22]')).toThrow(/^(?!.*hunter22)/)
  })
})
