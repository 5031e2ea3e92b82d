/** What is declared of an option, once: everything else (checks, typed values, documentation) derives from it. */
import type { OptionCodec } from './codec.ts'

/**
 * What a value other than the default changes:
 *
 * - `read` which rows a read returns, or how many: a reader that does not know the option would be wrong
 * - `write` what a write has to store: a writer that does not know the option would break the table's promise
 * - `both`
 * - `none` neither: when maintenance runs, how fast something is, what other engines do
 */
export type OptionEffect = 'read' | 'write' | 'both' | 'none'

export interface OptionSpec<
  Value = unknown,
  Input = unknown,
  Default extends string | null = string | null,
> {
  readonly codec: OptionCodec<Value, Input>
  /** As text; null when the option is unset by default. */
  readonly default: Default
  /** One sentence. */
  readonly summary: string
  readonly affects: OptionEffect
  /** Whether this library honours the option; a list holds the only values that it honours, in lower case. */
  readonly implemented: boolean | readonly string[]
  /** The same for reading tables that another engine set it on; `implemented` when left out. */
  readonly readable: boolean | readonly string[]
  /** Whether it can never change once the table has a snapshot. */
  readonly immutable: boolean
  /** Whether it only matters to tables with a primary key. */
  readonly keyedOnly: boolean
  /** Older names that mean the same. */
  readonly aliases: readonly string[]
}

interface Extra {
  readonly implemented?: boolean | readonly string[]
  readonly readable?: boolean | readonly string[]
  readonly immutable?: boolean
  readonly keyedOnly?: boolean
  readonly aliases?: readonly string[]
}

/** For the last argument of a declaration: the option, or only the given values of it, are implemented. */
export const DONE = { implemented: true } as const

export function only(...values: string[]): { readonly implemented: readonly string[] } {
  return { implemented: values }
}

/** Tables with the option are read, but not made or written. */
export const READABLE = { readable: true } as const

export const IMMUTABLE = { immutable: true } as const

type Declare = <Value, Input, const Default extends string | null>(
  codec: OptionCodec<Value, Input>,
  byDefault: Default,
  summary: string,
  extra?: Extra,
) => OptionSpec<Value, Input, Default>

/** Declares an option that affects reads, writes, both or neither; not implemented unless the last argument says so. */
export const read: Declare = declare('read')
export const write: Declare = declare('write')
export const both: Declare = declare('both')
export const none: Declare = declare('none')

function declare(affects: OptionEffect): Declare {
  return (codec, byDefault, summary, extra = {}) => ({
    codec,
    default: byDefault,
    summary,
    affects,
    implemented: extra.implemented ?? false,
    readable: extra.readable ?? extra.implemented ?? false,
    immutable: extra.immutable ?? false,
    keyedOnly: extra.keyedOnly ?? false,
    aliases: extra.aliases ?? [],
  })
}
