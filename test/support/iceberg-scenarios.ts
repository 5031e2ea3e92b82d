/**
 * Operations on tables that have Iceberg metadata, to let go wrong: whenever a process has died clients read what the metadata
 * show, and the next commit or a rebuild makes them show the table as it is.
 */
import type { FileIO } from '../../src/io/file-io.ts'
import { Table } from '../../src/table/table.ts'
import { checkReadable, IcebergWatch } from './iceberg-check.ts'
import { leaveAsJava } from './iceberg-foreign.ts'
import type { OperationScenario } from './operation-kills.ts'
import { commitOnce, rows, scenario } from './operation-scenarios.ts'
import { openTable } from './table-picture.ts'

type Past = NonNullable<Parameters<typeof scenario>[2]>

const V2: Past['options'] = {
  'metadata.iceberg.storage': 'table-location',
  'metadata.iceberg.compaction.min.file-num': '3',
}
const V3: Past['options'] = { ...V2, 'metadata.iceberg.format-version': '3' }
const VECTORS: Past['options'] = { 'deletion-vectors.enabled': 'true' }
const ALONE: Past['options'] = {
  'snapshot.num-retained.min': '1',
  'snapshot.num-retained.max': '1',
}
const KEPT: Past['options'] = { 'snapshot.num-retained.min': '2', 'snapshot.num-retained.max': '2' }

/** Commits and rebuilds take turns at making up for what went wrong. */
let healed = 0

async function witness(io: FileIO, root: string, isOver: boolean): Promise<void> {
  await checkReadable(io, root)
  if (!isOver) return
  const table = await openTable(io, root)
  if (healed++ % 2 === 0) await table.write(rows('healed', [1, 13]))
  else await table.iceberg.emit({ rebuild: true })
  await new IcebergWatch(io, root, { leftovers: true }).check()
}

/** Metadata name files by their whole paths, so that each copy of a table has its own. */
function published(
  name: string,
  act: OperationScenario['act'],
  { next, ...past }: Past & { readonly next?: (io: FileIO, table: Table) => Promise<unknown> },
): OperationScenario {
  return {
    ...scenario(`Iceberg, ${name}`, act, past),
    witness,
    async arrive(io, root) {
      await io.deleteDirectory(`${root}/metadata`)
      const table = await openTable(io, root)
      await table.iceberg.emit()
      await next?.(io, table)
    },
  }
}

/** The table as a process sees it that publishes nothing. */
function withoutIceberg({ store, schema, name }: Table): Table {
  const { 'metadata.iceberg.storage': _, ...options } = schema.options
  return new Table(store, name, { ...schema, options })
}

/** A commit of which the metadata know nothing yet. */
async function unpublished(_: FileIO, table: Table): Promise<void> {
  await commitOnce(withoutIceberg(table), rows('missed', [4, 8]), { commitUser: 'other' })
}

const changed = rows('new', [2, 11])
const compactedUnseen = async (io: FileIO, table: Table): Promise<void> => {
  await unpublished(io, table)
  await withoutIceberg(table).compact({ full: true })
}

/** With vectors, rows of a process that died before it compacted them wait for the next compaction. */
async function upsertVisibly(table: Table): Promise<void> {
  await commitOnce(table, changed)
  await table.compact({ full: true })
}

export const ICEBERG_SCENARIOS: readonly OperationScenario[] = [
  published('an append', (table) => commitOnce(table, changed), { isKeyed: false, options: V2 }),
  published('an append with ids of rows', (table) => commitOnce(table, changed), {
    isKeyed: false,
    options: V3,
  }),
  published('an upsert and its compaction', (table) => commitOnce(table, changed), {
    options: { ...V2, 'full-compaction.delta-commits': '1' },
    isLong: true,
  }),
  published('an upsert with positions', upsertVisibly, {
    options: { ...V2, ...VECTORS },
    isLong: true,
  }),
  published('an upsert with vectors', upsertVisibly, {
    options: { ...V3, ...VECTORS },
    isLong: true,
  }),
  published('deleted rows with positions', (table) => table.deleteWhere('k = 2'), {
    isKeyed: false,
    options: { ...V2, ...VECTORS },
  }),
  published('deleted rows with vectors', (table) => table.deleteWhere('k = 2'), {
    isKeyed: false,
    options: { ...V3, ...VECTORS },
  }),
  published('a compaction', (table) => table.compact({ full: true }), {
    isKeyed: false,
    isLong: true,
    options: { ...V3, ...VECTORS },
  }),
  published('a commit that expires', (table) => commitOnce(table, changed), {
    isKeyed: false,
    options: { ...V2, ...KEPT },
    repair: (table) => table.expire(),
  }),
  published('expiry', (table) => table.expire({ retainMin: 1, retainMax: 1 }), { options: V2 }),
  published('a commit that expires what it replaced', (table) => commitOnce(table, changed), {
    options: { ...V2, 'full-compaction.delta-commits': '1', ...ALONE },
    isLong: true,
    and: (table) => table.consumers.delete('job'),
    repair: (table) => table.expire(),
  }),
  published(
    'expiry of what is shown still',
    (table) => table.expire({ retainMin: 1, retainMax: 1 }),
    { options: V2, and: (table) => table.consumers.delete('job'), next: compactedUnseen },
  ),
  published('a tag', (table) => table.tags.create('new'), { options: V2 }),
  published('a tag less', (table) => table.tags.delete('first'), {
    options: V3,
    and: (table) => table.expire({ retainMin: 1, retainMax: 1 }),
  }),
  published('a rollback', (table) => table.rollbackTo({ snapshot: 6 }), {
    isKeyed: false,
    options: V3,
    isStepwise: true,
  }),
  published(
    'a change of the schema',
    (table) => table.alter([{ action: 'addColumn', column: 'w', type: 'INT' }]),
    { options: V2 },
  ),
  published('a rebuild', (table) => table.iceberg.emit({ rebuild: true }), { options: V3 }),
  published('commits that were missed', (table) => table.iceberg.emit(), {
    isKeyed: false,
    options: V3,
    next: unpublished,
  }),
  published('metadata of Java', (table) => commitOnce(table, changed), {
    isKeyed: false,
    options: { ...V3, ...VECTORS },
    next: (io, { path }) => leaveAsJava(io, path),
  }),
]
