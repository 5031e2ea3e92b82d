import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const documents = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT })]

test('the documents are found', () => {
  expect(documents.length).toBeGreaterThan(8)
})

test.each(documents)('every relative link of %s leads somewhere', (document) => {
  const prose = read(document).replaceAll(/```[\s\S]*?```/g, '')
  const links = [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)].map(([, link = '']) => link)
  const relative = links.filter((link) => !/^[a-z]+:/.test(link))
  const dead = relative.filter((link) => !existsSync(join(ROOT, dirname(document), link)))
  expect(dead).toEqual([])
})

test.each(documents)('every file that %s names is there', (document) => {
  const named = [...read(document).matchAll(/`([\w./*-]+)`/g)].map(([, name = '']) => name)
  const ofRepository = /^(?:src|test|docs|scripts|examples|bench|fixtures)\/./
  const paths = [
    ...named.filter((name) => ofRepository.test(name)),
    // The notes name tests without their folder.
    ...named.filter((name) => /\/[\w-]+\.test\.ts$/.test(name)).map((name) => inTests(name)),
  ]
  expect(paths.filter((path) => globSync(path, { cwd: ROOT }).length === 0)).toEqual([])
})

test('dependencies.md gives a reason for each dependency, and for no other', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >
  const rows = [...read('docs/dependencies.md').matchAll(/^\| (`[^|]*)\|/gm)]
  const named = rows.flatMap(([, cell = '']) => cell.match(/[^`, ]+/g) ?? [])
  expect(named.toSorted()).toEqual(Object.keys({ ...dependencies, ...devDependencies }).toSorted())
})

test('the changelog, and the files that are written, tell the version of the package', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  expect(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1]).toBe(version)
  expect(read('src/format/parquet/write/file-writer.ts')).toContain(`'millrace version ${version} `)
})

test('the README tells the versions that the interop suite runs', () => {
  const versions = {
    'Java Paimon': /paimon-bundle<\/artifactId>\s*<version>([^<]+)/.exec(
      read('test/interop/java/pom.xml'),
    )?.[1],
    pyarrow: /pyarrow==(.+)/.exec(read('test/interop/python/requirements.txt'))?.[1],
    DuckDB: /duckdb==(.+)/.exec(read('test/interop/python/requirements.txt'))?.[1],
    versitygw: /versitygw@v([\d.]+)/.exec(read('test/interop/support/versitygw.ts'))?.[1],
  }
  const told = Object.keys(versions).map((name) => [
    name,
    new RegExp(`^\\| ${name}[^|]*\\| ([\\d.]+)`, 'm').exec(read('README.md'))?.[1],
  ])
  expect(Object.fromEntries(told)).toEqual(versions)
})

function read(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8')
}

function inTests(name: string): string {
  return name.startsWith('test/') ? name : `test/${name}`
}
