/** Finds the storage for a location. */
import { unsupported } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import type { FileIO } from './file-io.ts'
import { LocalFileIO } from './local.ts'
import { MemoryFileIO } from './memory.ts'
import { schemeOf } from './path.ts'
import { openS3 } from './s3.ts'

const OPENERS: Readonly<Record<string, (options: Readonly<Record<string, string>>) => FileIO>> = {
  file: () => new LocalFileIO(),
  memory: () => new MemoryFileIO(),
  s3: openS3,
  s3a: openS3,
}

const S3_SPEAKERS = new Set(['oss', 'gs', 'cos', 'cosn', 'obs', 'oci', 'b2', 'r2', 's3n'])

/** What {@link openFileIO} opens a storage by; it can be sent to another thread, and holds what opens it: its secrets. */
export interface StorageAddress {
  readonly location: string
  readonly options: Readonly<Record<string, string>>
}

const ADDRESSES = new WeakMap<FileIO, StorageAddress>()

/** What another thread can open the same storage by; null where it cannot, as with the memory of this one. */
export function addressOf(io: FileIO): StorageAddress | null {
  return ADDRESSES.get(io) ?? null
}

/**
 * The storage that holds `location`, a path or URI as `resolveLocation` gives it; `options` are the catalog's, of which
 * each storage takes its own. Nothing is connected yet. UNSUPPORTED when no storage knows the scheme.
 */
export function openFileIO(
  location: string,
  options: Readonly<Record<string, string>> = {},
): FileIO {
  const scheme = schemeOf(location)
  if (Object.hasOwn(OPENERS, scheme)) {
    const io = OPENERS[scheme]!(options)
    if (scheme !== 'memory') ADDRESSES.set(io, { location, options })
    return io
  }
  const near = didYouMean(scheme, Object.keys(OPENERS))
  throw unsupported(`there is no storage for ${scheme}: locations${near}`, {
    path: location,
    hint: S3_SPEAKERS.has(scheme)
      ? `if the store speaks S3, use s3://BUCKET/PATH with the option s3.endpoint`
      : 'use a directory of this machine, s3://BUCKET/PATH, or memory://NAME',
  })
}
