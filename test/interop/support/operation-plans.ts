/** Random operations on a table, each chosen by what is in the table when its turn comes. */
import type { DataField, DataType } from '../../../src/types/data-type.ts'
import { between, pick, type Random } from '../../support/random.ts'
import type { JsonSchema } from './java.ts'
import { randomChanges, type SchemaStep } from './operation-changes.ts'

type Options = Readonly<Record<string, string>>
type JsonRow = Readonly<Record<string, unknown>>

/** An operation as both sides are told it; `branch` is the one that it is done to. */
export type Operation =
  | { readonly op: 'write'; readonly rows: readonly JsonRow[]; readonly branch?: string }
  | { readonly op: 'compact'; readonly full: boolean; readonly branch?: string }
  | { readonly op: 'overwrite'; readonly rows: readonly JsonRow[]; readonly dynamic: boolean }
  | { readonly op: 'dropPartitions'; readonly partitions: readonly Options[] }
  | {
      readonly op: 'expire'
      readonly min: number
      readonly max: number
      readonly limit?: number
      readonly changelogs?: number
    }
  | { readonly op: 'expirePartitions'; readonly options: Options }
  | { readonly op: 'compactManifests' | 'orphans' }
  | { readonly op: 'tag'; readonly name: string; readonly snapshot?: number }
  | { readonly op: 'replaceTag'; readonly name: string; readonly snapshot: number }
  | { readonly op: 'branch'; readonly name: string; readonly tag?: string }
  | { readonly op: 'renameTag' | 'renameBranch'; readonly name: string; readonly to: string }
  | {
      readonly op: 'deleteTag' | 'deleteBranch' | 'fastForward' | 'deleteConsumer'
      readonly name: string
    }
  | { readonly op: 'rollback'; readonly snapshot?: number; readonly tag?: string }
  | { readonly op: 'consumer'; readonly name: string; readonly next: number }
  | { readonly op: 'alter'; readonly changes: readonly SchemaStep[] }

/** What is in a table. */
export interface TableState {
  readonly fields: readonly DataField[]
  readonly isKeyed: boolean
  readonly options: Options
  readonly earliest: number
  /** 0 before the first snapshot. */
  readonly latest: number
  readonly tags: readonly string[]
  /** Those of them whose snapshot has not expired. */
  readonly freshTags: readonly string[]
  /** With the columns that each has, and the tags whose files are in it. */
  readonly branches: readonly {
    readonly name: string
    readonly fields: readonly DataField[]
    readonly tags: readonly string[]
  }[]
  readonly consumers: readonly string[]
}

/** Half of the partitions have expired long ago. */
const PARTITIONS = ['2020-01-01', '2020-06-01', '2998-01-01', '2999-01-01']

const EXPIRING: Options = {
  'partition.expiration-strategy': 'values-time',
  'partition.expiration-time': '30 d',
  'partition.timestamp-formatter': 'yyyy-MM-dd',
  'partition.timestamp-pattern': '$p',
}

/** The schema of a table with or without keys, telling changes in any way, which keeps itself in order or is kept so. */
export function randomOperatedSchema(random: Random): JsonSchema {
  const isKeyed = random() < 0.7
  const options = {
    ...(isKeyed ? keyedOptions(random) : { bucket: '-1', 'compaction.min.file-num': '2' }),
    ...(random() < 0.3 && upkeepOptions(random)),
  }
  return {
    fields: [
      { id: 0, name: 'p', type: 'STRING NOT NULL' },
      { id: 1, name: 'k', type: 'INT NOT NULL' },
      { id: 2, name: 'v', type: 'INT' },
      { id: 3, name: 't', type: 'STRING' },
    ],
    partitionKeys: ['p'],
    primaryKeys: isKeyed ? ['p', 'k'] : [],
    options,
  }
}

/** Compactions take every run, so that what they pick does not hang on a few bytes. */
function keyedOptions(random: Random): Options {
  const producer = pick(random, ['none', 'none', 'input', 'lookup'])
  return {
    bucket: pick(random, ['1', '1', '2']),
    'changelog-producer': producer,
    'num-sorted-run.compaction-trigger': pick(random, ['2', '3', '100']),
    'compaction.max-size-amplification-percent': '2000000000',
    'compaction.size-ratio': '2000000000',
    ...(random() < 0.25 && { 'deletion-vectors.enabled': 'true' }),
    ...(random() < 0.2 && { 'write-only': 'true' }),
  }
}

/** As many snapshots are kept at least as at most, so that no clock decides. */
function upkeepOptions(random: Random): Options {
  const kept = String(between(random, 2, 5))
  return {
    'snapshot.num-retained.min': kept,
    'snapshot.num-retained.max': kept,
    // More changelogs to keep than there are snapshots are an error in Java.
    ...(random() < 0.4 && { 'changelog.num-retained.min': '1', 'changelog.num-retained.max': '6' }),
    ...(random() < 0.3 && {
      'tag.automatic-creation': 'process-time',
      'tag.creation-period': 'daily',
    }),
    ...(random() < 0.3 && { ...EXPIRING, 'partition.expiration-check-interval': '0 s' }),
  }
}

type Maker = (state: TableState, random: Random) => Operation | null

/** What is done how often; null where the table has nothing that it could be done to. */
const MAKERS: readonly (readonly [number, Maker])[] = [
  [6, writeTo],
  [1.5, ({ isKeyed }, random) => ({ op: 'compact', full: !isKeyed || random() < 0.6 })],
  [0.6, overwriting],
  [0.4, (_, random) => ({ op: 'dropPartitions', partitions: [{ p: pick(random, PARTITIONS) }] })],
  [1.4, expiring],
  [0.4, partitionsExpiring],
  [0.4, () => ({ op: 'compactManifests' })],
  [0.5, () => ({ op: 'orphans' })],
  [1.3, tagging],
  [0.4, (state, random) => renaming('renameTag', state.tags, random)],
  [0.3, replacing],
  [0.7, (state, random) => removing('deleteTag', looseTags(state, state.tags), random)],
  [1.6, branching],
  [2, writingToBranch],
  [0.2, (state, random) => renaming('renameBranch', namesOf(state), random)],
  [0.3, (state, random) => removing('deleteBranch', namesOf(state), random)],
  [0.6, (state, random) => removing('fastForward', namesOf(state), random)],
  [0.7, rollingBack],
  [0.6, consuming],
  [0.2, (state, random) => removing('deleteConsumer', state.consumers, random)],
  [1.2, (state, random) => ({ op: 'alter', changes: randomChanges(state, random) })],
]

const TOTAL = MAKERS.reduce((sum, [weight]) => sum + weight, 0)

/** What is done next. */
export function randomOperation(state: TableState, random: Random): Operation {
  if (state.latest === 0) return writeTo(state, random)
  for (;;) {
    let left = random() * TOTAL
    const [, make] = MAKERS.find(([weight]) => (left -= weight) < 0) ?? MAKERS[0]!
    const made = make(state, random)
    if (made !== null) return made
  }
}

export function writeTo({ fields, isKeyed }: TableState, random: Random): Operation {
  return { op: 'write', rows: randomRows(fields, isKeyed, random) }
}

function overwriting(state: TableState, random: Random): Operation {
  return {
    op: 'overwrite',
    rows: randomRows(state.fields, false, random),
    dynamic: random() < 0.6,
  }
}

/** A consumer or a tag may keep what is told to go. */
function expiring({ options }: TableState, random: Random): Operation {
  const kept = options['changelog.num-retained.max']
  const changelogs = kept === undefined ? between(random, 4, 8) : Number(kept)
  const min = between(random, 1, 4)
  return {
    op: 'expire',
    min,
    max: min + between(random, 0, 2),
    ...(random() < 0.3 && { limit: between(random, 1, 4) }),
    ...((kept !== undefined || random() < 0.3) && { changelogs }),
  }
}

function partitionsExpiring(_: TableState, random: Random): Operation {
  const most = random() < 0.3 ? { 'partition.expiration-max-num': '1' } : {}
  return { op: 'expirePartitions', options: { ...EXPIRING, ...most } }
}

function tagging(state: TableState, random: Random): Operation {
  const name = freeName('t', state.tags, random)
  return random() < 0.4
    ? { op: 'tag', name }
    : { op: 'tag', name, snapshot: someSnapshot(state, random) }
}

/** Java deletes what only a branch needs as soon as the tag goes that the branch began as. */
function looseTags({ branches }: TableState, tags: readonly string[]): string[] {
  return tags.filter((tag) => !branches.some((branch) => branch.tags.includes(tag)))
}

function replacing(state: TableState, random: Random): Operation | null {
  // What only the tag kept stays in Java, as orphans.
  const tags = looseTags(state, state.freshTags)
  if (tags.length === 0) return null
  return { op: 'replaceTag', name: pick(random, tags), snapshot: someSnapshot(state, random) }
}

function branching(state: TableState, random: Random): Operation | null {
  // Snapshots of a branch that expire take files of the table along in Java.
  if (state.options['snapshot.num-retained.max'] !== undefined) return null
  const name = freeName('b', namesOf(state), random)
  if (random() < 0.15) return { op: 'branch', name }
  // Java makes half of a branch of a tag whose snapshot has expired, and fails.
  const { freshTags } = state
  return freshTags.length === 0 ? null : { op: 'branch', name, tag: pick(random, freshTags) }
}

function writingToBranch({ branches, isKeyed }: TableState, random: Random): Operation | null {
  if (branches.length === 0) return null
  const { name, fields } = pick(random, branches)
  if (random() < 0.2) return { op: 'compact', full: true, branch: name }
  return { op: 'write', rows: randomRows(fields, isKeyed, random), branch: name }
}

function rollingBack(state: TableState, random: Random): Operation {
  return random() < 0.4 && state.tags.length > 0
    ? { op: 'rollback', tag: pick(random, state.tags) }
    : { op: 'rollback', snapshot: someSnapshot(state, random) }
}

function consuming({ earliest, latest }: TableState, random: Random): Operation {
  const name = pick(random, ['c1', 'c2'])
  return { op: 'consumer', name, next: between(random, earliest, latest + 2) }
}

function renaming(
  op: 'renameTag' | 'renameBranch',
  names: readonly string[],
  random: Random,
): Operation | null {
  if (names.length === 0) return null
  return { op, name: pick(random, names), to: freeName(op.at(6)!.toLowerCase(), names, random) }
}

function removing(
  op: 'deleteTag' | 'deleteBranch' | 'fastForward' | 'deleteConsumer',
  names: readonly string[],
  random: Random,
): Operation | null {
  // Java deletes a tag or a consumer that is not there without a word.
  if (random() < 0.05 && /[Bb]ranch|fastForward/.test(op)) return { op, name: 'absent' }
  return names.length === 0 ? null : { op, name: pick(random, names) }
}

/** Now and then one that is taken. */
function freeName(prefix: string, taken: readonly string[], random: Random): string {
  if (taken.length > 0 && random() < 0.1) return pick(random, taken)
  for (let i = 1; ; i++) if (!taken.includes(`${prefix}${i}`)) return `${prefix}${i}`
}

/** Now and then one that is not there. */
function someSnapshot({ earliest, latest }: TableState, random: Random): number {
  if (random() < 0.05) return latest + 3
  return between(random, Math.max(1, earliest - (random() < 0.1 ? 1 : 0)), latest + 1)
}

function namesOf({ branches }: TableState): string[] {
  return branches.map(({ name }) => name)
}

function randomRows(
  fields: readonly DataField[],
  hasDeletes: boolean,
  random: Random,
): readonly JsonRow[] {
  return Array.from({ length: between(random, 1, 7) }, () => {
    const values = fields.map(({ name, type }) => [name, randomValue(name, type, random)])
    const kind = hasDeletes && random() < 0.2 ? '-D' : '+I'
    return { _kind: kind, ...(Object.fromEntries(values) as JsonRow) }
  })
}

function randomValue(name: string, type: DataType, random: Random): unknown {
  if (name === 'p') return pick(random, PARTITIONS)
  if (name === 'k') return between(random, 0, 12)
  if (type.nullable && random() < 0.2) return null
  if (type.kind === 'VARCHAR') return pick(random, ['', 'a', 'zwei', 'drei und vier'])
  if (type.kind === 'DOUBLE' || type.kind === 'FLOAT') return between(random, -40, 40) / 4
  return type.kind === 'BIGINT' ? String(between(random, 0, 1000)) : between(random, 0, 1000)
}
