/** The steps that make a local file appear whole and durable: temporary file, sync, link or rename, sync of the directory. */
import { randomUUID } from 'node:crypto'
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { throwIfAborted } from '../util/async.ts'
import { invalid, LakeError, notFound } from '../util/errors.ts'

/** Answers of link(2) on a file system that has no hard links, or none more for this file. */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])
/** Answers of a directory's fsync where the system has no such thing. */
const NO_DIRECTORY_SYNC = new Set(['EPERM', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES'])
/** Failures that may be gone a moment later. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR', 'ESTALE', 'ETIMEDOUT'])
export const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR'])
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is mounted read-only',
  EACCES: 'the user of this process lacks the permission',
  EPERM: 'the user of this process lacks the permission',
}

/** The name under which a file is written before it gets its own; Paimon's readers and cleaners know the form. */
export function temporaryNameOf(file: string): string {
  return join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`)
}

/** Opens a new file for writing, with its directories; it must not be there yet. */
export async function openNew(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'wx')
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  await makeDirectories(dirname(file))
  return open(file, 'wx')
}

/** Makes a directory and its missing parents durable. */
export async function makeDirectories(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true })
  if (first === undefined) return
  // A new directory is an entry of its parent, so every parent down the new chain is synced.
  for (let made = directory; ; made = dirname(made)) {
    await syncDirectory(dirname(made))
    if (made === first || made === dirname(made)) return
  }
}

/** Writes the bytes under a new name next to `file` and syncs them; whatever fails leaves nothing behind. */
export async function writeTemporary(
  file: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<string> {
  const temporary = temporaryNameOf(file)
  try {
    const handle = await openNew(temporary)
    try {
      await writeFully(handle, [bytes])
      await handle.datasync()
    } finally {
      await handle.close()
    }
    throwIfAborted(signal)
    return temporary
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

/**
 * Gives the temporary file its name if nothing has it, and drops the temporary name. Without hard links the contents
 * are written under the name itself, which is exclusive too but can be seen half-written.
 */
export async function publishNew(
  temporary: string,
  file: string,
  bytes: Uint8Array,
): Promise<boolean> {
  let published: boolean
  try {
    published = await linkNew(temporary, file, bytes)
  } finally {
    // A leftover temporary name does no harm and is collected with the orphans.
    await rm(temporary, { force: true }).catch(() => {})
  }
  if (published) await syncPublished(file)
  return published
}

async function linkNew(temporary: string, file: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await link(temporary, file)
    return true
  } catch (error) {
    const code = errnoOf(error)
    if (NO_HARD_LINKS.has(code)) return writeExclusively(file, bytes)
    if (code !== 'EEXIST') throw error
    // A file server may have linked, lost its answer and been asked again: then our own link is what is there.
    return (await stat(temporary)).nlink === 2
  }
}

async function writeExclusively(file: string, bytes: Uint8Array): Promise<boolean> {
  let handle: FileHandle
  try {
    handle = await open(file, 'wx')
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    await writeFully(handle, [bytes])
    await handle.datasync()
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  return true
}

/** The name is visible from here on, so a directory that cannot be synced leaves the outcome of a power cut open. */
async function syncPublished(file: string): Promise<void> {
  try {
    await syncDirectory(dirname(file))
  } catch (error) {
    throw new LakeError(
      'OUTCOME_UNKNOWN',
      'the file was created but its directory cannot be synced',
      {
        path: file,
        cause: error,
      },
    )
  }
}

/** Gives the temporary file its name, replacing what had it. */
export async function publishReplacing(temporary: string, file: string): Promise<void> {
  try {
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await syncDirectory(dirname(file))
}

export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(directory, 'r')
    await handle.sync()
  } catch (error) {
    if (!NO_DIRECTORY_SYNC.has(errnoOf(error))) throw error
  } finally {
    await handle?.close()
  }
}

/** Writes all the bytes at the handle's position: the system may take fewer than it is given. */
export async function writeFully(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  let rest = [...chunks]
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest)
    rest = after(rest, bytesWritten)
  }
}

function after(chunks: readonly Uint8Array[], sizeBytes: number): Uint8Array[] {
  let skip = sizeBytes
  const rest: Uint8Array[] = []
  for (const chunk of chunks) {
    const taken = Math.min(skip, chunk.byteLength)
    skip -= taken
    if (taken < chunk.byteLength) rest.push(taken === 0 ? chunk : chunk.subarray(taken))
  }
  return rest
}

/** The system's name for a failure (`ENOENT`); empty for any other error. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

/** What a failed read of a local file is reported as; a directory is no file. */
export function localReadError(path: string, error: unknown): unknown {
  if (!MISSING.has(errnoOf(error))) return localError(path, error)
  return notFound('there is no such file', { path, cause: error })
}

/** What any other failed call on a local file is reported as. */
export function localError(path: string, error: unknown): unknown {
  if (error instanceof LakeError) return error
  const code = errnoOf(error)
  if (code === 'ENAMETOOLONG') return invalid('the file name is too long', { path, cause: error })
  const reason = error instanceof Error ? error.message : String(error)
  return new LakeError('IO', `the file system failed: ${reason}`, {
    path,
    cause: error,
    retriable: PASSING.has(code),
    hint: HINTS[code],
  })
}
