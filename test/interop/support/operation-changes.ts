/** Random changes of a schema, most of which a table allows. */
import type { DataField } from '../../../src/types/data-type.ts'
import { between, pick, type Random } from '../../support/random.ts'

/** A change as Java is told it. */
export type SchemaStep =
  | { readonly kind: 'setOption' | 'describe'; readonly name: string; readonly value: string }
  | { readonly kind: 'removeOption' | 'drop'; readonly name: string }
  | { readonly kind: 'comment'; readonly value: string }
  | {
      readonly kind: 'add'
      readonly name: string
      readonly type: string
      readonly first?: true
      readonly after?: string
    }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string }
  | { readonly kind: 'type'; readonly name: string; readonly type: string }
  | { readonly kind: 'nullable'; readonly name: string; readonly value: boolean }
  | { readonly kind: 'move'; readonly name: string; readonly first?: true; readonly after?: string }

type Fields = { readonly fields: readonly DataField[] }

const KINDS = [
  'add',
  'add',
  'add',
  'rename',
  'drop',
  'type',
  'type',
  'move',
  'nullable',
  'describe',
  'comment',
  'setOption',
  'removeOption',
] as const

const OPTIONS = [
  ['target-file-size', '64 mb'],
  ['snapshot.expire.limit', '3'],
  ['num-sorted-run.compaction-trigger', '4'],
  // No table that has a snapshot can change it.
  ['merge-engine', 'first-row'],
] as const

/** Which types a column may get; the last would lose nothing either. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  INT: ['BIGINT', 'STRING', 'DOUBLE'],
  BIGINT: ['STRING', 'INT'],
  FLOAT: ['DOUBLE'],
  DOUBLE: ['STRING'],
}

/** One change, or two. */
export function randomChanges(table: Fields, random: Random): SchemaStep[] {
  const first = randomChange(table, random)
  if (random() < 0.7) return [first]
  const other = randomChange(table, random)
  return 'name' in first && 'name' in other && first.name === other.name ? [first] : [first, other]
}

function randomChange({ fields }: Fields, random: Random): SchemaStep {
  const kind = pick(random, KINDS)
  const columns = fields.filter(({ name }) => name !== 'p' && name !== 'k')
  // Keys can be neither dropped nor changed.
  const { name, type } = pick(random, random() < 0.05 ? fields : columns)
  const free = `c${Math.max(...fields.map(({ id }) => id)) + 1}_${between(random, 0, 100)}`
  if (kind === 'add') {
    const types = ['INT', 'BIGINT', 'STRING', 'FLOAT'].map((text) => text)
    const place = placeOf(free, fields, random)
    return { kind, name: random() < 0.05 ? name : free, type: pick(random, types), ...place }
  }
  if (kind === 'rename') return { kind, name, to: random() < 0.1 ? 'k' : free }
  if (kind === 'drop' && columns.length > 1) return { kind, name }
  if (kind === 'type') return { kind, name, type: pick(random, WIDER[type.kind] ?? ['STRING']) }
  if (kind === 'move') return { kind, name, ...(placeOf(name, fields, random) ?? { first: true }) }
  if (kind === 'nullable') return { kind, name, value: random() < 0.8 }
  if (kind === 'setOption' || kind === 'removeOption') {
    const [option, value] = pick(random, OPTIONS)
    return kind === 'setOption' ? { kind, name: option, value } : { kind, name: option }
  }
  return kind === 'comment'
    ? { kind, value: `comment ${free}` }
    : { kind: 'describe', name, value: free }
}

/** First, behind another column, or where it comes by itself. */
function placeOf(
  own: string,
  fields: readonly DataField[],
  random: Random,
): { readonly first?: true; readonly after?: string } | undefined {
  const what = random()
  if (what < 0.2) return { first: true }
  const others = fields.filter(({ name }) => name !== own)
  return what < 0.5 ? { after: pick(random, others).name } : undefined
}
