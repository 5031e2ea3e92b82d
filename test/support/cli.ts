/** Runs the command line in this process, with streams that are read and written by the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'

import { runCli } from '../../src/cli/run.ts'

export interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stdoutBytes: Buffer
  readonly stderr: string
}

export interface CliInput {
  readonly stdin?: string | Uint8Array | Readable
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Told of each text that is written to stdout or stderr. */
  readonly onOutput?: (text: string) => void
  /** How wide the terminal is that stdout shows on; it is a pipe unless given. */
  readonly columns?: number | undefined
  /** Whether stderr shows to a person. */
  readonly terminal?: boolean
}

class Gathered extends Writable {
  readonly chunks: Buffer[] = []
  readonly #onOutput: ((text: string) => void) | undefined

  constructor(onOutput?: (text: string) => void) {
    super()
    this.#onOutput = onOutput
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(Buffer.from(chunk))
    this.#onOutput?.(String(chunk))
    done()
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

export async function cli(argv: readonly string[], input: CliInput = {}): Promise<CliResult> {
  const { stdin = '', env = {}, signal = new AbortController().signal, terminal } = input
  const stdout = new Gathered(input.onOutput)
  const stderr = new Gathered(input.onOutput)
  if (terminal === true) Object.assign(stderr, { isTTY: true })
  if (input.columns !== undefined) Object.assign(stdout, { isTTY: true, columns: input.columns })
  const source = stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)])
  const code = await runCli(argv, { stdin: source, stdout, stderr, env, signal })
  const bytes = stdout.bytes
  return { code, stdout: bytes.toString(), stdoutBytes: bytes, stderr: stderr.bytes.toString() }
}

/** The command line on a warehouse of its own. */
export interface TestWarehouse extends Disposable {
  readonly directory: string
  /** A path in a directory that is beside the warehouse. */
  file(name: string): string
  run(argv: readonly string[], input?: CliInput): Promise<CliResult>
  /** Runs what must work; its stdout. */
  ok(argv: readonly string[], input?: CliInput): Promise<string>
}

export function testWarehouse(): TestWarehouse {
  const root = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  const directory = join(root, 'warehouse')
  const run = async (argv: readonly string[], input: CliInput = {}): Promise<CliResult> =>
    await cli(argv, { ...input, env: { MILLRACE_WAREHOUSE: directory, ...input.env } })
  return {
    directory,
    file: (name) => join(root, name),
    run,
    async ok(argv, input) {
      const { code, stdout, stderr } = await run(argv, input)
      if (code !== 0) throw new Error(`${argv.join(' ')} exited with ${code}: ${stderr}`)
      return stdout
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  }
}
