/**
 * Iceberg's clients as the other side: each Python client has an environment of its own in `.interop/iceberg`, as versions of their
 * packages exclude each other, and Iceberg's Java library its jars. The folder can be another one: `ICEBERG_HOME`.
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { interopDirectory, onceAtATime } from './home.ts'
import type { IcebergCheck } from './iceberg/checks.ts'

const run = promisify(execFile)
const SOURCES = join(import.meta.dirname, '../iceberg')
const HOME = process.env['ICEBERG_HOME'] ?? join(interopDirectory, 'iceberg')
const CLASSES = join(interopDirectory, 'iceberg', 'classes')

export const ICEBERG_CLIENTS = ['pyiceberg', 'java', 'duckdb', 'polars', 'chdb', 'spark'] as const
export type IcebergClient = (typeof ICEBERG_CLIENTS)[number]

/** Those that the suite reads with unless told: half a gigabyte, a minute to install. */
const CORE: readonly IcebergClient[] = ['pyiceberg', 'java', 'duckdb']

/** The clients that `ICEBERG_CLIENTS` names, with commas between; the three of the core where it is not set. */
export function chosenClients(): readonly IcebergClient[] {
  const named = process.env['ICEBERG_CLIENTS']?.split(',')
  const unknown = named?.find((name) => !ICEBERG_CLIENTS.some((client) => client === name))
  if (unknown !== undefined)
    throw new Error(`there is no client ${unknown}, only ${ICEBERG_CLIENTS.join(', ')}`)
  return named === undefined ? CORE : ICEBERG_CLIENTS.filter((client) => named.includes(client))
}

const PYICEBERG = ['pyiceberg[snappy,pyarrow]==0.12.0', 'pyarrow==19.0.1']
// DuckDB's extensions have exactly its version; its times with a zone need pytz.
const DUCKDB = '1.5.5'

/** Folder and packages. */
const ENVIRONMENTS: Readonly<Partial<Record<IcebergClient, readonly string[]>>> = {
  pyiceberg: ['py', ...PYICEBERG, 'fastavro', 'tzdata'],
  duckdb: [
    'duck',
    `duckdb==${DUCKDB}`,
    `duckdb-extensions==${DUCKDB}`,
    `duckdb-extension-iceberg==${DUCKDB}`,
    `duckdb-extension-avro==${DUCKDB}`,
    `duckdb-extension-httpfs==${DUCKDB}`,
    'pytz',
  ],
  polars: ['polars', 'polars==2.1.0', ...PYICEBERG, 'tzdata'],
  chdb: ['chdb', 'chdb==4.4.0'],
  spark: ['spark', 'pyspark==3.5.9'],
}

const ICEBERG_JAR = 'org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.12.0'
/** Iceberg's library needs no Spark, only the file systems of Hadoop. */
const HADOOP_JARS = [
  'org.apache.hadoop:hadoop-client-api:3.3.6',
  'org.apache.hadoop:hadoop-client-runtime:3.3.6',
  'commons-logging:commons-logging:1.2',
  'org.slf4j:slf4j-api:2.0.17',
  'org.slf4j:slf4j-nop:2.0.17',
  'org.xerial.snappy:snappy-java:1.1.10.8',
  'com.github.luben:zstd-jni:1.5.7-3',
  'org.apache.commons:commons-lang3:3.17.0',
]

/** The interpreter that has a client's packages, once they are installed. */
export function pythonOf(client: IcebergClient): string {
  return join(HOME, ENVIRONMENTS[client]![0]!, 'bin', 'python')
}

/** Iceberg for Spark, once it is installed. */
export const icebergJar: string = join(
  HOME,
  'jars',
  `${ICEBERG_JAR.split(':').slice(1).join('-')}.jar`,
)

/** Iceberg's Java library, once it is installed. */
export const icebergClassPath: string = ['jars/*', 'jars/hadoop/*']
  .map((path) => join(HOME, path))
  .join(':')

/** Installs the clients that are not there yet. Without Python 3, Java or Maven the suite fails. */
export async function installClients(clients: readonly IcebergClient[]): Promise<void> {
  await onceAtATime('iceberg', async () => {
    for (const client of clients) {
      const [folder, ...packages] = ENVIRONMENTS[client] ?? []
      if (folder !== undefined) await installPython(join(HOME, folder), packages)
      if (client === 'java' || client === 'spark') await fetchJar(ICEBERG_JAR, join(HOME, 'jars'))
    }
    if (!clients.includes('java')) return
    for (const jar of HADOOP_JARS) await fetchJar(jar, join(HOME, 'jars', 'hadoop'))
    await compileProgram()
  })
}

async function installPython(directory: string, packages: readonly string[]): Promise<void> {
  const done = join(directory, '.want')
  const wanted = packages.join(' ')
  if ((await readFile(done, 'utf8').catch(() => '')).trim() === wanted) return
  process.stderr.write(`installing ${wanted} with pip\n`)
  await run('python3', ['-m', 'venv', directory])
  await run(join(directory, 'bin', 'pip'), ['install', '--quiet', ...packages])
  await writeFile(done, wanted)
}

async function fetchJar(artifact: string, directory: string): Promise<void> {
  const [, name, version] = artifact.split(':')
  if (await isThere(join(directory, `${name}-${version}.jar`))) return
  process.stderr.write(`fetching ${artifact} with Maven\n`)
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy'
  await run('mvn', ['-q', '-B', goal, `-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`])
}

const isThere = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  )

async function compileProgram(): Promise<void> {
  const source = join(SOURCES, 'IcebergRows.java')
  const [from, to] = await Promise.all(
    [source, join(CLASSES, 'IcebergRows.class')].map((path) => stat(path).catch(() => null)),
  )
  if (to !== null && to !== undefined && to.mtimeMs >= from!.mtimeMs) return
  await mkdir(CLASSES, { recursive: true })
  await run('javac', ['-nowarn', '-Xlint:none', '-cp', icebergClassPath, '-d', CLASSES, source])
}

/** What a client made of a check; the failure tells rows and filters that are wrong, and is null where all are right. */
export interface ClientAnswer {
  readonly client: IcebergClient
  readonly label: string
  readonly failure: string | null
}

/** Lets the clients, which are installed, read all tables; `directory` takes a file that lists them. */
export async function readWithClients(
  checks: readonly IcebergCheck[],
  clients: readonly IcebergClient[],
  directory: string,
): Promise<ClientAnswer[]> {
  const path = join(directory, 'checks.json')
  await writeFile(path, JSON.stringify(checks.map(({ state, ...each }) => ({ ...each, ...state }))))
  const program = join(SOURCES, 'check.py')
  const { stdout } = await run('python3', ['-B', program, HOME, CLASSES, path, ...clients], {
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
  })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ClientAnswer)
}
