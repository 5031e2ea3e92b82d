/** A warehouse that Java and this library share: made before the tests of a file, and removed behind them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../../src/io/local.ts'
import type { Table } from '../../../src/table/table.ts'
import { JavaPaimon, type JavaWarehouse } from './java.ts'

export interface SharedWarehouse {
  /** The warehouse as Java opens it. */
  readonly java: JavaWarehouse
  readonly io: LocalFileIO
  readonly directory: string
  /** The table as this library opens it, by a catalog that knows nothing yet. */
  table(name: string): Promise<Table>
}

/** To be called where tests are declared, and used where they run. */
export function sharedWarehouse(classPath: string, name: string): SharedWarehouse {
  const io = new LocalFileIO()
  let paimon: JavaPaimon
  let java: JavaWarehouse
  let directory: string

  beforeAll(async () => {
    paimon = new JavaPaimon(classPath)
    directory = await mkdtemp(join(tmpdir(), `millrace-${name}-`))
    java = paimon.warehouse(directory)
  })

  afterAll(async () => {
    await paimon[Symbol.asyncDispose]()
    await io.close()
    await rm(directory, { recursive: true })
  })

  return {
    io,
    get java() {
      return java
    },
    get directory() {
      return directory
    },
    table: async (table) => await new Catalog(io, directory).table(table),
  }
}
