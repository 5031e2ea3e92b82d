/** One column of parts that one stripe gave, which may share the bytes of a dictionary. */
import { concatColumns } from '../../types/column-take.ts'
import type { Column } from '../../types/column.ts'

const NOTHING = new Uint8Array(0)

/** The rows of all parts, of which there is at least one; bytes that all share are not copied. */
export function joinColumns(parts: readonly Column[]): Column {
  const [first] = parts
  if (parts.length === 1) return first!
  switch (first!.layout) {
    case 'bytes': {
      const { data } = first!
      if (!parts.every((part) => part.layout === 'bytes' && part.data === data)) break
      // Without the bytes the places are joined as they are.
      const joined = concatColumns(parts.map((part) => ({ ...part, data: NOTHING }) as Column))
      return { ...joined, data } as Column
    }
    case 'struct': {
      const joined = concatColumns(parts.map((part) => ({ ...part, children: [] }) as Column))
      const children = first!.children.map((_, i) =>
        joinColumns(parts.map((part) => (part.layout === 'struct' ? part.children[i]! : part))),
      )
      return { ...joined, children } as Column
    }
    case 'list': {
      const lists = parts.flatMap((part) => (part.layout === 'list' ? [part] : []))
      const joined = concatColumns(
        lists.map((list) => ({ ...list, child: withoutValues(list.child.length) })),
      )
      return { ...joined, child: joinColumns(lists.map(({ child }) => child)) } as Column
    }
    default:
  }
  return concatColumns(parts)
}

function withoutValues(length: number): Column {
  return { layout: 'struct', length, validity: null, children: [] }
}
