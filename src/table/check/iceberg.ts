/**
 * Checks a table's Iceberg metadata: that they show the table as it is, that the current snapshot has the very data files and
 * deleted rows that it should have, and that the files which any of its snapshots needs are there.
 *
 * Where they are behind that is odd, and no damage: the next commit makes up for it. Data files of older snapshots are those of
 * the table's, which are looked at elsewhere.
 */
import {
  type CurrentIceberg,
  metadataFile,
  readCurrentIceberg,
  type VersionedIceberg,
} from '../../iceberg-compat/current.ts'
import { CONTENT, type IcebergManifest } from '../../iceberg-compat/entry.ts'
import { FORM, isOf } from '../../iceberg-compat/history.ts'
import type { IcebergSnapshot } from '../../iceberg-compat/metadata.ts'
import { type IcebergSettings, icebergSettings } from '../../iceberg-compat/settings.ts'
import { differences, readManifests } from '../../iceberg-compat/state.ts'
import type { DataLayout } from '../../snapshot/data-paths.ts'
import { MAIN_BRANCH } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { throwIfAborted } from '../../util/async.ts'
import type { CheckContext } from './context.ts'
import { Findings } from './findings.ts'
import { checkShownFiles, deleteFilesIn, type IcebergContext } from './iceberg-files.ts'
import type { LiveFiles } from './live-files.ts'

/** What helps, whatever is wrong. */
const CURE = '`millrace iceberg emit --rebuild` makes up for it'

/** The table's side. */
interface CheckedTable {
  readonly layout: DataLayout
  readonly latest: Snapshot
  readonly live: LiveFiles | null
}

/** Who publishes meanwhile deletes what a look still needs. */
const LOOKS_MAX = 3

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
  const read = async (): Promise<VersionedIceberg | null | undefined> =>
    await findings.attempt(metadataDirectory, () =>
      readCurrentIceberg(store.io, metadataDirectory, { signal }),
    )
  let current = await read()
  for (let looks = 1; current !== undefined && current !== null; looks++) {
    const found = new Findings()
    await lookAt({ ...context, findings: found }, settings, current, { layout, latest, live })
    const after = await read()
    if (looks === LOOKS_MAX || after?.fileVersion === current.fileVersion) {
      for (const { path, what } of found.damage) findings.damaged(path, what)
      for (const { path, what } of found.warnings) findings.warn(path, what)
      return
    }
    current = after
  }
  if (current === null)
    findings.warn(metadataDirectory, `there are no Iceberg metadata yet; ${CURE}`)
}

async function lookAt(
  { store, schema, findings, signal }: CheckContext,
  settings: IcebergSettings,
  current: VersionedIceberg,
  { layout, latest, live }: CheckedTable,
): Promise<void> {
  const checked: IcebergContext = {
    store,
    schema,
    signal,
    settings,
    damaged: (path, what) => findings.damaged(path, `${what}; ${CURE}`),
    attempt: async (path, body) => await findings.attempt(path, body),
  }
  const behind = await findings.attempt(current.path, () =>
    differences({ store, schema, signal }, settings, current.metadata),
  )
  for (const what of behind ?? [])
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
  { path, metadata }: CurrentIceberg,
  look: (snapshot: IcebergSnapshot, manifests: readonly IcebergManifest[]) => Promise<void>,
): Promise<void> {
  const { store, settings, signal } = checked
  const { metadataDirectory } = settings
  const sizes = new Map<string, number>()
  for await (const status of store.io.list(metadataDirectory, { signal }))
    sizes.set(status.path, status.sizeBytes)
  const seen = new Set<string>()
  for (const snapshot of metadata.snapshots) {
    throwIfAborted(signal)
    const { 'snapshot-id': id, 'manifest-list': named } = snapshot
    const list = await checked.attempt(path, () => metadataFile(metadataDirectory, named))
    if (list === undefined) continue
    if (!sizes.has(list)) {
      checked.damaged(list, `is missing, and Iceberg's snapshot ${id} needs it`)
      continue
    }
    const manifests = await checked.attempt(list, () =>
      readManifests(store.io, metadataDirectory, snapshot, { signal }),
    )
    let isWhole = manifests !== undefined
    for (const manifest of manifests ?? []) {
      const hasSize = hasItsSize(checked, sizes, manifest.path, manifest.length)
      isWhole &&= hasSize
      if (!hasSize || seen.has(manifest.path)) continue
      seen.add(manifest.path)
      // Java's name Paimon's own index files, which are no files of the metadata.
      const isOurs = snapshot.summary[FORM] !== undefined
      if (isOurs && manifest.content === CONTENT.DELETES)
        await checkDeletes(checked, manifest.path, sizes)
    }
    if (isWhole) await look(snapshot, manifests!)
  }
}

function hasItsSize(
  checked: IcebergContext,
  sizes: ReadonlyMap<string, number>,
  path: string,
  sizeBytes: number,
): boolean {
  const found = sizes.get(path)
  if (found === undefined) checked.damaged(path, 'is missing, and Iceberg clients need it')
  else if (found !== sizeBytes)
    checked.damaged(path, `has ${found} bytes, and what names it says ${sizeBytes}`)
  return found === sizeBytes
}

async function checkDeletes(
  checked: IcebergContext,
  path: string,
  sizes: ReadonlyMap<string, number>,
): Promise<void> {
  const named = await checked.attempt(path, async () => await deleteFilesIn(checked, path))
  for (const [file, sizeBytes] of named ?? []) hasItsSize(checked, sizes, file, sizeBytes)
}
