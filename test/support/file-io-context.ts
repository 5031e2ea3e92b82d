/** What the tests of a storage share. */
import type { FileIO, FileStatus } from '../../src/io/file-io.ts'

export interface FileIoFixture {
  readonly io: FileIO
  /** A directory of this storage that the tests may fill. */
  readonly root: string
  /** Temporary files and unfinished uploads: there must be none after a test. */
  leftovers(): Promise<string[]>
  close(): Promise<void>
}

export interface FileIoSuiteOptions {
  /** Large enough that the storage writes a streamed file in several steps. */
  readonly bigBytes?: number
  /** How many files the listing tests make. */
  readonly manyFiles?: number
  readonly raceRounds?: number
}

export interface FileIoContext {
  readonly io: () => FileIO
  readonly freshDirectory: () => string
  readonly options: FileIoSuiteOptions
}

export async function allOf(files: AsyncIterable<FileStatus>): Promise<FileStatus[]> {
  const found = await Array.fromAsync(files)
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

export const pathsOf = async (files: AsyncIterable<FileStatus>): Promise<string[]> =>
  (await allOf(files)).map((file) => file.path)

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
export const string = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
