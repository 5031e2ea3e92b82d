/**
 * Deletes the files of a table that nothing refers to: what writers leave that died, and what was rolled back.
 *
 * Follows `LocalOrphanFilesClean`: files are told by their names, over all branches, and must be older than a day, since
 * those of a commit that is under way are referred to by nothing either. Any failure but that of a file which is gone stops
 * it. Beyond Java, what was committed meanwhile is looked at again before each batch of files is deleted.
 *
 * 1. Files that are old enough are listed, before anything is read that may refer to them.
 * 2. The names that snapshots, tags and changelogs refer to are taken away from them.
 * 3. The others are deleted, and the directories of buckets and partitions that are empty then.
 */
import type { FileIO, FileStatus, IoOptions, UnfinishedUpload } from '../../io/file-io.ts'
import { nameOf, parentOf, schemeOf } from '../../io/path.ts'
import { type DataLayout, dataLayout } from '../../snapshot/data-paths.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { type Clock, mapAll, systemClock } from '../../util/async.ts'
import { invalid, LakeError, unsupported } from '../../util/errors.ts'
import { type PlaceOf, placesOfTable, placesOutside } from './file-places.ts'
import { UsedNames } from './used-names.ts'

export interface OrphanOptions {
  /** Only files that were last changed before this time, which has to be past; a day ago unless given. */
  readonly olderThan?: Date | undefined
  /** Whether files are only told. */
  readonly dryRun?: boolean | undefined
  /**
   * Whether the locations of the option `data-file.external-paths` are cleaned too. They must be this table's alone: what
   * other tables keep there is in no snapshot of this one.
   */
  readonly externalPaths?: boolean | undefined
  /** How many files are read at the same time; 8 unless given. */
  readonly concurrency?: number | undefined
  readonly onProgress?: ((progress: OrphanProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface OrphanProgress {
  readonly phase: 'listing' | 'references' | 'deleting'
  readonly done: number
  /** What is known of it so far. */
  readonly total: number
}

export interface OrphanFile {
  readonly path: string
  readonly sizeBytes: number
}

export interface OrphanResult {
  /** What was deleted, or would be. */
  readonly files: readonly OrphanFile[]
  readonly fileCount: number
  readonly sizeBytes: number
  /**
   * Uploads to an object store that were begun before that time and never ended; they were aborted, or would be. Null where
   * the store does not let them be listed, which takes a permission of its own.
   */
  readonly uploads: readonly string[] | null
  /** Directories that were empty afterwards, and were deleted; none in a dry run. */
  readonly directories: readonly string[]
  /** Snapshots that refer to files which are not there, as an expiry leaves them that was stopped. */
  readonly incomplete: readonly string[]
}

const DAY_MS = 24 * 60 * 60 * 1000
const CONCURRENCY = 8
/** How many files are deleted between two looks at what is in use. */
const BATCH_COUNT = 1_000

export async function removeOrphans(
  { io, location }: Pick<TableStore, 'io' | 'location'>,
  schema: TableSchema,
  options: OrphanOptions = {},
  clock: Clock = systemClock,
): Promise<OrphanResult> {
  const { dryRun = false, concurrency = CONCURRENCY, signal, onProgress = () => {} } = options
  const olderThanMs = olderThanOf(options, clock)
  const layout = dataLayout(location.root, schema)
  const places = placesOf(layout, schema, options)
  const candidates = new Candidates()
  let listed = 0
  for (const [directory, placeOf] of places)
    for await (const { status, place } of filesBelow(io, directory, placeOf, { signal })) {
      if (++listed % 1000 === 0) onProgress({ phase: 'listing', done: listed, total: listed })
      if (status.modifiedMs < olderThanMs) candidates.add(status, place === 'named')
    }
  const used = new UsedNames(
    { io, location },
    {
      concurrency,
      signal,
      onUsed: (name) => candidates.keep(name),
      onProgress: (done, total) => onProgress({ phase: 'references', done, total }),
    },
  )
  await used.look()
  const uploads = await unfinishedUploads(io, places, olderThanMs, { signal })
  const files: OrphanFile[] = []
  const total = candidates.count
  while (candidates.count > 0) {
    // Somebody may have committed a file that waited for longer than any commit should.
    await used.look()
    const batch = candidates.take(BATCH_COUNT)
    if (!dryRun)
      await io.deleteAll(
        batch.map(({ path }) => path),
        { signal },
      )
    files.push(...batch)
    onProgress({ phase: 'deleting', done: files.length, total })
  }
  if (!dryRun)
    await mapAll(uploads ?? [], concurrency, async (upload) => io.abortUpload?.(upload, { signal }))
  const directories = dryRun ? [] : await deleteEmptied(io, layout, files, { signal })
  return {
    files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    fileCount: files.length,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    uploads: uploads?.map(({ path }) => path).toSorted() ?? null,
    directories,
    incomplete: used.incomplete,
  }
}

function olderThanOf({ olderThan }: OrphanOptions, clock: Clock): number {
  const nowMs = clock.now()
  if (olderThan === undefined) return nowMs - DAY_MS
  const olderThanMs = olderThan.getTime()
  if (olderThanMs < nowMs) return olderThanMs
  throw invalid(`olderThan is ${showTime(olderThan)}, which is not past`, {
    hint: 'files of commits that are under way are referred to by nothing: give a time before they began',
  })
}

function showTime(time: Date): string {
  return Number.isNaN(time.getTime()) ? 'no time' : time.toISOString()
}

/** The directories that are cleaned, and what lies where in them. */
function placesOf(
  layout: DataLayout,
  schema: TableSchema,
  { externalPaths = false }: OrphanOptions,
): [string, PlaceOf][] {
  const places: [string, PlaceOf][] = [[layout.root, placesOfTable(layout)]]
  if (!externalPaths) return places
  const outside = (schema.options['data-file.external-paths'] ?? '').split(',')
  for (const path of outside.map((each) => each.trim()).filter((each) => each !== '')) {
    if (schemeOf(path) !== schemeOf(layout.root))
      throw unsupported('an external path is on another storage than the table', { path })
    const directory = path.endsWith('/') ? path.slice(0, -1) : path
    places.push([directory, placesOutside(layout)])
  }
  return places
}

async function* filesBelow(
  io: FileIO,
  directory: string,
  placeOf: PlaceOf,
  options: IoOptions,
): AsyncGenerator<{ readonly status: FileStatus; readonly place: 'named' | 'loose' }> {
  // A recursive listing follows no symbolic link to a directory, so nothing outside of it is found.
  for await (const status of io.list(directory, { ...options, recursive: true })) {
    const place = placeOf(status.path.slice(directory.length + 1))
    if (place !== null) yield { status, place }
  }
}

async function unfinishedUploads(
  io: FileIO,
  places: readonly [string, PlaceOf][],
  olderThanMs: number,
  options: IoOptions,
): Promise<UnfinishedUpload[] | null> {
  const found: UnfinishedUpload[] = []
  try {
    for (const [directory, placeOf] of places)
      for await (const upload of io.unfinishedUploads?.(directory, options) ?? []) {
        const place = placeOf(upload.path.slice(directory.length + 1))
        if (upload.startedMs < olderThanMs && place !== null) found.push(upload)
      }
  } catch (error) {
    if (error instanceof LakeError && error.code !== 'ABORTED') return null
    throw error
  }
  return found
}

/** Deletes the directories of buckets that the files were in, if nothing else is, and of their partitions. */
async function deleteEmptied(
  io: FileIO,
  { root, partitionFields }: DataLayout,
  files: readonly OrphanFile[],
  options: IoOptions,
): Promise<string[]> {
  const deleted: string[] = []
  const parents = files.map(({ path }) => parentOf(path))
  let directories = new Set(parents.filter((path) => nameOf(path).startsWith('bucket-')))
  for (let level = 0; level <= partitionFields.length; level++) {
    const emptied: string[] = []
    for (const directory of directories)
      if (directory !== root && (await io.deleteEmptyDirectory(directory, options)))
        emptied.push(directory)
    deleted.push(...emptied)
    directories = new Set(emptied.map(parentOf))
  }
  return deleted.toSorted()
}

/** Files that are old enough, until they turn out to be in use. */
class Candidates {
  /** By name: that is how they are referred to, and several may have the same. */
  readonly #named = new Map<string, OrphanFile[]>()
  readonly #loose: OrphanFile[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  add({ path, sizeBytes }: FileStatus, isNamed: boolean): void {
    const file = { path, sizeBytes }
    this.#count++
    if (!isNamed) {
      this.#loose.push(file)
      return
    }
    const name = nameOf(path)
    const others = this.#named.get(name)
    if (others === undefined) this.#named.set(name, [file])
    else others.push(file)
  }

  /** The name is in use. */
  keep(name: string): void {
    this.#count -= this.#named.get(name)?.length ?? 0
    this.#named.delete(name)
  }

  /** Some of those that are left, which are no candidates any more. */
  take(countMax: number): OrphanFile[] {
    const taken = this.#loose.splice(0, countMax)
    for (const [name, files] of this.#named) {
      if (taken.length >= countMax) break
      taken.push(...files)
      this.#named.delete(name)
    }
    this.#count -= taken.length
    return taken
  }
}
