/** A table, as its users hold it. */
import type { FileIO } from '../io/file-io.ts'
import type { CommitMessage } from '../snapshot/commit-message.ts'
import {
  abort,
  type CommitTable,
  type CommitOptions as SnapshotCommitOptions,
} from '../snapshot/commit.ts'
import {
  compactManifests,
  type CompactManifestsOptions,
  type CompactManifestsResult,
} from '../snapshot/compact-manifests.ts'
import { BATCH_IDENTIFIER, type Snapshot } from '../snapshot/snapshot.ts'
import type { TableMetricValues } from '../snapshot/table-metrics.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { checkSettable } from '../types/option-checks.ts'
import { type DynamicOptions, type RawOptions, rawOptions } from '../types/options.ts'
import type { SchemaChange } from '../types/schema-change.ts'
import type { TableSchema } from '../types/schema-file.ts'
import type { Columns, InsertOf, RowOf } from '../types/schema.ts'
import { systemClock, throwIfAborted } from '../util/async.ts'
import { invalid } from '../util/errors.ts'
import { type AlterOptions, alterTable } from './alter.ts'
import { type CheckOptions, type CheckReport, checkTable } from './check.ts'
import { type CompactOptions, type CompactResult, compactTable } from './compact.ts'
import { watchCompactions, type WatchOptions } from './compact/watch.ts'
import { type InspectOptions, inspectTable } from './inspect.ts'
import type { Inspection } from './inspect/inspection.ts'
import { type AnalyzeOptions, type AnalyzeResult, analyzeTable } from './maintain/analyze.ts'
import { branchesOf, type TableBranches } from './maintain/branches.ts'
import { consumersOf, type TableConsumers } from './maintain/consumers.ts'
import {
  type ExpiredPartitions,
  expirePartitions,
  type ExpirePartitionsOptions,
} from './maintain/expire-partitions.ts'
import { expireTable, type ExpireOptions, type ExpireResult } from './maintain/expire.ts'
import { icebergOf, publishIceberg, type TableIceberg } from './maintain/iceberg.ts'
import {
  type DonePartition,
  type MarkDoneOptions,
  markPartitionsDone,
} from './maintain/mark-done.ts'
import { type OrphanOptions, type OrphanResult, removeOrphans } from './maintain/orphans.ts'
import { rollback, type RollbackOptions, type RollbackResult } from './maintain/rollback.ts'
import type { SnapshotAt } from './maintain/snapshot-at.ts'
import { type TableTags, tagsOf } from './maintain/tags.ts'
import { optionsAt } from './plan/read-at.ts'
import { requireOwnBranch } from './plan/read-target.ts'
import { type ReadResult, TableRead } from './read.ts'
import { type RescaleOptions, type RescaleResult, rescaleTable } from './rescale.ts'
import { type ChangeOptions, deleteRows, type RowChanges, updateRows } from './rows/change-rows.ts'
import { mergeRows, type MergeRules } from './rows/merge-into.ts'
import { type Changes, TableChanges } from './stream-read.ts'
import type {
  ChangesOptions,
  ReadOptions,
  RowUpdate,
  TableCommitOptions,
  Where,
} from './table-options.ts'
import { commitRows, type WriterCommitResult } from './write/commit-rows.ts'
import { inputReader, type WriteData } from './write/input.ts'
import {
  emptyPartitions,
  type OverwriteOptions,
  overwriteScope,
  type PartitionMatch,
} from './write/overwrite.ts'
import { dropUncommitted, type PreparedCommit, recover, type Recovered } from './write/recover.ts'
import { TableWriter, type WriterOptions } from './write/writer.ts'

/**
 * A table of a {@link Catalog}. Rows, as they are read and written, are described at `RowOf` and `InsertOf`.
 *
 * All calls that ask the storage throw a {@link LakeError}: CORRUPT, with the file, for what is damaged, UNSUPPORTED for
 * what this version cannot serve, IO where the storage fails, ABORTED where their signal fires.
 */
export class Table<C extends Columns = Columns> {
  readonly #store: TableStore
  /** The options of this object alone. */
  readonly #options: RawOptions
  /** `database.table` */
  readonly name: string
  /** The schema that was the latest when the table was opened. */
  readonly schema: TableSchema

  /** @internal {@link Catalog.table} opens tables. */
  constructor(store: TableStore, name: string, schema: TableSchema, options: RawOptions = {}) {
    this.#store = store
    this.#options = options
    this.name = name
    this.schema = schema
  }

  /** The table's directory. */
  get path(): string {
    return this.#store.location.root
  }

  /** @internal What is stored of the table: for the maintenance commands, which work on metadata itself. */
  get store(): TableStore {
    return this.#store
  }

  /** The storage of the table. Its `stats()` tell the requests and bytes so far. */
  get io(): FileIO {
    return this.#store.io
  }

  /**
   * The same table with other options for reads and writes through this object; nothing is stored. INVALID for an
   * unknown option, UNSUPPORTED for one that is not implemented.
   */
  withOptions(options: DynamicOptions): Table<C> {
    const raw = rawOptions(options)
    checkSettable(
      raw,
      this.schema.fields.map(({ name }) => name),
    )
    const schema = { ...this.schema, options: { ...this.schema.options, ...raw } }
    return new Table(this.#store, this.name, schema, { ...this.#options, ...raw })
  }

  /** The store, for what is not a read. UNSUPPORTED where an option names another branch. */
  #ownStore(options: RawOptions = {}): TableStore {
    requireOwnBranch(this.#store, { ...this.#options, ...options })
    return this.#store
  }

  /** The table, for what is not a read. */
  #own(): CommitTable {
    return { store: this.#ownStore(), schema: this.schema }
  }

  /** The result of a change that has happened, which Iceberg clients are shown. */
  async #publishing<Result>(
    result: Result,
    {
      dryRun = false,
      signal,
    }: { readonly dryRun?: boolean | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<Result> {
    if (!dryRun) await publishIceberg({ ...this.#own(), signal })
    return result
  }

  /**
   * Reads rows: iterate the result for Arrow batches, or ask it for rows or an Arrow table. Nothing is read before that;
   * wrong columns and filters, and tables that cannot be read, are told then.
   */
  read<const K extends keyof C & string = keyof C & string>(
    options: ReadOptions<C, K> = {},
  ): ReadResult<RowOf<Pick<C, K>>> {
    const { columns, where, limit, at, threads, signal } = options
    const dynamic = {
      ...this.#options,
      ...rawOptions(options.options ?? {}),
      ...(at !== undefined && optionsAt(at)),
    }
    return new TableRead(this.#store, this.schema, {
      columns,
      where,
      limit,
      options: dynamic,
      threads,
      signal,
    })
  }

  /**
   * Follows the changes of the table: each row with its kind, snapshot by snapshot. Nothing is read before the result is
   * iterated. `ack()` of a change, or of a batch, says that all up to it is done: `checkpoint()` and the consumer follow.
   *
   * Beside what reads throw, NOT_FOUND where the next snapshot has expired, with the way out in its hint.
   */
  changes<const K extends keyof C & string = keyof C & string>(
    options: ChangesOptions<C, K> = {},
  ): Changes<RowOf<Pick<C, K>>> {
    const { options: dynamic, ...request } = options
    const raw = rawOptions(dynamic ?? {})
    return new TableChanges(this.#ownStore(raw), this.schema, { ...request, options: raw })
  }

  /**
   * Writes rows in one commit; its snapshot, or null when there was nothing to write. In a primary-key table a row takes
   * the place of an older one of its key, and one whose `_kind` is `-D` takes it away.
   *
   * INVALID for a row that does not fit, CONFLICT where another writer changed what the commit builds on: nothing is in
   * the table then. After OUTCOME_UNKNOWN it cannot be told; a {@link Table.writer} with identifiers can make sure.
   */
  async write(
    data: WriteData<InsertOf<C>>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Snapshot | null> {
    const { signal } = options
    return await this.#batch({ signal }, (writer) => writer.write(data))
  }

  /**
   * Writes rows in the place of others, in one commit: of those in the partitions that are written to, or of those in a
   * partition, or of all rows of a table without partitions; see {@link OverwriteOptions}. Its snapshot, or null when it
   * replaced nothing. Who follows the table's changes sees the new rows, and only with `streaming-read-overwrite`.
   */
  async overwrite(
    data: WriteData<InsertOf<C>>,
    options: OverwriteOptions & { readonly signal?: AbortSignal } = {},
  ): Promise<Snapshot | null> {
    const { signal, ...overwrite } = options
    return await this.#batch({ signal, overwrite }, (writer) => writer.write(data))
  }

  /** Takes all rows away, in one commit; older snapshots have them until they expire. */
  async truncate(options: { readonly signal?: AbortSignal } = {}): Promise<Snapshot> {
    return await emptyPartitions(this.#own(), [{}], options.signal)
  }

  /**
   * Takes all rows of partitions away, in one commit. A partition that leaves keys out means all that match the rest. INVALID
   * without any partition, and for names and values that are none.
   */
  async dropPartitions(
    partitions: readonly PartitionMatch[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Snapshot> {
    if (partitions.length === 0) throw invalid('no partition is told that is to be dropped')
    if (partitions.some((partition) => Object.keys(partition).length === 0))
      throw invalid('a partition is to be dropped that has no values', {
        hint: 'truncate takes all rows away',
      })
    return await emptyPartitions(this.#own(), partitions, options.signal)
  }

  /**
   * Drops the partitions that are past their time, as the options `partition.expiration-*` and `partition.timestamp-*` say;
   * see {@link ExpirePartitionsOptions}. Writers do so too, after their commits.
   */
  async expirePartitions(options: ExpirePartitionsOptions = {}): Promise<ExpiredPartitions> {
    const expired = await expirePartitions(this.#ownStore(), this.schema, options)
    return await this.#publishing(expired, options)
  }

  /**
   * Says that all rows of partitions are there: each gets a file `_SUCCESS`, as `partition.mark-done-action` says. A partition
   * that is marked again keeps the time of the first.
   */
  async markPartitionsDone(
    partitions: readonly PartitionMatch[],
    options: MarkDoneOptions = {},
  ): Promise<DonePartition[]> {
    return await markPartitionsDone(this.#ownStore(), this.schema, partitions, options)
  }

  /** Deletes the rows of the keys in one commit; see {@link TableWriter.delete}. */
  async delete(
    rows: WriteData<Partial<RowOf<C>>>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Snapshot | null> {
    const { signal } = options
    return await this.#batch({ signal }, (writer) =>
      writer.delete(rows as WriteData<Partial<InsertOf<C>>>),
    )
  }

  /**
   * Deletes the rows that a filter chooses, in one commit: a predicate, or its text as SQL writes it. In a primary-key table
   * the keys are written as deleted; in one without, rows are marked in deletion vectors where it has them, and else files
   * are written anew without them. Rows that are written meanwhile are not looked at.
   *
   * UNSUPPORTED where the merge engine deletes no rows; CONFLICT where files that lose rows are gone meanwhile.
   */
  async deleteWhere(where: Where<C> | string, options: ChangeOptions = {}): Promise<RowChanges> {
    return await deleteRows({ ...this.#own(), where }, options)
  }

  /**
   * Gives the rows that `where` chooses, or all, new values, in one commit: those in `set`, which are values or make them of
   * the row as it was. Columns of the primary key and of its partition cannot be set. See {@link Table.deleteWhere} for how
   * rows are replaced.
   */
  async update(update: RowUpdate<C>, options: ChangeOptions = {}): Promise<RowChanges> {
    const { where, set } = update
    return await updateRows({ ...this.#own(), where, set }, options)
  }

  /**
   * Merges rows into the table as SQL's MERGE does, in one commit. A row of the source matches a row of the table with the
   * same primary key, or the same values in the columns `on`; it takes its place then, unless `whenMatched` says otherwise,
   * and else it is inserted. The source is held in memory.
   *
   * INVALID where several rows of the source match one of the table; else as {@link Table.deleteWhere}.
   */
  async mergeInto(
    source: WriteData<InsertOf<C>>,
    rules: MergeRules<RowOf<C>, InsertOf<C>> = {},
    options: ChangeOptions = {},
  ): Promise<RowChanges> {
    const rows = inputReader(this.schema).read(source as WriteData<unknown>)
    const merge = { ...this.#own(), source: rows, rules: rules as MergeRules }
    return await mergeRows(merge, options)
  }

  /** The snapshot of one commit with what is given to its writer; null when that is nothing. */
  async #batch(
    { signal, overwrite }: Pick<WriterOptions, 'signal' | 'overwrite'>,
    give: (writer: TableWriter<InsertOf<C>>) => Promise<void>,
  ): Promise<Snapshot | null> {
    const options = { signal, overwrite }
    await using writer = new TableWriter<InsertOf<C>>(this.#ownStore(), this.schema, options)
    await give(writer)
    const { snapshots } = await writer.commit({ identifier: BATCH_IDENTIFIER })
    return snapshots.at(-1) ?? null
  }

  /** A writer for many commits: the sink of a stream. It has to be closed. */
  async writer(options: WriterOptions = {}): Promise<TableWriter<InsertOf<C>>> {
    throwIfAborted(options.signal)
    return await Promise.resolve(
      new TableWriter<InsertOf<C>>(this.#ownStore(), this.schema, {
        ...options,
        isStream: options.isStream ?? true,
      }),
    )
  }

  /**
   * Commits what writers have prepared, here or in other processes. The same user and identifier happen once. CONFLICT
   * where another writer changed what the files build on; after OUTCOME_UNKNOWN the same call settles what happened. Only
   * a compaction that others were faster with is left out, and the rows are committed without it.
   */
  async commit(
    messages: readonly CommitMessage[],
    by: TableCommitOptions,
  ): Promise<WriterCommitResult> {
    const { user, overwrite, ...rest } = by
    const options: SnapshotCommitOptions = {
      ...rest,
      commitUser: user,
      overwrite: overwrite && overwriteScope(this.schema, overwrite),
    }
    return await commitRows(this.#own(), messages, options)
  }

  /**
   * Makes commits that a process prepared and may not have made before it died: those that have happened are left out, and
   * of the others all files must still be there, else CONFLICT. Compactions that do not apply any more are left out.
   */
  async recover(
    prepared: readonly PreparedCommit[],
    by: Pick<TableCommitOptions, 'user' | 'overwrite' | 'signal'>,
  ): Promise<Recovered> {
    const { user, overwrite, signal } = by
    return await recover(this.#own(), prepared, {
      commitUser: user,
      overwrite: overwrite && overwriteScope(this.schema, overwrite),
      signal,
    })
  }

  /** Deletes the files of those of the commits that have not happened; the identifiers of those that have, or may have. */
  async dropUncommitted(
    prepared: readonly PreparedCommit[],
    by: Pick<TableCommitOptions, 'user' | 'signal'>,
  ): Promise<{ readonly kept: readonly bigint[] }> {
    const { user, signal } = by
    return await dropUncommitted(this.#own(), prepared, { commitUser: user, signal })
  }

  /** Deletes the files of messages that will not be committed. */
  async abort(messages: readonly CommitMessage[]): Promise<void> {
    await abort(this.#own(), messages)
  }

  /** Checks what is stored of the table, from snapshots down to rows; damage is reported, not thrown. */
  async check(options: CheckOptions = {}): Promise<CheckReport> {
    return await checkTable(this.#ownStore(), options)
  }

  /**
   * Deletes files of the table, and of its branches, that nothing refers to and that are older than a day: what writers leave
   * that died. It may run beside writers, compactors and expiry. CORRUPT where what is in use cannot be told; nothing is
   * deleted then. See {@link OrphanOptions}.
   */
  async removeOrphans(options: OrphanOptions = {}): Promise<OrphanResult> {
    return await removeOrphans(this.#ownStore(), this.schema, options)
  }

  /**
   * Compacts the files of the latest snapshot beside running writers; see {@link CompactOptions}. Nothing that others commit
   * meanwhile is lost: where they replaced the same files, the compaction is dropped.
   */
  async compact(options: CompactOptions = {}): Promise<CompactResult> {
    return await compactTable(this.#ownStore(), this.schema, options)
  }

  /**
   * Changes columns, keys and options, all at once, in a new schema after the latest one; the table with it. Data files stay as
   * they are, and are read in the columns of the new schema. Writers and streams that run go on with the schema that they
   * began with: they know nothing of new columns, and leave compactions to those who do.
   *
   * INVALID, naming column or option, for what Java Paimon does not allow either; UNSUPPORTED for options and types that this
   * library cannot serve.
   */
  async alter(changes: readonly SchemaChange[], options: AlterOptions = {}): Promise<Table> {
    const schema = await alterTable(this.#ownStore(), changes, options)
    const merged = { ...schema, options: { ...schema.options, ...this.#options } }
    return new Table(this.#store, this.name, merged, this.#options)
  }

  /**
   * Reads all rows, and commits what they are like: how many there are and, of each column, distinct values, bounds, nulls and
   * lengths. Planners of other engines use that; `$statistics` shows it.
   */
  async analyze(options: AnalyzeOptions<keyof C & string> = {}): Promise<AnalyzeResult> {
    const analyzed = await analyzeTable(this.#ownStore(), this.schema, options)
    return await this.#publishing(analyzed, options)
  }

  /** Merges manifests that are small or tell of deleted files, so that plans read fewer; see {@link CompactManifestsResult}. */
  async compactManifests(options: CompactManifestsOptions = {}): Promise<CompactManifestsResult> {
    const compacted = await compactManifests(this.#ownStore(), this.schema, options)
    return await this.#publishing(compacted, options)
  }

  /**
   * Gives the table, or some of its partitions, another number of buckets: rows are written anew, in one commit. Of the whole
   * table the schema changes too, so that it has to be opened again. INVALID for a table without a fixed number of buckets;
   * CONFLICT where others changed the table meanwhile, and then nothing has happened.
   */
  async rescale(options: RescaleOptions): Promise<RescaleResult> {
    const rescaled = await rescaleTable(this.#ownStore(), this.schema, options)
    return await this.#publishing(rescaled, options)
  }

  /**
   * Compacts the buckets of a primary-key table as others write to them, until the signal fires: the dedicated compactor
   * of writers with `write-only`. It ends with an ABORTED error.
   */
  async watchCompactions(options: Omit<WatchOptions, 'options'> = {}): Promise<never> {
    const watch = { ...options, options: this.#options }
    return await watchCompactions(this.#ownStore(), this.schema, watch)
  }

  /**
   * What there is to see of the table, as plain data: snapshots, tags and growth, each bucket's LSM tree, partitions, the
   * history of the schema, and what an operator should look at. Of a large table the newest and largest parts are shown, and
   * the result tells what is left out; options of this object, such as `scan.snapshot-id`, choose the state.
   */
  async inspect(options: InspectOptions = {}): Promise<Inspection> {
    return await inspectTable({ name: this.name, ...this.#own() }, this.#options, options)
  }

  /** The tags of the table: snapshots that are kept under a name. */
  get tags(): TableTags {
    return tagsOf({ ...this.#own(), clock: systemClock })
  }

  /** The branches of the table: histories of their own. */
  get branches(): TableBranches {
    return branchesOf(this.#own())
  }

  /** What Iceberg clients see of the table, where the option `metadata.iceberg.storage` lets them. */
  get iceberg(): TableIceberg {
    return icebergOf(this.#own())
  }

  /** The consumers of the table: how far streams have come, and which snapshots are kept for them. */
  get consumers(): TableConsumers {
    return consumersOf({ ...this.#own(), clock: systemClock })
  }

  /**
   * Makes a snapshot the latest again, that of a tag also where it has expired: newer snapshots go, and their tags. Writers and
   * streams that are open have to be opened anew. NOT_FOUND where it is not there.
   */
  async rollbackTo(to: SnapshotAt, options: RollbackOptions = {}): Promise<RollbackResult> {
    const rolledBack = await rollback(this.#ownStore(), to, options)
    return await this.#publishing(rolledBack, options)
  }

  /**
   * Expires snapshots by the options of the table, or as told, and deletes the files that only they had. Those that a consumer
   * has yet to read stay, and so do files of tags and of other branches. Writers and readers may go on meanwhile.
   */
  async expire(options: ExpireOptions = {}): Promise<ExpireResult> {
    const expired = await expireTable(this.#ownStore(), this.schema, options)
    return await this.#publishing(expired, options)
  }

  /** The latest snapshot; null before the first commit. */
  async latestSnapshot(options: { readonly signal?: AbortSignal } = {}): Promise<Snapshot | null> {
    return await this.#ownStore().snapshots.readLatest(options)
  }

  /** What this process has measured so far of its work on the table, by whatever object; nothing is asked of the storage. */
  metrics(): TableMetricValues {
    return this.#store.metrics.values()
  }

  /** All snapshots that have not expired, ascending. */
  async snapshots(options: { readonly signal?: AbortSignal } = {}): Promise<Snapshot[]> {
    return await Array.fromAsync(this.#ownStore().snapshots.all(options))
  }

  /** All schemas, ascending. */
  async schemas(options: { readonly signal?: AbortSignal } = {}): Promise<TableSchema[]> {
    const { schemas } = this.#ownStore()
    const ids = await schemas.ids(options)
    return await Promise.all(ids.map((id) => schemas.read(id, options)))
  }
}
