/** Finds and reads the tags of a table or a branch. Follows `TagManager`. */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { notFound } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { namesAfter, readIfThere } from './metadata-files.ts'
import { TAG_PREFIX, tagDirectory, type TableLocation, tagPath } from './paths.ts'
import { parseTag, type Tag } from './tag.ts'

export class TagStore {
  readonly location: TableLocation
  readonly #io: FileIO

  constructor(io: FileIO, location: TableLocation) {
    this.#io = io
    this.location = location
  }

  /** The names of all tags, sorted. */
  async list(options?: IoOptions): Promise<string[]> {
    return await namesAfter(this.#io, tagDirectory(this.location), TAG_PREFIX, options)
  }

  /** The tag of the name; NOT_FOUND, with the nearest name, when there is none. */
  async read(name: string, options?: IoOptions): Promise<Tag> {
    const tag = await this.find(name, options)
    if (tag !== null) return tag
    const names = await this.list(options)
    const shown = JSON.stringify(name.slice(0, 100))
    throw notFound(`there is no tag ${shown}${didYouMean(name, names)}`, {
      path: tagDirectory(this.location),
      hint: names.length === 0 ? 'the table has no tags' : `the tags are ${firstOf(names)}`,
    })
  }

  /** The tag of the name; null when there is none. INVALID for a name that no tag can have. */
  async find(name: string, options?: IoOptions): Promise<Tag | null> {
    const path = tagPath(this.location, name)
    const bytes = await readIfThere(this.#io, path, options)
    return bytes && parseTag(new TextDecoder().decode(bytes), name, path)
  }
}

const SHOWN_MAX = 10

function firstOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX).join(', ')
  return names.length > SHOWN_MAX ? `${shown}, and ${names.length - SHOWN_MAX} more` : shown
}
