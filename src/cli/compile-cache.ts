/** Keeps the compiled code of the command line for its next start, as Node can; starting is then twice as quick. */
import { isAbsolute, join } from 'node:path'

/**
 * The code lies below the user's own cache directory (`XDG_CACHE_HOME`, else `~/.cache`), and not in a directory for
 * temporary files that others can write to: what is found there is run. `NODE_COMPILE_CACHE` names another directory,
 * and `NODE_DISABLE_COMPILE_CACHE=1` turns it off, as with every Node program.
 */
export function keepCompiled(env: Readonly<Record<string, string | undefined>>): void {
  const home = env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? '', '.cache')
  if (env['NODE_COMPILE_CACHE'] !== undefined || !isAbsolute(home)) return
  // An import would load all that the module has, which takes longer than what it is for.
  process.getBuiltinModule('node:module').enableCompileCache(join(home, 'millrace'))
}
