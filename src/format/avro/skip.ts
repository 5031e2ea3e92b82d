/** Moves past Avro values that nobody asked for. */
import { assertNever } from '../../util/assert.ts'
import { Program, type Step } from './program.ts'
import type { AvroSchema } from './schema.ts'

/** Adds what moves past one value of the schema. */
export function addSkip(schema: AvroSchema, program: Program): void {
  const bytes = fixedBytes(schema)
  if (bytes !== undefined) {
    program.skipFixed(bytes)
    return
  }
  switch (schema.kind) {
    case 'int':
    case 'long':
    case 'enum':
      program.skipVarint()
      break
    case 'bytes':
    case 'string':
      program.skipBytes()
      break
    case 'array':
      addSkipItems(schema.items.minBytes, program, (item) => addSkip(schema.items, item))
      break
    case 'map':
      addSkipItems(1 + schema.values.minBytes, program, (item) => {
        item.skipBytes()
        addSkip(schema.values, item)
      })
      break
    case 'union':
      addSkipUnion(schema.branches, program)
      break
    case 'record':
      for (const field of schema.fields) addSkip(field.schema, program)
      break
    case 'null':
    case 'boolean':
    case 'float':
    case 'double':
    case 'fixed':
      break
    default:
      assertNever(schema)
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

function addSkipUnion(branches: readonly AvroSchema[], program: Program): void {
  const nullBranch = branches.findIndex((branch) => branch.kind === 'null')
  const value = branches[1 - nullBranch]
  if (branches.length === 2 && nullBranch >= 0 && value !== undefined) {
    program.optional(nullBranch, null, null, () => addSkip(value, program))
    return
  }
  const { cursor } = program
  const programs = branches.map((branch) => {
    const one = new Program(cursor)
    addSkip(branch, one)
    return one
  })
  program.step(() => programs[cursor.readBranch(programs.length)]!.run(1))
}

function addSkipItems(minBytes: number, program: Program, addItem: (item: Program) => void): void {
  const { cursor } = program
  const item = new Program(cursor)
  addItem(item)
  const step: Step = () => {
    for (;;) {
      const count = cursor.readItemCount(minBytes)
      if (count === 0) return
      if (cursor.itemsEnd >= 0) cursor.at = cursor.itemsEnd
      else item.run(count)
    }
  }
  program.step(step)
}
