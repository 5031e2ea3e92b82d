/** Puts a metadata file where clients look: the file itself first, then the hint that names it. */
import type { FileIO, IoOptions, VersionedBytes } from '../io/file-io.ts'
import { LakeError } from '../util/errors.ts'
import { type CurrentIceberg, hintPath, type VersionedIceberg } from './current.ts'
import { icebergMetadataText, parseIcebergMetadata } from './metadata.ts'

/** Whether the file was written, or what stands in its place, where that can be told. */
export type WriteOutcome =
  | { readonly isWritten: true }
  | { readonly isWritten: false; readonly other: VersionedIceberg | null }

/**
 * Writes the metadata file: in the place of `base` where that is the same version, else as a new file. Nothing is written where
 * another process was there first.
 */
export async function writeMetadata(
  io: FileIO,
  { path, version, metadata }: CurrentIceberg,
  base: VersionedIceberg | null,
  options: IoOptions,
): Promise<WriteOutcome> {
  const bytes = new TextEncoder().encode(icebergMetadataText(metadata))
  const isWritten =
    base?.version === version
      ? await io.replace(path, bytes, base.fileVersion, options)
      : await io.create(path, bytes, options)
  if (isWritten) return { isWritten }
  const there = await io.readVersioned(path, options)
  if (there === null) return { isWritten: false, other: null }
  try {
    const other = { version, path, metadata: parseIcebergMetadata(path, there.bytes) }
    return { isWritten: false, other: { ...other, fileVersion: there.version } }
  } catch (error) {
    if (!(error instanceof LakeError) || error.code !== 'CORRUPT') throw error
    // Nobody can use what is there.
    if (await io.replace(path, bytes, there.version, options)) return { isWritten: true }
    return { isWritten: false, other: null }
  }
}

const HINT_TRIES = 5

/**
 * Makes the hint name the version; `hint` is what was there when this began. One that others made name a later version stays.
 * Whether others have changed it meanwhile.
 */
export async function writeHint(
  io: FileIO,
  metadataDirectory: string,
  version: number,
  hint: VersionedBytes | null,
  options: IoOptions,
): Promise<boolean> {
  const path = hintPath(metadataDirectory)
  const bytes = new TextEncoder().encode(String(version))
  let current = hint
  for (let tries = 0; tries < HINT_TRIES; tries++) {
    const told = current === null ? Number.NaN : Number(new TextDecoder().decode(current.bytes))
    const isRaced = tries > 0
    if (told === version || (isRaced && told > version)) return isRaced
    if (await io.replace(path, bytes, current?.version ?? null, options)) return isRaced
    current = await io.readVersioned(path, options)
  }
  throw new LakeError('CONFLICT', 'others changed the version hint each time', {
    path,
    retriable: true,
  })
}
