/**
 * What a file in a table's directory is, by where it lies: the places that a clean-up of files may touch.
 *
 * Follows `OrphanFilesClean.listPaimonFileDirs`: manifests, index files and statistics lie in a directory each, data files in
 * the buckets of partitions, as deep as the table has partition keys. What lies anywhere else is nobody's to delete, but for
 * the temporary files of a write that died.
 */
import type { DataLayout } from '../../snapshot/data-paths.ts'
import { BRANCH_PREFIX, CHANGELOG_PREFIX, SNAPSHOT_PREFIX } from '../../snapshot/paths.ts'

/**
 * - `named`: it is in use if a snapshot, tag or changelog refers to its name.
 * - `loose`: it is no snapshot, changelog or hint although it lies among them, or it is temporary; it is never in use.
 */
export type FilePlace = 'named' | 'loose'

/** Tells the place of a file from its path below the table's directory; null for what is no concern of a clean-up. */
export type PlaceOf = (relativePath: string) => FilePlace | null

/** The places of the table's own directory. */
export function placesOfTable(layout: DataLayout): PlaceOf {
  const { root, directory, partitionFields } = layout
  const inside = directory.slice(root.length + 1)
  const isInBucket = bucketsBelow(inside === '' ? [] : inside.split('/'), partitionFields.length)
  return (relativePath) => {
    const levels = relativePath.split('/')
    const name = levels.at(-1)!
    if (FOREIGN.has(levels[0]!)) return null
    if (TEMPORARY.test(name)) return 'loose'
    if (levels.length === 2 && NAMED.has(levels[0]!)) return 'named'
    if (isInBucket(levels)) return 'named'
    return isStray(levels) ? 'loose' : null
  }
}

/** The places of a location outside of the table that is its own. */
export function placesOutside({ partitionFields }: DataLayout): PlaceOf {
  const isInBucket = bucketsBelow([], partitionFields.length)
  return (relativePath) => (isInBucket(relativePath.split('/')) ? 'named' : null)
}

const NAMED: ReadonlySet<string> = new Set(['manifest', 'index', 'statistics'])
/** Of other formats and of query services. */
const FOREIGN: ReadonlySet<string> = new Set(['metadata', 'service'])

/** The name under which a file is written before it gets its own, here and by Java's `FileIO.createTempPath`. */
const TEMPORARY = /^\..+\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/

function bucketsBelow(
  directory: readonly string[],
  partitionKeyCount: number,
): (levels: readonly string[]) => boolean {
  const bucketAt = directory.length + partitionKeyCount
  return (levels) =>
    levels.length === bucketAt + 2 &&
    levels[bucketAt]!.startsWith('bucket-') &&
    directory.every((name, at) => levels[at] === name) &&
    levels.slice(directory.length, bucketAt).every((level) => level.includes('='))
}

const KEPT_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['snapshot', SNAPSHOT_PREFIX],
  ['changelog', CHANGELOG_PREFIX],
])

/** Whether it lies among the snapshots or changelogs of the table or of a branch and is none. */
function isStray(levels: readonly string[]): boolean {
  const isOfBranch = levels[0] === 'branch' && levels[1]?.startsWith(BRANCH_PREFIX) === true
  const [directory = '', name = '', ...deeper] = isOfBranch ? levels.slice(2) : levels
  const prefix = KEPT_PREFIXES.get(directory)
  if (prefix === undefined || name === '' || deeper.length > 0) return false
  return !name.startsWith(prefix) && name !== 'EARLIEST' && name !== 'LATEST'
}
