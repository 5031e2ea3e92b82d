/**
 * Which commits of a writer compact all that was written since the last such commit.
 *
 * Follows `GlobalFullCompactionSinkWrite` of Paimon's Flink connector, and its choice in `StoreSinkWrite`.
 */
import { BATCH_IDENTIFIER } from '../../snapshot/snapshot.ts'
import type { TableOptionValues } from '../../types/options.ts'

/** After how many commits there is one that compacts all; null where there is none. */
export function fullCompactionCommits(options: TableOptionValues): number | null {
  if (options.get('write-only')) return null
  const commits = options.get('full-compaction.delta-commits')
  if (commits !== undefined) return Math.max(1, commits)
  return options.get('changelog-producer') === 'full-compaction' ? 1 : null
}

/** Whether the commit of the identifier compacts all. */
export function compactsAll(identifier: bigint, commits: number | null): boolean {
  if (commits === null) return false
  return identifier === BATCH_IDENTIFIER || identifier % BigInt(commits) === 0n
}

/**
 * The least identifier from `least` on for a commit that compacts all, or for one that does not: readers tell such commits
 * by their identifiers.
 */
export function nextIdentifier(least: bigint, isFull: boolean, commits: number | null): bigint {
  if (commits === null || commits === 1) return least
  const rest = least % BigInt(commits)
  if (isFull) return rest === 0n ? least : least + BigInt(commits) - rest
  return rest === 0n ? least + 1n : least
}
