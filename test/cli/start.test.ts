import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'

import { describe, expect, test } from 'vitest'

const SOURCE = join(import.meta.dirname, '../../src')
/** What is loaded with a file: imports of types alone, and those that are made when they are needed, are not. */
const IMPORT = /^(?:import|export) (?!type [{\w*])(?:[\w\s,*{}$]+ from )?'([^']+)'/gm

/** All that is loaded with the files: sources by their path, packages by their name. */
function loadedWith(...files: readonly string[]): Set<string> {
  const found = new Set<string>()
  const waiting = [...files]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue
    found.add(file)
    if (!file.endsWith('.ts')) continue
    const path = join(SOURCE, file)
    for (const [text, name = ''] of readFileSync(path, 'utf8').matchAll(IMPORT)) {
      const isOfTypes = /^import \{(?:\s*type [^,}]+,?)+\s*\} from/.test(text)
      if (isOfTypes || isBuiltin(name)) continue
      waiting.push(name.startsWith('.') ? relative(SOURCE, join(dirname(path), name)) : name)
    }
  }
  return found
}

const packages = (loaded: ReadonlySet<string>): string[] =>
  [...loaded].filter((name) => !name.endsWith('.ts')).toSorted()

describe('commands load what they use', () => {
  test('help, mistakes and completion need no library, and no package', () => {
    const loaded = loadedWith('cli/process.ts', 'cli/commands/completion.ts')
    expect(packages(loaded)).toEqual([])
    const library = [...loaded].filter((file) =>
      /^(?:io|snapshot|lsm|table|sink|catalog)\//.test(file),
    )
    expect(library).toEqual([])
  })

  test.each(['read', 'list', 'describe', 'tables'])(
    '%s loads neither Arrow nor the SDK of S3, nor how data files are decoded',
    (command) => {
      const loaded = loadedWith(`cli/commands/${command}.ts`, 'cli/catalog-options.ts')
      expect(packages(loaded)).toEqual(['hysnappy', 'zod'])
      expect([...loaded]).not.toContain('format/parquet/read/file-reader.ts')
      expect([...loaded]).toContain('catalog/catalog.ts')
    },
  )
})
