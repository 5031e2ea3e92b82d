/** Tables that Java changed between commits, and what it reads from them; `test/interop/java/Evolution.java` makes them. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Catalog } from '../../../src/catalog/catalog.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import {
  eq,
  gt,
  gte,
  isNotNull,
  isNull,
  lt,
  lte,
  ne,
  type Predicate,
} from '../../../src/types/predicate.ts'
import { canonicalRow, readRows } from '../../support/golden-expect.ts'
import { readStream } from '../../support/golden-streams.ts'

export interface EvolvedTable {
  readonly table: string
  /** The kinds of changes that were made, such as `RenameColumn nested`. */
  readonly changes: readonly string[]
  readonly reads: readonly EvolvedRead[]
}

/** What Java read, or why it could not. */
export interface EvolvedRead {
  readonly options?: Readonly<Record<string, string>>
  readonly where?: { readonly column: string; readonly op: string; readonly value: unknown }
  /** All that a stream from the first snapshot on gives. */
  readonly stream?: true
  readonly rows?: readonly unknown[]
  readonly error?: string
  /** Java's rows have values without a text. */
  readonly unprintable?: true
}

/** Has Java write so many tables: `directory/warehouse` is where they are. */
export async function writeEvolvedTables(
  classPath: string,
  directory: string,
  seed: number,
  count: number,
): Promise<EvolvedTable[]> {
  const jvm = ['-Xmx1g', '-XX:+UseSerialGC', '-Duser.timezone=UTC', '-Dfile.encoding=UTF-8']
  const args = ['-cp', classPath, 'Evolution', directory, String(seed), String(count)]
  const env = { ...process.env, LC_ALL: 'C.UTF-8' }
  await promisify(execFile)('java', [...jvm, ...args], { maxBuffer: 1 << 26, env })
  return await readEvolvedTables(directory)
}

async function readEvolvedTables(directory: string): Promise<EvolvedTable[]> {
  const files = (await readdir(join(directory, 'expect'))).toSorted()
  const texts = files.map(async (file) => readFile(join(directory, 'expect', file), 'utf8'))
  return (await Promise.all(texts)).map((text) => JSON.parse(text) as EvolvedTable)
}

/** The rows of the same read by this library, as sorted texts. */
export async function readEvolved(
  catalog: Catalog,
  name: string,
  { options = {}, where, stream }: EvolvedRead,
): Promise<string[]> {
  const table = await catalog.table(name)
  if (stream === true) {
    const start = { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '1' }
    const rows = await readStream(table.changes({ follow: false, options: start }))
    return rows.map(({ row }) => canonicalRow(row)).toSorted()
  }
  if (where === undefined) return await readRows(table.read({ options }))
  const field = table.schema.fields.find(({ name: each }) => each === where.column)!
  return await readRows(table.read({ options, where: predicateOf(field, where) }))
}

const COMPARISONS = new Map([eq, ne, lt, lte, gt, gte].map((compare) => [compare.name, compare]))

function predicateOf(
  { name, type }: DataField,
  { op, value }: { readonly op: string; readonly value: unknown },
): Predicate {
  if (op === 'isNull') return isNull(name)
  if (op === 'isNotNull') return isNotNull(name)
  const isBytes = type.kind === 'BINARY' || type.kind === 'VARBINARY'
  const bytes = isBytes ? new Uint8Array(Buffer.from(value as string, 'hex')) : null
  const literal = type.kind === 'BIGINT' ? BigInt(value as string) : (bytes ?? value)
  return COMPARISONS.get(op)!(name, literal)
}
