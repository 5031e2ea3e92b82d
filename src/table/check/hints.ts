/** Checks the hints beside snapshots or changelogs: they lead nobody astray. */
import type { IoOptions } from '../../io/file-io.ts'
import { joinPath } from '../../io/path.ts'
import { readHint } from '../../snapshot/hints.ts'
import { MAIN_BRANCH } from '../../snapshot/paths.ts'
import type { CheckContext } from './context.ts'

/** The hints of a directory whose files have these ids, ascending; what EARLIEST says, where that may be. */
export async function checkHints(
  { store, findings, signal }: Pick<CheckContext, 'store' | 'findings' | 'signal'>,
  directory: string,
  what: 'snapshot' | 'changelog',
  ids: readonly number[],
): Promise<number | undefined> {
  const { io } = store
  const [earliestPath, latestPath] = [
    joinPath(directory, 'EARLIEST'),
    joinPath(directory, 'LATEST'),
  ]
  const read = async (path: string, options: IoOptions): Promise<number | undefined> =>
    await readHint(io, path, options)
  const [earliest, latest] = await Promise.all([
    read(earliestPath, { signal }),
    read(latestPath, { signal }),
  ])
  const first = ids[0]
  const last = ids.at(-1)
  if (first === undefined || last === undefined) {
    // Changelogs may all have expired.
    if (latest !== undefined && what === 'snapshot')
      findings.warn(latestPath, 'there are no snapshots for it to name')
    return earliest
  }
  if (latest === undefined) {
    // A branch has none before its first commit.
    if (store.location.branch === MAIN_BRANCH)
      findings.warn(latestPath, 'is not there, or holds no number')
  } else if (latest > last || (ids.includes(latest) && latest < last && !ids.includes(latest + 1)))
    findings.damaged(latestPath, `leads readers to ${what} ${latest}, and the latest is ${last}`)
  else if (latest !== last)
    findings.warn(latestPath, `does not name the latest ${what}, which readers find out`)
  if (earliest !== undefined && earliest > last) {
    const problem = `says ${earliest}, and the latest ${what} is ${last}`
    // A rollback leaves it behind, here and with Java, and readers look for the changelog that it names.
    if (what === 'changelog') findings.warn(earliestPath, problem)
    else findings.damaged(earliestPath, problem)
  }
  return earliest !== undefined && earliest <= last ? earliest : undefined
}
