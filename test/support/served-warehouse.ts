/** A warehouse in memory with tables whose Iceberg metadata Java wrote, for servers of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Catalog } from '../../src/catalog/catalog.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { goldenFiles, goldenRoot } from './golden-tables.ts'

let count = 0

/**
 * `shop.plain` and `empty` have no Iceberg metadata, `shop.damaged` has a schema that is none, and `shop.a`, `shop.b` and
 * `shop.c` are as Java made them.
 */
export async function servedWarehouse(wrap: (io: FileIO) => FileIO = (io) => io): Promise<Catalog> {
  const io = new MemoryFileIO()
  const catalog = new Catalog(wrap(io), `memory://served-${++count}/wh`)
  const shop = `${catalog.warehouse}/shop.db`
  for (const name of ['a', 'b', 'c'])
    for (const directory of ['schema', 'metadata'])
      for (const file of goldenFiles('iceberg_v2', directory))
        if (/schema-0$|\.json$|\.text$/.test(file))
          await io.write(
            `${shop}/${name}/${directory}/${file.split('/').at(-1)}`,
            readFileSync(join(goldenRoot('iceberg_v2'), directory, file.split('/').at(-1)!)),
          )
  const plain = JSON.stringify({ id: 0, fields: [], highestFieldId: -1, partitionKeys: [] })
  const rest = { primaryKeys: [], options: {}, timeMillis: 0 }
  const text = JSON.stringify({ ...(JSON.parse(plain) as object), ...rest })
  await io.write(`${shop}/plain/schema/schema-0`, Buffer.from(text))
  await io.write(`${shop}/damaged/schema/schema-0`, Buffer.from('{'))
  await io.createDirectory(`${catalog.warehouse}/empty.db`)
  return catalog
}
