/** A Parquet file's schema as a tree: which leaf holds what, and at which repetition and definition levels. */
import { corrupt } from '../../util/errors.ts'
import { CONVERTED, PHYSICAL, REPETITION, type SchemaElement } from './metadata.ts'

export type Node = GroupNode | LeafNode

interface NodeBase {
  readonly name: string
  readonly element: SchemaElement
  readonly repetition: number
  /** The definition level at which this node is present. */
  readonly definition: number
  /** The repetition level of this node's innermost repeated ancestor or self. */
  readonly repetitionLevel: number
}

export interface GroupNode extends NodeBase {
  readonly children: readonly Node[]
}

export interface LeafNode extends NodeBase {
  readonly children?: undefined
  /** The index among a row group's columns. */
  readonly leaf: number
  /** Its name behind those of the groups around it, the root's left out. */
  readonly path: readonly string[]
  readonly physical: number
  /** Bytes of a FIXED_LEN_BYTE_ARRAY value. */
  readonly typeLength: number
}

/** Nesting and width beyond these are taken for damage. */
const MAX_DEPTH = 100

/** Builds the tree from the footer's depth-first list. The root stands for the row. */
export function schemaTree(elements: readonly SchemaElement[]): GroupNode {
  let next = 0
  let leaves = 0
  const build = (
    depth: number,
    definition: number,
    repetitionLevel: number,
    parents: readonly string[],
  ): Node => {
    const element = elements[next++]
    if (element === undefined) throw corrupt('the parquet schema ends early')
    if (depth > MAX_DEPTH) throw corrupt('the parquet schema is nested too deeply')
    const root = depth === 0
    const repetition = root ? REPETITION.REQUIRED : (element.repetition ?? REPETITION.REQUIRED)
    if (repetition < 0 || repetition > 2)
      throw corrupt(`column ${element.name} has repetition ${repetition}`)
    const base = {
      name: element.name,
      element,
      repetition,
      definition: definition + (repetition === REPETITION.REQUIRED ? 0 : 1),
      repetitionLevel: repetitionLevel + (repetition === REPETITION.REPEATED ? 1 : 0),
    }
    if (element.physical === undefined || (root && element.childCount !== undefined)) {
      const path = root ? [] : [...parents, element.name]
      const children: Node[] = []
      const childCount = element.childCount ?? 0
      if (childCount < 0 || childCount > elements.length - next)
        throw corrupt(`column ${element.name} claims ${childCount} children`)
      for (let i = 0; i < childCount; i++)
        children.push(build(depth + 1, base.definition, base.repetitionLevel, path))
      return { ...base, children }
    }
    return { ...base, leaf: leaves++, path: [...parents, element.name], ...leafType(element) }
  }
  const root = build(0, 0, 0, [])
  if (root.children === undefined) throw corrupt('the parquet schema has no root group')
  if (next !== elements.length) throw corrupt('the parquet schema has more than one root')
  return root
}

function leafType(element: SchemaElement): { physical: number; typeLength: number } {
  const { physical = -1, typeLength = 0 } = element
  if (physical < 0 || physical > PHYSICAL.FIXED_LEN_BYTE_ARRAY)
    throw corrupt(`column ${element.name} has the unknown physical type ${physical}`)
  if (physical === PHYSICAL.FIXED_LEN_BYTE_ARRAY && (typeLength < 1 || typeLength > 1 << 24))
    throw corrupt(`column ${element.name} has values of ${typeLength} bytes`)
  return { physical, typeLength }
}

/** The leaves below a node, in column order. */
export function leavesOf(node: Node): LeafNode[] {
  return node.children === undefined ? [node] : node.children.flatMap(leavesOf)
}

/** A list in any of its written forms: the node that repeats, and the node of an element (which may be the same). */
export interface ListForm {
  readonly repeated: Node
  readonly element: Node
}

/**
 * Recognises a list: three-level, two-level, or a bare repeated field. `asElement`: the node repeats, and one of its
 * repetitions is meant.
 *
 * Specification: LogicalTypes.md, "Lists", with its backward-compatibility rules.
 */
export function listForm(node: Node, asElement = false): ListForm | null {
  if (node.repetition === REPETITION.REPEATED && !asElement)
    return { repeated: node, element: node }
  if (node.children === undefined || !isAnnotated(node, 'LIST', CONVERTED.LIST)) return null
  const repeated = node.children[0]
  if (node.children.length !== 1 || repeated?.repetition !== REPETITION.REPEATED) return null
  const only = repeated.children?.[0]
  const isElement =
    repeated.children === undefined ||
    repeated.children.length !== 1 ||
    only === undefined ||
    only.repetition === REPETITION.REPEATED ||
    repeated.name === 'array' ||
    repeated.name === `${node.name}_tuple`
  return { repeated, element: isElement ? repeated : only }
}

export interface MapForm {
  readonly repeated: GroupNode
  readonly key: Node
  /** Absent in a map that is used as a set. */
  readonly value: Node | undefined
}

/** Recognises a map. Specification: LogicalTypes.md, "Maps". */
export function mapForm(node: Node): MapForm | null {
  const annotated =
    isAnnotated(node, 'MAP', CONVERTED.MAP) || isAnnotated(node, 'MAP', CONVERTED.MAP_KEY_VALUE)
  if (node.children === undefined || !annotated) return null
  const repeated = node.children[0]
  if (node.children.length !== 1 || repeated?.repetition !== REPETITION.REPEATED) return null
  if (repeated.children === undefined || repeated.children.length > 2) return null
  const key = repeated.children[0]
  return key === undefined ? null : { repeated, key, value: repeated.children[1] }
}

function isAnnotated(node: Node, logical: string, converted: number): boolean {
  const { element } = node
  return element.logical === undefined
    ? element.converted === converted
    : element.logical.kind === logical
}
