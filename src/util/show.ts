/** Values in messages: short, and never an error themselves. */

/** A short text of any value, for messages. */
export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return 'an array'
    const name: unknown = value.constructor?.name
    return typeof name === 'string' && name !== 'Object' ? `a ${name}` : 'an object'
  }
  return typeof value === 'symbol' || typeof value === 'function'
    ? `a ${typeof value}`
    : String(value)
}
