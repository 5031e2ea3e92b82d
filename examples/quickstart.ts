/** The quick start of the README: a table is made, written, updated and read. A test keeps the two alike. */
import { createCatalog, defineSchema, lt, t } from '../src/index.ts'

const columns = { id: t.bigint().notNull(), item: t.string(), price: t.decimal(10, 2) }
const orders = defineSchema({ columns, primaryKey: ['id'], options: { bucket: 1 } })
const catalog = await createCatalog({ warehouse: './warehouse' })
const table = await catalog.createTable('shop.orders', orders, { ifNotExists: true })
await table.write([
  { id: 1n, item: 'tea', price: '2.50' },
  { id: 2n, item: 'ink', price: '9.00' },
])
await table.write([{ id: 1n, item: 'tea', price: '3.20' }]) // the same key again: an update
console.log(await table.read({ where: lt('price', '5') }).toArray())
await catalog.close()
