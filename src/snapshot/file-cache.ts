/** Decoded files in memory, up to a number of bytes: for files that never change, by name. */

export interface FileCache<Value> {
  get(name: string): Value | undefined
  /** Keeps the value, unless it alone takes more than half of the room; the values that were not used longest go. */
  set(name: string, value: Value, sizeBytes: number): void
  delete(name: string): void
}

export function createFileCache<Value>(sizeBytesMax: number): FileCache<Value> {
  /** In the order of their last use. */
  const entries = new Map<string, { readonly value: Value; readonly sizeBytes: number }>()
  let total = 0
  const remove = (name: string): void => {
    total -= entries.get(name)?.sizeBytes ?? 0
    entries.delete(name)
  }
  return {
    get(name) {
      const entry = entries.get(name)
      if (entry === undefined) return undefined
      entries.delete(name)
      entries.set(name, entry)
      return entry.value
    },
    set(name, value, sizeBytes) {
      remove(name)
      if (sizeBytes > sizeBytesMax / 2) return
      entries.set(name, { value, sizeBytes })
      total += sizeBytes
      for (const oldest of entries.keys()) {
        if (total <= sizeBytesMax) break
        remove(oldest)
      }
    },
    delete: remove,
  }
}
