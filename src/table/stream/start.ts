/** Where a stream starts: what its caller and the options ask for, without looking at the table. */
import { type RawOptions, tableOptions } from '../../types/options.ts'
import { invalid, type LakeError, unsupported } from '../../util/errors.ts'
import { type Startup, startupOf, type TravelTarget } from '../plan/startup.ts'

/**
 * Where to start: `earliest` with the changes of the oldest snapshot that is kept, `latest` behind the latest one, a number
 * with the changes of that snapshot (of the oldest that is kept, if it has expired), `latest-full` with the whole latest
 * state, `compacted-full` with that of the last compaction. Times are Dates or milliseconds since 1970: `timestamp` starts
 * with the first snapshot from then on, `fileCreationTime` with the latest state of the files that were made from then on,
 * `creationTime` as `timestamp` if the table has an older snapshot, else as `fileCreationTime`.
 */
export type ChangesFrom =
  | 'earliest'
  | 'latest'
  | 'latest-full'
  | 'compacted-full'
  | number
  | { readonly snapshot: number; readonly full?: boolean }
  | { readonly timestamp: Date | number }
  | { readonly fileCreationTime: Date | number }
  | { readonly creationTime: Date | number }

export type StreamStart =
  | { readonly mode: 'latest-full' | 'latest' | 'compacted-full' }
  | { readonly mode: 'from-snapshot' | 'from-snapshot-full'; readonly snapshotId: number }
  | {
      readonly mode: 'from-timestamp' | 'from-file-creation-time' | 'from-creation-timestamp'
      readonly timeMillis: number
    }

/** The start that the caller names. INVALID for what is no start. */
export function startFrom(from: ChangesFrom): StreamStart {
  if (from === 'earliest') return { mode: 'from-snapshot', snapshotId: 1 }
  if (from === 'latest' || from === 'latest-full' || from === 'compacted-full')
    return { mode: from }
  if (typeof from === 'number') return { mode: 'from-snapshot', snapshotId: snapshotOf(from) }
  if (typeof from === 'object' && from !== null) {
    if ('snapshot' in from) {
      const mode = from.full === true ? 'from-snapshot-full' : 'from-snapshot'
      return { mode, snapshotId: snapshotOf(from.snapshot) }
    }
    if ('timestamp' in from) return { mode: 'from-timestamp', timeMillis: timeOf(from.timestamp) }
    if ('fileCreationTime' in from)
      return { mode: 'from-file-creation-time', timeMillis: timeOf(from.fileCreationTime) }
    if ('creationTime' in from)
      return { mode: 'from-creation-timestamp', timeMillis: timeOf(from.creationTime) }
  }
  throw invalid(`a stream cannot start from ${JSON.stringify(from)?.slice(0, 100)}`, {
    hint: "give 'earliest', 'latest', 'latest-full', 'compacted-full', the id of a snapshot, or { timestamp }",
  })
}

function snapshotOf(id: number): number {
  if (Number.isSafeInteger(id) && id >= 1) return id
  throw invalid(`${id} is no id of a snapshot`, { hint: 'they are whole numbers from 1 on' })
}

function timeOf(time: Date | number): number {
  const timeMillis = Number(time)
  if (Number.isFinite(timeMillis)) return timeMillis
  throw invalid('the time that a stream is to start from is none')
}

/** Whether the options say where a stream starts. */
export function namesStart(raw: RawOptions): boolean {
  const options = tableOptions(raw)
  return options.isSet('scan.mode') || startupOf(options).mode !== 'latest-full'
}

/** The start that the options ask for. UNSUPPORTED for what only a read of one state can have. */
export function startOfOptions(raw: RawOptions): StreamStart {
  const startup = startupOf(tableOptions(raw))
  switch (startup.mode) {
    case 'incremental':
      throw notOfStreams('incremental-between')
    case 'from-timestamp':
    case 'from-snapshot':
    case 'from-snapshot-full':
      return startAt(startup)
    default:
      return startup
  }
}

function startAt({ mode, target }: Extract<Startup, { target: TravelTarget }>): StreamStart {
  if (target.by === 'time') return { mode: 'from-timestamp', timeMillis: target.timeMillis }
  const full = mode === 'from-snapshot-full' ? mode : 'from-snapshot'
  if (target.by === 'snapshot') return { mode: full, snapshotId: snapshotOf(target.snapshotId) }
  if (target.by === 'version' && /^\d{1,15}$/.test(target.version))
    return { mode: full, snapshotId: snapshotOf(Number(target.version)) }
  throw notOfStreams(target.by === 'tag' ? 'scan.tag-name' : `scan.${target.by}`)
}

function notOfStreams(option: string): LakeError {
  return unsupported(`a stream cannot start by ${option}`, {
    hint: 'it starts at a snapshot or a time: scan.snapshot-id, scan.timestamp-millis, or scan.mode',
  })
}
