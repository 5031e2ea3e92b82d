/** Structs of Parquet's metadata while their fields are read. */
import { corrupt } from '../../../util/errors.ts'

/** What is known of a struct so far. */
export type Draft<T> = { -readonly [K in keyof T]?: T[K] | undefined }

/** The field, which every writer has to give. CORRUPT without it. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw corrupt(`parquet metadata lacks ${name}`)
  return value
}
