/** Finds and reads the tags of a table or a branch. Follows `TagManager`. */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { mapOrdered } from '../util/async.ts'
import { LakeError, notFound } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { namesAfter, readIfThere } from './metadata-files.ts'
import { TAG_PREFIX, tagDirectory, type TableLocation, tagPath } from './paths.ts'
import { parseTag, type Tag } from './tag.ts'

export class TagStore {
  readonly location: TableLocation
  readonly #io: FileIO
  #changeCount = 0

  constructor(io: FileIO, location: TableLocation) {
    this.#io = io
    this.location = location
  }

  /** How many tags this process has made, or given another text. */
  get changeCount(): number {
    return this.#changeCount
  }

  /** The names of all tags, sorted. */
  async list(options?: IoOptions): Promise<string[]> {
    return await namesAfter(this.#io, tagDirectory(this.location), TAG_PREFIX, options)
  }

  /** The tag of the name; NOT_FOUND, with the nearest name, when there is none. */
  async read(name: string, options?: IoOptions): Promise<Tag> {
    const tag = await this.find(name, options)
    if (tag !== null) return tag
    throw await this.#missing(name, options)
  }

  /** The tag of the name; null when there is none. INVALID for a name that no tag can have. */
  async find(name: string, options?: IoOptions): Promise<Tag | null> {
    const path = tagPath(this.location, name)
    const bytes = await readIfThere(this.#io, path, options)
    return bytes && parseTag(new TextDecoder().decode(bytes), name, path)
  }

  /** The text of the tag's file, which is that of a tag; NOT_FOUND when there is none. */
  async readText(name: string, options?: IoOptions): Promise<string> {
    const path = tagPath(this.location, name)
    const bytes = await readIfThere(this.#io, path, options)
    if (bytes === null) throw await this.#missing(name, options)
    const text = new TextDecoder().decode(bytes)
    parseTag(text, name, path)
    return text
  }

  async #missing(name: string, options?: IoOptions): Promise<LakeError> {
    const names = await this.list(options)
    const shown = JSON.stringify(name.slice(0, 100))
    return notFound(`there is no tag ${shown}${didYouMean(name, names)}`, {
      path: tagDirectory(this.location),
      hint: names.length === 0 ? 'the table has no tags' : `the tags are ${firstOf(names)}`,
    })
  }

  /** All tags, or those whose name passes, by their names; one that goes away meanwhile is left out. */
  async *readAll(
    passes: (name: string) => boolean = () => true,
    options?: IoOptions,
  ): AsyncGenerator<Tag> {
    const names = (await this.list(options)).filter(passes)
    for await (const tag of mapOrdered(names, READ_AHEAD, (name) => this.find(name, options)))
      if (tag !== null) yield tag
  }

  /**
   * Creates the file of a tag, with the text of `tagText`, if there is none: true when this call did it. OUTCOME_UNKNOWN
   * where the storage could not be reached to find out.
   */
  async create(name: string, text: string, options?: IoOptions): Promise<boolean> {
    const bytes = new TextEncoder().encode(text)
    this.#changeCount++
    return await this.#io.create(tagPath(this.location, name), bytes, options)
  }

  /** Gives a tag another text; the tag that it was. NOT_FOUND where there is none. */
  async replace(name: string, text: string, options?: IoOptions): Promise<Tag> {
    const path = tagPath(this.location, name)
    const bytes = new TextEncoder().encode(text)
    this.#changeCount++
    for (let tries = 0; tries < REPLACE_TRIES; tries++) {
      const current = await this.#io.readVersioned(path, options)
      if (current === null) {
        await this.read(name, options)
        continue
      }
      const tag = parseTag(new TextDecoder().decode(current.bytes), name, path)
      if (await this.#io.replace(path, bytes, current.version, options)) return tag
    }
    throw new LakeError('CONFLICT', 'others replaced the tag each time', { path, retriable: true })
  }

  async delete(name: string, options?: IoOptions): Promise<void> {
    await this.#io.delete(tagPath(this.location, name), options)
  }
}

const READ_AHEAD = 8
const REPLACE_TRIES = 5

const SHOWN_MAX = 10

function firstOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX).join(', ')
  return names.length > SHOWN_MAX ? `${shown}, and ${names.length - SHOWN_MAX} more` : shown
}
