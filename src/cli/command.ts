/** What a command is: its words and flags, and the work behind them. */
import type { Catalog } from '../catalog/catalog.ts'
import type { RawOptions } from '../types/options.ts'
import type { FlagName, FlagValues } from './flags.ts'
import type { Progress } from './progress.ts'
import type { CliStreams } from './streams.ts'

export interface Argument {
  /** `DB.TABLE` */
  readonly name: string
  readonly summary: string
  readonly form: 'required' | 'optional' | 'repeated'
}

export interface CommandSpec {
  /** One word, or two: `tag create`. */
  readonly name: string
  readonly summary: string
  readonly arguments: readonly Argument[]
  readonly flags: readonly FlagName[]
  /** What else is to be known, a paragraph each. */
  readonly notes: readonly string[]
  readonly examples: readonly string[]
  /** The work is loaded when it is asked for, so that help and mistakes are told at once. */
  load(): Promise<RunCommand>
}

/** The exit code. */
export type RunCommand = (run: CommandRun) => Promise<number>

/** What a command works with. */
export interface CommandRun {
  readonly arguments: readonly string[]
  readonly flags: FlagValues
  readonly streams: CliStreams
  readonly signal: AbortSignal
  readonly progress: Progress
  /** The options that are the table's; the others went to the catalog. */
  readonly tableOptions: RawOptions
  openCatalog(): Promise<Catalog>
  /** Says something on stderr that is no data. */
  note(text: string): void
}
