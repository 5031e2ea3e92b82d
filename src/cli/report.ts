/** How a command tells its result: as text for people, or as one line of JSON on stdout for programs. */
import type { CommandRun } from './command.ts'
import { StreamOutput } from './streams.ts'

/** Whether the result is wanted as JSON: `--json`, or `--format json` where a command has it. */
export function wantsJson({ flags }: CommandRun): boolean {
  return flags.json === true || flags['report-format'] === 'json'
}

/** Tells what a command did: notes on stderr, or as JSON the result on stdout. 64-bit numbers become strings. */
export async function tellResult(
  run: CommandRun,
  result: object,
  lines: readonly string[],
): Promise<void> {
  run.progress.clear()
  if (wantsJson(run)) await print(run, `${jsonText(result)}\n`)
  else for (const line of lines) run.note(line)
}

/** Prints a result that is what the command was asked for: text or JSON, on stdout. The text ends its lines itself. */
export async function printReport(run: CommandRun, result: object, text: string): Promise<void> {
  run.progress.clear()
  await print(run, wantsJson(run) ? `${jsonText(result)}\n` : text)
}

async function print({ streams }: CommandRun, text: string): Promise<void> {
  const out = new StreamOutput(streams.stdout)
  await out.write(text)
  await out.close()
}

/** JSON has no numbers that hold every 64-bit integer, and maps would be lost. */
function jsonText(result: object): string {
  return JSON.stringify(result, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value)
    return value instanceof Map ? Object.fromEntries(value) : value
  })
}
