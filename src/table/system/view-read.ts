/** Reads a view of the table's rows: plans as any read of the table does, and shows the rows of each split. */
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { throwIfAborted } from '../../util/async.ts'
import { Batches, firstRows } from '../batch-result.ts'
import { fileContext } from '../file/table-file.ts'
import { type ReadTarget, readTarget } from '../plan/read-target.ts'
import type { Plan } from '../plan/scan.ts'
import type { Split } from '../plan/split.ts'
import { checkLimit, namedReadError, type ReadRequest } from '../read.ts'
import { readSplit } from '../split/split-read.ts'
import type { SystemContext } from './columns.ts'
import type { SystemRow } from './read.ts'
import type { RowView } from './row-view.ts'
import {
  chooseOfView,
  kindsOfView,
  showSplit,
  splitOfView,
  type ViewChoice,
} from './view-choice.ts'

interface PreparedView {
  readonly target: ReadTarget
  readonly choice: ViewChoice
  readonly plan: Plan
}

export class ViewRead extends Batches<SystemRow> {
  readonly #view: RowView
  readonly #context: SystemContext
  readonly #request: ReadRequest
  #prepared: Promise<PreparedView> | null = null

  constructor(view: RowView, context: SystemContext, request: ReadRequest) {
    super()
    checkLimit(request.limit)
    this.#view = view
    this.#context = context
    this.#request = request
  }

  async fields(): Promise<readonly DataField[]> {
    return (await this.#prepare()).choice.fields
  }

  async *batches(): AsyncGenerator<Batch, void, undefined> {
    const { plan } = await this.#prepare()
    yield* firstRows(this.#splitsBatches(plan.splits), this.#request.limit ?? Infinity)
  }

  async *#splitsBatches(splits: readonly Split[]): AsyncGenerator<Batch, void, undefined> {
    for (const split of splits) yield* this.#splitBatches(split)
  }

  async *#splitBatches(split: Split): AsyncGenerator<Batch, void, undefined> {
    const { target, choice } = await this.#prepare()
    const { signal } = this.#context
    throwIfAborted(signal)
    const { store, schema } = target.sourceOf(split)
    const fields = target.fieldsOf(split, choice.sources)
    try {
      const rows = readSplit(fileContext(store, schema), splitOfView(split, choice.view, schema), {
        fields,
        where: choice.where,
        rowIds: choice.rowIds,
        ...kindsOfView(choice.view),
        signal,
      })
      yield* showSplit(choice, rows, split.isStreaming)
    } catch (error) {
      throw this.#named(error, target)
    }
  }

  async #prepare(): Promise<PreparedView> {
    this.#prepared ??= this.#plan()
    return await this.#prepared
  }

  async #plan(): Promise<PreparedView> {
    const target = await this.#target()
    const { schema } = target
    const choice = chooseOfView(this.#view, schema, this.#request)
    const { predicate, where, rowIds } = choice
    const level = this.#view.level?.(schema)
    const limit = predicate === undefined ? this.#request.limit : undefined
    const { signal } = this.#context
    try {
      return { target, choice, plan: await target.plan({ where, limit, level, rowIds, signal }) }
    } catch (error) {
      throw this.#named(error, target)
    }
  }

  async #target(): Promise<ReadTarget> {
    const { store, schema, options, signal } = this.#context
    try {
      return await readTarget(store, schema, options, signal)
    } catch (error) {
      throw this.#named(error, { store, schema, snapshotId: null })
    }
  }

  #named(
    error: unknown,
    { store, schema, snapshotId }: Pick<ReadTarget, 'store' | 'schema' | 'snapshotId'>,
  ): unknown {
    return namedReadError(error, store, this.#context.options, schema, snapshotId)
  }
}
