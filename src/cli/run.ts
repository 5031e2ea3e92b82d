/** Runs one command line: what the process does, and what tests do without one. */
import type { Catalog } from '../catalog/catalog.ts'
import type { IoStats } from '../io/file-io.ts'
import type { SplitOptions } from './catalog-options.ts'
import { paintFor } from './colour.ts'
import {
  asksFor,
  type CommandLine,
  commandNamed,
  commandWord,
  parseCommandLine,
} from './command-line.ts'
import type { CommandRun, CommandSpec } from './command.ts'
import { EXIT, failureOf } from './failure.ts'
import type { FlagValues } from './flags.ts'
import { commandHelp, familyHelp, generalHelp } from './help.ts'
import { amount, bytesText, printable } from './printable.ts'
import { Progress } from './progress.ts'
import { Secrets } from './secrets.ts'
import { type CliStreams, StreamOutput } from './streams.ts'
import { version } from './version.ts'

/** The exit code. It never throws: failures are told on stderr. */
export async function runCli(argv: readonly string[], streams: CliStreams): Promise<number> {
  const secrets = new Secrets(streams.env)
  const endings: string[] = []
  // What is said while stderr is closed is lost, and that is no failure.
  streams.stderr.on('error', () => {})
  try {
    return await runWords(argv, streams, secrets, endings)
  } catch (error) {
    const { exitCode, text } = failureOf(error, {
      verbose: asksFor('verbose', argv),
      json: asksFor('json', argv),
      paint: paintFor(streams.stderr, streams.env),
      command: commandWord(argv),
      hide: (shown) => secrets.hide(shown),
    })
    streams.stderr.write(text)
    return exitCode
  } finally {
    for (const text of endings) streams.stderr.write(`${secrets.hide(text)}\n`)
  }
}

async function runWords(
  argv: readonly string[],
  streams: CliStreams,
  secrets: Secrets,
  endings: string[],
): Promise<number> {
  const [word, ...topic] = argv
  if (word === 'help') return await print(helpOn(topic), streams)
  const asksHelp = topic.length === 1 && ['-h', '--help'].includes(topic[0]!)
  if (asksHelp && /^\w/.test(word!)) return await print(helpOn([word!]), streams)
  if (word === 'complete') {
    const { completionLines } = await import('./completion/complete.ts')
    const lines = await completionLines(topic[0] === '--' ? topic.slice(1) : topic, streams)
    return await print(lines.map((each) => `${each}\n`).join(''), streams)
  }
  const line = parseCommandLine(argv)
  if (line.flags.version === true) return await print(`millrace ${version()}\n`, streams)
  if (line.command === null) {
    if (line.flags.help === true) return await print(generalHelp(), streams)
    streams.stderr.write(generalHelp())
    return EXIT.usage
  }
  if (line.flags.help === true) return await print(commandHelp(line.command), streams)
  return await runCommand(line.command, line, { streams, secrets, endings })
}

function helpOn(words: readonly string[]): string {
  const [first] = words
  if (first === undefined) return generalHelp()
  return (words.length === 1 && familyHelp(first)) || commandHelp(commandNamed(words))
}

async function print(text: string, { stdout }: CliStreams): Promise<number> {
  const out = new StreamOutput(stdout)
  await out.write(text)
  await out.close()
  return EXIT.done
}

interface Surroundings {
  readonly streams: CliStreams
  readonly secrets: Secrets
  /** What is to be said after all else, errors included. */
  readonly endings: string[]
}

async function runCommand(
  command: CommandSpec,
  line: CommandLine,
  { streams, secrets, endings }: Surroundings,
): Promise<number> {
  const { flags } = line
  for (const [name, value] of Object.entries(flags.option ?? {})) secrets.add(name, value)
  const startMs = performance.now()
  const options = await optionsOf(flags)
  const progress = new Progress(streams.stderr)
  const note = (text: string): void => {
    progress.clear()
    streams.stderr.write(`${secrets.hide(printable(text))}\n`)
  }
  const opened: { catalog: Catalog | null } = { catalog: null }
  const run: CommandRun = {
    arguments: line.arguments,
    flags,
    streams,
    signal: streams.signal,
    progress,
    tableOptions: options.table,
    note,
    async openCatalog() {
      const { openCommandCatalog } = await import('./catalog-options.ts')
      opened.catalog ??= await openCommandCatalog(flags, options.catalog, streams, secrets)
      return opened.catalog
    },
  }
  try {
    const work = await command.load()
    if (flags.metrics === undefined) return await work(run)
    const { withMetrics } = await import('./metrics.ts')
    return await withMetrics(
      flags.metrics,
      streams,
      () => opened.catalog,
      async () => await work(run),
    )
  } finally {
    progress.clear()
    const { catalog } = opened
    for (const [name, error] of catalog?.icebergFailures() ?? []) note(behindText(name, error))
    if (catalog !== null && flags.verbose === true)
      endings.push(statsText(catalog.io.stats(), performance.now() - startMs))
    await catalog?.close()
  }
}

/** What the command did is done; only the metadata for Iceberg clients are missing. */
function behindText(table: string, error: unknown): string {
  const what = error instanceof Error ? error.message : String(error)
  return `the Iceberg metadata of ${table} are behind: ${what}; millrace iceberg emit ${table} makes up for it`
}

/** Help, mistakes and commands without a catalog are told before the library is loaded. */
async function optionsOf({ option }: FlagValues): Promise<SplitOptions> {
  if (option === undefined) return { catalog: {}, table: {} }
  const { splitOptions } = await import('./catalog-options.ts')
  return splitOptions(option)
}

/** `12 requests (list 2, read 10), 66.0 kB read, 0 B written, 0.21 s` */
function statsText(stats: IoStats, elapsedMs: number): string {
  const { requestCounts, retryCount, readBytes, writtenBytes } = stats
  const kinds = Object.entries(requestCounts).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const total = kinds.reduce((sum, [, count]) => sum + count, 0)
  const each = kinds.map(([kind, count]) => `${kind} ${count}`).join(', ')
  const parts = [
    `${amount(total, 'request')}${each === '' ? '' : ` (${each})`}`,
    `${bytesText(readBytes)} read`,
    `${bytesText(writtenBytes)} written`,
    `${(elapsedMs / 1000).toFixed(2)} s`,
  ]
  if (retryCount > 0) parts.push(`${retryCount} retries`)
  return parts.join(', ')
}
