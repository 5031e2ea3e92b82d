/** What can stand in the place of the word that is being typed, chosen from the table of commands alone. */
import { usedCommand } from '../command-line.ts'
import { COMMANDS } from '../command-table.ts'
import type { Argument, CommandSpec } from '../command.ts'
import { type Flag, type FlagName, flagName, FLAGS } from '../flags.ts'

export interface Candidate {
  readonly word: string
  readonly summary: string
}

/** What has to be looked up where the command runs. */
export type Looked =
  | { readonly what: 'files' | 'options' | 'databases' | 'tables' }
  | { readonly what: 'names'; readonly systemTable: string; readonly table: string }

export interface Wanted {
  readonly candidates: readonly Candidate[]
  readonly looked: Looked | null
  /** What stands before each candidate in the word, such as `--format=`. */
  readonly prefix: string
  /** The flags that say which catalog is meant, as they were given. */
  readonly catalogFlags: readonly string[]
}

const NOTHING = { candidates: [], looked: null, prefix: '' }

/** `words` are those behind `millrace`, and the last one, which may be empty, is being typed. */
export function wantedAt(words: readonly string[]): Wanted {
  const current = words.at(-1) ?? ''
  const { positionals, pending, catalogFlags, isEnded } = readWords(words.slice(0, -1))
  const command = usedCommand(positionals)
  const wanted =
    pending !== null
      ? valuesOf(pending, '')
      : current.startsWith('-') && !isEnded
        ? flagsAt(current, command)
        : command === undefined
          ? { ...NOTHING, candidates: commandWords(positionals) }
          : argumentAt(command, positionals.slice(command.name.split(' ').length))
  return { ...wanted, catalogFlags }
}

interface Words {
  readonly positionals: readonly string[]
  /** The flag whose value is being typed. */
  readonly pending: FlagName | null
  readonly catalogFlags: readonly string[]
  /** Whether `--` says that no flags follow. */
  readonly isEnded: boolean
}

const CATALOG: ReadonlySet<FlagName> = new Set(['warehouse', 'catalog', 'option'])

function readWords(words: readonly string[]): Words {
  const positionals: string[] = []
  const catalogFlags: string[] = []
  let pending: FlagName | null = null
  for (const [i, word] of words.entries()) {
    if (pending !== null) {
      if (CATALOG.has(pending)) catalogFlags.push(`--${pending}=${word}`)
      pending = null
    } else if (word === '--') {
      positionals.push(...words.slice(i + 1))
      return { positionals, pending: null, catalogFlags, isEnded: true }
    } else if (word.startsWith('-') && word !== '-') {
      const name = flagCalled(word.split('=', 1)[0]!, usedCommand(positionals))
      if (name === undefined) continue
      if (!word.includes('=')) pending = takesValue(name) ? name : null
      else if (CATALOG.has(name)) catalogFlags.push(word)
    } else positionals.push(word)
  }
  return { positionals, pending, catalogFlags, isEnded: false }
}

function commandWords(positionals: readonly string[]): Candidate[] {
  const [first, ...rest] = positionals
  if (first === 'help') return rest.length === 0 ? commandWords([]) : commandWords(rest)
  if (first !== undefined)
    return rest.length > 0
      ? []
      : COMMANDS.filter(({ name }) => name.startsWith(`${first} `)).map(({ name, summary }) => ({
          word: name.slice(first.length + 1),
          summary,
        }))
  const found = new Map<string, string>()
  for (const { name, summary } of COMMANDS) {
    const [word = ''] = name.split(' ')
    const family = COMMANDS.filter((each) => each.name.startsWith(`${word} `))
    const verbs = family.map((each) => each.name.slice(word.length + 1)).join(', ')
    found.set(word, family.length === 0 ? summary : verbs)
  }
  found.set('help', 'Shows the help of a command.')
  return [...found].map(([word, summary]) => ({ word, summary }))
}

const EVERYWHERE: readonly FlagName[] = ['json', 'verbose', 'help']

function flagsAt(current: string, command: CommandSpec | undefined): Omit<Wanted, 'catalogFlags'> {
  const at = current.indexOf('=')
  if (at >= 0) {
    const name = flagCalled(current.slice(0, at), command)
    return name === undefined ? NOTHING : valuesOf(name, current.slice(0, at + 1))
  }
  const names = [...(command?.flags ?? []), ...EVERYWHERE]
  if (command === undefined) names.push('version')
  const candidates = names.map((name) => ({
    word: `--${flagName(name)}`,
    summary: FLAGS[name].summary,
  }))
  return { ...NOTHING, candidates }
}

function valuesOf(name: FlagName, prefix: string): Omit<Wanted, 'catalogFlags'> {
  const { value = '', summary } = FLAGS[name] as Flag<unknown>
  if (name === 'option') return { candidates: [], looked: { what: 'options' }, prefix }
  const forms = value.split('|')
  const words = forms.filter((form) => /^[a-z][a-z0-9-]*$/.test(form))
  const isFile = forms.some((form) => form === 'FILE' || form === 'DIR')
  return {
    candidates: words.map((word) => ({ word, summary })),
    looked: isFile ? { what: 'files' } : null,
    prefix,
  }
}

/** Whose names the second argument of `tag delete` and its like is one of. */
const NAMES: Readonly<Record<string, string>> = {
  tag: 'tags',
  branch: 'branches',
  consumer: 'consumers',
}

function argumentAt(
  { name, arguments: expected }: CommandSpec,
  given: readonly string[],
): Omit<Wanted, 'catalogFlags'> {
  const last = expected.at(-1)
  const argument: Argument | undefined =
    expected[given.length] ?? (last?.form === 'repeated' ? last : undefined)
  if (argument === undefined) return NOTHING
  const looked = lookedFor(argument.name, name, given)
  const words = argument.name.split('|').filter((word) => /^[a-z]+$/.test(word))
  const { summary } = argument
  return { candidates: words.map((word) => ({ word, summary })), looked, prefix: '' }
}

function lookedFor(argument: string, command: string, given: readonly string[]): Looked | null {
  if (argument.startsWith('DB.TABLE')) return { what: 'tables' }
  if (argument === 'DB') return { what: 'databases' }
  if (argument.includes('FILE')) return { what: 'files' }
  const [family = '', verb] = command.split(' ')
  const systemTable = NAMES[family]
  const [table] = given
  if (argument !== 'NAME' && argument !== 'ID') return null
  if (systemTable === undefined || verb === 'create' || table === undefined) return null
  return { what: 'names', systemTable, table }
}

/** The flag that a word with its dashes names. */
function flagCalled(word: string, command: CommandSpec | undefined): FlagName | undefined {
  const names = [...(command?.flags ?? (Object.keys(FLAGS) as FlagName[])), ...EVERYWHERE]
  return names.find((name) => {
    const { short } = FLAGS[name] as Flag<unknown>
    return word === `--${flagName(name)}` || word === `-${short}`
  })
}

function takesValue(name: FlagName): boolean {
  return (FLAGS[name] as Flag<unknown>).value !== undefined
}
