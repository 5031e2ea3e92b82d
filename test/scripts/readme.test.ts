import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createCatalog } from '../../src/index.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
const example = await readFile(join(ROOT, 'examples/quickstart.ts'), 'utf8')

/** What stands between fences, with the word behind the first of them. */
const blocks = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', text = '']) => ({ language, text }),
)
const quickstartAt = blocks.findIndex(({ language }) => language === 'js')
const quickstart = blocks[quickstartAt]?.text ?? ''

let directory: string
/** For child processes: those that load what another has loaded before start in half the time. */
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'millrace-readme-')))
  env = { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') }
})
afterAll(async () => {
  await rm(directory, { recursive: true })
})

describe('the quick start', () => {
  test('is the example, with the import of the package', () => {
    const [, code = ''] = /^\/\*\*[\s\S]*?\*\/\n([\s\S]*)$/.exec(example) ?? []
    expect(code.replace("'../src/index.ts'", "'millrace'")).toBe(quickstart)
  })

  test('has twelve lines', () => {
    expect(quickstart.split('\n').filter((line) => line !== '')).toHaveLength(12)
  })

  test(
    'prints what the README shows, also when it is run again',
    { timeout: 120_000 },
    async () => {
      const home = join(directory, 'quickstart')
      const installed = join(home, 'node_modules/millrace')
      await mkdir(installed, { recursive: true })
      await writeFile(join(installed, 'package.json'), '{"exports": "./index.mjs"}')
      const source = pathToFileURL(join(ROOT, 'src/index.ts')).href
      await writeFile(join(installed, 'index.mjs'), `export * from ${JSON.stringify(source)}\n`)
      await writeFile(join(home, 'quickstart.mjs'), quickstart)
      for (let i = 0; i < 2; i++) {
        const { stdout } = await run(process.execPath, ['quickstart.mjs'], { cwd: home, env })
        expect(stdout).toBe(blocks[quickstartAt + 1]?.text)
      }
    },
  )
})

/** A line of the terminal with its further lines, and what it printed. */
interface Command {
  readonly line: string
  readonly output: string
}

function commandsOf(session: string): Command[] {
  return session
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [first = '', ...rest] = part.split('\n')
      const more = rest.findIndex((line) => !line.startsWith('> '))
      const line = [first, ...rest.slice(0, more).map((text) => text.slice(2))].join('\n')
      return { line, output: rest.slice(more).join('\n') }
    })
}

/** What each line prints and exits with, one after another in one shell in which `millrace` is the command of this source. */
async function runSession(commands: readonly Command[]): Promise<{ text: string; code: string }[]> {
  const home = join(directory, 'session')
  const bin = join(directory, 'bin')
  await mkdir(home)
  await mkdir(bin)
  const main = join(ROOT, 'src/cli/main.ts')
  const script = `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`
  await writeFile(join(bin, 'millrace'), script, { mode: 0o755 })
  const lines = commands.map(({ line }) => `{ ${line}\n} 2>&1\nprintf '\\036%s\\036' $?`)
  const { stdout } = await run('/bin/sh', ['-c', lines.join('\n')], {
    cwd: home,
    env: { ...env, PATH: `${bin}${delimiter}${env['PATH']}` },
  })
  const parts = stdout.replaceAll(home, '/home/ada').split('\u001e')
  return commands.map((_, i) => ({ text: parts[2 * i]!, code: parts[2 * i + 1]! }))
}

test('the command line prints what the README shows', { timeout: 120_000 }, async () => {
  const commands = blocks
    .filter(({ language }) => language === 'console')
    .flatMap(({ text }) => commandsOf(text))
  expect(commands.length).toBeGreaterThan(5)
  const outcomes = await runSession(commands)
  expect(outcomes.map(({ text }, i) => `$ ${commands[i]!.line}\n${text}`)).toEqual(
    commands.map(({ line, output }) => `$ ${line}\n${output}`),
  )
  for (const { text, code } of outcomes) expect(code).toBe(text.startsWith('error ') ? '2' : '0')
})

test('the demo proves what it says', { timeout: 120_000 }, async () => {
  const warehouse = join(directory, 'demo')
  const { stdout } = await run(process.execPath, [join(ROOT, 'examples/demo.ts'), warehouse], {
    env,
  })
  const [, changes, commits, rows] =
    /What this proved: (\d+) changes in (\d+) commits \([\d.]+ s\) read back as exactly\s+the (\d+) orders/.exec(
      stdout,
    ) ?? []
  expect([changes, commits]).toEqual(['200000', '10'])
  const catalog = await createCatalog({ warehouse })
  const table = await catalog.table('demo.orders')
  expect(await table.snapshots()).toHaveLength(10)
  expect(await table.read({ columns: ['orderId'] }).toArray()).toHaveLength(Number(rows))
  expect((await table.check()).damage).toEqual([])
  await catalog.close()
})
