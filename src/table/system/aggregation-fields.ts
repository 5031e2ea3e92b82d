/** `$aggregation_fields`: which options each column has. Follows the Java class `AggregationFieldsTable`. */
import type { DataField } from '../../types/data-type.ts'
import type { RawOptions } from '../../types/options.ts'
import { typeText } from '../../types/type-text.ts'
import { hashMapOrder } from '../../util/java-hash-map.ts'
import { column, type SystemSource } from './columns.ts'

interface FieldItem {
  readonly field: DataField
  readonly options: readonly (readonly [name: string, value: string])[]
}

export const AGGREGATION_FIELDS: SystemSource<FieldItem> = {
  columns: [
    column('field_name', 'STRING NOT NULL', ({ field }) => field.name),
    column('field_type', 'STRING NOT NULL', ({ field }) => typeText(field.type)),
    column('function', 'STRING', ({ options }) => listText(options.map(([, value]) => value))),
    column('function_options', 'STRING', ({ options }) => listText(options.map(([name]) => name))),
    column('comment', 'STRING', ({ field }) => field.description ?? null),
  ],
  async *items({ store, signal }) {
    const schema = await store.schemas.readLatest({ signal })
    const byField = optionsByField(schema.options)
    for (const field of schema.fields) yield { field, options: byField.get(field.name) ?? [] }
  },
}

/** The options `fields.COLUMN.WHATEVER`, of each column in the order in which Java's maps have them. */
function optionsByField(options: RawOptions): Map<string, (readonly [string, string])[]> {
  const byField = new Map<string, (readonly [string, string])[]>()
  for (const name of hashMapOrder(Object.keys(options))) {
    // Java's split drops empty parts at the end.
    const [prefix, field, ...rest] = name.replace(/\.+$/, '').split('.')
    if (prefix !== 'fields' || field === undefined || rest.length === 0) continue
    const known = byField.get(field) ?? []
    byField.set(field, [...known, [name, options[name]!]])
  }
  return byField
}

function listText(items: readonly string[]): string {
  return `[${items.join(', ')}]`
}
