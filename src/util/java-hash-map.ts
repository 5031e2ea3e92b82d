/** The order in which a Java HashMap has its keys, for texts that Java makes of maps. */

const CAPACITY_MIN = 16
const LOAD_FACTOR = 0.75

/** The texts in the order of a HashMap that they were put into one after another. */
export function hashMapOrder(keys: readonly string[]): string[] {
  let capacity = CAPACITY_MIN
  while (keys.length > capacity * LOAD_FACTOR) capacity *= 2
  const slots = new Map(keys.map((key) => [key, slotHash(key) & (capacity - 1)]))
  return [...slots.keys()].toSorted((a, b) => slots.get(a)! - slots.get(b)!)
}

/** `String.hashCode` with its upper half mixed into the lower one. */
function slotHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash ^ (hash >>> 16)
}
