/** The quick start: a table is made, written and read. */
import { createCatalog, defineSchema, gte, t } from '../src/index.ts'

const orders = defineSchema({
  columns: { region: t.string().notNull(), id: t.bigint().notNull(), amount: t.decimal(10, 2) },
  primaryKey: ['region', 'id'],
  partitionBy: ['region'],
  options: { bucket: 2 },
})
await using catalog = await createCatalog({ warehouse: process.argv[2] ?? './warehouse' })
const table = await catalog.createTable('sales.orders', orders)
await table.write([
  { region: 'eu', id: 1n, amount: '9.99' },
  { region: 'us', id: 2n, amount: '5.00' },
])
await table.write([{ region: 'eu', id: 1n, amount: '12.50' }]) // the same key again: an update
console.log(await table.read({ where: gte('amount', '6') }).toArray())
