/** The completion of command lines in the shells themselves, as far as they are installed, with the tables of a warehouse. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { SCRIPTS, type Shell, SHELLS } from '../../src/cli/completion/shells.ts'
import { type TestWarehouse, testWarehouse } from '../support/cli.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

let wh: TestWarehouse

beforeAll(async () => {
  wh = testWarehouse()
  const stdin = '{"fields": [{"name": "id", "type": "INT"}], "options": {"bucket": "-1"}}'
  for (const name of ['shop.users', 'shop.visits'])
    await wh.ok(['create', name, '--schema', '-'], { stdin })
  mkdirSync(wh.file('bin'))
  writeFileSync(wh.file('bin/millrace'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`)
  chmodSync(wh.file('bin/millrace'), 0o755)
  writeFileSync(wh.file('input one.csv'), 'id\n1\n')
  writeFileSync(wh.file('setup.zsh'), ZSH_SETUP)
  for (const shell of SHELLS) writeFileSync(wh.file(`millrace.${shell}`), SCRIPTS[shell])
})
afterAll(() => wh[Symbol.dispose]())

function isInstalled(shell: Shell): boolean {
  const found = spawnSync(shell, ['--version']).status === 0
  if (!found)
    process.stderr.write(`the completion of ${shell} is not tested: it is not installed\n`)
  return found
}

/** What the shell prints that runs the program. */
function output(shell: Shell, args: readonly string[], program: string): string {
  const env = {
    ...process.env,
    PATH: `${wh.file('bin')}:${process.env['PATH']}`,
    MILLRACE_WAREHOUSE: wh.directory,
    XDG_CACHE_HOME: wh.file('cache'),
    HOME: wh.file('.'),
    TERM: 'dumb',
  }
  return execFileSync(shell, [...args, program], { env, cwd: wh.file('.'), encoding: 'utf8' })
}

/** Bash runs the function with the words as its line editor cuts them. */
function bash(words: readonly string[]): string[] {
  const list = ['millrace', ...words].map((word) => `'${word}'`).join(' ')
  const program = `source ./millrace.bash; COMP_WORDS=(${list}); COMP_CWORD=${words.length}
_millrace; printf '%s\\n' "\${COMPREPLY[@]}"`
  return output('bash', ['--norc', '-c'], program).split('\n').filter(Boolean)
}

/** Fish itself tells what it would offer. */
function fish(line: string): string[] {
  const program = `source ./millrace.fish; complete -C '${line}'`
  return output('fish', ['--no-config', '-c'], program).split('\n').filter(Boolean)
}

/** Completes what is before the cursor, and writes what the line is then. */
const ZSH_SETUP = `autoload -Uz compinit; compinit -u -D
source ./millrace.zsh
told() { zle complete-word; print -r -- "$BUFFER" > told.new; mv told.new told }
zle -N told; bindkey '^X' told
: > ready
`

/** Zsh completes only where it edits a line, so that another zsh types into it. */
function zsh(line: string): string {
  const program = `zmodload zsh/zpty
rm -f ready told
zpty -b shell zsh -f -i
zpty -w shell "source ./setup.zsh"
wait-for() { repeat 200 { [[ -e $1 ]] && break; sleep 0.05 } }
wait-for ready
sleep 0.2
zpty -w -n shell '${line}'$'\\x18'
wait-for told
cat told
zpty -d shell`
  return output('zsh', ['-f', '-c'], program).replace(/\n$/, '')
}

test.runIf(isInstalled('bash'))('bash completes commands, flags, values, tables and files', () => {
  expect(bash(['tag', 'cre'])).toEqual(['create'])
  expect(bash(['read', 'shop.u'])).toEqual(['shop.users'])
  expect(bash(['read', 'shop.users', '--sel'])).toEqual(['--select'])
  expect(bash(['read', 'shop.users', '--format', '=', 'c'])).toEqual(['csv'])
  expect(bash(['read', 'shop.users', '--option', 'scan.tag'])).toEqual(['scan.tag-name='])
  expect(bash(['write', 'shop.users', 'inp'])).toEqual(['input one.csv'])
})

test.runIf(isInstalled('fish'))('fish completes them with what they mean', () => {
  expect(fish('millrace tag cre')).toEqual([
    'create\tKeeps a snapshot under a name, whatever else expires.',
  ])
  expect(fish('millrace read shop.')).toEqual(['shop.users\ttable', 'shop.visits\ttable'])
  expect(fish('millrace read shop.users --format=c')).toEqual([
    expect.stringMatching(/^--format=csv\t/) as string,
  ])
  expect(fish('millrace write shop.users inp').join()).toContain('input one.csv')
})

test.runIf(isInstalled('zsh'))('zsh completes them on its own line', () => {
  expect(zsh('millrace read shop.u')).toBe('millrace read shop.users ')
  expect(zsh('millrace read sh')).toBe('millrace read shop.')
  expect(zsh('millrace write shop.users inp')).toMatch(
    /^millrace write shop\.users input\\ one\.csv/,
  )
})
