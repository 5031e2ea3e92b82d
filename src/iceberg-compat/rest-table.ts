/**
 * A table as an Iceberg REST catalog tells it: what of its metadata a commit compares, checked, and compared with ours.
 *
 * Ids there may be any 64-bit integers, for other writers draw them at random.
 */
import * as z from 'zod'

import { corrupt } from '../util/errors.ts'
import { type Json, printFlatJson } from '../util/json.ts'
import type { IcebergMetadata, IcebergSchema, IcebergSnapshot } from './metadata.ts'

const long = z.union([z.number().int(), z.bigint()])
const id = z.number().int()

const SCHEMA = z.looseObject({
  'schema-id': id,
  fields: z.array(z.looseObject({ id, name: z.string() })),
  'identifier-field-ids': z.array(id).default([]),
})

const SPEC = z.looseObject({
  'spec-id': id,
  fields: z.array(
    z.looseObject({ 'source-id': id, name: z.string(), transform: z.string() }).readonly(),
  ),
})

const SERVER_TABLE = z.looseObject({
  'format-version': id,
  'table-uuid': z.string(),
  'last-sequence-number': long.default(0),
  'last-column-id': id,
  'current-schema-id': id,
  schemas: z.array(SCHEMA),
  'default-spec-id': id,
  'partition-specs': z.array(SPEC),
  properties: z.record(z.string(), z.string()).default({}),
  'current-snapshot-id': long.nullish(),
  snapshots: z
    .array(
      z.looseObject({
        'snapshot-id': long,
        'sequence-number': long.default(0),
        'manifest-list': z.string().default(''),
      }),
    )
    .default([]),
  'snapshot-log': z.array(z.looseObject({ 'timestamp-ms': long })).default([]),
  refs: z
    .record(
      z.string(),
      z.looseObject({
        'snapshot-id': long,
        type: z.string(),
        'max-ref-age-ms': long.nullish(),
      }),
    )
    .default({}),
})

const LOADED = z.looseObject({ metadata: SERVER_TABLE })

export type ServerTable = z.infer<typeof SERVER_TABLE>
export type ServerSnapshot = ServerTable['snapshots'][number]

/** The table of an answer to a load or a commit; CORRUPT, naming `path`, for what is none. */
export function serverTable(answer: Json, path: string): ServerTable {
  const parsed = LOADED.safeParse(answer)
  if (parsed.success) return parsed.data.metadata
  const issue = parsed.error.issues[0]!
  throw corrupt(`the Iceberg catalog told no table: ${issue.path.join('.')}: ${issue.message}`, {
    path,
  })
}

/** The snapshot that readers see; null where there is none. */
export function mainSnapshotId(table: ServerTable): number | bigint | null {
  const current = table['current-snapshot-id']
  return current === undefined || current === null || current === -1 ? null : current
}

/**
 * The ids that the server has for our schemas, by ours; those that it does not have are left out. A server keeps one id for
 * schemas of the same columns, which follow each other in Paimon when an option is changed.
 */
export function serverSchemaIds(
  table: ServerTable,
  metadata: IcebergMetadata,
): Map<number, number> {
  const byText = new Map<string, number>()
  for (const schema of table.schemas) byText.set(schemaText(schema), schema['schema-id'])
  const ids = new Map<number, number>()
  for (const schema of metadata.schemas) {
    const there = byText.get(schemaText(schema))
    if (there !== undefined) ids.set(schema['schema-id'], there)
  }
  return ids
}

/** Whether the columns that the table is partitioned by are ours. */
export function hasOurSpec(table: ServerTable, metadata: IcebergMetadata): boolean {
  const theirs = table['partition-specs'].find(
    (spec) => spec['spec-id'] === table['default-spec-id'],
  )
  const ours = metadata['partition-specs'].find(
    (spec) => spec['spec-id'] === metadata['default-spec-id'],
  )
  return specText(theirs?.fields) === specText(ours?.fields)
}

/** Whether a snapshot of the server is this one of ours: rebuilt metadata has other files under the same ids. */
export function isSameSnapshot(
  theirs: ServerSnapshot | undefined,
  ours: IcebergSnapshot,
): theirs is ServerSnapshot {
  return (
    theirs !== undefined &&
    plainPath(theirs['manifest-list']) === plainPath(ours['manifest-list']) &&
    BigInt(theirs['sequence-number']) === BigInt(ours['sequence-number'])
  )
}

/** Whether a snapshot's manifest list lies where this table's metadata does, so that Paimon wrote it. */
export function isOfTable(snapshot: ServerSnapshot, metadataDirectory: string): boolean {
  const path = plainPath(snapshot['manifest-list'])
  return path.startsWith(`${plainPath(metadataDirectory)}/`) && !path.includes('/../')
}

/** Local paths are written with and without their scheme. */
function plainPath(path: string): string {
  return path.replace(/^file:(?:\/\/(?=\/))?/, '')
}

function specText(
  fields:
    | readonly {
        readonly 'source-id': number
        readonly name: string
        readonly transform: string
      }[]
    | undefined,
): string {
  return JSON.stringify(
    (fields ?? []).map((field) => [field['source-id'], field.name, field.transform]),
  )
}

/** What makes two schemas the same: columns in their order, and the identifier. */
export function schemaText(
  schema: IcebergSchema | { readonly fields: unknown; readonly 'identifier-field-ids': number[] },
): string {
  const identifier = [...(schema['identifier-field-ids'] ?? [])].toSorted((a, b) => a - b)
  return printFlatJson([plainValue(schema.fields), identifier])
}

/** Members in the order of their names, types without blanks, so that two writers of one schema agree. */
function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined && member !== null)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [
        name,
        (name === 'type' || name === 'element' || name === 'key' || name === 'value') &&
        typeof member === 'string'
          ? member.replaceAll(' ', '')
          : plainValue(member),
      ]),
  )
}
