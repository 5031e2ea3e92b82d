/** Avro bytes made by hand, for what no writer would write. */

/** A long as a zigzag varint. */
export function long(value: number | bigint): number[] {
  const signed = BigInt(value)
  let bits = BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n))
  const bytes: number[] = []
  for (; bits > 127n; bits >>= 7n) bytes.push(Number(bits & 127n) | 128)
  return [...bytes, Number(bits)]
}

/** A string, or bytes, behind their length. */
export function string(value: string | readonly number[]): number[] {
  const bytes = typeof value === 'string' ? [...new TextEncoder().encode(value)] : value
  return [...long(bytes.length), ...bytes]
}

export const SYNC = Array.from({ length: 16 }, (_, i) => i * 7)

export function header(
  schema: object | string,
  metadata: Record<string, string> = { 'avro.codec': 'null' },
): number[] {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema)
  const entries = Object.entries({ 'avro.schema': text, ...metadata })
  return [
    0x4f,
    0x62,
    0x6a,
    1,
    ...long(entries.length),
    ...entries.flatMap(([name, value]) => [...string(name), ...string(value)]),
    0,
    ...SYNC,
  ]
}

export function block(rowCount: number | bigint, rows: readonly number[]): number[] {
  return [...long(rowCount), ...long(rows.length), ...rows, ...SYNC]
}

/** An uncompressed file of one block. */
export function file(
  schema: object,
  rowCount: number | bigint,
  rows: readonly number[],
): Uint8Array {
  return Uint8Array.from([...header(schema), ...block(rowCount, rows)])
}

/** A record schema of the fields. */
export function record(fields: Record<string, unknown>, name = 'r'): object {
  return {
    type: 'record',
    name,
    fields: Object.entries(fields).map(([fieldName, type]) => ({ name: fieldName, type })),
  }
}
