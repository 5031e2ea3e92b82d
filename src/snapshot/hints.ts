/**
 * The files LATEST and EARLIEST beside the snapshots, which say where to look first.
 *
 * They are plain decimal numbers, written after the fact and by several writers at once, so they may be old, absent or
 * garbage: whoever reads one checks it, and failing to write one fails nothing. Follows `HintFileUtils`, except that
 * LATEST never goes back while the snapshot that it names is there.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { LakeError } from '../util/errors.ts'

/** The number in the file; undefined when there is none, or none that can be read. */
export async function readHint(
  io: FileIO,
  path: string,
  options?: IoOptions,
): Promise<number | undefined> {
  try {
    return parseHint(await io.read(path, options))
  } catch (error) {
    throwIfMeant(error)
    return undefined
  }
}

/**
 * Makes the LATEST hint say `snapshotId`, unless it names a later snapshot that is there. Answers whether it does so
 * now; a storage that fails is no error here.
 */
export async function advanceLatestHint(
  io: FileIO,
  path: string,
  snapshotId: number,
  snapshotExists: (id: number) => Promise<boolean>,
): Promise<boolean> {
  try {
    for (let tries = 0; tries < HINT_TRIES; tries++) {
      const current = await io.readVersioned(path)
      const told = current === null ? undefined : parseHint(current.bytes)
      if (told === snapshotId) return true
      // A hint beyond the last snapshot sends every reader astray, so it is taken back.
      if (told !== undefined && told > snapshotId && (await snapshotExists(told))) return true
      const version = current?.version ?? null
      if (await io.replace(path, hintBytes(snapshotId), version)) return true
    }
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
  }
  return false
}

/** Writers that change the hint at the same moment make each other look again; the last of them is never the oldest. */
const HINT_TRIES = 5

export function hintBytes(snapshotId: number): Uint8Array {
  return new TextEncoder().encode(String(snapshotId))
}

function parseHint(bytes: Uint8Array): number | undefined {
  if (bytes.length > HINT_BYTES_MAX) return undefined
  const text = new TextDecoder().decode(bytes)
  const id = Number(text)
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(id) ? id : undefined
}

const HINT_BYTES_MAX = 16

/** A signal that fired, and a bug here, are not the hint's fault. */
function throwIfMeant(error: unknown): void {
  if (!(error instanceof LakeError) || error.code === 'ABORTED' || error.code === 'INVALID')
    throw error
}
