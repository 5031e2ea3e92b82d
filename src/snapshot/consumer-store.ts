/**
 * The consumers of a table or a branch (`consumer/consumer-NAME`): how far streams have come. Snapshots that a consumer has
 * yet to read do not expire. Follows `ConsumerManager`.
 */
import * as z from 'zod'

import type { FileIO, IoOptions } from '../io/file-io.ts'
import { nameOf } from '../io/path.ts'
import { corrupt, LakeError } from '../util/errors.ts'
import { parseJson, printJson } from '../util/json.ts'
import { CONSUMER_PREFIX, consumerDirectory, consumerPath, type TableLocation } from './paths.ts'

export class ConsumerStore {
  readonly location: TableLocation
  readonly #io: FileIO

  constructor(io: FileIO, location: TableLocation) {
    this.#io = io
    this.location = location
  }

  /** The names of all consumers, sorted. */
  async list(options?: IoOptions): Promise<string[]> {
    const names: string[] = []
    const directory = consumerDirectory(this.location)
    const files = this.#io.list(directory, { ...options, namePrefix: CONSUMER_PREFIX })
    for await (const { path } of files) names.push(nameOf(path).slice(CONSUMER_PREFIX.length))
    return names.filter((name) => name !== '').toSorted()
  }

  /** The id of the snapshot that the consumer reads next; null when there is no such consumer. */
  async find(name: string, options?: IoOptions): Promise<number | null> {
    const path = consumerPath(this.location, name)
    try {
      const bytes = await this.#io.read(path, options)
      return nextSnapshotOf(new TextDecoder().decode(bytes), path)
    } catch (error) {
      if (error instanceof LakeError && error.code === 'NOT_FOUND') return null
      throw error
    }
  }

  /** Makes the consumer, or moves it: forth or back. Readers see the old place or the new one. */
  async write(name: string, nextSnapshot: number, options?: IoOptions): Promise<void> {
    const bytes = new TextEncoder().encode(printJson({ nextSnapshot }))
    await this.#io.write(consumerPath(this.location, name), bytes, options)
  }
}

const CONSUMER_JSON = z.object({ nextSnapshot: z.int().min(0) })

function nextSnapshotOf(text: string, path: string): number {
  const parsed = CONSUMER_JSON.safeParse(parseJson(text, path))
  if (!parsed.success) throw corrupt(`is no consumer: ${z.prettifyError(parsed.error)}`, { path })
  return parsed.data.nextSnapshot
}
