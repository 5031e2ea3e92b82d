/** Tables with a past, and what is done to them that keeps them in order. */
import type { FileIO } from '../../src/io/file-io.ts'
import { ConsumerStore } from '../../src/snapshot/consumer-store.ts'
import { openBranch, openTableStore } from '../../src/snapshot/table-store.ts'
import { Table } from '../../src/table/table.ts'
import { TableWriter, type WriterOptions } from '../../src/table/write/writer.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'
import type { OperationScenario } from './operation-kills.ts'
import { openTable, removeAllOrphans } from './table-picture.ts'

type Options = Readonly<Record<string, string>>
type Row = Readonly<{ p: string; k: number; v: string; _kind?: string }>

const FIELDS = [
  { name: 'p', type: 'STRING NOT NULL' },
  { name: 'k', type: 'INT NOT NULL' },
  { name: 'v', type: 'STRING' },
]

const DATES = ['2020-01-01', '2999-01-01'] as const

export function rows(v: string, keys: readonly number[], kind?: string): Row[] {
  return keys.map((k) => ({
    p: DATES[k % 2]!,
    k,
    v: `${v} ${k}`,
    ...(kind !== undefined && { _kind: kind }),
  }))
}

interface Past {
  readonly isKeyed?: boolean
  readonly options?: Options
  /** What is done to the table last, as `prepare` of the scenario does it. */
  readonly and?: (table: Table, io: FileIO) => Promise<unknown>
}

/** A table of eight snapshots, of which the consumer `job` has read four, and the tags `first` and `mid`. */
export function scenario(
  name: string,
  act: OperationScenario['act'],
  past: Past & Pick<OperationScenario, 'isLong' | 'isStepwise' | 'repair'> = {},
): OperationScenario {
  const { isKeyed = true, options = {}, and, ...rest } = past
  const keys = isKeyed ? { primaryKeys: ['p', 'k'] } : {}
  const own = isKeyed ? KEYED : APPENDED
  return {
    name,
    act,
    ...rest,
    async prepare(io, root) {
      const definition = { fields: FIELDS, partitionKeys: ['p'], ...keys }
      const schema = parseNewSchema({ ...definition, options: { ...own, ...options } })
      const { location, schemas } = openTableStore(io, root)
      await schemas.create(firstSchema(schema, 1_700_000_000_000))
      await live(await openTable(io, root), isKeyed)
      await new ConsumerStore(io, location).write('job', 5)
      await and?.(await openTable(io, root), io)
    },
  }
}

const KEYED: Options = {
  bucket: '1',
  'changelog-producer': 'input',
  'num-sorted-run.compaction-trigger': '100',
}
const APPENDED: Options = { bucket: '-1', 'compaction.min.file-num': '2' }

async function live(table: Table, isKeyed: boolean): Promise<void> {
  await table.write(rows('one', [1, 2, 3, 4]))
  await table.tags.create('first')
  await table.write(rows('two', [2, 5]))
  await table.write(isKeyed ? rows('gone', [3], '-D') : rows('three', [3]))
  await table.compact({ full: true })
  await table.write(rows('five', [1, 6]))
  await table.tags.create('mid')
  await table.write(rows('six', [7]))
  await table.compact({ full: true })
  await table.write(rows('eight', [2, 9]))
}

/** The commit of the same user and identifier, which happens once; what fails behind it makes it fail. */
export async function commitOnce(
  table: Table,
  written: Row[],
  options: WriterOptions = {},
): Promise<void> {
  await using writer = new TableWriter(table.store, table.schema, { commitUser: 'job', ...options })
  await writer.write(written)
  const { upkeepErrors } = await writer.commit({ identifier: 42n, waitForCompaction: true })
  if (upkeepErrors.length > 0) throw upkeepErrors[0]
}

const VECTORS: Options = { 'deletion-vectors.enabled': 'true' }
const KEPT: Options = { 'snapshot.num-retained.min': '2', 'snapshot.num-retained.max': '2' }
const DECOUPLED: Options = {
  'snapshot.num-retained.min': '1',
  'changelog.num-retained.min': '8',
  'changelog.num-retained.max': '20',
}
const EXPIRING: Options = {
  'partition.expiration-time': '30 d',
  'partition.timestamp-formatter': 'yyyy-MM-dd',
}

const WRITES: readonly OperationScenario[] = [
  scenario('an append', (table) => commitOnce(table, rows('new', [2, 11])), { isKeyed: false }),
  scenario('an upsert', (table) =>
    commitOnce(table, [...rows('new', [2, 11]), ...rows('old', [1], '-D')]),
  ),
  scenario(
    'an upsert and a compaction',
    (table) =>
      commitOnce(
        table.withOptions({ 'num-sorted-run.compaction-trigger': '2' }),
        rows('new', [2, 11]),
      ),
    { isLong: true },
  ),
  scenario('an overwrite', (table) =>
    commitOnce(table, rows('new', [2, 12]), { overwrite: { partition: { p: DATES[0] } } }),
  ),
  scenario('vectors of deleted rows', (table) => table.deleteWhere('k = 2'), {
    isKeyed: false,
    options: VECTORS,
  }),
  scenario('files without deleted rows', (table) => table.deleteWhere('k = 2'), { isKeyed: false }),
  scenario('a compaction', (table) => table.compact({ full: true }), { isLong: true }),
  scenario('a compaction without keys', (table) => table.compact({ full: true }), {
    isKeyed: false,
    isLong: true,
  }),
  scenario('a compaction of manifests', (table) => table.compactManifests()),
  scenario('a change of the schema', (table) =>
    table.alter([
      { action: 'addColumn', column: 'w', type: 'INT' },
      { action: 'renameColumn', column: 'v', to: 'value' },
    ]),
  ),
]

const EXPIRIES: readonly OperationScenario[] = [
  scenario('expiry', (table) => table.expire({ retainMin: 1, retainMax: 1 })),
  scenario('expiry without keys', (table) => table.expire({ retainMin: 1, retainMax: 1 }), {
    isKeyed: false,
    options: VECTORS,
  }),
  scenario('expiry that keeps changelogs', (table) => table.expire({ retainMax: 1 }), {
    options: DECOUPLED,
  }),
  scenario(
    'expiry of changelogs',
    (table) => table.expire({ retainMax: 1, changelogs: { retainMin: 1, retainMax: 6 } }),
    { options: DECOUPLED, and: (table) => table.expire({ retainMax: 3 }) },
  ),
  scenario('a commit that expires', (table) => commitOnce(table, rows('new', [2])), {
    options: KEPT,
    repair: (table) => table.expire(),
  }),
  scenario('expiry of partitions', (table) => table.expirePartitions(), { options: EXPIRING }),
  scenario('a removal of orphans', removeAllOrphans, { and: leaveOrphans }),
]

const TAGS: readonly OperationScenario[] = [
  scenario('a tag', (table) => table.tags.create('new')),
  scenario(
    'a tag of an expired snapshot',
    (table) => table.tags.create('new', { at: { tag: 'first' } }),
    {
      and: (table) => table.expire({ retainMin: 1, retainMax: 1 }),
    },
  ),
  scenario(
    'a tag with another snapshot',
    (table) => table.tags.replace('first', { at: { snapshot: 8 } }),
    { and: (table) => table.expire({ retainMin: 1, retainMax: 1 }) },
  ),
  scenario('a tag with another name', (table) => table.tags.rename('first', 'oldest')),
  scenario('a tag less', (table) => table.tags.delete('first'), {
    and: (table) => table.expire({ retainMin: 1, retainMax: 1 }),
  }),
]

/** With a commit of its own. */
async function branchOff(table: Table): Promise<void> {
  await table.branches.create('dev', { tag: 'mid' })
  await commitOnce(await branchOf(table), rows('dev', [2, 21]))
}

async function branchOf({ store, name }: Table): Promise<Table> {
  const branch = openBranch(store, 'dev')
  return new Table(branch, name, await branch.schemas.readLatest())
}

/** A branch has both names where it was copied and not yet deleted. */
async function deleteHalf({ branches }: Table): Promise<void> {
  if ((await branches.list()).length === 2) await branches.delete('dev')
}

const EXPIRED: Past = { and: (table) => table.expire({ retainMin: 1, retainMax: 1 }) }
const BRANCHED: Past = { and: branchOff }

const BRANCHES: readonly OperationScenario[] = [
  scenario('a branch', (table) => table.branches.create('new', { tag: 'first' }), EXPIRED),
  scenario('an empty branch', (table) => table.branches.create('new')),
  scenario(
    'a commit to a branch',
    async (table) => commitOnce(await branchOf(table), rows('new', [2, 22]), { commitUser: 'dev' }),
    BRANCHED,
  ),
  scenario('a branch with another name', (table) => table.branches.rename('dev', 'development'), {
    ...BRANCHED,
    repair: deleteHalf,
  }),
  scenario('a branch less', (table) => table.branches.delete('dev'), BRANCHED),
  scenario('a fast-forward', (table) => table.branches.fastForward('dev'), {
    ...BRANCHED,
    isStepwise: true,
  }),
  scenario('expiry beside a branch', (table) => table.expire({ retainMin: 1, retainMax: 1 }), {
    async and(table) {
      await branchOff(table)
      await table.tags.delete('mid')
      await table.consumers.delete('job')
    },
  }),
]

const RETURNS: readonly OperationScenario[] = [
  scenario('a rollback', (table) => table.rollbackTo({ snapshot: 6 }), { isStepwise: true }),
  // With changes the snapshot would come back without them, as with Java: they are not what a tag keeps.
  scenario('a rollback to what expired', (table) => table.rollbackTo({ tag: 'first' }), {
    ...EXPIRED,
    isKeyed: false,
    isStepwise: true,
  }),
  scenario('a consumer that goes back', (table) => table.consumers.reset('job', 2)),
  scenario('a consumer less', (table) => table.consumers.delete('job')),
  scenario('statistics', (table) => table.analyze(), { isLong: true }),
  scenario('a partition that is done', (table) => table.markPartitionsDone([{ p: DATES[0] }])),
]

/** Files as those have left them that died in a commit. */
async function leaveOrphans({ path }: Table, io: FileIO): Promise<void> {
  for (const name of [
    'manifest/manifest-00000000-0000-0000-0000-000000000000-0',
    'manifest/manifest-list-00000000-0000-0000-0000-000000000000-0',
    'index/index-00000000-0000-0000-0000-000000000000-0',
    `p=${DATES[0]}/bucket-0/data-00000000-0000-0000-0000-000000000000-0.parquet`,
    'snapshot/.snapshot-9.00000000-0000-0000-0000-000000000000.tmp',
  ])
    await io.write(`${path}/${name}`, utf8('left behind'))
}

export const OPERATION_SCENARIOS: readonly OperationScenario[] = [
  ...WRITES,
  ...EXPIRIES,
  ...TAGS,
  ...BRANCHES,
  ...RETURNS,
]
