/** Planning a read of a table of many files and snapshots, with and without a filter on its partition. */
import { createCatalog, defineSchema, eq, type Predicate, t } from '../src/index.ts'

export const PLANNED_TABLE = 'bench.planned'
/** 500 commits of 20 files each. */
const COMMITS = 500
const FILES_PER_COMMIT = 20
const PARTITIONS = 200

const planningTable = defineSchema({
  columns: { dt: t.string().notNull(), k: t.int().notNull(), v: t.string() },
  partitionBy: ['dt'],
  primaryKey: ['dt', 'k'],
  options: { bucket: 1, 'write-only': true },
})

export function partitionName(index: number): string {
  return `day-${String(index % PARTITIONS).padStart(3, '0')}`
}

/** Makes the table unless it is there. */
export async function preparePlanning(warehouse: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.createTable(PLANNED_TABLE, planningTable, { ifNotExists: true })
  if (((await table.latestSnapshot())?.id ?? 0) >= COMMITS) return
  await using writer = await table.writer({ commitUser: 'planning' })
  for (let commit = 1; commit <= COMMITS; commit++) {
    const rows = Array.from({ length: FILES_PER_COMMIT }, (_, i) => ({
      dt: partitionName(commit * FILES_PER_COMMIT + i),
      k: commit,
      v: `value ${commit} ${i}`,
    }))
    await writer.write(rows)
    await writer.commit({ identifier: BigInt(commit) })
  }
}

/** The files that a plan reads, made by a catalog that knows nothing yet. */
export async function countPlanned(warehouse: string, where?: Predicate<never>): Promise<number> {
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.table(PLANNED_TABLE)
  const { splits } = await table.read(where === undefined ? {} : { where }).plan()
  return splits.reduce((sum, { files }) => sum + files.length, 0)
}

export function onePartition(): Predicate<never> {
  return eq('dt', partitionName(7))
}
