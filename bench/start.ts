/**
 * Measures how long commands take to show something, from the start of the process: of this command line as it is built
 * (`npm run build`), and with `--peers` of pypaimon's and of the shortest Java program that prints a table.
 *
 *     node bench/start.ts [--repeats 21] [--peers] [--dir DIR]
 *
 * One JSON line a command: medians of the milliseconds to the first byte of output and to the end of the process. The
 * commands take turns, so that a busy moment of the machine meets all of them. `node` is a process that does nothing, and
 * `cold` starts without compiled code from an earlier start.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { startedJava, startedPaimon } from './peers/run.ts'
import { median } from './report.ts'

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '21' },
    peers: { type: 'boolean', default: false },
    dir: { type: 'string', default: '.bench/start' },
  },
})
const directory = resolve(values.dir)
const warehouse = join(directory, 'warehouse')
const MILLRACE = [process.execPath, resolve('dist/cli.mjs')]
const SCHEMA = {
  fields: [
    { name: 'id', type: 'BIGINT NOT NULL' },
    { name: 'name', type: 'STRING' },
    { name: 'points', type: 'INT' },
  ],
  primaryKeys: ['id'],
  options: { bucket: '1' },
}

interface Started {
  readonly peer: string
  readonly work: string
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A table of a few rows, two snapshots, and two runs that are merged when it is read. */
function makeTable(): void {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  own(['create', 'shop.users', '--schema', '-'], JSON.stringify(SCHEMA))
  for (const points of [1, 2]) {
    const rows = Array.from({ length: 100 }, (_, id) => ({ id, name: `user ${id}`, points }))
    own(['write', 'shop.users', '-'], rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  }
  writeFileSync(join(directory, 'paimon.yaml'), `metastore: filesystem\nwarehouse: ${warehouse}\n`)
}

function own(words: readonly string[], input: string): void {
  const [program, script] = MILLRACE
  const args = [script!, ...words, '--warehouse', warehouse]
  const { status, stderr } = spawnSync(program!, args, { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`millrace ${words.join(' ')} failed: ${stderr}`)
}

function ownCommands(): Started[] {
  const place = ['--warehouse', warehouse]
  const read = millrace('read', ['read', 'shop.users', ...place])
  return [
    { peer: 'node', work: 'nothing', command: [process.execPath, '-e', 'console.log(1)'] },
    millrace('help', ['help']),
    read,
    { ...read, work: 'read, cold', env: { NODE_DISABLE_COMPILE_CACHE: '1' } },
    millrace('snapshots', ['snapshots', 'shop.users', ...place]),
    millrace('describe', ['describe', 'shop.users', ...place]),
  ]
}

function peerCommands(): Started[] {
  return [
    pypaimon('read', ['read']),
    pypaimon('the latest snapshot', ['snapshot']),
    java('read', 'users'),
    java('snapshots', 'users$snapshots'),
  ]
}

function millrace(work: string, words: readonly string[]): Started {
  return { peer: 'millrace', work, command: [...MILLRACE, ...words] }
}

function pypaimon(work: string, words: readonly string[]): Started {
  const place = ['--config', join(directory, 'paimon.yaml')]
  const command = [...startedPaimon(), ...place, 'table', ...words, 'shop.users']
  return { peer: 'pypaimon', work, command }
}

function java(work: string, table: string): Started {
  return { peer: 'java', work, command: [...startedJava('ShowTable'), warehouse, 'shop', table] }
}

interface Times {
  readonly firstMs: number
  readonly endMs: number
}

async function timesOf({ command, env, peer, work }: Started): Promise<Times> {
  const startMs = performance.now()
  const [program, ...args] = command
  const child = spawn(program!, args, {
    env: { ...process.env, XDG_CACHE_HOME: join(directory, 'cache'), ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'close')
  child.stdout.resume()
  const first = once(child.stdout, 'data').then(() => performance.now() - startMs)
  const [code] = (await ended) as [number | null]
  if (code !== 0) throw new Error(`${peer}: ${work} ended with ${code}`)
  return { firstMs: await first, endMs: performance.now() - startMs }
}

makeTable()
const commands = [...ownCommands(), ...(values.peers ? peerCommands() : [])]
const times = new Map<Started, Times[]>(commands.map((each) => [each, []]))
// The first round warms files and caches, and does not count.
for (let round = 0; round <= Number(values.repeats); round++)
  for (const [started, found] of times) {
    const time = await timesOf(started)
    if (round > 0) found.push(time)
  }
const rounded = (numbers: readonly number[]): number => Math.round(median(numbers))
for (const [{ peer, work }, found] of times) {
  const firstMs = rounded(found.map((each) => each.firstMs))
  const endMs = rounded(found.map((each) => each.endMs))
  process.stdout.write(
    `${JSON.stringify({ peer, work, first_ms: firstMs, end_ms: endMs, runs: found.length })}\n`,
  )
}
