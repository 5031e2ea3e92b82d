/**
 * Java Paimon as the other side: its jars come through Maven into `.interop/java`, the programs of `test/interop/java` are
 * compiled there, and one long-lived process answers lines of JSON.
 */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

import { canonicalRow } from '../../support/golden-expect.ts'
import { interopDirectory, onceAtATime } from './home.ts'

const run = promisify(execFile)
const SOURCES = join(import.meta.dirname, '../java')
const HOME = join(interopDirectory, 'java')
const PROGRAMS = [
  'Harness.java',
  'Histories.java',
  'Alter.java',
  'Messages.java',
  'Metadata.java',
  'Operations.java',
  'Rows.java',
  'Schedules.java',
  'GoldenTables.java',
  'Buckets.java',
  'Columns.java',
  'Deletions.java',
  'Evolution.java',
  'Picks.java',
  'SketchVectors.java',
  'Streams.java',
  'Upkeep.java',
]

/** The class path, made first if need be, which takes a minute. Without Java or Maven the suite fails. */
export async function findJava(): Promise<string> {
  for (const command of ['java', 'javac', 'mvn']) {
    try {
      await run(command, ['-version'])
    } catch (error) {
      throw new Error(
        `interop with Java cannot be tested, because the ${command} command fails: install a JDK (11 or later) and Maven`,
        { cause: error },
      )
    }
  }
  await onceAtATime('java', async () => {
    await fetchJars()
    await compile()
  })
  return `${join(HOME, 'lib', '*')}:${join(HOME, 'classes')}`
}

async function fetchJars(): Promise<void> {
  const pom = join(SOURCES, 'pom.xml')
  if (await isNewer(join(HOME, 'lib', '.done'), [pom])) return
  process.stderr.write('fetching the jars of Java Paimon with Maven\n')
  await rm(join(HOME, 'lib'), { recursive: true, force: true })
  const output = `-DoutputDirectory=${join(HOME, 'lib')}`
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', output])
  await writeFile(join(HOME, 'lib', '.done'), '')
}

async function compile(): Promise<void> {
  const sources = PROGRAMS.map((name) => join(SOURCES, name))
  const done = join(HOME, 'classes', '.done')
  if (await isNewer(done, [...sources, join(HOME, 'lib', '.done')])) return
  await mkdir(join(HOME, 'classes'), { recursive: true })
  const classPath = join(HOME, 'lib', '*')
  const args = ['-nowarn', '-encoding', 'UTF-8', '-d', join(HOME, 'classes'), '-cp', classPath]
  await run('javac', [...args, ...sources])
  await writeFile(done, '')
}

async function isNewer(path: string, than: readonly string[]): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path)
    const others = await Promise.all(than.map((other) => stat(other)))
    return others.every((other) => other.mtimeMs <= mtimeMs)
  } catch {
    return false
  }
}

/** What tests ask for is done before it would pay to compile it well. */
const JVM = [
  '-Xmx1g',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Duser.timezone=UTC',
  '-Dfile.encoding=UTF-8',
]
/** Java takes the encoding of file names from the locale, which a bare environment has none of. */
const ENVIRONMENT = { ...process.env, LC_ALL: 'C.UTF-8' }

/** A schema as its file has it. */
export interface JsonSchema {
  readonly fields: readonly unknown[]
  readonly partitionKeys: readonly string[]
  readonly primaryKeys: readonly string[]
  readonly options: Readonly<Record<string, string>>
}

export interface JavaWrite {
  readonly user?: string
  readonly identifier?: number
  /** Compacts the buckets that are written to, whole. */
  readonly compact?: boolean
  readonly options?: Readonly<Record<string, string>>
}

export interface JavaFilter {
  readonly column: string
  readonly op: string
  readonly value: unknown
}

export interface JavaRead {
  readonly options?: Readonly<Record<string, string>>
  readonly where?: JavaFilter
}

export interface JavaStatistics {
  readonly rows: number
  readonly bytes: number
  readonly columns: Readonly<
    Record<string, { min?: unknown; max?: unknown; nulls?: number; length?: number }>
  >
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** A warehouse as Java opens it. */
export class JavaPaimon implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #said: string[] = []
  #lastId = 0

  /** `zone` is the time zone that Java takes for the machine's. */
  constructor(classPath: string, zone = 'UTC') {
    const args = [...JVM, `-Duser.timezone=${zone}`, '-cp', classPath, 'Harness']
    this.#process = spawn('java', args, { stdio: 'pipe', env: ENVIRONMENT })
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(line))
    createInterface({ input: this.#process.stderr }).on('line', (line) => {
      this.#said.push(line)
      if (this.#said.length > 50) this.#said.shift()
    })
    this.#process.once('exit', (code) => {
      const error = new Error(`Java ended with ${code}: ${this.#said.join('\n')}`)
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    })
  }

  #take(line: string): void {
    const { id, result, error } = JSON.parse(line) as Answer
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(`Java: ${error}`))
  }

  async ask(request: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#process.stdin.write(`${JSON.stringify({ id, ...request })}\n`)
    return waiting.promise
  }

  /** The warehouse; `catalog` has the options that its storage needs. */
  warehouse(location: string, catalog: Readonly<Record<string, string>> = {}): JavaWarehouse {
    return new JavaWarehouse(this, location, catalog)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.stdin.end()
    await ended
  }
}

/** Rows are texts of JSON, as `canonicalRow` makes them. */
export class JavaWarehouse {
  readonly #java: JavaPaimon
  readonly #base: Readonly<Record<string, unknown>>

  constructor(java: JavaPaimon, location: string, catalog: Readonly<Record<string, string>>) {
    this.#java = java
    this.#base = { warehouse: location, catalog }
  }

  async create(table: string, schema: JsonSchema): Promise<void> {
    await this.#java.ask({ op: 'create', ...this.#base, table, schema })
  }

  /** Commits the rows; their kinds are in the member `_kind`. */
  async write(table: string, rows: readonly string[], write: JavaWrite = {}): Promise<void> {
    const parsed = rows.map((row) => JSON.parse(row) as unknown)
    await this.#java.ask({ op: 'write', ...this.#base, table, ...write, rows: parsed })
  }

  /** Compacts every bucket as far as it goes. */
  async compact(table: string, options: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#java.ask({ op: 'compact', ...this.#base, table, options })
  }

  /** A tag of the snapshot, or of the latest; `retained` is a duration such as `PT1H`. */
  async tag(
    table: string,
    tag: { readonly name: string; readonly snapshot?: number; readonly retained?: string },
  ): Promise<void> {
    await this.#java.ask({ op: 'tag', ...this.#base, table, ...tag })
  }

  /** A branch that starts as the tag, or empty. */
  async branch(table: string, name: string, tag?: string): Promise<void> {
    await this.#java.ask({ op: 'branch', ...this.#base, table, name, tag })
  }

  /** Sets where the consumer goes on. */
  async consumer(table: string, name: string, next: number): Promise<void> {
    await this.#java.ask({ op: 'consumer', ...this.#base, table, name, next })
  }

  /** Commits statistics of the latest snapshot. */
  async analyze(table: string, statistics: JavaStatistics): Promise<void> {
    await this.#java.ask({ op: 'analyze', ...this.#base, table, ...statistics })
  }

  /** Commits some columns of rows: of new ones, or of those whose ids start at `firstRowId`; to a bucket, if told. */
  async writeColumns(
    table: string,
    columns: readonly string[],
    rows: readonly string[],
    where: { readonly firstRowId?: number; readonly bucket?: number } = {},
  ): Promise<void> {
    const parsed = rows.map((row) => JSON.parse(row) as unknown)
    const request = { op: 'writeColumns', ...this.#base, table, columns, rows: parsed, ...where }
    await this.#java.ask(request)
  }

  /** Joins files whose columns were written apart; how many times. */
  async compactColumns(
    table: string,
    options: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    return (await this.#java.ask({ op: 'compactColumns', ...this.#base, table, options })) as number
  }

  /** Deletes about the share of the rows of some files of a table without primary key, by deletion vectors. */
  async deleteRows(table: string, share: number, seed: number): Promise<void> {
    await this.#java.ask({ op: 'delete', ...this.#base, table, share, seed })
  }

  /** The bytes of a VARIANT column, in hexadecimal digits: value and metadata, null for a null. */
  async variants(table: string, column: string): Promise<(string | null)[]> {
    const values = await this.#java.ask({ op: 'variants', ...this.#base, table, column })
    return values as (string | null)[]
  }

  /** Expires all but so many of the latest snapshots; how many those were. */
  async expire(table: string, retain: number): Promise<number> {
    return (await this.#java.ask({ op: 'expire', ...this.#base, table, retain })) as number
  }

  /** The files of a table that Java would remove, since nothing refers to them. */
  async orphans(table: string): Promise<string[]> {
    return (await this.#java.ask({ op: 'orphans', ...this.#base, table })) as string[]
  }

  /** The rows of a table or of a system table, sorted. */
  async read(table: string, read: JavaRead = {}): Promise<string[]> {
    const rows = await this.#java.ask({ op: 'read', ...this.#base, table, ...read })
    return (rows as unknown[]).map(canonicalRow).toSorted()
  }

  /** What `Buckets.java` does: one of its tasks. */
  async buckets(
    table: string,
    task: string,
    request: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown> {
    return await this.#java.ask({ op: 'buckets', ...this.#base, table, task, ...request })
  }

  /** What `Messages.java` does: one of its tasks. */
  async messages(
    table: string,
    request: { readonly task: string } & Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    return await this.#java.ask({ op: 'messages', ...this.#base, table, ...request })
  }

  /** What `Streams.java` does: one of its tasks. */
  async streams(
    table: string,
    request: { readonly task: string } & Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    return await this.#java.ask({ op: 'streams', ...this.#base, table, ...request })
  }

  /** Does the steps to the table, one after another, as `Schedules.java` tells them. */
  async schedule(
    table: string,
    steps: readonly unknown[],
    options: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#java.ask({ op: 'schedule', ...this.#base, table, steps, options })
  }

  /** What `Alter.java` does: one of its tasks. */
  async alter(
    table: string,
    request: { readonly task: string } & Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    return await this.#java.ask({ op: 'alter', ...this.#base, table, ...request })
  }

  /** What `Upkeep.java` does: one of its tasks. */
  async upkeep(
    table: string,
    request: { readonly task: string } & Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    return await this.#java.ask({ op: 'upkeep', ...this.#base, table, ...request })
  }

  /** What `Histories.java` does: one of its tasks. */
  async histories(
    table: string,
    request: { readonly task: string } & Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    return await this.#java.ask({ op: 'histories', ...this.#base, table, ...request })
  }

  /** Does one operation, as `Operations.java` tells it. */
  async operate(table: string, step: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#java.ask({ op: 'operation', ...this.#base, table, step })
  }

  /** What a stream reads from the first snapshot on, with the kinds. */
  async stream(table: string): Promise<string[]> {
    const rows = await this.#java.ask({ op: 'stream', ...this.#base, table })
    return (rows as unknown[]).map(canonicalRow)
  }
}

/** Writes the golden tables with rows of the seed: `DIR/warehouse` and `DIR/expect`. */
export async function writeGoldenTables(
  classPath: string,
  directory: string,
  seed: number,
): Promise<void> {
  const args = ['-cp', classPath, 'Harness', 'golden', directory, String(seed)]
  const { stdout } = await run('java', [...JVM, ...args], { maxBuffer: 1 << 24, env: ENVIRONMENT })
  const skipped = stdout.split('\n').filter((line) => line.startsWith('SKIPPED'))
  if (skipped.length > 0) throw new Error(skipped.join('\n'))
}
