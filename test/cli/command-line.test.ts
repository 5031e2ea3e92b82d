import { describe, expect, test } from 'vitest'

import { parseCommandLine } from '../../src/cli/command-line.ts'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { LakeError } from '../../src/util/errors.ts'

const parse = (line: string): ReturnType<typeof parseCommandLine> =>
  parseCommandLine(line.split(' '))

function failure(argv: readonly string[]): LakeError {
  try {
    parseCommandLine(argv)
  } catch (error) {
    if (error instanceof LakeError) return error
    throw error
  }
  throw new Error('the command line was taken')
}

describe('a command line', () => {
  test('names a command, its arguments, and flags anywhere', () => {
    const line = parse('--warehouse /wh read --limit 5 a.b --select x,y --where=k=-1 --verbose')
    expect(line.command?.name).toBe('read')
    expect(line.arguments).toEqual(['a.b'])
    expect(line.flags).toEqual({
      warehouse: '/wh',
      limit: 5,
      select: ['x', 'y'],
      where: 'k=-1',
      verbose: true,
    })
  })

  test('gathers options, whose values may hold equal signs', () => {
    const { flags } = parse('read a.b --option scan.snapshot-id=2 --option s3.secret-key=a=b==')
    expect({ ...flags.option }).toEqual({ 'scan.snapshot-id': '2', 's3.secret-key': 'a=b==' })
  })

  test('takes a single dash for stdin, and what follows two dashes as it is', () => {
    expect(parse('write a.b -').arguments).toEqual(['a.b', '-'])
    expect(parse('write a.b -- --odd-name.csv').arguments).toEqual(['a.b', '--odd-name.csv'])
  })

  test('means by --format what the command prints or reads', () => {
    expect(parse('read a.b --format table').flags).toEqual({ format: 'table' })
    expect(parse('write a.b --format csv').flags).toEqual({ 'input-format': 'csv' })
    expect(parse('check a.b --format json').flags).toEqual({ 'report-format': 'json' })
    expect(failure(['write', 'a.b', '--format', 'table']).message).toContain('--format "table"')
  })

  test('needs no arguments where help is asked for', () => {
    expect(parse('read --help').flags).toEqual({ help: true })
  })
})

const MISTAKES: readonly (readonly [line: string, message: RegExp, hint: RegExp])[] = [
  ['reed a.b', /no command "reed" \(did you mean "read"\?\)/, /millrace help lists/],
  ['x', /^there is no command "x"$/, /millrace help/],
  ['read a.b --limt 5', /no flag --limt for read \(did you mean "--limit"\?\)/, /help read/],
  ['read a.b --schema f', /no flag --schema for read/, /help read/],
  ['read', /read needs the argument DB.TABLE/, /usage: millrace read DB.TABLE \[flags\]/],
  ['read a.b c.d', /read takes no argument "c.d"/, /usage/],
  ['databases x', /databases takes no argument "x"/, /usage/],
  ['read a.b --limit', /--limit needs a value/, /--limit N/],
  ['read a.b --limit --verbose', /--limit needs a value/, /--limit N/],
  ['read a.b --limit=-1', /--limit "-1" is no number of rows/, /0 or more/],
  ['read a.b --limit 1e3', /--limit "1e3" is no number/, /whole number/],
  ['read a.b --format jsn', /--format "jsn" is none/, /table, jsonl, csv, arrow, parquet/],
  ['read a.b --format jsonll', /did you mean "jsonl"/, /table, jsonl/],
  ['read a.b --select a,,b', /--select has an empty name/, /a,b,c/],
  ['read a.b --verbose=yes', /--verbose takes no value/, /./],
  ['read a.b --option scan.snapshot-id', /"scan.snapshot-id" is not KEY=VALUE/, /--option/],
  ['read a.b --option a=1 --option a=2', /the option a is given twice/, /./],
  ['write a.b --commit-id x --user u', /--commit-id "x" is no identifier/, /whole number/],
  ['write a.b --commit-id 9223372036854775807 --user u', /is no identifier/, /whole number/],
]

describe('a mistake is told with the way out', () => {
  test.each(MISTAKES)('%s', (line, message, hint) => {
    const error = failure(line.split(' '))
    expect(error.code).toBe('INVALID')
    expect(error.message).toMatch(message)
    expect(error.hint ?? '-').toMatch(hint)
  })

  test('the value of a flag that is none is not repeated: it may be secret', () => {
    const { message, hint } = failure(['read', 'a.b', '--s3.secret-key=hunter22'])
    expect(`${message} ${hint}`).not.toContain('hunter22')
    expect(message).toContain('--s3.secret-key')
  })
})

test('no two commands and no two flags of a command share a name', () => {
  const names = COMMANDS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { flags } of COMMANDS) expect(new Set(flags).size).toBe(flags.length)
})
