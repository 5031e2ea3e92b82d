/**
 * Puts a metadata file where clients look: the file itself first, then the hint that names it.
 *
 * Versions follow each other: the hint goes from the version that one is made from to that one, or not at all. Two that are made
 * from the same version would each take files for superseded that the other names.
 */
import type { FileIO, IoOptions, VersionedBytes } from '../io/file-io.ts'
import { LakeError } from '../util/errors.ts'
import { type CurrentIceberg, hintPath, type VersionedIceberg } from './current.ts'
import { icebergMetadataText, parseIcebergMetadata } from './metadata.ts'

/**
 * - `written`; `superseded` is what stood there, where that can be told.
 * - `standing`: another process has written the next version, which only the hint is to name yet.
 * - `raced`: others change the file each time.
 */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly superseded: VersionedIceberg | null }
  | { readonly kind: 'standing' }
  | { readonly kind: 'raced' }

const TRIES = 5

/**
 * Writes the metadata file: in the place of `base`, where that is the same version, while it is still there; else as a new file.
 * What stands there and `mayFollow` stays; what may not is of a writer that has died, or will find that it has to begin anew.
 */
export async function writeMetadata(
  io: FileIO,
  { path, version, metadata }: CurrentIceberg,
  base: VersionedIceberg | null,
  {
    mayFollow,
    isUntold,
  }: {
    readonly mayFollow: (standing: CurrentIceberg) => boolean
    readonly isUntold: () => Promise<boolean>
  },
  options: IoOptions,
): Promise<WriteOutcome> {
  const bytes = new TextEncoder().encode(icebergMetadataText(metadata))
  if (base?.version === version) {
    const isWritten = await io.replace(path, bytes, base.fileVersion, options)
    return isWritten ? { kind: 'written', superseded: null } : { kind: 'raced' }
  }
  if (await io.create(path, bytes, options)) return { kind: 'written', superseded: null }
  for (let tries = 0; tries < TRIES; tries++) {
    const there = await io.readVersioned(path, options)
    const standing = there && readable({ path, version }, there)
    if (standing !== null && mayFollow(standing)) return { kind: 'standing' }
    // Made from a later version than this, it is what the hint names, or will name.
    if (!(await isUntold())) return { kind: 'raced' }
    if (await io.replace(path, bytes, there?.version ?? null, options))
      return { kind: 'written', superseded: standing }
  }
  return { kind: 'raced' }
}

function readable(
  file: Pick<CurrentIceberg, 'path' | 'version'>,
  { bytes, version: fileVersion }: VersionedBytes,
): VersionedIceberg | null {
  try {
    return { ...file, metadata: parseIcebergMetadata(file.path, bytes), fileVersion }
  } catch (error) {
    if (!(error instanceof LakeError) || error.code !== 'CORRUPT') throw error
    return null
  }
}

/** Whether the hint names the version, made so here or by others; or a later or earlier one that others have published. */
export type HintOutcome = 'told' | 'told-by-others' | 'later' | 'earlier'

/** Whether nobody has changed the hint since it was read. */
export async function isHintStill(
  io: FileIO,
  metadataDirectory: string,
  hint: VersionedBytes | null,
  options: IoOptions,
): Promise<boolean> {
  const now = await io.readVersioned(hintPath(metadataDirectory), options)
  return now?.version === hint?.version
}

/** Makes the hint name the version, unless it is another one than `hint`, what was there when this began. */
export async function writeHint(
  io: FileIO,
  metadataDirectory: string,
  version: number,
  hint: VersionedBytes | null,
  options: IoOptions,
): Promise<HintOutcome> {
  const path = hintPath(metadataDirectory)
  if (versionIn(hint) === version) return 'told'
  const bytes = new TextEncoder().encode(String(version))
  if (await io.replace(path, bytes, hint?.version ?? null, options)) return 'told'
  const told = versionIn(await io.readVersioned(path, options))
  if (told === version) return 'told-by-others'
  return told > version ? 'later' : 'earlier'
}

function versionIn(hint: VersionedBytes | null): number {
  return hint === null ? Number.NaN : Number(new TextDecoder().decode(hint.bytes))
}
