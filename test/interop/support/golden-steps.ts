/** What Java did to make each golden table, step by step, and the same done by this library. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { parseJson, weWrite } from './our-writes.ts'
import type { SharedWarehouse } from './shared-warehouse.ts'

/** A step as Java recorded it; rows are JSON with their kinds. */
type GoldenStep =
  /** The next schema, as its file has it. */
  | { readonly op: 'schema'; readonly schema: string }
  | {
      readonly op: 'write'
      /** The table, with its branch. */
      readonly table: string
      /** Whether the buckets that are written to are compacted whole in the same commit. */
      readonly compact: boolean
      readonly rows: readonly unknown[]
    }
  | { readonly op: 'tag'; readonly name: string; readonly snapshot: number }
  | { readonly op: 'branch'; readonly name: string; readonly tag: string }

async function goldenSteps(directory: string, table: string): Promise<GoldenStep[]> {
  const text = await readFile(join(directory, 'steps', `${table}.jsonl`), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseJson(line) as GoldenStep)
}

/**
 * Makes the table in the shared warehouse as Java made it below `directory`. Rows, commits and compactions are this
 * library's; schemas are taken as they are, and Java makes tags and branches.
 */
export async function remakeGoldenTable(
  { io, java, directory: warehouse }: SharedWarehouse,
  directory: string,
  table: string,
): Promise<void> {
  const root = join(warehouse, 'golden.db', table)
  for (const step of await goldenSteps(directory, table))
    switch (step.op) {
      case 'schema': {
        const { id } = JSON.parse(step.schema) as { readonly id: number }
        await mkdir(join(root, 'schema'), { recursive: true })
        await writeFile(join(root, 'schema', `schema-${id}`), step.schema)
        break
      }
      case 'write': {
        const opened = await new Catalog(io, warehouse).table(`golden.${step.table}`)
        await weWrite(opened, step.rows, { compact: step.compact })
        break
      }
      case 'tag':
        await java.tag(`golden.${table}`, { name: step.name, snapshot: step.snapshot })
        break
      case 'branch':
        await java.branch(`golden.${table}`, step.name, step.tag)
        break
    }
}
