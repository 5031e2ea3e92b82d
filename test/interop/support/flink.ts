/**
 * Flink SQL with Paimon as the other side: its jars come through Maven into `.interop/flink`, the runner of
 * `test/interop/flink` is compiled there, and one process runs statement after statement.
 */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

import { type Catalog, createCatalog } from '../../../src/catalog/catalog.ts'
import { interopDirectory, onceAtATime } from './home.ts'

const run = promisify(execFile)
const SOURCES = join(import.meta.dirname, '../flink')
const HOME = join(interopDirectory, 'flink')

/** Packages that Flink reaches into. */
const OPENED = [
  'java.lang',
  'java.lang.invoke',
  'java.lang.reflect',
  'java.net',
  'java.io',
  'java.nio',
  'java.text',
  'java.time',
  'java.util',
  'java.util.concurrent',
  'java.util.concurrent.atomic',
  'java.util.concurrent.locks',
]

async function modifiedMs(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0
}

/** The class path, made first if need be, which takes a minute. */
async function findFlink(): Promise<string> {
  await onceAtATime('flink', async () => {
    const pom = join(SOURCES, 'pom.xml')
    const lib = join(HOME, 'lib')
    if ((await modifiedMs(join(lib, '.done'))) < (await modifiedMs(pom))) {
      process.stderr.write('fetching the jars of Flink with Maven\n')
      await rm(lib, { recursive: true, force: true })
      const output = `-DoutputDirectory=${lib}`
      await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', output])
      await writeFile(join(lib, '.done'), '')
    }
    const source = join(SOURCES, 'FlinkSql.java')
    const classes = join(HOME, 'classes')
    if ((await modifiedMs(join(classes, '.done'))) < (await modifiedMs(source))) {
      await mkdir(classes, { recursive: true })
      const args = ['-nowarn', '-encoding', 'UTF-8', '-d', classes, '-cp', join(lib, '*')]
      await run('javac', [...args, source])
      await writeFile(join(classes, '.done'), '')
    }
  })
  return `${join(HOME, 'classes')}:${join(HOME, 'lib', '*')}`
}

/** A row that a statement gave, and what it does: +I, -U, +U or -D. */
export interface FlinkRow {
  readonly op: string
  readonly row: Readonly<Record<string, unknown>>
}

type Line =
  | { readonly ready: true }
  | ({ readonly stmt: number } & FlinkRow)
  | { readonly stmt: number; readonly done: true }
  | { readonly stmt: number; readonly error: string }

/** A Flink cluster in one process, whose catalog is a warehouse on the local disk. */
export class Flink implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #temporary: string
  readonly #said: string[] = []
  readonly #ready = Promise.withResolvers<void>()
  /** The statement under way. */
  #rows: FlinkRow[] = []
  #answer: PromiseWithResolvers<readonly FlinkRow[]> | null = null

  private constructor(classPath: string, warehouse: string, temporary: string) {
    const opens = OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)
    this.#temporary = temporary
    this.#process = spawn(
      'java',
      [
        '-Xmx1g',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        ...opens,
        `-Djava.io.tmpdir=${temporary}`,
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
        '-Duser.timezone=UTC',
        '-Dfile.encoding=UTF-8',
        '-cp',
        classPath,
        'FlinkSql',
        warehouse,
        '-',
      ],
      { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C.UTF-8' } },
    )
    createInterface({ input: this.#process.stdout }).on('line', (line) =>
      this.#take(JSON.parse(line) as Line),
    )
    createInterface({ input: this.#process.stderr }).on('line', (line) => {
      this.#said.push(line)
      if (this.#said.length > 50) this.#said.shift()
    })
    this.#process.once('exit', (code) => {
      const error = new Error(`Flink ended with ${code}: ${this.#said.join('\n')}`)
      this.#ready.reject(error)
      this.#answer?.reject(error)
    })
  }

  static async open(warehouse: string): Promise<Flink> {
    const classPath = await findFlink()
    const flink = new Flink(classPath, warehouse, await mkdtemp(join(tmpdir(), 'millrace-flink-')))
    await flink.#ready.promise
    return flink
  }

  #take(line: Line): void {
    if ('ready' in line) this.#ready.resolve()
    else if ('op' in line) this.#rows.push({ op: line.op, row: line.row })
    else if ('error' in line) this.#answer?.reject(new Error(`Flink: ${line.error}`))
    else this.#answer?.resolve(this.#rows)
  }

  /** Runs one statement, after those before it. */
  async sql(statement: string): Promise<readonly FlinkRow[]> {
    this.#rows = []
    this.#answer = Promise.withResolvers()
    this.#process.stdin.write(`${statement};\n`)
    return await this.#answer.promise
  }

  /** What a streaming query gives until nothing has come for long enough; a first row has a minute. */
  async changes(query: string): Promise<readonly FlinkRow[]> {
    await this.sql("SET 'execution.runtime-mode' = 'streaming'")
    await this.sql("SET 'runner.timeout-ms' = '60000'")
    await this.sql("SET 'runner.idle-ms' = '3000'")
    try {
      return await this.sql(query)
    } finally {
      await this.sql("SET 'execution.runtime-mode' = 'batch'")
      await this.sql("SET 'runner.timeout-ms' = '0'")
      await this.sql("SET 'runner.idle-ms' = '0'")
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.stdin.end()
    await ended
    await rm(this.#temporary, { recursive: true, force: true })
  }
}

/** A warehouse on the local disk that Flink and this library work on, with the database `shop`. */
export interface FlinkShop extends AsyncDisposable {
  readonly warehouse: string
  readonly flink: Flink
  readonly catalog: Catalog
}

export async function openFlinkShop(): Promise<FlinkShop> {
  const warehouse = await mkdtemp(join(tmpdir(), 'millrace-flink-'))
  const flink = await Flink.open(warehouse)
  const catalog = await createCatalog({ warehouse })
  await flink.sql('CREATE DATABASE shop')
  return {
    warehouse,
    flink,
    catalog,
    async [Symbol.asyncDispose]() {
      await catalog.close()
      await flink[Symbol.asyncDispose]()
      await rm(warehouse, { recursive: true, force: true })
    },
  }
}
