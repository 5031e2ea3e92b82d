/** Tables of the columns that the golden tables of all types have, in the shapes that fixed buckets and partitions allow. */
import { type DataField, type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { firstSchema, type NewSchema } from '../../src/types/new-schema.ts'
import { goldenSchema } from './golden-tables.ts'
import type { RandomTable } from './random-tables.ts'

export const TYPE_TABLES = ['types_pk', 'types_append', 'types_key'] as const

export interface TypeTablePlan {
  readonly like: (typeof TYPE_TABLES)[number]
  /** -1 for none; only of append tables. */
  readonly bucketCount: number
  readonly isPartitioned: boolean
  /** Only of tables with a primary key. */
  readonly isThin: boolean
  readonly options?: Readonly<Record<string, string>>
}

export function typeTablePlans(): TypeTablePlan[] {
  const plans: TypeTablePlan[] = []
  for (const like of TYPE_TABLES)
    for (const bucketCount of like === 'types_append' ? [-1, 1, 7] : [1, 7])
      for (const isPartitioned of [false, true])
        for (const isThin of like === 'types_append' ? [false] : [false, true])
          plans.push({ like, bucketCount, isPartitioned, isThin })
  return plans
}

export function planTitle({ like, bucketCount, isPartitioned, isThin }: TypeTablePlan): string {
  const buckets = bucketCount === -1 ? 'no buckets' : `${bucketCount} bucket(s)`
  return `${like}, ${buckets}${isPartitioned ? ', partitions' : ''}${isThin ? ', thin' : ''}`
}

const text: DataType = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true }
const PARTITION: readonly DataField[] = [
  { id: 0, name: 'p0', type: text },
  { id: 0, name: 'p1', type: { kind: 'INT', nullable: true } },
]

/** The table; columns of the key are called k..., of the partition p..., as `RandomRows` expects. */
export async function typeTable(
  plan: TypeTablePlan,
  isWanted: (field: DataField) => boolean = () => true,
): Promise<RandomTable> {
  const { like, bucketCount, isPartitioned, isThin } = plan
  const keyed = like !== 'types_append'
  const golden = await goldenSchema(like)
  const columns = golden.fields
    .filter(isWanted)
    .map((field) => (field.name === 'id' ? { ...field, name: 'k0' } : field))
  const partition = isPartitioned
    ? PARTITION.map((field) => ({ ...field, type: { ...field.type, nullable: !keyed } }))
    : []
  const partitionKeys = partition.map(({ name }) => name)
  const keys = columns.map(({ name }) => name).filter((name) => name.startsWith('k'))
  const definition: NewSchema = {
    fields: [...partition, ...columns],
    hasIds: false,
    partitionKeys,
    primaryKeys: keyed ? [...partitionKeys, ...keys] : [],
    options: {
      bucket: String(bucketCount),
      'write-only': 'true',
      ...(!keyed && bucketCount > 0 && { 'bucket-key': 'k0' }),
      ...(isThin && { 'data-file.thin-mode': 'true' }),
      ...plan.options,
    },
  }
  return {
    definition,
    schema: firstSchema(definition, 0),
    keyed,
    primaryKeys: definition.primaryKeys,
    sequences: [],
    sequenceDescending: false,
    kindColumn: undefined,
    ignoreDelete: false,
    ignoreUpdateBefore: false,
  }
}
