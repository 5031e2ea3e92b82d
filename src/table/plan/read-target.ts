/**
 * What a read of a table is of: the branch, the state or the changes that its options name, and with
 * `scan.fallback-branch` a second branch, which gives the partitions that the first one does not have.
 *
 * Follows `FileStoreTableFactory` and `FallbackReadFileStoreTable`.
 */
import { branchNames, noBranch } from '../../snapshot/branches.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import { snapshotAtTime } from '../../snapshot/snapshot-search.ts'
import { openBranch, type TableStore } from '../../snapshot/table-store.ts'
import { asNullable, type DataField } from '../../types/data-type.ts'
import { SYSTEM_FIELD_ID_START } from '../../types/field-ids.ts'
import { type RawOptions, tableOptions } from '../../types/options.ts'
import { projectTo } from '../../types/predicate-analysis.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { requireReadable } from '../../types/schema-validation.ts'
import { invalid, unsupported } from '../../util/errors.ts'
import type { RowIdTest } from '../file/row-tracking.ts'
import { planChanges } from './incremental-plan.ts'
import { changesBetween } from './incremental.ts'
import { joinPruning, stepOf } from './plan-steps.ts'
import { type Plan, planScan } from './scan.ts'
import type { Split } from './split.ts'
import { startupOf } from './startup.ts'
import { readState } from './time-travel.ts'

/** A table or a branch, and the schema that its rows are read with. */
export interface ReadSource {
  readonly store: TableStore
  readonly schema: TableSchema
}

export interface ReadTarget extends ReadSource {
  /** The snapshot that is read, or the last one whose changes are; null where there is none. */
  readonly snapshotId: number | null
  plan(request: TargetRequest): Promise<Plan>
  /** What a split of the plan is read from. */
  sourceOf(split: Split): ReadSource
  /** The columns of that source for columns of the target. */
  fieldsOf(split: Split, fields: readonly DataField[]): readonly DataField[]
}

export interface TargetRequest {
  readonly where?: Predicate | undefined
  readonly limit?: number | undefined
  readonly level?: ((level: number) => boolean) | undefined
  /** Which tracked rows are wanted, by their ids. */
  readonly rowIds?: RowIdTest | undefined
  /** Whether the plan tells what each step of it left. */
  readonly explains?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** What the options of a read add to those of the table. Errors are those of `time-travel.ts` and `incremental.ts`. */
export async function readTarget(
  store: TableStore,
  schema: TableSchema,
  dynamicOptions: RawOptions,
  signal?: AbortSignal,
): Promise<ReadTarget> {
  const home = await homeOf(store, schema, dynamicOptions, signal)
  const main = await partOf(home, dynamicOptions, signal)
  const other = await otherPart(main, dynamicOptions, signal)
  if (other === null) return { ...main, sourceOf: () => main, fieldsOf: (_, fields) => fields }
  const isOther = ({ branch }: Split): boolean => branch === other.store.location.branch
  return {
    ...main,
    plan: (request) => planBoth(main, other, request),
    sourceOf: (split) => (isOther(split) ? other : main),
    fieldsOf: (split, fields) =>
      isOther(split) ? fields.map((field) => fieldInOther(field, main, other)) : fields,
  }
}

/**
 * The branch that the option `branch` of the read names, with its latest schema; the given one unless there is such an
 * option. What a schema stores under that name may have come along from another branch.
 */
async function homeOf(
  store: TableStore,
  schema: TableSchema,
  dynamicOptions: RawOptions,
  signal?: AbortSignal,
): Promise<ReadSource> {
  const { branch } = dynamicOptions
  if (branch === undefined || branch === store.location.branch) return { store, schema }
  const home = await existingBranch(store, branch, signal)
  if (home !== null) return home
  throw await branchMissing(store, branch, signal)
}

/** UNSUPPORTED for options that name another branch, where no branch can be chosen by options. */
export function requireOwnBranch({ location }: TableStore, dynamicOptions: RawOptions): void {
  const { branch } = dynamicOptions
  if (branch === undefined || branch === location.branch) return
  throw unsupported(
    `the option branch = ${branch.slice(0, 100)} is for reads of the table's rows`,
    {
      hint: `open the branch by its name instead: DATABASE.TABLE$branch_${branch.slice(0, 100)}`,
    },
  )
}

async function existingBranch(
  store: TableStore,
  branch: string,
  signal: AbortSignal | undefined,
): Promise<ReadSource | null> {
  const opened = openBranch(store, branch)
  if ((await opened.schemas.ids({ signal })).length === 0) return null
  return { store: opened, schema: await opened.schemas.readLatest({ signal }) }
}

async function branchMissing(
  { io, location: { root } }: TableStore,
  branch: string,
  signal: AbortSignal | undefined,
): Promise<ReturnType<typeof noBranch>> {
  return noBranch(branch, await branchNames(io, root, { signal }), root)
}

interface Part extends ReadSource {
  readonly snapshotId: number | null
  plan(request: TargetRequest): Promise<Plan>
}

async function partOf(
  { store, schema: latest }: ReadSource,
  dynamicOptions: RawOptions,
  signal: AbortSignal | undefined,
): Promise<Part> {
  const schema = { ...latest, options: { ...latest.options, ...dynamicOptions } }
  if (startupOf(tableOptions(schema.options)).mode === 'incremental') {
    requireReadable(schema)
    const changes = await changesBetween(store, schema, { signal })
    const snapshotId = changes?.after.id ?? null
    const plan: Part['plan'] = (request) => planChanges(store, changes, { ...request, schema })
    return { store, schema, snapshotId, plan }
  }
  const state = await readState(store, latest, dynamicOptions, signal)
  requireReadable(state.schema)
  const snapshotId = state.snapshot?.id ?? null
  const plan: Part['plan'] = (request) => planScan(store, { ...state, ...request, isBatch: true })
  return { store, schema: state.schema, snapshotId, plan }
}

/** The branch that is read for the partitions which the main one lacks, or the other way round. */
interface OtherPart extends Part {
  /** Whether its partitions come before those of the table itself. */
  readonly isFirst: boolean
}

const BRANCH_OPTIONS = ['scan.fallback-branch', 'scan.primary-branch']

async function otherPart(
  main: Part,
  dynamicOptions: RawOptions,
  signal: AbortSignal | undefined,
): Promise<OtherPart | null> {
  const { store, schema } = main
  const options = tableOptions(schema.options)
  const [fallback, primary] = [
    options.get('scan.fallback-branch')?.trim(),
    options.get('scan.primary-branch')?.trim(),
  ]
  const branch = fallback || primary
  if (!branch || branch === store.location.branch) return null
  if (fallback && primary)
    throw invalid('options scan.fallback-branch and scan.primary-branch cannot be set together')
  const home = await existingBranch(store, branch, signal)
  if (home === null) {
    // A table reads as in Java when the branch that its options name has been dropped; who asks for it now is told.
    const isAsked = BRANCH_OPTIONS.some((name) => Object.hasOwn(dynamicOptions, name))
    if (isAsked) throw await branchMissing(store, branch, signal)
    return null
  }
  const other = await partOf(
    home,
    await optionsForOther(main, home, dynamicOptions, signal),
    signal,
  )
  requireSameColumns(main, other)
  return { ...other, isFirst: !fallback }
}

/** What does not hold for another branch is left out, and a snapshot there is the last one that is not later. */
async function optionsForOther(
  main: Part,
  other: ReadSource,
  dynamicOptions: RawOptions,
  signal: AbortSignal | undefined,
): Promise<RawOptions> {
  const kept = { ...dynamicOptions }
  for (const name of ['branch', 'bucket', ...BRANCH_OPTIONS]) delete kept[name]
  const snapshotId = kept['scan.snapshot-id']
  if (snapshotId === undefined) return kept
  const { timeMillis } = await main.store.snapshots.read(Number(snapshotId), { signal })
  const snapshot = await snapshotAtTime(other.store.snapshots, timeMillis, { signal })
  return { ...kept, 'scan.snapshot-id': String(snapshot?.id ?? 1) }
}

/** INVALID where the branches differ in more than which columns are NOT NULL. */
function requireSameColumns(main: ReadSource, other: ReadSource): void {
  const [ours, theirs] = [main, other].map(({ schema: { fields } }) =>
    fields.map(({ name, type }) => [name, withoutIds(asNullable(type))]),
  )
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return
  const [our, their] = [main, other].map(({ store }) => store.location.branch)
  throw invalid(`the branches ${our} and ${their} do not have the same columns`, {
    path: main.store.location.root,
    hint: 'give both the same columns, or unset scan.fallback-branch and scan.primary-branch',
  })
}

/** Each branch counts the ids of its fields for itself. */
function withoutIds(type: DataField['type']): unknown {
  return JSON.parse(
    JSON.stringify(type, (key, value: unknown) => (key === 'id' ? undefined : value)),
  )
}

function fieldInOther(field: DataField, main: ReadSource, other: ReadSource): DataField {
  if (field.id >= SYSTEM_FIELD_ID_START) return field
  return other.schema.fields[main.schema.fields.findIndex(({ id }) => id === field.id)]!
}

/** The splits of the first branch, and of the second one those of the partitions that the first one does not have. */
async function planBoth(main: Part, other: OtherPart, request: TargetRequest): Promise<Plan> {
  const { where, limit, ...rest } = request
  const [first, second] = other.isFirst ? [other, main] : [main, other]
  // A partition is there whether the filter finds rows in it or not.
  const ofPartitions = where && projectTo(where, main.schema.partitionKeys)
  const listed = await first.plan({ ...rest, where: ofPartitions })
  const isListed = where === undefined && limit === undefined
  const planned = isListed ? listed : await first.plan(request)
  const partitions = new Set(listed.splits.map(({ partition }) => latin1Of(partition)))
  const added = await second.plan({ ...rest, where })
  const missing = added.splits.filter(({ partition }) => !partitions.has(latin1Of(partition)))
  const branchOf = (part: Part): Pick<Split, 'branch'> =>
    part === other ? { branch: other.store.location.branch } : {}
  const splits = [
    ...planned.splits.map((split) => ({ ...split, ...branchOf(first) })),
    ...missing.map((split) => ({ ...split, ...branchOf(second) })),
  ]
  const files = splits.flatMap((split) => [...split.files, ...(split.before?.files ?? [])])
  return {
    snapshotId: main.snapshotId,
    splits,
    pruning: joinPruning([planned, added], () => stepOf('branch', files)),
    fileCounts: {
      considered: planned.fileCounts.considered + added.fileCounts.considered,
      read: files.length,
    },
  }
}
