/** Finds the field that a path names, at any depth of the columns, and puts others in its place. */
import { invalid, type LakeError } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import type { DataField, DataType } from '../data-type.ts'

/** The name of a column, or the names from a column down to a field in it: `['address', 'city']`. */
export type ColumnPath = string | readonly string[]

/** A path that led to its place. */
export interface FieldPlace {
  /** The columns of the table, or the fields of the ROW. */
  readonly siblings: readonly DataField[]
  /** The last name of a field in the path. */
  readonly name: string
  /** The steps behind it, into arrays and maps; empty for the field itself. */
  readonly inner: readonly string[]
  /** The whole path, for messages. */
  readonly text: string
}

export function pathNames(path: ColumnPath): readonly string[] {
  const names = typeof path === 'string' ? [path] : path
  if (names.length === 0) throw invalid('a change of the schema names no column')
  return names
}

export function pathText(path: ColumnPath): string {
  return pathNames(path).join('.')
}

/**
 * The columns, with what `change` makes of those beside the field that the path names. INVALID, with the nearest name, where
 * the path leads to nothing; whether the last name is there is left to `change`.
 */
export function changeAt(
  fields: readonly DataField[],
  path: ColumnPath,
  change: (place: FieldPlace) => readonly DataField[],
): readonly DataField[] {
  const names = pathNames(path)
  const text = pathText(path)
  return within(fields, 0)

  function within(siblings: readonly DataField[], depth: number): readonly DataField[] {
    const name = names[depth]!
    if (depth === names.length - 1) return change({ siblings, name, inner: [], text })
    const field = siblings.find((each) => each.name === name)
    if (field === undefined) throw noField(siblings, name, names.slice(0, depth + 1).join('.'))
    const steps = stepsToRow(field.type, names, depth + 1)
    const next = depth + 1 + steps.length
    if (next === names.length) return change({ siblings, name, inner: steps, text })
    const type = changeInner(field.type, steps, (row) => {
      if (row.kind === 'ROW') return { ...row, fields: within(row.fields, next) }
      throw invalid(`${names.slice(0, next).join('.')} has no field "${names[next]}"`, {
        hint: wayInto(row),
      })
    })
    return siblings.map((each) => (each === field ? { ...field, type } : each))
  }
}

/** The names of the path that lead through arrays and maps to a ROW, or to what is at the end. */
function stepsToRow(type: DataType, names: readonly string[], from: number): readonly string[] {
  let at = type
  let depth = from
  while (depth < names.length) {
    const inner = innerOf(at, names[depth]!)
    if (inner === undefined) break
    at = inner
    depth++
  }
  return names.slice(from, depth)
}

function innerOf(type: DataType, step: string): DataType | undefined {
  if (type.kind === 'ARRAY' && step === 'element') return type.element
  if (type.kind === 'MAP' && step === 'value') return type.value
  return undefined
}

/** The type, with what `change` makes of the type that the steps lead to. */
export function changeInner(
  type: DataType,
  steps: readonly string[],
  change: (inner: DataType) => DataType,
): DataType {
  const [step, ...rest] = steps
  if (step === undefined) return change(type)
  if (type.kind === 'ARRAY') return { ...type, element: changeInner(type.element, rest, change) }
  if (type.kind === 'MAP') return { ...type, value: changeInner(type.value, rest, change) }
  return type
}

/** INVALID: there is no such field, with the nearest name. */
export function noField(siblings: readonly DataField[], name: string, text = name): LakeError {
  const names = siblings.map((each) => each.name)
  return invalid(`there is no column "${text.slice(0, 200)}"${didYouMean(name, names)}`, {
    hint: `there are ${names.slice(0, 50).join(', ')}${names.length > 50 ? ', ...' : ''}`,
  })
}

function wayInto(type: DataType): string {
  if (type.kind === 'ARRAY') return 'what an array holds is its field "element"'
  if (type.kind === 'MAP')
    return 'what a map holds is its field "value"; the type of its keys cannot change'
  return 'only rows, arrays and maps have fields'
}
