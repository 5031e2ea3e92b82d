/** Finds and reads the metadata files that are told by their names: snapshots, schemas, tags, consumers, changelogs. */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { nameOf } from '../io/path.ts'
import { isNotFound } from '../util/errors.ts'
import { numberOf } from './paths.ts'

/** What follows the prefix in the names of the directory's files, sorted; files without more than it are left out. */
export async function namesAfter(
  io: FileIO,
  directory: string,
  prefix: string,
  options?: IoOptions,
): Promise<string[]> {
  const names: string[] = []
  for await (const { path } of io.list(directory, { ...options, namePrefix: prefix }))
    names.push(nameOf(path).slice(prefix.length))
  return names.filter((name) => name !== '').toSorted()
}

/** The numbers that follow the prefix in the names of the directory's files, from `least` on, ascending. */
export async function numbersAfter(
  io: FileIO,
  directory: string,
  prefix: string,
  least: number,
  options?: IoOptions,
): Promise<number[]> {
  const numbers: number[] = []
  for await (const { path } of io.list(directory, { ...options, namePrefix: prefix })) {
    const number = numberOf(nameOf(path), prefix)
    if (number !== undefined && number >= least) numbers.push(number)
  }
  return numbers.toSorted((a, b) => a - b)
}

/** A file whose name ends with a number. */
export interface NumberedFile {
  readonly number: number
  readonly path: string
  readonly sizeBytes: number
}

/** The files of the directory that {@link numbersAfter} counts, ascending. */
export async function numberedFiles(
  io: FileIO,
  directory: string,
  { prefix, least }: { readonly prefix: string; readonly least: number },
  options?: IoOptions,
): Promise<NumberedFile[]> {
  const files: NumberedFile[] = []
  for await (const { path, sizeBytes } of io.list(directory, { ...options, namePrefix: prefix })) {
    const number = numberOf(nameOf(path), prefix)
    if (number !== undefined && number >= least) files.push({ number, path, sizeBytes })
  }
  return files.toSorted((a, b) => a.number - b.number)
}

/** The bytes of the file; null when there is none. */
export async function readIfThere(
  io: FileIO,
  path: string,
  options?: IoOptions,
): Promise<Uint8Array | null> {
  try {
    return await io.read(path, options)
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}
