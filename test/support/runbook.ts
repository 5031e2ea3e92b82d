/** The runbook of docs/operations.md, as the commands that it shows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const runbook: string = readFileSync(
  join(import.meta.dirname, '../../docs/operations.md'),
  'utf8',
)

/** The lines of the command line, in their order. */
export const runbookLines: readonly string[] = [...runbook.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
  .flatMap(([, block = '']) => block.trim().split('\n'))
  .filter((line) => line.startsWith('millrace '))

/** The words behind `millrace`, as a shell makes them of quotes. */
export function wordsOf(line: string): string[] {
  const words = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? []
  return words.slice(1).map((word) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'))
}
