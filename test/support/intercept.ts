/** A storage that does something else first, at a chosen call. */
import type { FileIO } from '../../src/io/file-io.ts'

type Call = 'read' | 'readRange' | 'create' | 'list' | 'stat' | 'write' | 'replace'

/** What happens before a call goes on to the storage. */
export type Interception = (path: string) => Promise<void> | void

/** The storage with `before` each call of the method; the calls that the interception itself makes are its own affair. */
export function intercept(
  io: FileIO,
  hooks: Partial<Record<Call, { before?: Interception; after?: Interception }>>,
): FileIO {
  return new Proxy(io, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown
      if (typeof value !== 'function') return value
      const method = value.bind(target) as (...args: unknown[]) => unknown
      const hook = hooks[name as Call]
      if (hook === undefined) return method
      return async (...args: unknown[]) => {
        await hook.before?.(args[0] as string)
        const result = await method(...args)
        await hook.after?.(args[0] as string)
        return result
      }
    },
  })
}

/** Runs the interception at the first call whose path ends with the text. */
export function once(ending: string, act: () => Promise<void>): Interception {
  let done = false
  return async (path) => {
    if (done || !path.endsWith(ending)) return
    done = true
    await act()
  }
}
