/**
 * Makes a table's Iceberg metadata look as Java Paimon leaves it: manifests without key-values and ids of rows, and metadata that
 * names no writer and keeps no logs.
 */
import { parseAvroHeader } from '../../src/format/avro/container.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { nameOf } from '../../src/io/path.ts'
import { avscFile, avscRows } from './avro-witness.ts'
import { openIceberg } from './iceberg-tree.ts'

type Row = Record<string, unknown>

/** Java 1.4 writes no next row id in version 3 either; later ones do: `hasNextRowId`. */
export async function leaveAsJava(io: FileIO, root: string, hasNextRowId = true): Promise<void> {
  const directory = `${root}/metadata`
  const tree = await openIceberg(io, directory)
  if (tree === null) return
  const { metadata, metadataPath } = tree
  const sizes = new Map<string, number>()
  const placeOf = (path: unknown): string => `${directory}/${nameOf(String(path))}`
  for (const list of new Set(metadata.snapshots.map((each) => each['manifest-list'])))
    await rewrite(io, placeOf(list), async (row) => {
      const manifest = placeOf(row['manifest_path'])
      if (!sizes.has(manifest)) sizes.set(manifest, await rewrite(io, manifest, withoutRowId))
      row['manifest_length'] = BigInt(sizes.get(manifest)!)
      if ('first_row_id' in row) row['first_row_id'] = null
    })
  const snapshots = metadata.snapshots.map((each) => ({
    ...known(each),
    summary: { operation: 'append' },
  }))
  for (const { 'metadata-file': path } of metadata['metadata-log'] ?? [])
    await io.delete(placeOf(path))
  const { 'next-row-id': next } = metadata
  const ids = hasNextRowId && next !== undefined ? { 'next-row-id': next } : {}
  const text = JSON.stringify({ ...known(metadata), ...ids, properties: {}, snapshots })
  await io.write(metadataPath, new TextEncoder().encode(text))
}

/** Writes the rows anew, each changed, without the key-values of the header. The new size. */
async function rewrite(
  io: FileIO,
  path: string,
  change: (row: Row) => Promise<void> | void,
): Promise<number> {
  const bytes = await io.read(path)
  const schema = new TextDecoder().decode(parseAvroHeader(bytes).metadata.get('avro.schema'))
  const rows = (await avscRows(bytes)) as Row[]
  // avsc makes no file of no rows.
  if (rows.length === 0) return bytes.length
  for (const row of rows) await change(row)
  const written = await avscFile(JSON.parse(schema) as object, rows, 'null')
  await io.write(path, written)
  return written.length
}

function withoutRowId(row: Row): void {
  const file = row['data_file'] as Row
  if ('first_row_id' in file) file['first_row_id'] = null
}

const known = (object: object): Row =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !UNKNOWN.has(name)))

/** What Java 1.4 does not write. */
const UNKNOWN = new Set([
  'snapshot-log',
  'metadata-log',
  'next-row-id',
  'first-row-id',
  'added-rows',
])
