/** Predicates back as the SQL text that `parseWhere` reads: for messages, plans and logs. */
import type { LeafOp, Predicate } from './predicate.ts'

/**
 * A condition with the same meaning. What the text cannot say as it was built is said another way: an empty list by
 * comparisons with NULL, a Date as ISO text.
 */
export function whereText(predicate: Predicate): string {
  const { op, args } = predicate
  switch (op) {
    case 'and':
      return joined(args as readonly Predicate[], 'AND', 'TRUE')
    case 'or':
      return joined(args as readonly Predicate[], 'OR', 'FALSE')
    case 'not':
      return `NOT (${whereText(args[0] as Predicate)})`
    default:
      return leafText(op, args)
  }
}

function joined(children: readonly Predicate[], word: string, none: string): string {
  if (children.length === 0) return none
  if (children.length === 1) return whereText(children[0]!)
  return children
    .map((child) =>
      child.op === 'and' || child.op === 'or' ? `(${whereText(child)})` : whereText(child),
    )
    .join(` ${word} `)
}

const SIGNS: Partial<Record<LeafOp, string>> = {
  eq: '=',
  ne: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  like: 'LIKE',
}

const FUNCTIONS: Partial<Record<LeafOp, string>> = {
  startsWith: 'STARTS_WITH',
  endsWith: 'ENDS_WITH',
  contains: 'CONTAINS',
}

function leafText(op: LeafOp, [column, ...literals]: readonly unknown[]): string {
  const name = nameText(String(column))
  const sign = SIGNS[op]
  if (sign !== undefined) return `${name} ${sign} ${literalText(literals[0])}`
  const called = FUNCTIONS[op]
  if (called !== undefined) return `${called}(${name}, ${literalText(literals[0])})`
  if (op === 'isNull') return `${name} IS NULL`
  if (op === 'isNotNull') return `${name} IS NOT NULL`
  if (op === 'between')
    return `${name} BETWEEN ${literalText(literals[0])} AND ${literalText(literals[1])}`
  const values = literals[0] as readonly unknown[]
  // Nothing is among no values; the comparison keeps the answer unknown for nulls, as for other lists.
  if (values.length === 0) {
    return op === 'in'
      ? `(${name} IS NULL AND ${name} = NULL)`
      : `(${name} IS NOT NULL OR ${name} = NULL)`
  }
  return `${name} ${op === 'in' ? 'IN' : 'NOT IN'} (${values.map(literalText).join(', ')})`
}

/** Plain names stay bare unless they could be read as a keyword. */
function nameText(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !RESERVED.has(name.toUpperCase())
    ? name
    : `"${name.replaceAll('"', '""')}"`
}

const RESERVED = new Set(
  'AND OR NOT IN BETWEEN LIKE IS NULL TRUE FALSE DATE TIME TIMESTAMP STARTS_WITH ENDS_WITH CONTAINS X'.split(
    ' ',
  ),
)

function literalText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return `'${value}'`
    return Object.is(value, -0) ? '-0' : String(value)
  }
  if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString('hex')}'`
  const text = value instanceof Date ? value.toISOString() : (value as string)
  return `'${text.replaceAll("'", "''")}'`
}
