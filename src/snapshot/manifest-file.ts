/**
 * Manifests: the data files that a snapshot added and deleted. Decoding, and writing with a new file begun whenever
 * one is full.
 *
 * Follows `ManifestFile` and `RollingFileWriter`.
 */
import type { AvroCodec } from '../format/avro/container.ts'
import { decodeAvro } from '../format/avro/reader.ts'
import { AvroWriter } from '../format/avro/writer.ts'
import type { FileWriter } from '../io/file-io.ts'
import { takeBatch } from '../types/column-take.ts'
import type { DataField } from '../types/data-type.ts'
import { corrupt, decoding } from '../util/errors.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import { type ManifestRows, manifestRows } from './manifest-rows.ts'
import { ManifestSummary } from './manifest-summary.ts'
import { MANIFEST_FIELDS } from './manifest-types.ts'

/**
 * The rows of a manifest. Errors name `path`: CORRUPT for damaged bytes, impossible entries, or another number of
 * entries than `meta` says; UNSUPPORTED for another version.
 */
export function decodeManifest(
  path: string,
  bytes: Uint8Array,
  meta?: ManifestFileMeta,
): ManifestRows {
  const batch = decodeAvro(path, bytes, MANIFEST_FIELDS)
  return decoding(path, () => {
    const expected = meta === undefined ? batch.length : meta.numAddedFiles + meta.numDeletedFiles
    if (batch.length !== expected)
      throw corrupt(`holds ${batch.length} entries where its manifest list says ${expected}`)
    return manifestRows(batch, path)
  })
}

export interface ManifestWriteOptions {
  readonly partitionFields: readonly DataField[]
  /** `manifest.compression` as Avro calls it. */
  readonly codec: AvroCodec
  /** `manifest.target-file-size`: a manifest that has reached it is followed by another. */
  readonly targetSizeBytes: number
  /** The name of the next manifest. */
  readonly nextName: () => string
  /** Stores a manifest that is full. */
  readonly store: (meta: ManifestFileMeta, bytes: Uint8Array) => Promise<void>
}

/** How many entries are written between two looks at the size of the file. */
const ROWS_BETWEEN_LOOKS = 1_000

/** Writes rows to as many manifests as they fill; no row, no manifest. */
export class ManifestWriter {
  readonly #options: ManifestWriteOptions
  readonly #metas: ManifestFileMeta[] = []
  #open: { sink: MemorySink; writer: AvroWriter; summary: ManifestSummary } | undefined

  constructor(options: ManifestWriteOptions) {
    this.#options = options
  }

  /** Writes the given rows, or all. */
  async write(rows: ManifestRows, selected?: Int32Array): Promise<void> {
    const batch = selected === undefined ? rows.batch : takeBatch(rows.batch, selected)
    for (let from = 0; from < batch.length; from += ROWS_BETWEEN_LOOKS) {
      const to = Math.min(batch.length, from + ROWS_BETWEEN_LOOKS)
      const { writer, summary } = this.#current()
      await writer.write(batch, from, to)
      for (let row = from; row < to; row++) summary.add(rows, selected?.[row] ?? row)
      if (writer.sizeBytes >= this.#options.targetSizeBytes) await this.#end()
    }
  }

  /** Stores what is left, and answers with all manifests in order. */
  async finish(): Promise<ManifestFileMeta[]> {
    await this.#end()
    return this.#metas
  }

  #current(): { writer: AvroWriter; summary: ManifestSummary } {
    if (this.#open === undefined) {
      const sink = new MemorySink()
      const { codec, partitionFields } = this.#options
      const writer = new AvroWriter(sink, MANIFEST_FIELDS, { codec })
      this.#open = { sink, writer, summary: new ManifestSummary(partitionFields) }
    }
    return this.#open
  }

  async #end(): Promise<void> {
    if (this.#open === undefined) return
    const { sink, writer, summary } = this.#open
    this.#open = undefined
    await writer.close()
    const bytes = sink.take()
    const meta = summary.finish(this.#options.nextName(), bytes.length)
    await this.#options.store(meta, bytes)
    this.#metas.push(meta)
  }
}

/** A file that stays in memory: manifests are small, and their size has to be known before they are named in a list. */
export class MemorySink implements FileWriter {
  #chunks: Uint8Array[] = []

  async write(bytes: Uint8Array): Promise<void> {
    this.#chunks.push(bytes)
  }

  async close(): Promise<void> {}

  async abort(): Promise<void> {
    this.#chunks = []
  }

  take(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }
}
