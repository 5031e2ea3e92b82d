/**
 * The main job of the library, on a local directory: a stream of orders is upserted into a primary-key table in ten
 * commits, with updates and deletes, and read back; what is read is held against a plain model kept beside it.
 *
 *     npm run demo [-- DIRECTORY]
 */
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { and, createCatalog, defineSchema, eq, gte, type RowOf, t } from '../src/index.ts'

const COMMITS = 10
const ORDERS_PER_COMMIT = 20_000
const REGIONS = ['eu', 'jp', 'us']

const orders = defineSchema({
  columns: {
    region: t.string().notNull(),
    orderId: t.bigint().notNull(),
    customer: t.string(),
    amount: t.decimal(10, 2),
    status: t.string(),
    updatedAt: t.timestamp(3),
  },
  primaryKey: ['region', 'orderId'],
  partitionBy: ['region'],
  options: { bucket: 2, 'write-only': true },
})
type Order = RowOf<typeof orders.columns>

/** Numbers from a seed, so that every run streams the same orders. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const next = randomNumbers(20_261_121)
/** What the table has to hold: the last version of each order that was not deleted. */
const model = new Map<string, Order>()

function* orderStream(commit: number): Generator<Order & { _kind: '+I' | '-D' }> {
  for (let i = 0; i < ORDERS_PER_COMMIT; i++) {
    const order = {
      region: REGIONS[next(REGIONS.length)]!,
      orderId: BigInt(next(100_000)),
      customer: `customer-${next(5000)}`,
      amount: `${next(1000)}.${String(next(100)).padStart(2, '0')}`,
      status: ['open', 'paid', 'shipped'][next(3)]!,
      updatedAt: `2026-11-21T10:${String(commit).padStart(2, '0')}:00.000`,
    }
    const key = `${order.region}/${order.orderId}`
    const isDelete = next(12) === 0
    if (isDelete) model.delete(key)
    else model.set(key, order)
    yield { ...order, _kind: isDelete ? '-D' : '+I' }
  }
}

function showProgress(done: number): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\r[${'#'.repeat(done).padEnd(COMMITS, '.')}] ${done}/${COMMITS} commits`)
  if (process.stderr.isTTY && done === COMMITS) process.stderr.write('\n')
}

function require(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the demo failed: ${what}`)
}

const warehouse = resolve(process.argv[2] ?? join('.demo', 'warehouse'))
await rm(join(warehouse, 'demo.db'), { recursive: true, force: true })
const start = performance.now()

await using catalog = await createCatalog({ warehouse })
const table = await catalog.createTable('demo.orders', orders)
console.log(`table ${table.name} in ${table.path}\n`)

console.log(
  `streaming ${COMMITS} commits of ${ORDERS_PER_COMMIT} orders, updates and deletes among them`,
)
{
  await using writer = await table.writer({ commitUser: 'demo' })
  for (let commit = 1; commit <= COMMITS; commit++) {
    await writer.write(orderStream(commit))
    const { snapshots } = await writer.commit({ identifier: BigInt(commit) })
    if (!process.stderr.isTTY)
      console.log(
        `  commit ${commit}: snapshot ${snapshots[0]!.id}, ${snapshots[0]!.deltaRecordCount} rows`,
      )
    showProgress(commit)
  }
}
const written = performance.now()

console.log('\nsnapshots')
for (const { id, commitKind, commitIdentifier, totalRecordCount } of await table.snapshots())
  console.log(
    `  ${id}  ${commitKind}  commit ${commitIdentifier}  ${totalRecordCount} rows in files`,
  )

const plan = await table.read().plan()
const files = plan.splits.flatMap((split) => split.files)
console.log(`\n${files.length} data files, ${COMMITS} sorted runs to merge in each bucket`)
const columns = ['partition', 'bucket', 'file_count', 'record_count', 'file_size_in_bytes']
const buckets = await catalog.systemTable('demo.orders$buckets')
for await (const bucket of buckets.read({ columns }).rows()) {
  const [partition, number, fileCount, rowCount, sizeBytes] = Object.values(bucket).map(String)
  console.log(
    `  ${partition} bucket ${number}: ${fileCount} files, ${rowCount} rows, ${sizeBytes} bytes`,
  )
}

const [someKey, someOrder] = [...model].find(([key]) => key.startsWith('eu/'))!
const byKey = table.read({ where: and(eq('region', 'eu'), eq('orderId', someOrder.orderId)) })
const found = await byKey.toArray()
console.log(
  `\nread by key ${someKey}: ${(await byKey.plan()).fileCounts.read} of ${files.length} files read`,
)
console.log(found[0])
require(found.length === 1 && found[0]!.customer === someOrder.customer, 'the row of a key')

let rows = 0
const paidByRegion = new Map<string, bigint>()
for await (const order of table
  .read({ columns: ['region', 'orderId', 'amount', 'status'] })
  .rows()) {
  rows++
  const expected = model.get(`${order.region}/${order.orderId}`)
  require(expected?.amount === order.amount &&
    expected.status === order.status, 'a row as it was written last')
  if (order.status === 'paid')
    paidByRegion.set(
      order.region,
      (paidByRegion.get(order.region) ?? 0n) + BigInt(order.amount!.replace('.', '')),
    )
}
require(rows === model.size, `${model.size} live orders, and ${rows} were read`)
console.log('\npaid by region')
for (const [region, cents] of [...paidByRegion].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`  ${region}  ${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`)

const large = await table.read({ where: gte('amount', '990'), columns: ['orderId'] }).toArray()
const isLarge = ({ amount }: Order): boolean => Number(amount) >= 990
require(large.length === [...model.values()].filter(isLarge).length, 'a filter on a value')

const first = await table.read({ at: { snapshot: 1 }, columns: ['orderId'] }).toArray()
console.log(`\nas of snapshot 1 the table had ${first.length} orders, now it has ${rows}`)

const { damage, counts } = await table.check()
require(damage.length === 0, 'a table without damage')
console.log(
  `\ncheck: ${counts.manifests} manifests and ${counts.dataFiles} data files are as they should be, ${counts.rows} rows in order`,
)

const seconds = (ms: number): string => (ms / 1000).toFixed(1)
console.log(`
What this proved: ${COMMITS * ORDERS_PER_COMMIT} changes in ${COMMITS} commits (${seconds(written - start)} s) read back as exactly
the ${rows} orders that a plain map of them holds: each key once, its last version, deletes gone; reads by key, by
value and of an older snapshot agree with it. The files are Apache Paimon's: point Java, Flink or Spark at
${warehouse}
or look at them with npm run build && npx millrace snapshots demo.orders --warehouse ${process.argv[2] ?? '.demo/warehouse'}`)
