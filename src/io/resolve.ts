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

/**
 * The storage that holds `location`, a path or URI as `resolveLocation` gives it; `options` are the catalog's, of which
 * each storage takes its own. Nothing is connected yet. UNSUPPORTED when no storage knows the scheme.
 */
export function openFileIO(
  location: string,
  options: Readonly<Record<string, string>> = {},
): FileIO {
  const scheme = schemeOf(location)
  if (Object.hasOwn(OPENERS, scheme)) return OPENERS[scheme]!(options)
  const near = didYouMean(scheme, Object.keys(OPENERS))
  throw unsupported(`there is no storage for ${scheme}: locations${near}`, {
    path: location,
    hint: S3_SPEAKERS.has(scheme)
      ? `if the store speaks S3, use s3://BUCKET/PATH with the option s3.endpoint`
      : 'use a directory of this machine, s3://BUCKET/PATH, or memory://NAME',
  })
}
