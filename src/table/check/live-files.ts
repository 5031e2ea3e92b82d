/** The files of one snapshot after another, replayed from what each snapshot adds and deletes. */
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { FILE_KIND, type ManifestEntry } from '../../snapshot/manifest-entry.ts'
import {
  entryAt,
  fileNameAt,
  identityAt,
  type ManifestRows,
  rowCountAt,
} from '../../snapshot/manifest-rows.ts'

/** An entry in its manifest. */
export interface EntryRef {
  readonly rows: ManifestRows
  readonly row: number
}

export function entryOf({ rows, row }: EntryRef): ManifestEntry {
  return entryAt(rows, row)
}

/** Live files by their identity. */
export type LiveFiles = ReadonlyMap<string, EntryRef>

export interface Replayed {
  readonly files: LiveFiles
  /** What is wrong with the entries: files added twice, or deleted without being there. */
  readonly problems: readonly string[]
  /** Rows in added files less those in deleted ones. */
  readonly rowCount: number
  readonly added: readonly EntryRef[]
  /** The identities of files that were live before and are no more. */
  readonly removed: readonly string[]
}

/**
 * The files that are live after the entries of the manifests, on top of `before`. The order of entries says nothing: a
 * file is live if it was added once more than deleted.
 */
export function replay(before: LiveFiles, manifests: readonly ManifestRows[]): Replayed {
  const files = new Map(before)
  const added: EntryRef[] = []
  const problems: string[] = []
  const deletions: EntryRef[] = []
  const removed: string[] = []
  let rowCount = 0
  for (const rows of manifests)
    for (let row = 0; row < rows.length; row++) {
      if (rows.kinds[row] === FILE_KIND.DELETE) {
        deletions.push({ rows, row })
        rowCount -= rowCountAt(rows, row)
        continue
      }
      rowCount += rowCountAt(rows, row)
      const identity = identityAt(rows, row)
      if (files.has(identity)) problems.push(`adds ${fileNameAt(rows, row)}, which is there`)
      files.set(identity, { rows, row })
      added.push({ rows, row })
    }
  for (const { rows, row } of deletions) {
    const identity = identityAt(rows, row)
    if (files.delete(identity)) removed.push(identity)
    else problems.push(`deletes ${fileNameAt(rows, row)}, which is not there`)
  }
  return { files, problems, rowCount, added, removed }
}

/** How two sets of live files differ, in words; undefined when they do not. */
export function difference(expected: LiveFiles, actual: LiveFiles): string | undefined {
  const missing = [...expected.keys()].filter((identity) => !actual.has(identity))
  const extra = [...actual.keys()].filter((identity) => !expected.has(identity))
  if (missing.length === 0 && extra.length === 0) return undefined
  const first = missing.length > 0 ? expected.get(missing[0]!)! : actual.get(extra[0]!)!
  const { fileName }: DataFileMeta = entryOf(first).file
  return `lacks ${missing.length} files and has ${extra.length} too many, such as ${fileName}`
}
