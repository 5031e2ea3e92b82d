/** Statistics of files as `$files` shows them where columns have changed since; the texts are Java's. */
import { expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../../src/io/local.ts'
import type { DataFileMeta } from '../../../src/snapshot/data-file-meta.ts'
import { encodeStats } from '../../../src/snapshot/stats.ts'
import { fileStatsTexts } from '../../../src/table/system/file-stats.ts'
import { utf8 } from '../../../src/types/internal-value.ts'
import { parseSchemaFile, type TableSchema } from '../../../src/types/schema-file.ts'
import { GOLDEN_WAREHOUSE } from '../../support/golden-expect.ts'

test('bounds are cast to the types that columns have now', async () => {
  await using catalog = new Catalog(new LocalFileIO(), GOLDEN_WAREHOUSE)
  const files = (await catalog.systemTable('golden.cast$files')).read({
    columns: ['min_value_stats', 'max_value_stats'],
    where: 'schema_id = 0',
  })
  expect(await files.toArray()).toEqual([
    {
      min_value_stats:
        '{b=false, d=-73419056.1400, da=1944-10-19T00:00, f=-Infinity, i=-897864945, id=0, n=-432014113.000, s=-32403, t=1957-04-06T14:20:12.126}',
      max_value_stats:
        '{b=true, d=84030613.4300, da=2051-06-19T00:00, f=147.125, i=902, id=59, n=1472807550.000, s=29193, t=2020-10-06T21:37:49.479}',
    },
  ])
})

function schemaOf(type: string): TableSchema {
  const fields = [{ id: 0, name: 'x', type }]
  const keys = { partitionKeys: [], primaryKeys: [], options: {} }
  const json = { version: 3, id: 0, fields, highestFieldId: 0, ...keys, timeMillis: 0 }
  return parseSchemaFile(JSON.stringify(json), 'a test schema')
}

test('a bound that cannot be cast shows as the file has it', () => {
  const [then, now] = [schemaOf('STRING'), schemaOf('INT')]
  const types = then.fields.map(({ type }) => type)
  const valueStats = encodeStats(types, [{ min: utf8('12'), max: utf8('7 and mo'), nullCount: 3 }])
  const file = { fileName: 'f', rowCount: 5, valueStats, valueStatsCols: null, writeCols: null }
  expect(fileStatsTexts(file as unknown as DataFileMeta, then, now)).toEqual({
    nullCounts: '{x=3}',
    minValues: '{x=12}',
    maxValues: '{x=7 and mo}',
  })
})
