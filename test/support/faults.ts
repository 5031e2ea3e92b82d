/**
 * A storage that goes wrong at a chosen operation.
 *
 * Every operation gets a number, counted from 1 in the order in which they begin: each call of the FileIO, and each
 * write, close and abort of a file that is being streamed. A schedule looks at each operation and says what happens:
 *
 * - `fail` it has no effect and throws an IO error that is not worth another try;
 * - `transient` the same, but the error says that it is;
 * - `lose` it has its effect, and the answer is lost: OUTCOME_UNKNOWN for `create` and `replace`, a retriable IO error for
 *   everything else;
 * - `crash` it has no effect, and the process is dead: this and every later operation throws `CrashError`, so that what
 *   the code under test does to clean up has no effect either;
 * - `torn` half of the bytes reach a temporary file, then the process is dead. Only what writes can be torn; on other
 *   operations it is a `crash`.
 *
 * After a crash open a new storage on the same files, as a new process would. `close` of the dead one still lets go of
 * its handles and leaves the files as they are.
 */
import { randomUUID } from 'node:crypto'

import type {
  FileIO,
  FileStatus,
  FileWriter,
  IoOptions,
  IoStats,
  VersionedBytes,
} from '../../src/io/file-io.ts'
import { joinPath, nameOf, parentOf } from '../../src/io/path.ts'
import { throwIfAborted } from '../../src/util/async.ts'
import { LakeError } from '../../src/util/errors.ts'

export type FaultKind = 'fail' | 'transient' | 'lose' | 'crash' | 'torn'

export type OperationName = Exclude<keyof FileIO, 'scheme' | 'stats' | 'close'> | WriterOperation
type WriterOperation = 'writer.write' | 'writer.close' | 'writer.abort'

export interface Operation {
  readonly number: number
  readonly name: OperationName
  /** The file or directory; the first of several. */
  readonly path: string
  /** What went wrong with it. */
  readonly fault: FaultKind | undefined
}

/** Says what happens to an operation; undefined lets it be. */
export type FaultSchedule = (operation: Omit<Operation, 'fault'>) => FaultKind | undefined

/** The fault at one operation, by its number. */
export function faultAt(number: number, kind: FaultKind): FaultSchedule {
  return (operation) => (operation.number === number ? kind : undefined)
}

/** Each operation goes wrong with the given probability, with one of the kinds; `random` gives numbers in [0, 1). */
export function randomFaults(
  rate: number,
  kinds: readonly FaultKind[],
  random: () => number,
): FaultSchedule {
  return () => (random() < rate ? kinds[Math.floor(random() * kinds.length)] : undefined)
}

/** The process that made this storage is dead. */
export class CrashError extends Error {
  constructor(operation: Omit<Operation, 'fault'>) {
    super(`crashed at operation ${operation.number}, ${operation.name} of ${operation.path}`)
    this.name = 'CrashError'
  }
}

/** An operation that has begun: what goes wrong with it, and how it ends. */
interface Attempt {
  readonly operation: Omit<Operation, 'fault'>
  readonly fault: FaultKind | undefined
}

type ListOptions = IoOptions & { recursive?: boolean; namePrefix?: string }

export class FaultyFileIO implements FileIO {
  readonly scheme: string
  readonly #inner: FileIO
  readonly #schedule: FaultSchedule
  readonly #operations: Operation[] = []
  #crash: CrashError | undefined

  constructor(inner: FileIO, schedule: FaultSchedule = () => undefined) {
    this.scheme = inner.scheme
    this.#inner = inner
    this.#schedule = schedule
  }

  /** Everything that was asked so far, the operations after a crash too. */
  get operations(): readonly Operation[] {
    return this.#operations
  }

  get crashed(): boolean {
    return this.#crash !== undefined
  }

  read(path: string, options?: IoOptions): Promise<Uint8Array> {
    return this.#run('read', path, () => this.#inner.read(path, options))
  }

  readRange(
    path: string,
    offset: number,
    length: number,
    options?: IoOptions,
  ): Promise<Uint8Array> {
    return this.#run('readRange', path, () => this.#inner.readRange(path, offset, length, options))
  }

  readVersioned(path: string, options?: IoOptions): Promise<VersionedBytes | null> {
    return this.#run('readVersioned', path, () => this.#inner.readVersioned(path, options))
  }

  stat(path: string, options?: IoOptions): Promise<FileStatus | null> {
    return this.#run('stat', path, () => this.#inner.stat(path, options))
  }

  async *list(directory: string, options?: ListOptions): AsyncGenerator<FileStatus> {
    const files = await this.#run('list', directory, () =>
      Array.fromAsync(this.#inner.list(directory, options)),
    )
    for (const file of files) {
      throwIfAborted(options?.signal)
      yield this.#unlessCrashed(file)
    }
  }

  listDirectories(directory: string, options?: IoOptions): Promise<string[]> {
    return this.#run('listDirectories', directory, () =>
      this.#inner.listDirectories(directory, options),
    )
  }

  createDirectory(directory: string, options?: IoOptions): Promise<void> {
    return this.#run('createDirectory', directory, () =>
      this.#inner.createDirectory(directory, options),
    )
  }

  write(path: string, bytes: Uint8Array, options?: IoOptions): Promise<void> {
    const tear = (): Promise<void> => this.#leaveHalf(path, bytes)
    return this.#run('write', path, () => this.#inner.write(path, bytes, options), tear)
  }

  create(path: string, bytes: Uint8Array, options?: IoOptions): Promise<boolean> {
    const tear = (): Promise<void> => this.#leaveHalf(path, bytes)
    return this.#run('create', path, () => this.#inner.create(path, bytes, options), tear)
  }

  replace(
    path: string,
    bytes: Uint8Array,
    version: string | null,
    options?: IoOptions,
  ): Promise<boolean> {
    const tear = (): Promise<void> => this.#leaveHalf(path, bytes)
    const apply = (): Promise<boolean> => this.#inner.replace(path, bytes, version, options)
    return this.#run('replace', path, apply, tear)
  }

  async openWriter(path: string, options?: IoOptions): Promise<FileWriter> {
    const inner = await this.#run('openWriter', path, () => this.#inner.openWriter(path, options))
    return {
      write: (bytes) => {
        const tear = (): Promise<void> => inner.write(bytes.subarray(0, bytes.byteLength >> 1))
        return this.#run('writer.write', path, () => inner.write(bytes), tear)
      },
      close: () => this.#run('writer.close', path, () => inner.close()),
      abort: () => this.#run('writer.abort', path, () => inner.abort()),
    }
  }

  delete(path: string, options?: IoOptions): Promise<void> {
    return this.#run('delete', path, () => this.#inner.delete(path, options))
  }

  deleteAll(paths: readonly string[], options?: IoOptions): Promise<void> {
    return this.#run('deleteAll', paths[0] ?? '', () => this.#inner.deleteAll(paths, options))
  }

  deleteEmptyDirectory(directory: string, options?: IoOptions): Promise<boolean> {
    return this.#run('deleteEmptyDirectory', directory, () =>
      this.#inner.deleteEmptyDirectory(directory, options),
    )
  }

  deleteDirectory(directory: string, options?: IoOptions): Promise<void> {
    return this.#run('deleteDirectory', directory, () =>
      this.#inner.deleteDirectory(directory, options),
    )
  }

  renameDirectory(from: string, to: string, options?: IoOptions): Promise<boolean> {
    return this.#run('renameDirectory', from, () => this.#inner.renameDirectory!(from, to, options))
  }

  stats(): IoStats {
    return this.#inner.stats()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #run<Result>(
    name: OperationName,
    path: string,
    apply: () => Promise<Result>,
    tear: () => Promise<void> = async () => {},
  ): Promise<Result> {
    const { operation, fault } = this.#begin(name, path)
    switch (fault) {
      case undefined:
        return this.#unlessCrashed(await apply())
      case 'fail':
        throw new LakeError('IO', `${name} was made to fail`, { path })
      case 'transient':
        throw new LakeError('IO', `${name} was made to fail`, { path, retriable: true })
      case 'lose':
        await apply()
        throw lostAnswer(name, path)
      case 'torn':
        this.#crash = new CrashError(operation)
        await tear()
        throw this.#crash
      case 'crash':
        this.#crash = new CrashError(operation)
        throw this.#crash
    }
  }

  #begin(name: OperationName, path: string): Attempt {
    const operation = { number: this.#operations.length + 1, name, path }
    const fault = this.#crash === undefined ? this.#schedule(operation) : undefined
    this.#operations.push({ ...operation, fault })
    if (this.#crash !== undefined) throw this.#crash
    return { operation, fault }
  }

  /** An operation that was under way when the process died has its effect, but nobody sees its answer. */
  #unlessCrashed<Result>(result: Result): Result {
    if (this.#crash !== undefined) throw this.#crash
    return result
  }

  /** What a write that died half-way leaves on a file system; an object store leaves nothing. */
  async #leaveHalf(path: string, bytes: Uint8Array): Promise<void> {
    if (this.scheme !== 'file') return
    const temporary = joinPath(parentOf(path), `.${nameOf(path)}.${randomUUID()}.tmp`)
    await this.#inner.write(temporary, bytes.subarray(0, bytes.byteLength >> 1))
  }
}

function lostAnswer(name: OperationName, path: string): LakeError {
  const isConditional = name === 'create' || name === 'replace'
  return isConditional
    ? new LakeError('OUTCOME_UNKNOWN', `the answer to ${name} was lost`, { path })
    : new LakeError('IO', `the answer to ${name} was lost`, { path, retriable: true })
}
