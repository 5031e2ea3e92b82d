/** Damaged metadata and Avro files: what each parser makes of thousands of them. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { parseAvroHeader } from '../../src/format/avro/container.ts'
import { decodeAvro } from '../../src/format/avro/reader.ts'
import { decodeIndexManifest } from '../../src/snapshot/index-manifest.ts'
import { decodeManifest } from '../../src/snapshot/manifest-file.ts'
import { decodeManifestList } from '../../src/snapshot/manifest-list.ts'
import { entryAt } from '../../src/snapshot/manifest-rows.ts'
import { parseSnapshot } from '../../src/snapshot/snapshot.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { parseSchemaFile } from '../../src/types/schema-file.ts'
import { header, long, SYNC } from '../support/avro-bytes.ts'
import { fieldsOfAvro, rawRows } from '../support/avro-witness.ts'
import { GOLDEN_WAREHOUSE } from '../support/golden-expect.ts'
import { checkedError } from '../support/malformed.ts'
import { mutateBytes } from '../support/parquet-mutants.ts'
import { pick, type Random, seeded } from '../support/random.ts'

const isFull = process.env['RELIABILITY'] === 'full'
/** The same damage every time, but for full runs, which tell the seed that repeats them. */
const SEED = Number(process.env['RELIABILITY_SEED'] ?? (isFull ? Date.now() % 2 ** 31 : 1))
if (isFull) process.stderr.write(`metadata mutants of RELIABILITY_SEED=${SEED}\n`)

const MUTANTS = isFull ? 500_000 : 8_000
/** A parser that takes longer hangs. */
const HANG_MS = 30_000

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

interface Parser {
  /** Which golden files it reads. */
  readonly pattern: string
  readonly parse: (path: string, bytes: Uint8Array) => unknown
  readonly isAvro: boolean
}

const PARSERS: Readonly<Record<string, Parser>> = {
  snapshot: {
    pattern: 'golden.db/*/snapshot/snapshot-*',
    parse: (path, bytes) => parseSnapshot(text(bytes), path),
    isAvro: false,
  },
  schema: {
    pattern: 'golden.db/*/schema/schema-*',
    parse: (path, bytes) => parseSchemaFile(text(bytes), path),
    isAvro: false,
  },
  'manifest list': {
    pattern: 'golden.db/*/manifest/manifest-list-*',
    parse: decodeManifestList,
    isAvro: true,
  },
  manifest: {
    pattern: 'golden.db/*/manifest/manifest-????????-*',
    parse: (path, bytes) => {
      const rows = decodeManifest(path, bytes)
      for (let row = 0; row < rows.length; row++) entryAt(rows, row)
    },
    isAvro: true,
  },
  'index manifest': {
    pattern: 'golden.db/*/manifest/index-manifest-*',
    parse: decodeIndexManifest,
    isAvro: true,
  },
  'Avro data file': {
    pattern: 'golden.db/format_avro/bucket-0/*.avro',
    parse: (path, bytes) => decodeAvro(path, bytes, AVRO_FIELDS),
    isAvro: true,
  },
}

const AVRO_FIELDS = avroFields()

function filesOf(pattern: string): { name: string; bytes: Uint8Array }[] {
  return globSync(pattern, { cwd: GOLDEN_WAREHOUSE })
    .toSorted()
    .map((path) => ({
      name: basename(path),
      bytes: new Uint8Array(readFileSync(join(GOLDEN_WAREHOUSE, path))),
    }))
}

function avroFields(): DataField[] {
  const [file] = filesOf('golden.db/format_avro/bucket-0/*.avro')
  return fieldsOfAvro(JSON.parse(schemaOf(file!.bytes)) as object)
}

function schemaOf(bytes: Uint8Array): string {
  return text(parseAvroHeader(bytes).metadata.get('avro.schema')!)
}

interface GoldenFile {
  readonly name: string
  readonly bytes: Uint8Array
  /** The rows of an Avro file as they are before compression, and a header for them. */
  readonly plain: { readonly head: Uint8Array; readonly rows: Uint8Array; readonly count: number }
}

function goldenFile(file: { name: string; bytes: Uint8Array }, isAvro: boolean): GoldenFile {
  const { bytes } = file
  const none = new Uint8Array(0)
  if (!isAvro) return { ...file, plain: { head: none, rows: none, count: 0 } }
  const head = Uint8Array.from(header(schemaOf(bytes)))
  const count = decodeAvro(file.name, bytes, []).length
  return { ...file, plain: { head, rows: rawRows(bytes), count } }
}

/** A copy of an Avro file whose rows are damaged, in a block that is whole. */
function withDamagedRows({ plain }: GoldenFile, other: Uint8Array, random: Random): Uint8Array {
  const { head, rows, count } = plain
  const damaged = mutateBytes(rows, { from: 0, to: rows.length }, other, random)
  const lengths = Uint8Array.from([...long(count), ...long(damaged.length)])
  return Buffer.concat([head, lengths, damaged, Uint8Array.from(SYNC)])
}

describe.each(Object.entries(PARSERS))('a damaged %s', (_, { pattern, parse, isAvro }) => {
  const files = filesOf(pattern)
    .slice(0, 40)
    .map((file) => goldenFile(file, isAvro))

  test(
    'is refused by name, or parses; quickly, and without a slip inside',
    { timeout: isFull ? 3_600_000 : 60_000 },
    () => {
      let refusedCount = 0
      let slowestMs = 0
      for (let i = 0; i < MUTANTS; i++) {
        const random = seeded(SEED * 1_000_003 + i)
        const file = pick(random, files)
        const { name, bytes } = file
        const other = pick(random, files).bytes
        const mutant =
          isAvro && random() < 0.5
            ? withDamagedRows(file, other, random)
            : mutateBytes(bytes, { from: 0, to: bytes.length }, other, random)
        const began = performance.now()
        try {
          parse(name, mutant)
        } catch (error) {
          refusedCount++
          try {
            checkedError(error, name)
          } catch (cause) {
            throw new Error(`RELIABILITY_SEED=${SEED} mutant ${i} of ${name}`, { cause })
          }
        }
        slowestMs = Math.max(slowestMs, performance.now() - began)
      }
      expect(refusedCount).toBeGreaterThan(MUTANTS / 10)
      expect(slowestMs).toBeLessThan(HANG_MS)
    },
  )

  test('that is cut at any byte is refused by name, unless only blanks are lost', () => {
    const smallest = files.toSorted((a, b) => a.bytes.length - b.bytes.length)
    for (const { name, bytes } of smallest.slice(0, isFull ? 20 : 1))
      for (let length = 0; length < text(bytes).trimEnd().length && length < bytes.length; length++)
        expect([
          name,
          length,
          outcomeOf(() => parse(name, bytes.subarray(0, length)), name),
        ]).toEqual([
          name,
          length,
          isAvro && length === parseAvroHeader(bytes).sizeBytes ? 'parsed' : 'CORRUPT',
        ])
  })
})

function outcomeOf(body: () => unknown, name: string): string {
  try {
    body()
    return 'parsed'
  } catch (error) {
    return checkedError(error, name).code
  }
}
