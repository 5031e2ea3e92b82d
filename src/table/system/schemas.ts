/** `$schemas` and `$options`. Follow the Java classes `SchemasTable` and `OptionsTable`. */
import type { RawOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldToJson } from '../../types/type-text.ts'
import { hashMapOrder } from '../../util/java-hash-map.ts'
import { printFlatJson } from '../../util/json.ts'
import { column, type SystemSource } from './columns.ts'

export const SCHEMAS: SystemSource<TableSchema> = {
  columns: [
    column('schema_id', 'BIGINT NOT NULL', ({ id }) => BigInt(id)),
    column('fields', 'STRING NOT NULL', ({ fields }) => printFlatJson(fields.map(fieldToJson))),
    column('partition_keys', 'STRING NOT NULL', (schema) => printFlatJson(schema.partitionKeys)),
    column('primary_keys', 'STRING NOT NULL', (schema) => printFlatJson(schema.primaryKeys)),
    column('options', 'STRING NOT NULL', ({ options }) => printFlatJson(inJavaOrder(options))),
    column('comment', 'STRING', ({ comment }) => comment ?? null),
    column('update_time', 'TIMESTAMP(3) NOT NULL', ({ timeMillis }) => BigInt(timeMillis)),
  ],
  async *items({ store, signal }) {
    for (const id of await store.schemas.ids({ signal })) yield store.schemas.read(id, { signal })
  },
}

function inJavaOrder(options: RawOptions): RawOptions {
  return Object.fromEntries(
    hashMapOrder(Object.keys(options)).map((name) => [name, options[name]!]),
  )
}

/** The options that the latest schema sets. */
export const OPTIONS: SystemSource<readonly [name: string, value: string]> = {
  columns: [
    column('key', 'STRING NOT NULL', ([name]) => name),
    column('value', 'STRING NOT NULL', ([, value]) => value),
  ],
  async *items({ store, signal }) {
    const { options } = await store.schemas.readLatest({ signal })
    yield* Object.entries(options)
  },
}
