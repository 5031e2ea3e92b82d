/** Runs Java Paimon, pypaimon and paimon-rust on the benchmark's work, and holds this library's figures against them. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

import { type Measurement, median } from '../report.ts'

const HERE = import.meta.dirname
/** What the peers need is fetched once to here. */
const TOOLS = resolve('.interop')
const PYTHON_PACKAGES = ['pypaimon==2.1.0', 'pypaimon-rust==0.4.0']

/** Java's measurements of reads by key, from a compacted bucket that it writes first; the peers in Python read none. */
export async function runPointReads(
  directory: string,
  rows: number,
  repeats: number,
): Promise<Measurement[]> {
  return await run('Java Paimon', () => javaCommand(join(directory, 'java'), rows, repeats, 'p'))
}

/** Java's measurements of writes that compact, the only peer that does. */
export async function runCompaction(
  directory: string,
  rows: number,
  repeats: number,
): Promise<Measurement[]> {
  return await run('Java Paimon', () => javaCommand(join(directory, 'java'), rows, repeats, 'c'))
}

/** Java's measurements of merging reads that compose rows, of tables that it writes first. */
export async function runEngines(
  directory: string,
  rows: number,
  repeats: number,
): Promise<Measurement[]> {
  const warehouse = join(directory, 'java')
  return await run('Java Paimon', () => [
    ...javaClass('EngineBench'),
    warehouse,
    `${rows}`,
    `${repeats}`,
  ])
}

/**
 * Every measurement of the peers, or only those of the tables that Java compacts; a peer that cannot be set up is named on
 * stderr and left out.
 */
export async function runPeers(
  directory: string,
  rows: number,
  repeats: number,
  works: 'all' | 'compacted' = 'all',
): Promise<Measurement[]> {
  const java = join(directory, 'java')
  const parts = works === 'all' ? 'wm' : 'm'
  return [
    ...(await run('Java Paimon', () => javaCommand(java, rows, repeats, parts))),
    ...(await run('pypaimon and paimon-rust', () => [
      ...pythonCommand(join(directory, 'python'), rows, repeats, java),
      works,
    ])),
  ]
}

async function run(name: string, command: () => string[]): Promise<Measurement[]> {
  let line: string[]
  try {
    line = command()
  } catch (error) {
    process.stderr.write(`${name} is left out: ${(error as Error).message}\n`)
    return []
  }
  const [program, ...args] = line
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const found: Measurement[] = []
  for await (const text of createInterface(child.stdout)) {
    if (!text.startsWith('{')) continue
    process.stdout.write(`${text}\n`)
    found.push(JSON.parse(text) as Measurement)
  }
  return found
}

/** Java's time to plan a read of a table that is there. */
export async function runPlanning(
  warehouse: string,
  [database, table]: readonly [string, string],
  partition: string,
  repeats: number,
): Promise<Measurement[]> {
  return await run('Java Paimon', () => [
    ...javaClass('PlanBench'),
    warehouse,
    database,
    table,
    partition,
    `${repeats}`,
  ])
}

/** Lets Java write the table whose files are counted. */
export function runAmplification(warehouse: string, numbers: readonly number[]): void {
  const [program, ...args] = javaClass('AmplifyBench')
  execFileSync(program!, [...args, warehouse, ...numbers.map(String)], { stdio: 'inherit' })
}

/** Lets Java commit to copies of a table with Iceberg metadata and without. */
export function runIcebergCommits(
  warehouse: string,
  work: string,
  options: Readonly<Record<string, string>>,
  numbers: readonly number[],
): void {
  const [program, ...args] = javaClass('IcebergBench')
  const set = Object.entries(options).map(([name, value]) => `${name}=${value}`)
  execFileSync(program!, [...args, warehouse, work, ...numbers.map(String), ...set], {
    stdio: 'inherit',
  })
}

function javaCommand(directory: string, rows: number, repeats: number, parts: string): string[] {
  return [...javaClass('PeerBench'), directory, `${rows}`, `${repeats}`, parts]
}

/** The command that runs a class of this folder, compiled when it has changed. */
function javaClass(name: string): string[] {
  const home = join(TOOLS, 'bench-java')
  const lib = join(home, 'lib')
  const source = join(HERE, `${name}.java`)
  const compiled = join(home, `${name}.class`)
  if (!existsSync(compiled) || statSync(compiled).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(home, { recursive: true })
    const pom = join(HERE, 'pom.xml')
    execFileSync('mvn', [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${lib}`,
    ])
    execFileSync('javac', ['-d', home, '-cp', `${lib}/*`, source])
  }
  return ['java', '-Xmx8g', '-cp', `${lib}/*:${home}`, name]
}

/** The start of a command line that runs a class of this folder as people run one, without options for measuring. */
export function startedJava(name: string): string[] {
  return javaClass(name).filter((word) => !word.startsWith('-Xmx'))
}

/** The start of a command line of pypaimon's own. */
export function startedPaimon(): string[] {
  return [join(pythonHome(), 'bin', 'paimon')]
}

function pythonCommand(directory: string, rows: number, repeats: number, java: string): string[] {
  const python = join(pythonHome(), 'bin', 'python')
  return [python, join(HERE, 'peer_bench.py'), directory, `${rows}`, `${repeats}`, java]
}

function pythonHome(): string {
  const venv = join(TOOLS, 'bench-venv')
  const python = join(venv, 'bin', 'python')
  if (!existsSync(python)) {
    execFileSync('python3', ['-m', 'venv', venv])
    execFileSync(python, ['-m', 'pip', 'install', '-q', ...PYTHON_PACKAGES])
  }
  return venv
}

/** Prints for each work the ratio of this library's median speed to that of the fastest peer. */
export function compareWithPeers(measurements: readonly Measurement[]): void {
  for (const work of new Set(measurements.map((each) => each.work))) {
    const speeds = Object.entries(
      Object.groupBy(
        measurements.filter((each) => each.work === work),
        ({ peer }) => peer,
      ),
    ).map(([peer, of]) => ({ peer, ms: median(of!.map(({ ms }) => ms)) }))
    const own = speeds.find(({ peer }) => peer === 'millrace')
    const [best] = speeds.filter(({ peer }) => peer !== 'millrace').toSorted((a, b) => a.ms - b.ms)
    if (own === undefined || best === undefined) continue
    const ratio = Math.round((100 * best.ms) / own.ms) / 100
    process.stdout.write(`${JSON.stringify({ work, ratio_to_best: ratio, best: best.peer })}\n`)
  }
}
