/**
 * The Iceberg metadata that clients see: the file that `version-hint.text` names.
 *
 * Follows `HadoopTableOperations` of Iceberg and `IcebergPathFactory`: version N is in `vN.metadata.json`.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { joinPath, nameOf } from '../io/path.ts'
import { readIfThere } from '../snapshot/metadata-files.ts'
import { storedPath } from '../snapshot/paths.ts'
import { type IcebergMetadata, parseIcebergMetadata } from './metadata.ts'

export interface CurrentIceberg {
  readonly version: number
  readonly path: string
  readonly metadata: IcebergMetadata
}

/** A metadata file with what {@link FileIO.replace} compares. */
export interface VersionedIceberg extends CurrentIceberg {
  readonly fileVersion: string
}

export function hintPath(metadataDirectory: string): string {
  return joinPath(metadataDirectory, 'version-hint.text')
}

export function metadataPath(metadataDirectory: string, version: number): string {
  return joinPath(metadataDirectory, `v${version}.metadata.json`)
}

/**
 * The metadata that the hint names, or the highest version where the hint is gone or names none; null where there is none.
 * CORRUPT, naming the file, for what is no metadata.
 */
export async function readCurrentIceberg(
  io: FileIO,
  metadataDirectory: string,
  options?: IoOptions,
): Promise<VersionedIceberg | null> {
  const hint = await readIfThere(io, hintPath(metadataDirectory), options)
  return await readNamedIceberg(io, metadataDirectory, hint, options)
}

/** {@link readCurrentIceberg} for a hint that is read already; null where there is none. */
export async function readNamedIceberg(
  io: FileIO,
  metadataDirectory: string,
  hint: Uint8Array | null,
  options?: IoOptions,
): Promise<VersionedIceberg | null> {
  const version = hint === null ? undefined : versionOf(new TextDecoder().decode(hint).trim())
  if (version !== undefined) {
    const found = await readIcebergVersion(io, metadataDirectory, version, options)
    if (found !== null) return found
  }
  const last = (await icebergVersions(io, metadataDirectory, options)).at(-1)
  return last === undefined ? null : await readIcebergVersion(io, metadataDirectory, last, options)
}

/** The metadata of a version; null where there is none. */
export async function readIcebergVersion(
  io: FileIO,
  metadataDirectory: string,
  version: number,
  options?: IoOptions,
): Promise<VersionedIceberg | null> {
  const path = metadataPath(metadataDirectory, version)
  const read = await io.readVersioned(path, options)
  if (read === null) return null
  const metadata = parseIcebergMetadata(path, read.bytes)
  return { version, path, metadata, fileVersion: read.version }
}

/** The versions that have a metadata file, ascending. */
export async function icebergVersions(
  io: FileIO,
  metadataDirectory: string,
  options?: IoOptions,
): Promise<number[]> {
  const versions: number[] = []
  for await (const { path } of io.list(metadataDirectory, { ...options, namePrefix: 'v' })) {
    const version = /^v(\d{1,15})\.metadata\.json$/.exec(nameOf(path))?.[1]
    if (version !== undefined) versions.push(Number(version))
  }
  return versions.toSorted((a, b) => a - b)
}

/** The file of the metadata directory that metadata mean, whatever directory they name: CORRUPT for what is no file name. */
export function metadataFile(metadataDirectory: string, named: string): string {
  return storedPath(metadataDirectory, lastName(named), 'file of the Iceberg metadata')
}

/** What stands behind the last slash; paths that are read from metadata may be anything. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function versionOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
