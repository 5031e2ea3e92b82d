/** The golden tables in memory, with one file damaged at a time, and what reading a table came to. */
import { Catalog } from '../../src/catalog/catalog.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { openTableStore } from '../../src/snapshot/table-store.ts'
import { LakeError } from '../../src/util/errors.ts'
import { copyGoldenTables, readRows } from './golden-expect.ts'
import { between, type Random } from './random.ts'

export const DAMAGED_WAREHOUSE = 'memory://damaged/warehouse'

const io = new MemoryFileIO()
let touched = new Set<string>()
const READS = new Set<string | symbol>(['read', 'readRange', 'readVersioned'])

/** The storage, which notes what is read. */
const noting: FileIO = new Proxy<FileIO>(io, {
  get(target, name) {
    const value = Reflect.get(target, name, target) as unknown
    if (typeof value !== 'function') return value
    return (...args: unknown[]): unknown => {
      if (READS.has(name)) touched.add(args[0] as string)
      return value.apply(target, args) as unknown
    }
  },
})

export async function copyTables(): Promise<void> {
  await copyGoldenTables(io, DAMAGED_WAREHOUSE)
}

/** A file of a table, and the read that looks into it. */
export interface FileUse {
  readonly path: string
  readonly bytes: Uint8Array
  readonly table: string
  /** The snapshot whose read looks into the file; undefined for a read of the latest. */
  readonly at: number | undefined
  /** What that read gives while the table is whole. */
  readonly rows: string
  /** Whether no read looks into the file. */
  readonly isUnused: boolean
}

/** All files of a table; none when the table cannot be read here at all. */
export async function fileUses(table: string): Promise<FileUse[]> {
  const root = `${DAMAGED_WAREHOUSE}/golden.db/${table}`
  const uses = new Map<string, Pick<FileUse, 'at' | 'rows' | 'isUnused'>>()
  const rowsAt = async (at: number | undefined): Promise<string> => {
    touched = new Set()
    const rows = await rowsOf(table, at)
    for (const path of touched) if (!uses.has(path)) uses.set(path, { at, rows, isUnused: false })
    return rows
  }
  let latest: string
  try {
    latest = await rowsAt(undefined)
  } catch (error) {
    if (error instanceof LakeError && error.code === 'UNSUPPORTED') return []
    throw error
  }
  const ids = await openTableStore(io, root).snapshots.ids()
  for (const id of ids.toReversed()) await rowsAt(id)
  const files = await Array.fromAsync(io.list(root, { recursive: true }))
  return await Promise.all(
    files
      .map(({ path }) => path)
      .toSorted()
      .map(async (path) => ({
        path,
        bytes: await io.read(path),
        table,
        ...(uses.get(path) ?? { at: undefined, rows: latest, isUnused: true }),
      })),
  )
}

/** The rows of the table, all in one text, read by a catalog that has seen nothing before. */
async function rowsOf(table: string, at: number | undefined): Promise<string> {
  const opened = await new Catalog(noting, DAMAGED_WAREHOUSE).table(`golden.${table}`)
  const rows = await readRows(opened.read(at === undefined ? {} : { at: { snapshot: at } }))
  return rows.join('\n')
}

export type DamagedOutcome =
  | { readonly kind: 'same' }
  | { readonly kind: 'other' }
  | { readonly kind: 'refused'; readonly error: LakeError }

/** Reads the table while the file has other bytes. Anything but rows and a LakeError is thrown on. */
export async function readDamaged(use: FileUse, damaged: Uint8Array): Promise<DamagedOutcome> {
  await io.write(use.path, damaged)
  try {
    const isSame = (await rowsOf(use.table, use.at)) === use.rows
    return isSame ? { kind: 'same' } : { kind: 'other' }
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    return { kind: 'refused', error }
  } finally {
    await io.write(use.path, use.bytes)
  }
}

/** A copy with up to three bits flipped. */
export function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const damaged = bytes.slice()
  for (let flips = between(random, 1, 4); flips > 0; flips--)
    damaged[between(random, 0, bytes.length)]! ^= 1 << between(random, 0, 8)
  return damaged
}
