/** Operations as this library does them. */
import { setTimeout } from 'node:timers/promises'

import type { Table } from '../../../src/table/table.ts'
import type { ColumnPosition, SchemaChange } from '../../../src/types/schema-change.ts'
import type { SchemaStep } from './operation-changes.ts'
import type { Operation } from './operation-plans.ts'
import { parseJson } from './our-writes.ts'
import type { SharedWarehouse } from './shared-warehouse.ts'

/** Does the operation by a process that knows nothing yet of the table; what fails of the upkeep behind it fails too. */
export async function weOperate(
  both: SharedWarehouse,
  name: string,
  step: Operation,
): Promise<void> {
  const table = await both.table(name)
  await (ROWS.has(step.op) ? changeRows(table, step) : changeMetadata(table, step))
}

const ROWS = new Set(['write', 'compact', 'overwrite', 'dropPartitions', 'expirePartitions'])

async function changeRows(table: Table, step: Operation): Promise<void> {
  switch (step.op) {
    case 'write':
      return await write(table, step.rows)
    case 'compact':
      await table.compact({ full: step.full })
      return
    case 'overwrite':
      return await overwrite(table, step)
    case 'dropPartitions':
      await table.dropPartitions(step.partitions)
      return
    case 'expirePartitions': {
      const options = { ...step.options, 'partition.expiration-check-interval': '0 s' }
      await table.withOptions(options).expirePartitions()
      return
    }
    default:
      throw new TypeError(step.op)
  }
}

async function changeMetadata(table: Table, step: Operation): Promise<unknown> {
  switch (step.op) {
    case 'expire':
      return await expire(table, step)
    case 'compactManifests':
      return await table.compactManifests()
    case 'orphans':
      return await removeOrphans(table)
    case 'rollback': {
      const { tag, snapshot } = step
      return await table.rollbackTo(tag === undefined ? { snapshot: snapshot! } : { tag })
    }
    case 'alter':
      return await table.alter(step.changes.map(schemaChange))
    case 'consumer': {
      const latest = (await table.latestSnapshot())!.id
      return await table.consumers.reset(step.name, step.next > latest ? 'latest' : step.next)
    }
    case 'deleteConsumer':
      return await table.consumers.delete(step.name)
    default:
      return await changeTagOrBranch(table, step)
  }
}

async function changeTagOrBranch({ tags, branches }: Table, step: Operation): Promise<unknown> {
  switch (step.op) {
    case 'tag': {
      const { snapshot } = step
      return await tags.create(step.name, snapshot === undefined ? {} : { at: { snapshot } })
    }
    case 'replaceTag':
      return await tags.replace(step.name, { at: { snapshot: step.snapshot } })
    case 'renameTag':
      return await tags.rename(step.name, step.to)
    case 'deleteTag':
      return await tags.delete(step.name)
    case 'branch':
      return await branches.create(step.name, { tag: step.tag })
    case 'renameBranch':
      return await branches.rename(step.name, step.to)
    case 'deleteBranch':
      return await branches.delete(step.name)
    case 'fastForward':
      return await branches.fastForward(step.name)
    default:
      throw new TypeError(step.op)
  }
}

async function expire(table: Table, step: Operation & { readonly op: 'expire' }): Promise<unknown> {
  const { min, max, limit, changelogs } = step
  const anHourAgo = new Date(Date.now() - 3_600_000)
  return await table.expire({
    retainMin: min,
    retainMax: max,
    olderThan: new Date(),
    limit,
    ...(changelogs !== undefined && {
      changelogs: { retainMin: 1, retainMax: changelogs, olderThan: anHourAgo },
    }),
  })
}

/** However young they are. */
async function removeOrphans(table: Table): Promise<unknown> {
  await setTimeout(20)
  const olderThan = new Date()
  await setTimeout(2)
  return await table.removeOrphans({ olderThan })
}

function schemaChange(step: SchemaStep): SchemaChange {
  switch (step.kind) {
    case 'setOption':
      return { action: 'setOption', name: step.name, value: step.value }
    case 'removeOption':
      return { action: 'removeOption', name: step.name }
    case 'comment':
      return { action: 'updateComment', comment: step.value }
    case 'rename':
      return { action: 'renameColumn', column: step.name, to: step.to }
    case 'drop':
      return { action: 'dropColumn', column: step.name }
    case 'type':
      return { action: 'updateColumnType', column: step.name, type: step.type }
    case 'nullable':
      return { action: 'updateColumnNullability', column: step.name, nullable: step.value }
    case 'describe':
      return { action: 'updateColumnComment', column: step.name, comment: step.value }
    case 'add':
      return { action: 'addColumn', column: step.name, type: step.type, position: placeOf(step) }
    case 'move':
      return { action: 'updateColumnPosition', column: step.name, position: placeOf(step)! }
  }
}

async function write(table: Table, rows: readonly unknown[]): Promise<void> {
  await using writer = await table.writer({ isStream: false })
  await writer.writeJson([parseJson(JSON.stringify(rows))] as never)
  const { upkeepErrors } = await writer.commit({ waitForCompaction: true })
  if (upkeepErrors.length > 0) throw upkeepErrors[0]
}

async function overwrite(
  table: Table,
  { rows, dynamic }: Operation & { readonly op: 'overwrite' },
): Promise<void> {
  const options = { 'dynamic-partition-overwrite': String(dynamic) }
  await using writer = await table.withOptions(options).writer({ overwrite: {}, isStream: false })
  await writer.writeJson([parseJson(JSON.stringify(rows))] as never)
  const { upkeepErrors } = await writer.commit({ waitForCompaction: true })
  if (upkeepErrors.length > 0) throw upkeepErrors[0]
}

function placeOf({
  first,
  after,
}: {
  readonly first?: true
  readonly after?: string
}): ColumnPosition | undefined {
  if (first === true) return 'first'
  return after === undefined ? undefined : { after }
}
