/** The snapshot that flags name: by its id, a tag or a time. */
import type { SnapshotAt } from '../../table/maintain/snapshot-at.ts'
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'

/** Undefined where no flag names one; INVALID where several do. */
export function snapshotOfFlags({ flags }: CommandRun): SnapshotAt | undefined {
  const { snapshot, tag, time } = flags
  const named: SnapshotAt[] = []
  if (snapshot !== undefined) named.push({ snapshot })
  if (tag !== undefined) named.push({ tag })
  if (time !== undefined) named.push({ timestamp: time })
  if (named.length > 1)
    throw invalid('several flags name a snapshot', {
      hint: 'give one of --snapshot, --tag and --time',
    })
  return named[0]
}
