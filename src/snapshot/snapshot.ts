/**
 * Snapshot files (`snapshot/snapshot-N`): one state of the table, as JSON.
 *
 * Follows `org.apache.paimon.Snapshot`, version 3. What a newer Paimon adds (`uuid`, `writerVersion`, `operation`) is
 * kept, so that a tag made of its snapshot says the same; other unknown properties are ignored, as Java does.
 */
import * as z from 'zod'

import { corrupt, decoding, unsupported } from '../util/errors.ts'
import { parseJson, printJson } from '../util/json.ts'

/** What a commit did: added rows, rewrote files, replaced rows, or gathered statistics. */
export type CommitKind = 'APPEND' | 'COMPACT' | 'OVERWRITE' | 'ANALYZE'

export interface Snapshot {
  readonly version: number
  readonly uuid?: string
  /** Counts from 1, without gaps. */
  readonly id: number
  /** The latest schema when the snapshot was committed; each file has its own. */
  readonly schemaId: number
  /** The files of the snapshots before this one. */
  readonly baseManifestList: string
  readonly baseManifestListSize?: number
  /** What this snapshot added and deleted. */
  readonly deltaManifestList: string
  readonly deltaManifestListSize?: number
  readonly changelogManifestList?: string
  readonly changelogManifestListSize?: number
  /** All index files of the table. */
  readonly indexManifest?: string
  readonly commitUser: string
  readonly writerVersion?: string
  /** Grows with each commit of a stream; {@link BATCH_IDENTIFIER} for batches. */
  readonly commitIdentifier: bigint
  readonly commitKind: CommitKind
  readonly timeMillis: number
  /** Rows in all files, deleted and overwritten ones included. */
  readonly totalRecordCount: number
  /** Rows in added files less those in deleted ones. */
  readonly deltaRecordCount: number
  readonly changelogRecordCount?: number
  readonly watermark?: bigint
  /** A file of statistics of the whole table. */
  readonly statistics?: string
  readonly properties?: Readonly<Record<string, string>>
  readonly nextRowId?: bigint
  readonly operation?: string
}

/** The version that new snapshots have. */
export const SNAPSHOT_VERSION = 3

/**
 * The identifier that all commits have which are none of a stream's, the largest 64-bit integer; one that is made again is
 * known by its files alone. `BatchWriteBuilder.COMMIT_IDENTIFIER` in Java.
 */
export const BATCH_IDENTIFIER: bigint = 2n ** 63n - 1n

/**
 * Parses a snapshot or a tag. CORRUPT, naming `path`, for anything that is no snapshot; UNSUPPORTED for a newer version
 * or a kind of commit that is not known, since its meaning cannot be guessed.
 */
export function parseSnapshot(text: string, path: string): Snapshot {
  return decoding(path, () => {
    const parsed = SNAPSHOT_JSON.safeParse(parseJson(text, path))
    if (!parsed.success) throw corrupt(`is no snapshot: ${z.prettifyError(parsed.error)}`)
    const { version, commitKind } = parsed.data
    if (version > SNAPSHOT_VERSION)
      throw unsupported(`snapshots of version ${version} are newer than this library`)
    if (!COMMIT_KINDS.has(commitKind))
      throw unsupported(`the commit kind ${JSON.stringify(commitKind.slice(0, 100))} is not known`)
    return withoutNulls(parsed.data) as unknown as Snapshot
  })
}

/** The text of the snapshot file, byte for byte as Java writes it. */
export function snapshotText(snapshot: Snapshot): string {
  const values: Record<string, unknown> = {}
  for (const name of PROPERTY_ORDER) values[name] = snapshot[name]
  return printJson(values)
}

/**
 * What tells a snapshot from another of the same id, which a rollback can leave room for: names of manifest lists are
 * never used twice.
 */
export function isSameSnapshot(a: Snapshot, b: Snapshot): boolean {
  return a.id === b.id && a.uuid === b.uuid && a.deltaManifestList === b.deltaManifestList
}

const COMMIT_KINDS: ReadonlySet<string> = new Set<CommitKind>([
  'APPEND',
  'COMPACT',
  'OVERWRITE',
  'ANALYZE',
])

const INT64_MIN = -(2n ** 63n)
const NAME = z.string().min(1)
const ID = z.int().min(0)
const INT64 = z
  .union([z.int(), z.bigint().min(INT64_MIN).max(BATCH_IDENTIFIER)])
  .transform((value) => BigInt(value))

const SNAPSHOT_JSON = z.object({
  version: z.int().min(0).default(1),
  uuid: z.string().nullish(),
  id: z.int().min(1),
  schemaId: ID,
  baseManifestList: NAME,
  baseManifestListSize: ID.nullish(),
  deltaManifestList: NAME,
  deltaManifestListSize: ID.nullish(),
  changelogManifestList: NAME.nullish(),
  changelogManifestListSize: ID.nullish(),
  indexManifest: NAME.nullish(),
  commitUser: z.string(),
  writerVersion: z.string().nullish(),
  commitIdentifier: INT64,
  commitKind: z.string(),
  timeMillis: z.int(),
  totalRecordCount: z.int().default(0),
  deltaRecordCount: z.int().default(0),
  changelogRecordCount: z.int().nullish(),
  watermark: INT64.nullish(),
  statistics: NAME.nullish(),
  properties: z.record(z.string(), z.string()).nullish(),
  nextRowId: INT64.nullish(),
  operation: z.string().nullish(),
})

/** The order in which Java writes the properties: that of the declaration above. */
const PROPERTY_ORDER = Object.keys(SNAPSHOT_JSON.shape) as (keyof Snapshot)[]

function withoutNulls(values: object): object {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  )
}
