/** Moves past Avro values that nobody asked for. */
import { assertNever } from '../../util/assert.ts'
import type { AvroCursor } from './cursor.ts'
import type { AvroSchema } from './schema.ts'

/** Reads or skips one value at a cursor that it is bound to. */
export type Step = () => void

/** A step past one value of the schema. */
export function skipStep(schema: AvroSchema, cursor: AvroCursor): Step {
  const bytes = fixedBytes(schema)
  if (bytes === 0) return () => {}
  if (bytes !== undefined) return () => void cursor.take(bytes)
  switch (schema.kind) {
    case 'int':
    case 'long':
    case 'enum':
      return () => skipVarint(cursor)
    case 'bytes':
    case 'string':
      return () => cursor.readBytes()
    case 'array':
      return skipItems(schema.items.minBytes, skipStep(schema.items, cursor), cursor)
    case 'map': {
      const skipValue = skipStep(schema.values, cursor)
      const skipEntry = (): void => {
        cursor.readBytes()
        skipValue()
      }
      return skipItems(1 + schema.values.minBytes, skipEntry, cursor)
    }
    case 'union': {
      const branches = schema.branches.map((branch) => skipStep(branch, cursor))
      return () => branches[cursor.readBranch(branches.length)]!()
    }
    case 'record':
      return sequence(schema.fields.map((field) => skipStep(field.schema, cursor)))
    case 'null':
    case 'boolean':
    case 'float':
    case 'double':
    case 'fixed':
      return () => {}
    default:
      return assertNever(schema)
  }
}

/** One step that takes all the steps. */
export function sequence(steps: readonly Step[]): Step {
  if (steps.length === 1) return steps[0]!
  return () => {
    for (let i = 0; i < steps.length; i++) steps[i]!()
  }
}

/** The size of every value of the schema, where they all have the same. */
function fixedBytes(schema: AvroSchema): number | undefined {
  switch (schema.kind) {
    case 'null':
    case 'boolean':
    case 'float':
    case 'double':
    case 'fixed':
      return schema.minBytes
    case 'record':
      return schema.fields.every((field) => fixedBytes(field.schema) !== undefined)
        ? schema.minBytes
        : undefined
    default:
      return undefined
  }
}

function skipVarint(cursor: AvroCursor): void {
  const { bytes, at, end } = cursor
  if (at < end && bytes[at]! < 128) cursor.at = at + 1
  else cursor.readLong()
}

function skipItems(minBytes: number, skipItem: Step, cursor: AvroCursor): Step {
  return () => {
    for (;;) {
      const count = cursor.readItemCount(minBytes)
      if (count === 0) return
      if (cursor.itemsEnd >= 0) cursor.at = cursor.itemsEnd
      else for (let i = 0; i < count; i++) skipItem()
    }
  }
}
