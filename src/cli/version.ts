/** The version of this package. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

export function version(): string {
  const path = findPackageJSON('..', import.meta.url)
  if (path === undefined) throw new Error('the package has no package.json')
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
