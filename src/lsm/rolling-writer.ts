/** Writes rows to one data file after another, each about as large as the target. */
import type { BatchRows } from '../format/column-rows.ts'
import type { ColumnBounds, DataFileWriter } from '../format/data-file.ts'

/** A new file to write to. */
export interface OpenedFile {
  readonly name: string
  readonly path: string
  readonly writer: DataFileWriter
  /** Ends the indexes of the file, once it is closed; null without any. */
  readonly finishIndex: (() => Promise<StoredIndexes>) | null
}

/** The indexes of a file: in its manifest entry, or in files beside it. */
export interface StoredIndexes {
  readonly embeddedIndex: Uint8Array | null
  /** Names and paths of files. */
  readonly extraFiles: readonly { readonly name: string; readonly path: string }[]
}

const NO_INDEXES: StoredIndexes = { embeddedIndex: null, extraFiles: [] }

/** Who is shown the rows of a file as they are written to it. */
export interface RowObserver {
  add(rows: BatchRows, from: number, to: number): void
}

/** The writer, whose rows the observer sees as they pass. */
export function observed(writer: DataFileWriter, observer: RowObserver): DataFileWriter {
  return {
    get rowCount() {
      return writer.rowCount
    },
    get sizeBytes() {
      return writer.sizeBytes
    },
    write: async (rows, from, to) => {
      observer.add(rows, from, to)
      await writer.write(rows, from, to)
    },
    close: () => writer.close(),
    abort: () => writer.abort(),
  }
}

/** A file that was written. */
export interface WrittenFile extends StoredIndexes {
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly rowCount: number
  readonly bounds: readonly (ColumnBounds | null)[]
}

/** The paths of the file, and of those that belong to it. */
export function pathsOf({ path, extraFiles }: WrittenFile): string[] {
  return [path, ...extraFiles.map((extra) => extra.path)]
}

/** Rows are written in steps of at least this many before the file's size is looked at, as in Java. */
const STEP_ROWS_MIN = 1000
/** Rows of a new file by which the size of the others is judged, where nothing is known of it. */
const FIRST_ROWS = 4096

/** How large files become. */
export interface RollingLimits {
  readonly targetBytes: number
  /** The most rows of a file; any number unless told. */
  readonly targetRows?: number | undefined
}

export class RollingWriter {
  readonly #openFile: () => Promise<OpenedFile>
  readonly #targetBytes: number
  readonly #targetRows: number
  readonly #written: WrittenFile[] = []
  #open: OpenedFile | null = null

  constructor(
    openFile: () => Promise<OpenedFile>,
    { targetBytes, targetRows = Infinity }: RollingLimits,
  ) {
    this.#openFile = openFile
    this.#targetBytes = targetBytes
    this.#targetRows = targetRows
  }

  /** The bytes that the open file is estimated to take. */
  get openBytes(): number {
    return this.#open?.writer.sizeBytes ?? 0
  }

  async write(rows: BatchRows): Promise<void> {
    for (let at = 0; at < rows.length;) {
      this.#open ??= await this.#openFile()
      const { writer } = this.#open
      const room = this.#targetRows - writer.rowCount
      const step = Math.min(room, this.#stepRows(writer, rows.rowBytes))
      const end = Math.min(rows.length, at + step)
      await writer.write(rows, at, end)
      at = end
      const isFull = writer.sizeBytes >= this.#targetBytes || writer.rowCount >= this.#targetRows
      if (isFull) await this.#closeFile()
    }
  }

  /** Rows that fill half of what the file may still take: what they really take is known after each step. */
  #stepRows({ rowCount, sizeBytes }: DataFileWriter, memoryBytes: number | undefined): number {
    if (rowCount === 0)
      // Rows seldom take more in a file than in memory.
      return memoryBytes === undefined
        ? FIRST_ROWS
        : Math.max(STEP_ROWS_MIN, Math.floor(this.#targetBytes / memoryBytes))
    const rowBytes = Math.max(1, sizeBytes / rowCount)
    const rows = Math.floor((this.#targetBytes - sizeBytes) / rowBytes / 2)
    return Math.max(STEP_ROWS_MIN, rows)
  }

  /** Closes the open file; all files written so far, in order. */
  async finish(): Promise<readonly WrittenFile[]> {
    await this.#closeFile()
    return this.#written
  }

  async #closeFile(): Promise<void> {
    if (this.#open === null) return
    const { name, path, writer, finishIndex } = this.#open
    const bounds = await writer.close()
    this.#open = null
    const { sizeBytes, rowCount } = writer
    const file = { name, path, sizeBytes, rowCount, bounds, ...NO_INDEXES }
    // The file is there, whatever becomes of its indexes.
    this.#written.push(file)
    if (finishIndex === null) return
    const indexes = await finishIndex()
    this.#written[this.#written.length - 1] = { ...file, ...indexes }
  }

  /** Drops the open file; the paths of those that were closed, which are for the caller to delete. */
  async abort(): Promise<string[]> {
    await this.#open?.writer.abort()
    this.#open = null
    return this.#written.flatMap(pathsOf)
  }
}
