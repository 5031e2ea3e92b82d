/** Storages on which something is tried many times, each time on a table of its own. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { FileIO } from '../../src/io/file-io.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { allFiles } from './commit-tables.ts'
import type { FaultKind } from './faults.ts'
import type { TestS3 } from './s3-file-io.ts'

/** A table to copy. */
export interface Template {
  /** Tells it from others. */
  readonly name: string
  /** Makes the table in the directory; done once. */
  prepare(io: FileIO, root: string): Promise<void>
}

export interface TrialStorage {
  readonly io: FileIO
  readonly kinds: readonly FaultKind[]
  /** The directory of a copy of the table. */
  freshTable(template: Template): Promise<string>
  /** The same files, where they are read without much ado. */
  inspect(root: string): Promise<{ io: FileIO; root: string }>
  /** Forgets the table. */
  drop(root: string): Promise<void>
}

/** Tables in memory, prepared once. */
class Templates {
  readonly #io = new MemoryFileIO()
  readonly #files = new Map<string, Promise<ReadonlyMap<string, Uint8Array>>>()

  /** The files of the table, by their paths relative to it. */
  of(template: Template): Promise<ReadonlyMap<string, Uint8Array>> {
    let files = this.#files.get(template.name)
    if (files === undefined) {
      files = this.#make(template)
      this.#files.set(template.name, files)
    }
    return files
  }

  async #make(template: Template): Promise<ReadonlyMap<string, Uint8Array>> {
    const root = `memory://${randomUUID()}/t`
    await template.prepare(this.#io, root)
    const files = new Map<string, Uint8Array>()
    for (const path of await allFiles(this.#io, root))
      files.set(path.slice(root.length + 1), await this.#io.read(path))
    return files
  }
}

export function memoryTrials(): TrialStorage {
  const io = new MemoryFileIO()
  const templates = new Templates()
  return {
    io,
    kinds: ['fail', 'transient', 'lose', 'crash'],
    async freshTable(template) {
      const root = `memory://${randomUUID()}/t`
      for (const [name, bytes] of await templates.of(template))
        await io.write(`${root}/${name}`, bytes)
      return root
    },
    inspect: async (root) => ({ io, root }),
    drop: (root) => io.deleteDirectory(root),
  }
}

export function localTrials(directory: string): TrialStorage {
  const io = new LocalFileIO()
  const templates = new Templates()
  return {
    io,
    kinds: ['fail', 'lose', 'crash', 'torn'],
    async freshTable(template) {
      const root = join(directory, randomUUID())
      for (const [name, bytes] of await templates.of(template)) {
        await mkdir(dirname(join(root, name)), { recursive: true })
        await writeFile(join(root, name), bytes)
      }
      return root
    },
    inspect: async (root) => ({ io, root }),
    drop: (root) => rm(root, { recursive: true }),
  }
}

export function s3Trials({ server, io }: TestS3): TrialStorage {
  const templates = new Templates()
  const bucket = server.buckets.get('lake')!
  const keysOf = (root: string): string[] =>
    bucket.keys().filter((key) => key.startsWith(`${root.slice('s3://lake/'.length)}/`))
  return {
    io,
    kinds: ['fail', 'transient', 'lose', 'crash'],
    async freshTable(template) {
      const directory = `${randomUUID()}/t`
      for (const [name, bytes] of await templates.of(template)) {
        const etag = createHash('md5').update(bytes).digest('hex')
        bucket.put(`${directory}/${name}`, { bytes, etag, headers: {}, crc32: undefined })
      }
      return `s3://lake/${directory}`
    },
    async inspect(root) {
      const copy = { io: new MemoryFileIO(), root: `memory://${randomUUID()}/t` }
      for (const key of keysOf(root)) {
        const name = key.slice(root.length - 's3://lake/'.length)
        await copy.io.write(copy.root + name, bucket.get(key)!.bytes)
      }
      return copy
    },
    async drop(root) {
      for (const key of keysOf(root)) bucket.delete(key)
    },
  }
}
