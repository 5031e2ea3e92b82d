/** Aggregate functions collect and listagg: values one after the other. */
import type { DataType } from '../../types/data-type.ts'
import { MAX_LENGTH } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import { fieldsIdentity, type Identity, objectIdentity } from './value-identity.ts'
import { type MergeOfColumn, unlessNull, wrongType } from './value-merge.ts'

type List = readonly InternalValue[]

/**
 * The elements of all arrays; with `fields.<column>.distinct` each once. Taking back removes one element for each one
 * taken back. Follows `FieldCollectAgg`; Java gives distinct elements in the order of a hash set, here it is that of
 * arrival.
 */
export const collect: MergeOfColumn = (field, options) => {
  const { type } = field
  if (type.kind !== 'ARRAY') throw wrongType('collect', field, 'ARRAY')
  const isConstructed = CONSTRUCTED.has(type.element.kind)
  const identity = isConstructed ? fieldsIdentity(type.element) : objectIdentity(type.element)
  const isDistinct = options.field(field.name, 'distinct')
  const plain = unlessNull((acc, input) => [...(acc as List), ...(input as List)])
  // Nested elements that are there already have been told apart by an earlier merge, so Java does not do it again.
  const distinct = (acc: InternalValue, input: InternalValue): InternalValue =>
    acc === null && input === null
      ? null
      : distinctElements((acc ?? []) as List, (input ?? []) as List, identity, isConstructed)
  const agg = isDistinct ? distinct : plain
  return { agg, aggReversed: agg, retract: (acc, input) => without(acc, input, identity) }
}

/** Types of elements that Java compares field by field. */
const CONSTRUCTED: ReadonlySet<DataType['kind']> = new Set([
  'ARRAY',
  'MAP',
  'MULTISET',
  'ROW',
  'VECTOR',
])

function distinctElements(
  acc: List,
  input: List,
  identity: (element: InternalValue) => Identity,
  keepAll: boolean,
): List {
  const known = new Set<Identity>()
  const elements: InternalValue[] = []
  const take = (element: InternalValue, always: boolean): void => {
    const id = identity(element)
    if (known.has(id) && !always) return
    known.add(id)
    elements.push(element)
  }
  for (const element of acc) take(element, keepAll)
  for (const element of input) take(element, false)
  return elements
}

function without(
  acc: InternalValue,
  input: InternalValue,
  identity: (element: InternalValue) => Identity,
): InternalValue {
  if (acc === null || input === null || (input as List).length === 0) return acc
  const counts = new Map<Identity, number>()
  for (const element of input as List) {
    const id = identity(element)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return (acc as List).filter((element) => {
    const id = identity(element)
    const count = counts.get(id) ?? 0
    if (count > 0) counts.set(id, count - 1)
    return count === 0
  })
}

/**
 * The strings with a delimiter between them, without empty ones; with `fields.<column>.distinct` only those parts of
 * later strings that are not there yet. Follows `FieldListaggAgg`.
 */
export const listagg: MergeOfColumn = (field, options) => {
  if (field.type.kind !== 'VARCHAR' || field.type.length !== MAX_LENGTH)
    throw wrongType('listagg', field, 'STRING')
  const delimiter = Buffer.from(options.field(field.name, 'list-agg-delimiter'))
  const isDistinct = options.field(field.name, 'distinct')
  return {
    agg: unlessNull((acc, input) => {
      const [before, added] = [acc as Uint8Array, input as Uint8Array]
      if (added.length === 0) return before
      if (before.length === 0) return added
      if (!isDistinct) return Buffer.concat([before, delimiter, added])
      return withNewParts(before, added, delimiter)
    }),
  }
}

function withNewParts(acc: Uint8Array, input: Uint8Array, delimiter: Uint8Array): Uint8Array {
  const known = new Set(partsOf(acc, delimiter).map(partText))
  const pieces: Uint8Array[] = [acc]
  for (const part of partsOf(input, delimiter)) {
    const text = partText(part)
    if (part.length === 0 || known.has(text)) continue
    known.add(text)
    pieces.push(delimiter, part)
  }
  return pieces.length === 1 ? acc : Buffer.concat(pieces)
}

function partText(part: Buffer): string {
  return part.toString('latin1')
}

/** An empty delimiter splits at spaces, though it joins with nothing. */
function partsOf(text: Uint8Array, delimiter: Uint8Array): Buffer[] {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.length)
  const separator = delimiter.length === 0 ? SPACE : delimiter
  const parts: Buffer[] = []
  let from = 0
  for (;;) {
    const end = bytes.indexOf(separator, from)
    if (end === -1) break
    parts.push(bytes.subarray(from, end))
    from = end + separator.length
  }
  parts.push(bytes.subarray(from))
  return parts
}

const SPACE = Uint8Array.of(0x20)
