/**
 * How the value of an option is written as text, in schema files and on command lines, and what it is in the library.
 *
 * The text forms are those of Java's `OptionsUtils`, `MemorySize` and `TimeUtils`.
 */
import * as z from 'zod'

/** Text to value and back; `$input` is what else a schema definition may give for the option. */
export interface OptionCodec<Value, Input = Value> {
  readonly zod: z.ZodType<Value, string>
  /** What the documentation calls the type. */
  readonly typeName: string
  /** Follows a quoted text or value that is none of the type, in errors. */
  readonly problem: string
  readonly $input?: Input
}

export function decodeOption<Value>(codec: OptionCodec<Value, unknown>, text: string): Value {
  return z.decode(codec.zod, text)
}

export function encodeOption<Value>(codec: OptionCodec<Value, unknown>, value: Value): string {
  return z.encode(codec.zod, value)
}

/** Any text. */
export const text: OptionCodec<string> = {
  typeName: 'text',
  problem: 'is no text',
  zod: z.string(),
}

export const boolean: OptionCodec<boolean> = codecOf('boolean', z.boolean(), {
  parse: (given) => BOOLEANS[given.toLowerCase()],
  problem: 'is neither true nor false',
})

const BOOLEANS: Record<string, boolean | undefined> = Object.assign(Object.create(null), {
  true: true,
  false: false,
})

/** A 32-bit integer of at least `least`. */
export function integer(least = -(2 ** 31)): OptionCodec<number> {
  return codecOf('integer', z.int().min(least).max(MAX_INT), {
    parse: (given) => (/^[+-]?\d{1,10}$/.test(given) ? Number(given) : undefined),
    problem: least > -(2 ** 31) ? `is no whole number from ${least} on` : 'is no whole number',
  })
}

const MAX_INT = 2 ** 31 - 1

/** A schema definition may give a number too. */
const INT64 = z.custom<bigint>(
  (value) =>
    Number.isSafeInteger(value) ||
    (typeof value === 'bigint' && BigInt.asIntN(64, value) === value),
)

/** A 64-bit integer. */
export const long: OptionCodec<bigint, bigint | number> = codecOf('long', INT64, {
  parse: (given) => {
    if (!/^[+-]?\d{1,19}$/.test(given)) return undefined
    const value = BigInt(given.replace('+', ''))
    return BigInt.asIntN(64, value) === value ? value : undefined
  },
  problem: 'is no 64-bit whole number',
})

/** A 64-bit integer that counts or identifies something, so that it is below 2^53 and not negative. */
export const count: OptionCodec<number> = codecOf('long', z.number(), {
  parse: (given) => {
    const value = /^\+?\d{1,16}$/.test(given) ? Number(given) : undefined
    return value === undefined || Number.isSafeInteger(value) ? value : undefined
  },
  problem: 'is no whole number from 0 on',
})

export const double: OptionCodec<number> = codecOf('double', z.number(), {
  parse: (given) =>
    /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(given) ? Number(given) : undefined,
  problem: 'is no number',
})

/** One of some words, in any case. */
export function oneOf<const Word extends string>(...words: readonly Word[]): OptionCodec<Word> {
  return codecOf(words.map((word) => `\`${word}\``).join(', '), z.enum(words), {
    parse: (given) => words.find((word) => word.toLowerCase() === given.toLowerCase()),
    problem: `is none of ${words.join(', ')}`,
  })
}

/** Zod's own number refuses Infinity. */
const NOT_NEGATIVE = z.custom<number>((value) => typeof value === 'number' && value >= 0)

type SizeUnit = 'b' | 'bytes' | 'k' | 'kb' | 'm' | 'mb' | 'g' | 'gb' | 't' | 'tb'
export type MemoryText = `${number} ${SizeUnit}` | `${number}${SizeUnit}`

/** A number of bytes, written as `128 mb`; Infinity for what reaches Java's largest size. */
export const memorySize: OptionCodec<number, number | MemoryText> = codecOf(
  'memory size',
  NOT_NEGATIVE,
  {
    parse: parseMemorySize,
    print: printMemorySize,
    problem: 'is no memory size such as "128 mb"',
  },
)

const SIZE_UNITS: readonly (readonly [names: string, bytes: number])[] = [
  ['t tb tebibytes', 2 ** 40],
  ['g gb gibibytes', 2 ** 30],
  ['m mb mebibytes', 2 ** 20],
  ['k kb kibibytes', 2 ** 10],
  ['b bytes', 1],
]

function parseMemorySize(given: string): number | undefined {
  const match = /^\s*(\d{1,19})\s*([a-z]*)\s*$/i.exec(given)
  if (match === null) return undefined
  const bytes = unitOf(SIZE_UNITS, match[2]!.toLowerCase() || 'b')
  if (bytes === undefined) return undefined
  const value = BigInt(match[1]!) * BigInt(bytes)
  if (value >= 2n ** 63n) return undefined
  return value === MAX_LONG ? Infinity : Number(value)
}

const MAX_LONG = 2n ** 63n - 1n

function printMemorySize(bytes: number): string {
  if (bytes === Infinity) return `${MAX_LONG} bytes`
  const [names, size] = SIZE_UNITS.find(([, unit]) => bytes > 0 && bytes % unit === 0) ?? [
    'b bytes',
    1,
  ]
  return `${bytes / size} ${names.split(' ')[1]!}`
}

type TimeUnit = 'd' | 'h' | 'min' | 'm' | 's' | 'ms'
export type DurationText = `${number} ${TimeUnit}` | `${number}${TimeUnit}`

/** Milliseconds, written as `1 h`. */
export const duration: OptionCodec<number, number | DurationText> = codecOf(
  'duration',
  NOT_NEGATIVE,
  {
    parse: parseDuration,
    print: printDuration,
    problem: 'is no duration such as "10 s"',
  },
)

const TIME_UNITS: readonly (readonly [names: string, milliseconds: number])[] = [
  ['d day days', 86_400_000],
  ['h hour hours', 3_600_000],
  ['min m minute minutes', 60_000],
  ['s sec secs second seconds', 1_000],
  ['ms milli millis millisecond milliseconds', 1],
  ['µs micro micros microsecond microseconds', 1e-3],
  ['ns nano nanos nanosecond nanoseconds', 1e-6],
]

function parseDuration(given: string): number | undefined {
  const match = /^\s*(\d{1,19})\s*([a-zµ]*)\s*$/i.exec(given)
  if (match === null) return undefined
  const unit = unitOf(TIME_UNITS, match[2]!.toLowerCase() || 'ms')
  return unit === undefined ? undefined : Number(match[1]) * unit
}

function printDuration(milliseconds: number): string {
  const [names, unit] = TIME_UNITS.find(([, size]) => size >= 1 && milliseconds % size === 0) ?? [
    'ns',
    1e-6,
  ]
  if (milliseconds === 0) return '0 ms'
  return `${Math.round(milliseconds / unit)} ${names.split(' ')[0]!}`
}

function unitOf(units: readonly (readonly [string, number])[], name: string): number | undefined {
  return units.find(([names]) => names.split(' ').includes(name))?.[1]
}

/** Names of columns, written with commas between them. */
export const names: OptionCodec<readonly string[], string> = codecOf(
  'column names',
  z.array(z.string()).readonly(),
  {
    parse: (given) => given.split(',').map((name) => name.trim()),
    print: (list) => list.join(','),
    problem: 'is no list of names',
  },
)

/** Pairs, written as `0:avro,5:parquet`; a part with a comma, a colon or a quote stands in quotes. */
export const map: OptionCodec<Readonly<Record<string, string>>> = codecOf(
  'map',
  z.record(z.string(), z.string()).readonly(),
  {
    parse: parseMap,
    print: (pairs) =>
      Object.entries(pairs)
        .map((pair) => quoted(pair.map((part) => quoted(part, ':')).join(':'), ','))
        .join(','),
    problem: 'is no list of KEY:VALUE pairs',
  },
)

function parseMap(given: string): Record<string, string> | undefined {
  const pairs: [string, string][] = []
  if (given.trim() === '') return {}
  for (const part of splitQuoted(given, ',') ?? ['']) {
    const [key, value, ...rest] = splitQuoted(part, ':') ?? []
    if (key === undefined || value === undefined || rest.length > 0) return undefined
    pairs.push([key, value])
  }
  return Object.fromEntries(pairs)
}

function quoted(part: string, separator: string): string {
  return part.includes(separator) || /["']/.test(part) ? `'${part.replaceAll("'", "''")}'` : part
}

/** Splits at the separators outside of quotes; a quote inside quotes is written twice. Undefined for open quotes. */
function splitQuoted(given: string, separator: string): string[] | undefined {
  const pattern = new RegExp(
    `\\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([^'"${separator}\\s][^${separator}]*|))\\s*(${separator}|$)`,
    'y',
  )
  const parts: string[] = []
  for (;;) {
    const match = pattern.exec(given)
    if (match === null) return undefined
    const [, single, twice, bare] = match
    parts.push(single?.replaceAll("''", "'") ?? twice?.replaceAll('""', '"') ?? bare!.trim())
    if (match[4] !== separator) return parts
  }
}

interface Forms<Value> {
  /** Undefined when the text is none of the type. */
  readonly parse: (given: string) => Value | undefined
  readonly print?: (value: Value) => string
  readonly problem: string
}

function codecOf<Value>(
  typeName: string,
  inner: z.ZodType<Value>,
  { parse, print = String, problem }: Forms<Value>,
): OptionCodec<Value, never> {
  const zod = z.codec(z.string(), inner, {
    decode: (given, context) => {
      const value = parse(given)
      if (value !== undefined && inner.safeParse(value).success) return value
      context.issues.push({ code: 'custom', message: problem, input: given })
      return z.NEVER
    },
    encode: (value) => print(value as Value),
  })
  return { typeName, problem, zod }
}
