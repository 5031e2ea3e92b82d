/**
 * Iceberg's table metadata (`vN.metadata.json`): its parts, and their way from and to JSON.
 *
 * Names are those of the file. Source: the Iceberg specification, "Table Metadata Fields".
 */
import * as z from 'zod'

import { corrupt } from '../util/errors.ts'
import { parseJson, printFlatJson } from '../util/json.ts'

export interface IcebergField {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: IcebergType
  readonly doc?: string
}

/** A primitive type by its name, or a nested one. */
export type IcebergType = string | IcebergStruct | IcebergList | IcebergMap

export interface IcebergStruct {
  readonly type: 'struct'
  readonly fields: readonly IcebergField[]
}

export interface IcebergList {
  readonly type: 'list'
  readonly 'element-id': number
  readonly element: IcebergType
  readonly 'element-required': boolean
}

export interface IcebergMap {
  readonly type: 'map'
  readonly 'key-id': number
  readonly key: IcebergType
  readonly 'value-id': number
  readonly value: IcebergType
  readonly 'value-required': boolean
}

export interface IcebergSchema extends IcebergStruct {
  readonly 'schema-id': number
  readonly 'identifier-field-ids'?: readonly number[]
}

export interface IcebergPartitionField {
  readonly 'source-id': number
  readonly 'field-id': number
  readonly name: string
  readonly transform: string
}

export interface IcebergPartitionSpec {
  readonly 'spec-id': number
  readonly fields: readonly IcebergPartitionField[]
}

export interface IcebergSnapshot {
  readonly 'snapshot-id': number
  readonly 'parent-snapshot-id'?: number
  readonly 'sequence-number': number
  readonly 'timestamp-ms': number
  readonly 'manifest-list': string
  readonly summary: Readonly<Record<string, string>> & { readonly operation: string }
  readonly 'schema-id'?: number
  /** Version 3: the id of the first row that the snapshot added, and how many ids it took. */
  readonly 'first-row-id'?: bigint | number
  readonly 'added-rows'?: bigint | number
}

export interface IcebergRef {
  readonly 'snapshot-id': number
  readonly type: 'branch' | 'tag'
  readonly 'max-ref-age-ms'?: number
}

export interface IcebergMetadata {
  readonly 'format-version': number
  readonly 'table-uuid': string
  readonly location: string
  readonly 'last-sequence-number': number
  readonly 'last-updated-ms': number
  readonly 'last-column-id': number
  readonly schemas: readonly IcebergSchema[]
  readonly 'current-schema-id': number
  readonly 'partition-specs': readonly IcebergPartitionSpec[]
  readonly 'default-spec-id': number
  readonly 'last-partition-id': number
  readonly 'sort-orders': readonly { readonly 'order-id': number; readonly fields: readonly [] }[]
  readonly 'default-sort-order-id': number
  readonly properties: Readonly<Record<string, string>>
  /** -1 where the table has no snapshot. */
  readonly 'current-snapshot-id': number
  readonly snapshots: readonly IcebergSnapshot[]
  readonly refs: Readonly<Record<string, IcebergRef>>
  readonly 'snapshot-log': readonly {
    readonly 'snapshot-id': number
    readonly 'timestamp-ms': number
  }[]
  readonly 'metadata-log': readonly {
    readonly 'metadata-file': string
    readonly 'timestamp-ms': number
  }[]
  /** Version 3: the id of the next row. */
  readonly 'next-row-id'?: bigint | number
}

const whole = z.number().int().min(-1).max(Number.MAX_SAFE_INTEGER)
const rowId = z.union([z.bigint().min(0n), z.number().int().min(0)])

/** What is read back is checked as far as it is used; schemas and specs are made anew each time. */
const METADATA = z.looseObject({
  'format-version': whole,
  'table-uuid': z.string(),
  location: z.string(),
  'last-sequence-number': whole,
  'last-updated-ms': whole,
  'current-snapshot-id': whole.default(-1),
  properties: z.record(z.string(), z.string()).default({}),
  snapshots: z
    .array(
      z.looseObject({
        'snapshot-id': whole,
        'parent-snapshot-id': whole.optional(),
        'sequence-number': whole,
        'timestamp-ms': whole,
        'manifest-list': z.string(),
        summary: z.looseObject({ operation: z.string() }).catchall(z.string()),
        'schema-id': whole.optional(),
        'first-row-id': rowId.optional(),
        'added-rows': rowId.optional(),
      }),
    )
    .default([]),
  refs: z.record(z.string(), z.looseObject({ 'snapshot-id': whole })).default({}),
  'snapshot-log': z.array(z.object({ 'snapshot-id': whole, 'timestamp-ms': whole })).default([]),
  'metadata-log': z
    .array(z.object({ 'metadata-file': z.string(), 'timestamp-ms': whole }))
    .default([]),
  'next-row-id': rowId.optional(),
})

/** The metadata of a file; CORRUPT, naming the file, for what is none. */
export function parseIcebergMetadata(path: string, bytes: Uint8Array): IcebergMetadata {
  const parsed = METADATA.safeParse(parseJson(new TextDecoder().decode(bytes), path))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    throw corrupt(`is no Iceberg metadata: ${issue.path.join('.')}: ${issue.message}`, { path })
  }
  return parsed.data as unknown as IcebergMetadata
}

/** Without blanks: the file grows with the snapshots, and is read for every plan. */
export function icebergMetadataText(metadata: IcebergMetadata): string {
  return printFlatJson(metadata)
}
