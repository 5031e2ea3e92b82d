/**
 * What the options of a read say of where it starts: `scan.mode`, and the one option that says which state or changes.
 *
 * Follows `CoreOptions.startupMode` and the checks of `SchemaValidation.validateStartupMode`.
 */
import { localTimeMillis } from '../../types/local-time.ts'
import type { TableOptionName, TableOptionValues } from '../../types/options.ts'
import { invalid, type LakeError } from '../../util/errors.ts'

/** One state of the table. */
export type TravelTarget =
  | { readonly by: 'snapshot'; readonly snapshotId: number }
  | { readonly by: 'tag'; readonly name: string }
  | { readonly by: 'watermark'; readonly watermark: bigint }
  | { readonly by: 'time'; readonly timeMillis: number }
  /** A tag, `watermark-N` or the id of a snapshot. */
  | { readonly by: 'version'; readonly version: string }

export type Startup =
  | { readonly mode: 'latest-full' | 'latest' | 'compacted-full' }
  | { readonly mode: 'incremental' }
  | {
      readonly mode: 'from-timestamp' | 'from-snapshot' | 'from-snapshot-full'
      readonly target: TravelTarget
    }
  | {
      readonly mode: 'from-file-creation-time' | 'from-creation-timestamp'
      readonly timeMillis: number
    }

type ModeName = Startup['mode']

/** The options of which each mode needs exactly one. */
const KEYS = {
  'latest-full': [],
  latest: [],
  'compacted-full': [],
  'from-timestamp': ['scan.timestamp-millis', 'scan.timestamp'],
  'from-snapshot': ['scan.snapshot-id', 'scan.tag-name', 'scan.watermark', 'scan.version'],
  'from-snapshot-full': ['scan.snapshot-id'],
  'from-file-creation-time': ['scan.file-creation-time-millis'],
  'from-creation-timestamp': ['scan.creation-time-millis'],
  incremental: ['incremental-between', 'incremental-between-timestamp', 'incremental-to-auto-tag'],
} as const satisfies Readonly<Record<ModeName, readonly TableOptionName[]>>

const ALL_KEYS = [...new Set(Object.values(KEYS).flat())]

/** INVALID where the options contradict each other, or the mode lacks its option. */
export function startupOf(options: TableOptionValues): Startup {
  const given = ALL_KEYS.filter((key) => options.isSet(key))
  if (given.length > 1)
    throw invalid(`options ${given.join(' and ')} cannot be set together`, {
      hint: 'each says what is read: keep one of them',
    })
  const [key] = given
  const mode = modeOf(options, key)
  const keys: readonly TableOptionName[] = KEYS[mode]
  if (key !== undefined && !keys.includes(key)) throw contradiction(mode, key)
  if (key === undefined && keys.length > 0)
    throw invalid(`scan.mode = ${mode} needs ${keys.join(' or ')}`)
  switch (mode) {
    case 'latest-full':
    case 'latest':
    case 'compacted-full':
      return { mode }
    case 'incremental':
      return { mode }
    case 'from-file-creation-time':
      return { mode, timeMillis: options.get('scan.file-creation-time-millis')! }
    case 'from-creation-timestamp':
      return { mode, timeMillis: options.get('scan.creation-time-millis')! }
    default:
      return { mode, target: targetOf(options) }
  }
}

function modeOf(options: TableOptionValues, key: (typeof ALL_KEYS)[number] | undefined): ModeName {
  const mode = options.get('scan.mode')
  if (mode === 'full') return 'latest-full'
  if (mode !== 'default') return mode
  const modes = Object.keys(KEYS) as ModeName[]
  const named = modes.find((name) => (KEYS[name] as readonly string[]).includes(key ?? ''))
  return named ?? 'latest-full'
}

function contradiction(mode: ModeName, key: string): LakeError {
  return invalid(`scan.mode = ${mode} does not go with ${key}`, {
    hint: `leave scan.mode out, and ${key} says what is read`,
  })
}

function targetOf(options: TableOptionValues): TravelTarget {
  const snapshotId = options.get('scan.snapshot-id')
  if (snapshotId !== undefined) return { by: 'snapshot', snapshotId }
  const name = options.get('scan.tag-name')
  if (name !== undefined) return { by: 'tag', name }
  const watermark = options.get('scan.watermark')
  if (watermark !== undefined) return { by: 'watermark', watermark }
  const version = options.get('scan.version')
  if (version !== undefined) return { by: 'version', version }
  const timeMillis = options.get('scan.timestamp-millis')
  if (timeMillis !== undefined) return { by: 'time', timeMillis }
  return { by: 'time', timeMillis: optionTime('scan.timestamp', options.get('scan.timestamp')!) }
}

/** The time that an option's text says, in this process's time zone unless it names one. */
export function optionTime(name: TableOptionName, text: string): number {
  const timeMillis = localTimeMillis(text.trim())
  if (timeMillis !== undefined) return timeMillis
  throw invalid(`option ${name}: "${text.slice(0, 100)}" is no time`, {
    hint: 'write a local time such as 2026-11-21 08:30:00, or one with a zone: 2026-11-21T08:30:00Z',
  })
}
