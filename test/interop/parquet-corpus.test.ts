/**
 * The files of apache/parquet-testing, compared with what pyarrow reads from them, or DuckDB where pyarrow cannot.
 *
 * The corpus is not part of this repository: PARQUET_TESTING_DIR names a checkout of it.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { openParquet } from '../../src/format/parquet/read/file-reader.ts'
import { inferFields } from '../../src/format/parquet/read/infer.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import { MAX_LENGTH } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { LakeError } from '../../src/util/errors.ts'
import { vectorValue } from '../support/java-vectors.ts'
import { difference, readColumns } from '../support/parquet.ts'
import { findPython } from './support/python.ts'

const directory = process.env['PARQUET_TESTING_DIR'] ?? ''
const absent = skipReason()
if (absent !== null) process.stderr.write(`parquet-corpus is skipped: ${absent}\n`)
const python = absent === null ? await findPython() : ''

/** Files of `data/` that must not read, since their pages have wrong checksums. */
const WRONG_CHECKSUMS = /corrupt-checksum/

/** What is refused, and why. */
const REFUSED: Readonly<Record<string, { readonly message: string }>> = {
  // Other engines let the years 9999 and 290000 overflow in 64 bits of nanoseconds.
  'data/int96_from_spark.parquet': { message: 'outside the years 1677 to 2262' },
  // One map of a key and a value of a gibibyte each, which others do not read into one array either.
  'data/large_string_map.brotli.parquet': { message: 'a page of 1073741840 bytes' },
}

/** How many of the good files must read equal to what others read. */
const EQUAL_MIN = 70

interface Dump {
  readonly path: string
  readonly reader?: string
  readonly columns?: readonly (readonly unknown[])[]
  readonly errors?: Readonly<Record<string, string>>
}

function skipReason(): string | null {
  if (directory === '') return 'PARQUET_TESTING_DIR names no checkout of apache/parquet-testing'
  return existsSync(join(directory, 'data')) ? null : `there is no directory data in ${directory}`
}

function namesOf(pattern: string): string[] {
  return absent === null ? globSync(pattern, { cwd: directory }).toSorted() : []
}

/** What the other engines read from the files, by name. */
function dumpsOf(names: readonly string[]): Map<string, Dump> {
  const script = join(import.meta.dirname, 'python/dump_parquet.py')
  const output = execFileSync(python, ['-B', script], {
    cwd: directory,
    input: names.join('\n'),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const dumps = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Dump)
  return new Map(dumps.map((dump) => [dump.path, dump]))
}

const inData = namesOf('data/**/*.parquet')
const good = inData.filter((name) => !WRONG_CHECKSUMS.test(name) && REFUSED[name] === undefined)
const bad = [
  ...inData.filter((name) => WRONG_CHECKSUMS.test(name)),
  ...namesOf('bad_data/*.parquet'),
]
const dumps = absent === null ? dumpsOf([...good, ...bad]) : new Map<string, Dump>()

/** The type with texts as bytes: which columns are texts is a matter of annotations that engines read differently. */
function bytesForTexts(type: DataType): DataType {
  switch (type.kind) {
    case 'VARCHAR':
    case 'CHAR':
      return { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true }
    case 'ARRAY':
      return { ...type, element: bytesForTexts(type.element) }
    case 'MAP':
      return { ...type, key: bytesForTexts(type.key), value: bytesForTexts(type.value) }
    case 'ROW':
      return {
        ...type,
        fields: type.fields.map((field) => ({ ...field, type: bytesForTexts(field.type) })),
      }
    default:
      return type
  }
}

function expectedColumns(dump: Dump, fields: readonly DataField[]): InternalValue[][] {
  return (dump.columns ?? []).map((values, i) => {
    const type = bytesForTexts(fields[i]!.type)
    return values.map((value) => vectorValue(type, value))
  })
}

/** `equal`, or how what is read differs from what another engine reads, or the code and message of the error. */
async function outcomeOf(name: string): Promise<string> {
  const path = join(directory, name)
  const io = new LocalFileIO()
  try {
    const file = await openParquet(io, path)
    const fields = inferFields(file.root)
    const columns = await readColumns(file, { fields })
    const dump = dumps.get(name)!
    if (dump.columns === undefined) return `read, but not by others: ${JSON.stringify(dump.errors)}`
    return difference(columns, expectedColumns(dump, fields)) ?? 'equal'
  } catch (error) {
    if (!(error instanceof LakeError) || error.path !== path) throw error
    return `${error.code} ${error.message}`
  } finally {
    await io.close()
  }
}

describe.skipIf(absent !== null)('apache/parquet-testing', () => {
  test('has the files that are known', () => {
    expect(good.length).toBeGreaterThanOrEqual(EQUAL_MIN)
    expect(bad.length).toBeGreaterThanOrEqual(10)
  })

  test.each(good)('%s reads as others read it', async (name) => {
    expect(await outcomeOf(name)).toBe('equal')
  })

  test.each(Object.entries(REFUSED))('%s is refused with the reason', async (name, { message }) => {
    expect(await outcomeOf(name)).toMatch(`UNSUPPORTED`)
    expect(await outcomeOf(name)).toMatch(message)
  })

  test.each(bad)('%s, which is damaged, is refused or reads as pyarrow reads it', async (name) => {
    const isReadByOthers = dumps.get(name)?.reader === 'pyarrow'
    expect(await outcomeOf(name)).toMatch(isReadByOthers ? /^(?:equal$|CORRUPT )/ : /^CORRUPT /)
  })
})
