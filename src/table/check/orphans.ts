/**
 * Lists all files of the table: those that tags, branches and changelogs need must be there, and those that nothing refers to
 * are counted, as `removeOrphans` would choose them if no file were too young. These are what crashes leave, and what running
 * writers have not committed yet.
 */
import { nameOf } from '../../io/path.ts'
import type { DataLayout } from '../../snapshot/data-paths.ts'
import { mapAll } from '../../util/async.ts'
import { parseJson } from '../../util/json.ts'
import { placesOfTable } from '../maintain/file-places.ts'
import type { CheckContext } from './context.ts'
import { keptFiles } from './kept.ts'

const SUCCESS_FILE = '_SUCCESS'
const READ_AHEAD = 8

/** How many files nothing refers to: `used` are those of the branch's own snapshots, whose ids are `ownIds`. */
export async function countOrphans(
  context: CheckContext,
  layout: DataLayout,
  used: ReadonlySet<string>,
  ownIds: readonly number[],
): Promise<number> {
  const { store, signal, onProgress } = context
  const { root } = store.location
  const names = new Set([...used].map(nameOf))
  /** What needs a file that was not seen yet. */
  const missing = new Map<string, string>()
  for await (const { path, neededBy } of keptFiles(context, layout, ownIds)) {
    names.add(nameOf(path))
    if (neededBy !== null && path.startsWith(`${root}/`) && !missing.has(path))
      missing.set(path, neededBy)
  }
  const placeOf = placesOfTable(layout)
  const successFiles: string[] = []
  let listed = 0
  let orphans = 0
  for await (const { path } of store.io.list(root, { recursive: true, signal })) {
    if (++listed % 1000 === 0) onProgress({ phase: 'orphans', done: listed, total: listed })
    missing.delete(path)
    const name = nameOf(path)
    if (name === SUCCESS_FILE) successFiles.push(path)
    const place = placeOf(path.slice(root.length + 1))
    if (place === 'loose' || (place === 'named' && !names.has(name))) orphans++
  }
  for (const [path, neededBy] of missing)
    context.findings.damaged(path, `is missing, and ${neededBy} needs it`, undefined, neededBy)
  await checkSuccessFiles(context, successFiles)
  return orphans
}

/** Whoever waits for a partition reads what its file says. */
async function checkSuccessFiles(
  { store, findings, signal }: CheckContext,
  paths: readonly string[],
): Promise<void> {
  await mapAll(paths, READ_AHEAD, async (path) => {
    const json = await findings.attempt(path, async () =>
      parseJson(new TextDecoder().decode(await store.io.read(path, { signal })), path),
    )
    if (json === undefined) return
    const { creationTime, modificationTime } = Object(json) as Record<string, unknown>
    if (typeof creationTime !== 'number' || typeof modificationTime !== 'number')
      findings.warn(path, 'does not say when its partition was done')
  })
}
