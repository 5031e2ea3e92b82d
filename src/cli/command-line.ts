/** Reads the words of a command line: the command, its arguments, and its flags as values. */
import { parseArgs } from 'node:util'

import { invalid, type LakeError } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { show } from '../util/show.ts'
import { COMMANDS } from './command-table.ts'
import type { CommandSpec } from './command.ts'
import { type Flag, type FlagName, flagName, FLAGS, type FlagValues } from './flags.ts'

export interface CommandLine {
  /** Null where none is named. */
  readonly command: CommandSpec | null
  readonly arguments: readonly string[]
  readonly flags: FlagValues
}

/** A flag as it was written. */
interface GivenFlag {
  readonly rawName: string
  readonly name: string
  readonly value: string | undefined
  readonly inline: boolean
}

const FLAG_NAMES = Object.keys(FLAGS) as FlagName[]
/** Flags that mean the same with every command, and with none. */
const EVERYWHERE: readonly FlagName[] = ['help', 'version', 'verbose', 'json']

/**
 * Throws INVALID, with the nearest right word, for a word that is no command, flag or argument, and UNSUPPORTED for a
 * command that only a later version has. The arguments are not counted where help is asked for.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { positionals, given } = split(argv)
  const command = positionals.length === 0 ? null : commandNamed(positionals)
  const rest = positionals.slice(command?.name.split(' ').length)
  const flags = flagValues(given, command)
  if (command !== null && flags.help !== true && flags.version !== true)
    checkArguments(command, rest)
  return { command, arguments: rest, flags }
}

/** Whether the words have the flag that says how failures are told, so that it holds for wrong words too. */
export function asksFor(flag: 'verbose' | 'json', argv: readonly string[]): boolean {
  return argv.includes(`--${flag}`)
}

/** The name of the command among the words, which may be wrong too. */
export function commandWord(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => COMMANDS.some(({ name }) => name.split(' ')[0] === word))
  return at < 0 ? undefined : (usedCommand(argv.slice(at))?.name ?? argv[at])
}

function split(argv: readonly string[]): { positionals: string[]; given: GivenFlag[] } {
  const options = Object.fromEntries(
    FLAG_NAMES.map((name) => {
      const { value, short } = FLAGS[name] as Flag<unknown>
      const type = value === undefined ? ('boolean' as const) : ('string' as const)
      return [flagName(name), { type, multiple: true, ...(short !== undefined && { short }) }]
    }),
  )
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const positionals: string[] = []
  const given: GivenFlag[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    given.push({ name, rawName, value, inline: inlineValue === true })
  }
  return { positionals, given }
}

/** The command that the first one or two of the words name. Throws as {@link parseCommandLine} does. */
export function commandNamed(words: readonly string[]): CommandSpec {
  const found = usedCommand(words)
  if (found !== undefined) return found
  const [word = '', second] = words
  const family = COMMANDS.filter(({ name }) => name.startsWith(`${word} `))
  if (family.length > 0) throw unknownInFamily(word, second, family)
  const firstWords = COMMANDS.map(({ name }) => name.split(' ')[0]!)
  const names = [...new Set(firstWords), 'help']
  throw invalid(`there is no command ${show(word)}${didYouMean(word, names)}`, {
    hint: 'millrace help lists the commands',
  })
}

/** The command that the first one or two of the words name; undefined where they name none, or none yet. */
export function usedCommand([first, second]: readonly string[]): CommandSpec | undefined {
  return COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`)
}

function unknownInFamily(
  word: string,
  second: string | undefined,
  family: readonly CommandSpec[],
): LakeError {
  const names = family.map(({ name }) => name.slice(word.length + 1))
  const hint = `there are ${family.map(({ name }) => `millrace ${name}`).join(', ')}`
  if (second === undefined) return invalid(`${word} needs a second word`, { hint })
  const near = didYouMean(second, names)
  return invalid(`there is no command ${show(`${word} ${second}`)}${near}`, { hint })
}

function flagValues(given: readonly GivenFlag[], command: CommandSpec | null): FlagValues {
  const allowed = [...EVERYWHERE, ...(command?.flags ?? [])]
  const texts = new Map<FlagName, string[]>()
  for (const flag of given) {
    const name = allowed.find((each) => flagName(each) === flag.name)
    if (name === undefined) throw unknownFlag(flag, allowed, command)
    checkValue(flag, FLAGS[name])
    texts.set(name, [...(texts.get(name) ?? []), flag.value ?? ''])
  }
  const values: Partial<Record<FlagName, unknown>> = {}
  for (const [name, all] of texts) values[name] = FLAGS[name].parse(all, `--${flagName(name)}`)
  return values.json === true
    ? withJsonFormats(values as FlagValues, allowed)
    : (values as FlagValues)
}

/** What `--json` makes of the flags that say how a command prints. */
const JSON_FORMATS = {
  format: 'jsonl',
  'change-format': 'jsonl',
  'report-format': 'json',
} as const satisfies FlagValues

function withJsonFormats(given: FlagValues, allowed: readonly FlagName[]): FlagValues {
  const implied: Partial<Record<FlagName, unknown>> = {}
  for (const [name, format] of Object.entries(JSON_FORMATS)) {
    const flag = name as keyof typeof JSON_FORMATS
    if (!allowed.includes(flag)) continue
    if ((given[flag] ?? format) !== format)
      throw invalid(`--json and --format ${given[flag]} do not go together`, {
        hint: `--json means --format ${format} here; leave one of them out`,
      })
    implied[flag] = format
  }
  return { ...given, ...implied } as FlagValues
}

function checkValue({ rawName, value, inline }: GivenFlag, flag: Flag<unknown>): void {
  if (flag.value === undefined) {
    if (inline) throw invalid(`${rawName} takes no value`)
    return
  }
  const isMissing = value === undefined || (!inline && value.startsWith('--'))
  if (isMissing)
    throw invalid(`${rawName} needs a value`, { hint: `write ${rawName} ${flag.value}` })
}

function unknownFlag(
  { rawName, name }: GivenFlag,
  allowed: readonly FlagName[],
  command: CommandSpec | null,
): LakeError {
  const names = allowed.map(flagName)
  const isElsewhere = FLAG_NAMES.some((each) => flagName(each) === name)
  const where = command === null ? '' : ` for ${command.name}`
  const near = isElsewhere
    ? ''
    : didYouMean(
        `--${name}`,
        names.map((each) => `--${each}`),
      )
  const hint = command === null ? 'millrace help' : `millrace help ${command.name}`
  return invalid(`there is no flag ${rawName.slice(0, 100)}${where}${near}`, {
    hint: `${hint} lists the flags; options of tables and catalogs are given as --option KEY=VALUE`,
  })
}

function checkArguments(command: CommandSpec, given: readonly string[]): void {
  const { arguments: expected, name } = command
  const missing = expected[given.length]
  const hint = `usage: ${usageOf(command)}`
  if (missing?.form === 'required')
    throw invalid(`${name} needs the argument ${missing.name}`, { hint })
  if (given.length > expected.length && expected.at(-1)?.form !== 'repeated')
    throw invalid(`${name} takes no argument ${show(given[expected.length])}`, { hint })
}

/** `millrace write DB.TABLE [FILE|-]...` */
export function usageOf({ name, arguments: expected }: CommandSpec): string {
  const words = expected.map(({ name: word, form }) =>
    form === 'required' ? word : form === 'optional' ? `[${word}]` : `[${word}]...`,
  )
  return ['millrace', name, ...words, '[flags]'].join(' ')
}
