/** How system tables show partitions: as a row cast to text, `{2026-11-01, eu}`. */
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import { decodePartition } from '../../types/partition.ts'
import { castText } from '../../types/value-text.ts'

/** The values in braces, null as such; follows `RowToStringCastRule`. */
export function rowText(fields: readonly DataField[], values: readonly InternalValue[]): string {
  const texts = fields.map(({ type }, i) => {
    const value = values[i]!
    return value === null ? 'null' : castText(type, value)
  })
  return `{${texts.join(', ')}}`
}

/** Calls `text` once for each partition, however many files it has. */
export function perPartition(
  fields: readonly DataField[],
  text: (values: InternalValue[]) => string,
): (partition: Uint8Array) => string {
  const texts = new Map<string, string>()
  return (partition) => {
    const key = latin1Of(partition)
    let known = texts.get(key)
    if (known === undefined) {
      known = text(decodePartition(fields, partition))
      texts.set(key, known)
    }
    return known
  }
}
