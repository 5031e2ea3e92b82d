/** Writes Iceberg's manifests, one after another as they fill, and tells what their list says of each. */
import { AvroWriter } from '../format/avro/writer.ts'
import { MemorySink } from '../snapshot/manifest-file.ts'
import { children } from '../snapshot/metadata-columns.ts'
import type { Column } from '../types/column.ts'
import { CONTENT, ENTRY_STATUS, type IcebergManifest } from './entry.ts'
import { FILE, manifestFields, manifestNames } from './manifest-fields.ts'
import {
  type IcebergRows,
  type ManifestForm,
  recordCountAt,
  sequenceNumberAt,
  statusAt,
} from './manifest-rows.ts'
import { PartitionSummaries } from './partition-values.ts'

export interface ManifestTarget {
  /** Data or deletes. */
  readonly content: number
  /** Of the snapshot that writes the manifests. */
  readonly snapshotId: number
  readonly sequenceNumber: number
  /**
   * Of data in version 3: the id that the first row would get whose file has none of its own. A manifest takes as many ids as
   * it has live rows, and the next starts behind it.
   */
  readonly firstRowId: bigint | null
  nextPath(): string
  store(path: string, bytes: Uint8Array): Promise<void>
}

/** How many entries are written between two looks at the size of the file. */
const ROWS_BETWEEN_LOOKS = 1_000
/** Blocks of this size compress better and several times faster than Avro's own of 64,000 bytes. */
const BLOCK_BYTES_MAX = 512 * 1024
const BLOCK_BYTES_MIN = 64_000
/** However well it compresses: readers hold all entries of a manifest in memory. */
const RAW_BYTES_MAX = 128 * 1024 * 1024

/** Writes the rows to as many manifests as they fill; no row, no manifest. */
export async function writeIcebergManifests(
  rows: IcebergRows,
  form: ManifestForm,
  to: ManifestTarget,
): Promise<IcebergManifest[]> {
  const manifests: IcebergManifest[] = []
  let { firstRowId } = to
  if (to.content !== CONTENT.DATA || form.formatVersion < 3) firstRowId = null
  for (let from = 0; from < rows.length;) {
    const { manifest, end } = await writeOne(rows, from, form, { ...to, firstRowId })
    manifests.push(manifest)
    from = end
    if (firstRowId !== null) firstRowId += BigInt(manifest.addedRows + manifest.existingRows)
  }
  return manifests
}

/** Writes the rows from `first` on that fill a manifest; `end` is the first that does not go into it. */
async function writeOne(
  rows: IcebergRows,
  first: number,
  form: ManifestForm,
  to: ManifestTarget,
): Promise<{ manifest: IcebergManifest; end: number }> {
  const { fields } = rows.partition
  const { formatVersion, codec, spec, targetBytes } = form
  const sink = new MemorySink()
  const writer = new AvroWriter(sink, manifestFields(fields, formatVersion), {
    codec,
    // Higher levels take longer and save a few percent of what is small.
    level: codec === 'deflate' ? 1 : undefined,
    blockBytes: Math.min(BLOCK_BYTES_MAX, Math.max(BLOCK_BYTES_MIN, targetBytes >> 3)),
    names: manifestNames(fields, spec),
    metadata: headerOf(form, to.content),
  })
  const tally = new Tally(rows)
  let end = first
  const isFull = (): boolean => writer.sizeBytes >= targetBytes || writer.rawBytes >= RAW_BYTES_MAX
  while (end < rows.length && !isFull()) {
    const from = end
    end = Math.min(rows.length, from + ROWS_BETWEEN_LOOKS)
    await writer.write(rows.batch, from, end)
    for (let row = from; row < end; row++) tally.add(row)
  }
  await writer.close()
  const bytes = sink.take()
  const path = to.nextPath()
  await to.store(path, bytes)
  const { content, sequenceNumber } = to
  const manifest = {
    path,
    length: bytes.length,
    specId: spec['spec-id'],
    content,
    sequenceNumber,
    addedSnapshotId: to.snapshotId,
    firstRowId: to.firstRowId,
    ...tally.finish(sequenceNumber),
  }
  return { manifest, end }
}

/** What the header of a manifest says, so that it can be read without the table's metadata. */
function headerOf(
  { schema, spec, formatVersion }: ManifestForm,
  content: number,
): Record<string, string> {
  return {
    schema: JSON.stringify(schema),
    'schema-id': String(schema['schema-id']),
    'partition-spec': JSON.stringify(spec.fields),
    'partition-spec-id': String(spec['spec-id']),
    'format-version': String(formatVersion),
    content: content === CONTENT.DATA ? 'data' : 'deletes',
  }
}

/** Counts entries and rows by status. */
class Tally {
  readonly #rows: IcebergRows
  readonly #partitionColumns: readonly Column[]
  readonly #summaries: PartitionSummaries
  readonly #fileCounts = [0, 0, 0]
  readonly #rowCounts = [0, 0, 0]
  #minSequenceNumber = Infinity

  constructor(rows: IcebergRows) {
    this.#rows = rows
    this.#partitionColumns = children(rows.files[FILE.PARTITION]!)
    this.#summaries = new PartitionSummaries(rows.partition.fields)
  }

  add(row: number): void {
    const status = statusAt(this.#rows, row)
    this.#fileCounts[status]!++
    this.#rowCounts[status]! += recordCountAt(this.#rows, row)
    if (status !== ENTRY_STATUS.DELETED)
      this.#minSequenceNumber = Math.min(this.#minSequenceNumber, sequenceNumberAt(this.#rows, row))
    this.#summaries.add(this.#partitionColumns, row)
  }

  /** `sequenceNumber` stands for that of live entries where there is none. */
  finish(sequenceNumber: number) {
    const [existingFiles, addedFiles, deletedFiles] = this.#fileCounts as [number, number, number]
    const [existingRows, addedRows, deletedRows] = this.#rowCounts as [number, number, number]
    const least = this.#minSequenceNumber
    return {
      minSequenceNumber: least === Infinity ? sequenceNumber : least,
      addedFiles,
      existingFiles,
      deletedFiles,
      addedRows,
      existingRows,
      deletedRows,
      partitions: this.#summaries.finish(),
    }
  }
}
