/**
 * The names of a table's metadata files, and where they lie.
 *
 * Follows `FileStorePathFactory`, `SnapshotManager`, `SchemaManager`, `TagManager`, `ChangelogManager`,
 * `ConsumerManager` and `BranchManager`. Snapshots, schemas, tags, changelogs and consumers belong to a branch;
 * manifests, index files and statistics lie in the table's own directory, whatever the branch.
 *
 * Names that a user gives (of tags, branches, consumers) are INVALID unless they are one level of a path; names that
 * a metadata file gives are CORRUPT.
 */
import { randomUUID } from 'node:crypto'

import { joinPath } from '../io/path.ts'
import { corrupt, LakeError } from '../util/errors.ts'

/** A table, or one of its branches. */
export interface TableLocation {
  /** The directory of the table. */
  readonly root: string
  /** {@link MAIN_BRANCH} for the table itself. */
  readonly branch: string
}

export const MAIN_BRANCH = 'main'
export const SNAPSHOT_PREFIX = 'snapshot-'
export const SCHEMA_PREFIX = 'schema-'
export const TAG_PREFIX = 'tag-'
export const BRANCH_PREFIX = 'branch-'
export const CONSUMER_PREFIX = 'consumer-'
export const CHANGELOG_PREFIX = 'changelog-'

export type HintName = 'EARLIEST' | 'LATEST'

/** Where the snapshots, schemas and tags of the branch are. */
export function branchDirectory({ root, branch }: TableLocation): string {
  return branch === MAIN_BRANCH ? root : joinPath(branchesDirectory(root), BRANCH_PREFIX + branch)
}

export function branchesDirectory(root: string): string {
  return joinPath(root, 'branch')
}

export function snapshotDirectory(location: TableLocation): string {
  return joinPath(branchDirectory(location), 'snapshot')
}

export function snapshotPath(location: TableLocation, snapshotId: number): string {
  return joinPath(snapshotDirectory(location), `${SNAPSHOT_PREFIX}${snapshotId}`)
}

export function hintPath(location: TableLocation, hint: HintName): string {
  return joinPath(snapshotDirectory(location), hint)
}

export function changelogDirectory(location: TableLocation): string {
  return joinPath(branchDirectory(location), 'changelog')
}

/** What is kept of a snapshot that has expired before its changes. */
export function changelogPath(location: TableLocation, snapshotId: number): string {
  return joinPath(changelogDirectory(location), `${CHANGELOG_PREFIX}${snapshotId}`)
}

export function schemaDirectory(location: TableLocation): string {
  return joinPath(branchDirectory(location), 'schema')
}

export function schemaPath(location: TableLocation, schemaId: number): string {
  return joinPath(schemaDirectory(location), `${SCHEMA_PREFIX}${schemaId}`)
}

export function tagDirectory(location: TableLocation): string {
  return joinPath(branchDirectory(location), 'tag')
}

export function tagPath(location: TableLocation, name: string): string {
  return joinPath(tagDirectory(location), TAG_PREFIX + name)
}

/** The file that tells of the tag, with `tag.create-success-file`. */
export function tagSuccessPath(location: TableLocation, name: string): string {
  return joinPath(tagDirectory(location), 'tag-success-file', `${name}_SUCCESS`)
}

export function consumerDirectory(location: TableLocation): string {
  return joinPath(branchDirectory(location), 'consumer')
}

export function consumerPath(location: TableLocation, name: string): string {
  return joinPath(consumerDirectory(location), CONSUMER_PREFIX + name)
}

function manifestDirectory(root: string): string {
  return joinPath(root, 'manifest')
}

/** The manifest, manifest list or index manifest that a metadata file names. */
export function manifestPath(root: string, name: string): string {
  return storedPath(manifestDirectory(root), name, 'manifest')
}

export function indexDirectory(root: string): string {
  return joinPath(root, 'index')
}

function statisticsDirectory(root: string): string {
  return joinPath(root, 'statistics')
}

/** The statistics file that a snapshot names. */
export function statisticsPath(root: string, name: string): string {
  return storedPath(statisticsDirectory(root), name, 'statistics file')
}

/**
 * `directory` and a file name that was read from the table's metadata. CORRUPT when the name is not a single level of
 * a path, so that nothing outside of the directory can be meant.
 */
export function storedPath(directory: string, name: string, what: string): string {
  try {
    return joinPath(directory, name)
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    const shown = JSON.stringify(name.slice(0, 200))
    throw corrupt(`the table's metadata names a ${what} ${shown}, which is no file name`, {
      path: directory,
      cause: error,
    })
  }
}

/** The number of `snapshot-12` or `schema-3`; undefined for any other name, such as a temporary one. */
export function numberOf(name: string, prefix: string): number | undefined {
  if (!name.startsWith(prefix)) return undefined
  const digits = name.slice(prefix.length)
  const number = Number(digits)
  return /^\d{1,16}$/.test(digits) && Number.isSafeInteger(number) ? number : undefined
}

/** Names for new metadata files. One writer uses one of these: a random part, and a counter for each kind of file. */
export interface MetadataNames {
  manifest(): string
  manifestList(): string
  indexManifest(): string
  index(): string
  statistics(): string
}

export function metadataNames(uuid: string = randomUUID()): MetadataNames {
  const counting = (prefix: string): (() => string) => {
    let count = 0
    return () => `${prefix}${uuid}-${count++}`
  }
  return {
    manifest: counting('manifest-'),
    manifestList: counting('manifest-list-'),
    indexManifest: counting('index-manifest-'),
    index: counting('index-'),
    statistics: counting('stat-'),
  }
}
