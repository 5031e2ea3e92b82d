/** The golden tables that Java wrote, as stores. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { LocalFileIO } from '../../src/io/local.ts'
import { openTableStore, type TableStore } from '../../src/snapshot/table-store.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'

const DATABASE = join(import.meta.dirname, '../../fixtures/golden/warehouse/golden.db')

const goldenIo: LocalFileIO = new LocalFileIO()

export const goldenTables: readonly string[] = readdirSync(DATABASE).toSorted()

export function goldenRoot(table: string): string {
  return join(DATABASE, table)
}

export function goldenStore(table: string, branch?: string): TableStore {
  return openTableStore(goldenIo, goldenRoot(table), { branch })
}

export async function goldenSchema(table: string): Promise<TableSchema> {
  return goldenStore(table).schemas.readLatest()
}

/** The names of the files of a directory of the table; none when it is not there. */
export function goldenFiles(table: string, directory: string, prefix = ''): string[] {
  try {
    return readdirSync(join(goldenRoot(table), directory))
      .filter((name) => name.startsWith(prefix))
      .toSorted()
  } catch {
    return []
  }
}
