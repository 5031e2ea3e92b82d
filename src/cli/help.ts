/** The help texts, made from the table of commands. */
import { usageOf } from './command-line.ts'
import { COMMANDS } from './command-table.ts'
import type { CommandSpec } from './command.ts'
import { EXIT_CODES } from './failure.ts'
import { type FlagName, flagUsage, FLAGS } from './flags.ts'

const WIDTH = 96

export function generalHelp(): string {
  return `${[
    'millrace: Apache Paimon tables on disk and on S3',
    '',
    'usage: millrace COMMAND [arguments] [flags]',
    '',
    ...twoColumns([
      ...COMMANDS.map(({ name, summary }) => [name, summary] as const),
      ['help', 'Shows the help of a command: millrace help read.'],
    ]),
    '',
    'flags of all commands:',
    ...flagLines(['warehouse', 'catalog', 'option', 'json', 'verbose', 'help', 'version']),
    '',
    'exit codes:',
    ...twoColumns(EXIT_CODES.map(([code, meaning]) => [String(code), meaning] as const)),
  ].join('\n')}\n`
}

export function commandHelp(command: CommandSpec): string {
  const parts = [plain(command.summary), '', `usage: ${usageOf(command)}`, '']
  if (command.arguments.length > 0)
    parts.push(...twoColumns(command.arguments.map(({ name, summary }) => [name, summary])), '')
  parts.push('flags:', ...flagLines([...command.flags, 'json', 'verbose', 'help']))
  for (const note of command.notes) parts.push('', ...wrapped(plain(note), WIDTH))
  parts.push('', 'examples:', ...command.examples.map((example) => `  ${example}`))
  return `${parts.join('\n')}\n`
}

/** The commands that have the first word in common; undefined where it begins none of two words. */
export function familyHelp(word: string): string | undefined {
  const family = COMMANDS.filter(({ name }) => name.startsWith(`${word} `))
  if (family.length === 0) return undefined
  const rows = family.map(({ name, summary }) => [name, summary] as const)
  const lines = twoColumns(rows).join('\n')
  return `usage: millrace ${word} COMMAND [arguments] [flags]\n\n${lines}\n\nmillrace help ${family[0]!.name} tells more\n`
}

function flagLines(names: readonly FlagName[]): string[] {
  return twoColumns(names.map((name) => [flagUsage(name), FLAGS[name].summary]))
}

/** The first words are as wide as the widest of them that is not too wide; wider ones take a line of their own. */
function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const wide = Math.min(34, Math.max(...rows.map(([first]) => first.length)))
  const indent = ' '.repeat(wide + 4)
  return rows.flatMap(([first, second]) => {
    const [line = '', ...more] = wrapped(plain(second), WIDTH - indent.length)
    const rest = more.map((each) => indent + each)
    if (first.length > wide) return [`  ${first}`, indent + line, ...rest]
    return [`  ${first.padEnd(wide)}  ${line}`, ...rest]
  })
}

/** Marks of the documentation mean nothing on a terminal. */
function plain(text: string): string {
  return text.replaceAll('`', '')
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length > width && line !== '') {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}
