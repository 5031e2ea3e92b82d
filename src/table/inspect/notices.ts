/** What an operator should look at: choices from what is seen of a table and from its options. */
import { type RawOptions, tableOptions } from '../../types/options.ts'
import type { BucketFiles } from './bucket-files.ts'
import type { Inspection, Notice } from './inspection.ts'

/** What the notices are chosen by. */
export interface NoticeInput {
  readonly seen: Pick<
    Inspection,
    'table' | 'totals' | 'snapshots' | 'consumers' | 'primaryKeys' | 'leftOut'
  >
  readonly buckets: readonly BucketFiles[]
  /** Of the table, as it is now. */
  readonly options: RawOptions
  /** The id of the earliest snapshot. */
  readonly earliestId: number | null
}

/** The most pressing first. */
export function noticesOf(input: NoticeInput): Notice[] {
  const found = [
    runNotice(input),
    ...sizeNotices(input),
    deleteNotice(input),
    snapshotNotice(input),
    consumerNotice(input),
  ].filter((notice) => notice !== null)
  return found.toSorted((a, b) => rank(a) - rank(b))
}

function rank({ severity }: Notice): number {
  return severity === 'warning' ? 0 : 1
}

/** A command on the table, with its name in quotes where a shell would read something else in it. */
function command(words: string, table: string): string {
  const name = /^[\w.-]+$/.test(table) ? table : `'${table.replaceAll("'", String.raw`'\''`)}'`
  return `millrace ${words.replace('TABLE', name)}`
}

function runNotice({ seen, buckets, options }: NoticeInput): Notice | null {
  if (seen.primaryKeys.length === 0) return null
  const typed = tableOptions(options)
  const trigger = typed.get('num-sorted-run.compaction-trigger')
  const stop = typed.get('num-sorted-run.stop-trigger') ?? trigger + 3
  const due = buckets.filter(({ runCount }) => runCount >= trigger)
  if (due.length === 0) return null
  const most = due.reduce((max, { runCount }) => Math.max(max, runCount), 0)
  const isLate = most >= stop
  const [are, their] = due.length === 1 ? ['bucket is', 'it has'] : ['buckets are', 'one has']
  const wait = isLate ? `, and writers wait from ${stop} on` : ''
  return {
    severity: isLate ? 'warning' : 'note',
    text: `${due.length} ${are} due for compaction: ${their} ${most} sorted runs, where ${trigger} are enough to merge${wait}.`,
    command: command('compact TABLE', seen.table),
  }
}

const SMALL_BYTES = 8 << 20
const MANY_FILES = 50
const HUGE_BUCKET_BYTES = 8 * 2 ** 30

function sizeNotices({ seen, buckets }: NoticeInput): Notice[] {
  const { files, bytes } = seen.totals
  const notices: Notice[] = []
  if (seen.primaryKeys.length === 0 && files >= MANY_FILES && bytes / files < SMALL_BYTES)
    notices.push({
      severity: 'note',
      text: 'The files are many and small, which makes reads slow.',
      command: command('compact TABLE --full', seen.table),
    })
  const huge = buckets.filter(
    ({ sums, totalBuckets }) => totalBuckets > 0 && sums.bytes > HUGE_BUCKET_BYTES,
  )
  if (huge.length > 0)
    notices.push({
      severity: 'note',
      text: `${huge.length} bucket${huge.length === 1 ? ' has' : 's have'} more than 8 GiB: one process at a time writes a bucket, and merges it whole.`,
      command: command('rescale TABLE --buckets N', seen.table),
    })
  const isCut = seen.totals.partitions > 0 && buckets.every(({ totalBuckets }) => totalBuckets > 1)
  if (isCut && buckets.length >= MANY_FILES && bytes / buckets.length < SMALL_BYTES)
    notices.push({
      severity: 'note',
      text: `The ${buckets.length} buckets hold little each; fewer would make fewer and larger files.`,
      command: command('rescale TABLE --buckets N', seen.table),
    })
  return notices
}

const SHARE_OF_DELETES = 0.2
const MANY_ROWS = 1_000

function deleteNotice({ seen }: NoticeInput): Notice | null {
  const { rows, deleteRows, vectorRows } = seen.totals
  const gone = (deleteRows ?? 0) + (vectorRows ?? 0)
  if (rows < MANY_ROWS || gone < rows * SHARE_OF_DELETES) return null
  return {
    severity: 'note',
    text: `${Math.round((100 * gone) / rows)} % of the rows in files are deletions, or deleted; a full compaction takes them away.`,
    command: command('compact TABLE --full', seen.table),
  }
}

function snapshotNotice({ seen, options, earliestId }: NoticeInput): Notice | null {
  const typed = tableOptions(options)
  const kept = typed.get('snapshot.num-retained.min')
  const most = typed.get('snapshot.num-retained.max')
  const { totals, snapshots } = seen
  const oldest = snapshots.find(({ id }) => id === earliestId)
  const newest = snapshots.at(-1)
  const isOld =
    oldest !== undefined &&
    newest !== undefined &&
    newest.timeMillis - oldest.timeMillis > 2 * typed.get('snapshot.time-retained')
  const isLate = totals.snapshots > most || (totals.snapshots > 2 * kept && isOld)
  const isCut = seen.leftOut.snapshots > 0 && totals.snapshots > 2 * kept
  if (!isLate && !isCut) return null
  return {
    severity: 'note',
    text: `${totals.snapshots} snapshots are kept; those that are older than the options ask for hold files that nobody may need.`,
    command: command('expire TABLE --dry-run', seen.table),
  }
}

const BEHIND = 100

function consumerNotice({ seen, earliestId }: NoticeInput): Notice | null {
  const latestId = seen.snapshots.at(-1)?.id
  if (latestId === undefined || earliestId === null) return null
  const slow = seen.consumers.filter(({ nextSnapshotId }) => latestId - nextSnapshotId > BEHIND)
  const [first] = slow.toSorted((a, b) => a.nextSnapshotId - b.nextSnapshotId)
  if (first === undefined) return null
  const behind = latestId - first.nextSnapshotId + 1
  return {
    severity: 'note',
    text: `The consumer ${first.name} is ${behind} snapshots behind, and none of them expires before it has read them.`,
    command: command('consumers TABLE', seen.table),
  }
}
