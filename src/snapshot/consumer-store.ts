/**
 * The consumers of a table or a branch (`consumer/consumer-NAME`): how far streams have come. Snapshots that a consumer has
 * yet to read do not expire. Follows `ConsumerManager`.
 */
import * as z from 'zod'

import type { FileIO, IoOptions } from '../io/file-io.ts'
import { nameOf } from '../io/path.ts'
import { corrupt } from '../util/errors.ts'
import { parseJson, printJson } from '../util/json.ts'
import { namesAfter, readIfThere } from './metadata-files.ts'
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
    return await namesAfter(this.#io, consumerDirectory(this.location), CONSUMER_PREFIX, options)
  }

  /** When each consumer moved last, in milliseconds since 1970, by their names. */
  async statuses(
    options?: IoOptions,
  ): Promise<{ readonly name: string; readonly modifiedMs: number }[]> {
    const found: { readonly name: string; readonly modifiedMs: number }[] = []
    const listed = { ...options, namePrefix: CONSUMER_PREFIX }
    for await (const { path, modifiedMs } of this.#io.list(
      consumerDirectory(this.location),
      listed,
    ))
      found.push({ name: nameOf(path).slice(CONSUMER_PREFIX.length), modifiedMs })
    return found.filter(({ name }) => name !== '')
  }

  /** The id of the snapshot that the consumer reads next; null when there is no such consumer. */
  async find(name: string, options?: IoOptions): Promise<number | null> {
    const path = consumerPath(this.location, name)
    const bytes = await readIfThere(this.#io, path, options)
    return bytes && nextSnapshotOf(new TextDecoder().decode(bytes), path)
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
