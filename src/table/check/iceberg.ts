/**
 * Checks a table's Iceberg metadata: that they show the table as it is, that the current snapshot has the very data files and
 * deleted rows that it should have, and that the files which any of its snapshots needs are there.
 *
 * Where they are behind that is odd, and no damage: the next commit makes up for it. Data files of older snapshots are those of
 * the table's, which are looked at elsewhere.
 */
import { type CurrentIceberg, readCurrentIceberg } from '../../iceberg-compat/current.ts'
import { CONTENT, type IcebergManifest } from '../../iceberg-compat/entry.ts'
import { isOf } from '../../iceberg-compat/history.ts'
import type { IcebergSnapshot } from '../../iceberg-compat/metadata.ts'
import { icebergSettings } from '../../iceberg-compat/settings.ts'
import { differences, readManifests } from '../../iceberg-compat/state.ts'
import { joinPath, nameOf } from '../../io/path.ts'
import type { DataLayout } from '../../snapshot/data-paths.ts'
import { MAIN_BRANCH } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { throwIfAborted } from '../../util/async.ts'
import type { CheckContext } from './context.ts'
import { checkShownFiles, deleteFileNames, type IcebergContext } from './iceberg-files.ts'
import type { LiveFiles } from './live-files.ts'

/** What helps, whatever is wrong. */
const CURE = '`millrace iceberg emit --rebuild` makes up for it'

/** The metadata of the table, where it has any; `live` are the files of its latest snapshot, where they could be told. */
export async function checkIceberg(
  context: CheckContext,
  layout: DataLayout,
  latest: Snapshot | undefined,
  live: LiveFiles | null,
): Promise<void> {
  const { store, schema, findings, signal } = context
  if (store.location.branch !== MAIN_BRANCH || latest === undefined) return
  const { root } = store.location
  const settings = await findings.attempt(root, () => icebergSettings(root, schema))
  if (settings === undefined || settings === null) return
  const { metadataDirectory } = settings
  const checked: IcebergContext = {
    store,
    schema,
    signal,
    settings,
    damaged: (path, what) => findings.damaged(path, `${what}; ${CURE}`),
    attempt: async (path, body) => await findings.attempt(path, body),
  }
  const current = await checked.attempt(metadataDirectory, () =>
    readCurrentIceberg(store.io, metadataDirectory, { signal }),
  )
  if (current === undefined) return
  if (current === null) {
    findings.warn(metadataDirectory, `there are no Iceberg metadata yet; ${CURE}`)
    return
  }
  for (const what of await differences({ store, schema, signal }, current.metadata, latest))
    findings.warn(current.path, `Iceberg clients are behind: ${what}; ${CURE}`)
  await checkSnapshots(checked, current, async (snapshot, manifests) => {
    const isLatest = snapshot['snapshot-id'] === current.metadata['current-snapshot-id']
    if (!isLatest || live === null || !isOf(snapshot, latest)) return
    await checkShownFiles(checked, manifests, { path: current.path, layout, latest, live })
  })
}

/** Lists, manifests and delete files are there, with their sizes. */
async function checkSnapshots(
  checked: IcebergContext,
  { metadata }: CurrentIceberg,
  look: (snapshot: IcebergSnapshot, manifests: readonly IcebergManifest[]) => Promise<void>,
): Promise<void> {
  const { store, settings, signal } = checked
  const { metadataDirectory } = settings
  const sizes = new Map<string, number>()
  for await (const { path, sizeBytes } of store.io.list(metadataDirectory, { signal }))
    sizes.set(nameOf(path), sizeBytes)
  const seen = new Set<string>()
  for (const snapshot of metadata.snapshots) {
    throwIfAborted(signal)
    const list = joinPath(metadataDirectory, nameOf(snapshot['manifest-list']))
    if (!sizes.has(nameOf(list))) {
      checked.damaged(
        list,
        `is missing, and Iceberg's snapshot ${snapshot['snapshot-id']} needs it`,
      )
      continue
    }
    const manifests = await checked.attempt(list, () =>
      readManifests(store.io, metadataDirectory, snapshot, { signal }),
    )
    if (manifests === undefined) continue
    let isWhole = true
    for (const manifest of manifests) {
      const path = joinPath(metadataDirectory, nameOf(manifest.path))
      isWhole = hasItsSize(checked, sizes, path, manifest.length) && isWhole
      if (seen.has(path) || !sizes.has(nameOf(path))) continue
      seen.add(path)
      if (manifest.content === CONTENT.DELETES) await checkDeletes(checked, path, sizes)
    }
    if (isWhole) await look(snapshot, manifests)
  }
}

function hasItsSize(
  checked: IcebergContext,
  sizes: ReadonlyMap<string, number>,
  path: string,
  sizeBytes: number,
): boolean {
  const found = sizes.get(nameOf(path))
  if (found === undefined) checked.damaged(path, 'is missing, and Iceberg clients need it')
  else if (found !== sizeBytes)
    checked.damaged(path, `has ${found} bytes, and its manifest list says ${sizeBytes}`)
  return found === sizeBytes
}

async function checkDeletes(
  checked: IcebergContext,
  path: string,
  sizes: ReadonlyMap<string, number>,
): Promise<void> {
  const named = await checked.attempt(path, async () => await deleteFileNames(checked, path))
  for (const [name, sizeBytes] of named ?? []) {
    const file = joinPath(checked.settings.metadataDirectory, name)
    const found = sizes.get(name)
    if (found === undefined) checked.damaged(file, 'is missing, and Iceberg clients need it')
    else if (found !== sizeBytes)
      checked.damaged(file, `has ${found} bytes, and its manifest says ${sizeBytes}`)
  }
}
