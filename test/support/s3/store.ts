/** Buckets, objects and unfinished uploads in memory. */
import { createHash } from 'node:crypto'

import { S3Error } from './protocol.ts'

export interface StoredObject {
  readonly bytes: Uint8Array
  /** Without quotes. */
  readonly etag: string
  readonly modified: Date
  /** Content type and user metadata, given back as they came. */
  readonly headers: Readonly<Record<string, string>>
  readonly crc32: string | undefined
}

export interface StoredPart {
  readonly bytes: Uint8Array
  readonly etag: string
  readonly crc32: string | undefined
}

export interface Upload {
  readonly id: string
  readonly key: string
  readonly initiated: Date
  readonly headers: Readonly<Record<string, string>>
  /** It was begun with a checksum algorithm, so completing it needs every part's checksum. */
  readonly checksummed: boolean
  readonly parts: Map<number, StoredPart>
}

export class Bucket {
  readonly name: string
  readonly uploads = new Map<string, Upload>()
  readonly #objects = new Map<string, StoredObject>()
  #sorted: readonly string[] | undefined

  constructor(name: string) {
    this.name = name
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  put(key: string, object: Omit<StoredObject, 'modified'>): StoredObject {
    if (Buffer.byteLength(key) > 1_024) throw new S3Error(400, 'KeyTooLongError')
    if (!this.#objects.has(key)) this.#sorted = undefined
    const stored = { ...object, modified: new Date() }
    this.#objects.set(key, stored)
    return stored
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#sorted = undefined
  }

  /** In the order of their UTF-8 bytes. */
  keys(): readonly string[] {
    this.#sorted ??= [...this.#objects.keys()].toSorted(compareUtf8)
    return this.#sorted
  }
}

export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

export function md5Hex(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}
