/** Fails where a tracked file breaks a rule of the repository that no other tool checks; each rule is a function below. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const LINES_MAX = 600
const ARCHITECTURE_LINES_MAX = 200
/** Words that promise later work, and places that exist on one machine only. Escapes keep this file from naming them. */
const UNFINISHED = /\b(TO\u0044O|FIX\u004dE|XX\u0058)\b/
const MACHINE_PATH =
  /(?:^|[\s"'`(=])(\/wor\u006b\/|\/roo\u0074\/|\/tm\u0070\/|(?:\.\.\/)+share\u0064\/)/

type Rule = (path: string, text: string) => string | undefined

const rules: readonly Rule[] = [
  isShort,
  hasNothingUnfinished,
  namesNoMachine,
  opensWithItsPurpose,
  isNoBarrel,
  testsSomethingThatIsThere,
  linksResolve,
]

function isShort(path: string, text: string): string | undefined {
  const limit = path === 'docs/architecture.md' ? ARCHITECTURE_LINES_MAX : LINES_MAX
  const lines = text.split('\n').length - 1
  const isFree = path.endsWith('.md') && path !== 'docs/architecture.md'
  return isFree || lines <= limit ? undefined : `has ${lines} lines, of which ${limit} are allowed`
}

function hasNothingUnfinished(_: string, text: string): string | undefined {
  const [, word] = UNFINISHED.exec(text) ?? []
  return word === undefined ? undefined : `says ${word}`
}

function namesNoMachine(_: string, text: string): string | undefined {
  const [, place] = MACHINE_PATH.exec(text) ?? []
  return place === undefined ? undefined : `names ${place}, which is a place on one machine`
}

/** Every file of source begins with a doc comment of at least a sentence; a unit test has its name instead. */
function opensWithItsPurpose(path: string, text: string): string | undefined {
  if (!/^(src|test|bench|scripts|examples)\/.*\.ts$/.test(path)) return undefined
  if (/^test\/(?!interop).*\.test(-d)?\.ts$/.test(path)) return undefined
  const sentence = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? ''
  return /[.:;]\s/.test(`${sentence} `) ? undefined : 'does not open with a sentence on what it is'
}

/** Files are imported where they are; the public entry is the only list of exports. */
function isNoBarrel(path: string): string | undefined {
  return basename(path) === 'index.ts' && path !== 'src/index.ts' ? 'is a barrel' : undefined
}

const folders = new Set(readdirSync('src', { recursive: true, encoding: 'utf8' }))

/** Tests lie where the source lies that they are of; tests of scripts, and of other programs, have folders of their own. */
function testsSomethingThatIsThere(path: string): string | undefined {
  const [, folder] = /^test\/(.+)\/[^/]+\.test(?:-d)?\.ts$/.exec(path) ?? []
  if (folder === undefined || folder === 'interop' || folder === 'scripts') return undefined
  return folders.has(folder) ? undefined : `tests a folder src/${folder} that is not there`
}

/** Links of documents to files of the repository, also to headings of this or another document. */
function linksResolve(path: string, text: string): string | undefined {
  if (!path.endsWith('.md')) return undefined
  const prose = text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '')
  for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue
    const [file = '', heading] = link.split('#')
    const target = file === '' ? path : join(dirname(path), file)
    if (!existsSync(target)) return `links to ${link}, which is not there`
    if (heading !== undefined && !headings(target).has(heading))
      return `links to ${link}, a heading that is not there`
  }
  return undefined
}

function headings(path: string): Set<string> {
  const titles = readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)
  return new Set(
    [...titles].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** Written by tools, or data. */
const GENERATED = /^(fixtures\/|package-lock\.json$)/

const tracked = execFileSync('git', [
  'ls-files',
  '-z',
  '--cached',
  '--others',
  '--exclude-standard',
])
  .toString()
  .split('\0')
const paths = tracked.filter((path) => path !== '' && !GENERATED.test(path) && existsSync(path))
const problems: string[] = []
for (const path of paths) {
  const text = readFileSync(path, 'utf8')
  for (const rule of rules) {
    const problem = rule(path, text)
    if (problem !== undefined) problems.push(`${path}: ${problem}`)
  }
}
if (paths.length === 0) problems.push('no file was found: the check itself is broken')
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
