/**
 * Runs lines as a shell does, as far as examples and recorded sessions use one, in this process: words in quotes, `echo`,
 * pipes, `<(...)`, and output that goes to a file.
 */
import { cli, type CliInput } from './cli.ts'

export interface LineInput extends CliInput {
  /** Where a file lies that is named in a line. */
  readonly place?: (file: string) => string
}

export interface LineResult {
  readonly code: number
  /** What shows on the terminal, stdout and stderr as they come. */
  readonly text: string
}

/** Names of files, and patterns of them. */
const FILE = /^[\w./* -]+\.(?:csv|jsonl|json|parquet|arrow|html|prom|txt|yaml)$/

export async function runLine(line: string, input: LineInput = {}): Promise<LineResult> {
  const inner = /^source <\((.*)\)$/.exec(line)?.[1]
  if (inner !== undefined) return { ...(await runLine(inner, input)), text: '' }
  let text = ''
  let stdin = ''
  let code = 0
  const stages = stagesOf(line)
  for (const [i, { words, isToFile }] of stages.entries()) {
    const [program, ...args] = words
    if (program === 'echo') {
      stdin = `${args.join(' ')}\n`
      continue
    }
    if (program !== 'millrace') throw new Error(`the line runs ${program}: ${line}`)
    const isShown = i === stages.length - 1 && !isToFile
    const argv = args.map((word) => (FILE.test(word) ? (input.place?.(word) ?? word) : word))
    let shown = ''
    const onOutput = (part: string): void => {
      shown += part
      input.onOutput?.(part)
    }
    const columns = isShown ? input.columns : undefined
    const result = await cli(argv, { ...input, stdin, onOutput, columns })
    text += isShown ? shown : result.stderr
    stdin = result.stdout
    code = result.code
  }
  return { code, text }
}

interface Stage {
  readonly words: string[]
  isToFile: boolean
}

function stagesOf(line: string): Stage[] {
  const stages: Stage[] = [{ words: [], isToFile: false }]
  const parts = line.matchAll(/\||>>?\s*\S+|(?:[^\s'"|>]|'[^']*'|"[^"]*")+/g)
  for (const [part] of parts) {
    const stage = stages.at(-1)!
    if (part === '|') stages.push({ words: [], isToFile: false })
    else if (part.startsWith('>')) stage.isToFile = true
    else stage.words.push(part.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'))
  }
  return stages
}
