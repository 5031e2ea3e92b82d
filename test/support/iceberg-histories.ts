/**
 * Random histories of tables that have Iceberg metadata: writes, compactions, deletions, tags, rollbacks, expiry, changes of the
 * schema, commits that publish nothing, two processes at a time, and metadata as Java leaves it. After each step the metadata must be what {@link IcebergWatch} says.
 */
import assert from 'node:assert/strict'

import type { FileIO } from '../../src/io/file-io.ts'
import { openTableStore } from '../../src/snapshot/table-store.ts'
import { Table } from '../../src/table/table.ts'
import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'
import { LakeError } from '../../src/util/errors.ts'
import { IcebergWatch } from './iceberg-check.ts'
import { leaveAsJava } from './iceberg-foreign.ts'
import { between, pick, type Random, seeded } from './random.ts'
import { openTable } from './table-picture.ts'

interface Shape {
  readonly name: string
  readonly isKeyed: boolean
  readonly hasVectors: boolean
  readonly isPartitioned: boolean
  /** Whether the table gives its rows ids itself, which a rollback takes back. */
  readonly isTracked?: boolean
}

export const SHAPES: readonly Shape[] = [
  { name: 'rows', isKeyed: false, hasVectors: false, isPartitioned: true },
  { name: 'rows with vectors', isKeyed: false, hasVectors: true, isPartitioned: true },
  {
    name: 'rows with ids',
    isKeyed: false,
    hasVectors: false,
    isPartitioned: true,
    isTracked: true,
  },
  { name: 'keys', isKeyed: true, hasVectors: false, isPartitioned: true },
  { name: 'keys with vectors', isKeyed: true, hasVectors: true, isPartitioned: false },
  { name: 'keys with vectors in partitions', isKeyed: true, hasVectors: true, isPartitioned: true },
]

/** What one history is of. */
export interface HistoryPlan {
  readonly shape: Shape
  readonly formatVersion: 2 | 3
  readonly stepCount: number
  readonly seed: number
}

/** Everything that a step works with. */
interface History {
  readonly plan: HistoryPlan
  readonly io: FileIO
  readonly root: string
  readonly random: Random
  readonly watch: IcebergWatch
  /** The names that have been used, so that none is used twice. */
  names: number
  /** Whether the metadata may be behind. */
  isBehind: boolean
}

type Step = (history: History, table: Table) => Promise<unknown>

/** Goes through the history; an error tells the steps. The number of snapshots that were published in the end. */
export async function liveHistory(io: FileIO, root: string, plan: HistoryPlan): Promise<number> {
  const random = seeded(plan.seed)
  const watch = new IcebergWatch(io, root)
  const history: History = { plan, io, root, random, watch, names: 0, isBehind: false }
  await create(history)
  const done: string[] = []
  let shown = 0
  try {
    for (let i = 0; i < plan.stepCount; i++) {
      const [name, step] = i < 2 ? STEPS[0]! : pick(random, STEPS)
      done.push(name)
      await step(history, await openTable(io, root)).catch(unlessRefused)
      if (history.isBehind) continue
      shown = await watch.check()
    }
    await publish(history, await openTable(io, root))
    shown = await watch.check()
  } catch (error) {
    throw new Error(`${JSON.stringify(plan)} after ${done.join(', ')}`, { cause: error })
  }
  return shown
}

/** Some steps have nothing to do at times. */
function unlessRefused(error: unknown): void {
  const isRefused = error instanceof LakeError && ['INVALID', 'NOT_FOUND'].includes(error.code)
  if (!isRefused) throw error
}

async function create({ plan, io, root }: History): Promise<void> {
  const { shape, formatVersion, seed } = plan
  const keys = shape.isPartitioned ? ['p', 'k'] : ['k']
  const schema = parseNewSchema({
    fields: [
      { name: 'p', type: shape.isKeyed && shape.isPartitioned ? 'INT NOT NULL' : 'INT' },
      { name: 'k', type: 'INT NOT NULL' },
      { name: 'v', type: 'STRING' },
      { name: 'd', type: 'DECIMAL(10, 2)' },
    ],
    ...(shape.isPartitioned && { partitionKeys: ['p'] }),
    ...(shape.isKeyed && { primaryKeys: keys }),
    options: {
      bucket: shape.isKeyed ? '1' : '-1',
      'metadata.iceberg.storage': 'table-location',
      'metadata.iceberg.format-version': String(formatVersion),
      'metadata.iceberg.compaction.min.file-num': '3',
      'metadata.iceberg.previous-versions-max': String(seed % 3),
      'manifest.target-file-size': seed % 2 === 0 ? '8 kb' : '8 mb',
      ...(shape.isTracked === true && { 'row-tracking.enabled': 'true' }),
      ...(shape.hasVectors && {
        'deletion-vectors.enabled': 'true',
        'deletion-vectors.bitmap64': String(seed % 2 === 0),
      }),
    },
  })
  await openTableStore(io, root).schemas.create(firstSchema(schema, 1_700_000_000_000))
}

const PARTITIONS = [1, 2, 3] as const

function rows({ random, plan }: History): Record<string, unknown>[] {
  const { isKeyed } = plan.shape
  return Array.from({ length: between(random, 1, 12) }, () => ({
    p: !isKeyed && random() < 0.1 ? null : pick(random, PARTITIONS),
    k: between(random, 0, 20),
    v: random() < 0.1 ? null : `v${between(random, 0, 1000)}`,
    d: random() < 0.1 ? null : `${between(random, -500, 500)}.25`,
    ...(isKeyed && random() < 0.2 && { _kind: '-D' }),
  }))
}

/** The metadata are up to date again, and a second call has nothing to do. */
async function publish(history: History, table: Table): Promise<void> {
  await table.iceberg.emit()
  const again = await (await openTable(history.io, history.root)).iceberg.emit()
  assert.ok(again?.isChanged !== true, 'publishing again changed something')
  history.isBehind = false
}

/** What follows writes some rows, so that metadata that were behind are published. */
const write: Step = async (history, table) => {
  await table.write(rows(history))
  history.isBehind = false
}

/** The table as a process sees it that publishes nothing. */
function unpublished(table: Table): Table {
  const { 'metadata.iceberg.storage': _, ...options } = table.schema.options
  return new Table(table.store, table.name, { ...table.schema, options })
}

const missed: Step = async (history, table) => {
  history.isBehind = true
  for (let left = between(history.random, 1, 3); left > 0; left--)
    await unpublished(table).write(rows(history))
  if (history.random() < 0.3) await unpublished(table).compact({ full: true })
}

const twoAtATime: Step = async (history, table) => {
  const other = await openTable(history.io, history.root)
  await Promise.all([table.write(rows(history)), other.write(rows(history))])
  await Promise.all([table.iceberg.emit(), other.iceberg.emit()])
  history.watch.allowLeftovers()
  history.isBehind = false
}

const rollback: Step = async ({ random, plan, watch }, table) => {
  if (plan.shape.isTracked === true) watch.forgetRowIds()
  const ids = (await table.snapshots()).map(({ id }) => id)
  const tags = await table.tags.list()
  const isTag = tags.length > 0 && random() < 0.3
  if (isTag) await table.rollbackTo({ tag: pick(random, tags).name })
  else if (ids.length > 1) await table.rollbackTo({ snapshot: pick(random, ids) })
}

const alter: Step = async (history, table) => {
  const name = `c${history.names++}`
  const added = table.schema.fields.filter(({ name: column }) => /^c\d+$/.test(column))
  const column = added.length === 0 ? name : pick(history.random, added).name
  const changes = [
    { action: 'addColumn', column: name, type: pick(history.random, ['INT', 'DATE', 'STRING']) },
    { action: 'renameColumn', column, to: name },
    { action: 'dropColumn', column },
    { action: 'renameColumn', column: 'v', to: 'v' },
    { action: 'updateColumnType', column: 'k', type: 'BIGINT' },
    { action: 'updateColumnType', column: 'd', type: 'DECIMAL(14, 2)' },
    { action: 'setOption', name: 'metadata.iceberg.format-version', value: 3 },
  ] as const
  await table.alter([pick(history.random, changes)])
}

const tag: Step = async (history, table) => {
  const tags = await table.tags.list()
  const { random } = history
  if (tags.length > 2 || (tags.length > 0 && random() < 0.3))
    return await table.tags.delete(pick(random, tags).name)
  if (tags.length > 0 && random() < 0.3) return await table.tags.replace(pick(random, tags).name)
  return await table.tags.create(`t${history.names++}`)
}

const foreign: Step = async (history, table) => {
  if (history.isBehind) await publish(history, table)
  const hasNextRowId = history.random() < 0.5
  if (!hasNextRowId) history.watch.forgetRowIds()
  await leaveAsJava(history.io, history.root, hasNextRowId)
  await write(history, table)
}

const STEPS: readonly (readonly [name: string, step: Step])[] = [
  ['write', write],
  ['write', write],
  ['write', write],
  ['write', write],
  ['compact', (_, table) => table.compact({ full: true })],
  ['compact', (_, table) => table.compact({ full: true })],
  ['delete', ({ random }, table) => table.deleteWhere(`k = ${between(random, 0, 20)}`)],
  ['delete', ({ random }, table) => table.deleteWhere(`k > ${between(random, 5, 20)}`)],
  [
    'overwrite',
    (history, table) => table.overwrite(rows(history).map((row) => ({ ...row, _kind: '+I' }))),
  ],
  ['truncate', (_, table) => table.truncate()],
  ['tag', tag],
  ['tag', tag],
  ['rollback', rollback],
  [
    'expire',
    ({ random }, table) => {
      const retained = between(random, 1, 4)
      return table.expire({ retainMin: retained, retainMax: retained })
    },
  ],
  ['alter', alter],
  ['compact manifests', (_, table) => table.compactManifests()],
  ['analyze', (_, table) => table.analyze()],
  ['missed', missed],
  ['two at a time', twoAtATime],
  ['foreign', foreign],
  [
    'rebuild',
    async (history, table) => {
      await table.iceberg.emit({ rebuild: true })
      history.isBehind = false
    },
  ],
  ['publish', publish],
]
