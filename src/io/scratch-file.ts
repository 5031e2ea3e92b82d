/**
 * A file of this machine, outside of any table, for what does not fit into memory.
 *
 * It has no name as soon as it is open, where the system allows that: whatever ends the process, nothing stays behind.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { corrupt, LakeError } from '../util/errors.ts'

export class ScratchFile {
  readonly #handle: FileHandle
  readonly #path: string
  /** Whether the name could not be taken away while the file is open. */
  #isNamed: boolean
  #sizeBytes = 0

  private constructor(handle: FileHandle, path: string, isNamed: boolean) {
    this.#handle = handle
    this.#path = path
    this.#isNamed = isNamed
  }

  /** Opens a new file in the system's directory for temporary files. */
  static async open(): Promise<ScratchFile> {
    const path = join(tmpdir(), `millrace-${randomUUID()}.tmp`)
    const handle = await open(path, 'wx+', 0o600).catch((cause: unknown) => {
      throw failed('no temporary file can be made', path, cause)
    })
    const isNamed = await rm(path).then(
      () => false,
      () => true,
    )
    return new ScratchFile(handle, path, isNamed)
  }

  /** Where the bytes were put. Writes may overlap. */
  async append(bytes: Uint8Array): Promise<number> {
    const offset = this.#sizeBytes
    this.#sizeBytes += bytes.length
    try {
      for (let at = 0; at < bytes.length;) {
        const rest = bytes.length - at
        at += (await this.#handle.write(bytes, at, rest, offset + at)).bytesWritten
      }
    } catch (cause) {
      throw failed('a temporary file cannot be written', this.#path, cause)
    }
    return offset
  }

  async read(offset: number, sizeBytes: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(sizeBytes)
    for (let at = 0; at < sizeBytes;) {
      const { bytesRead } = await this.#handle.read(bytes, at, sizeBytes - at, offset + at)
      if (bytesRead === 0) throw corrupt('a temporary file is shorter than what was written to it')
      at += bytesRead
    }
    return bytes
  }

  async close(): Promise<void> {
    await this.#handle.close()
    if (this.#isNamed) await rm(this.#path, { force: true })
    this.#isNamed = false
  }
}

function failed(what: string, path: string, cause: unknown): LakeError {
  return new LakeError('IO', what, {
    path,
    hint: 'give TMPDIR a directory with room, or set write-buffer-spillable to false',
    cause,
  })
}
