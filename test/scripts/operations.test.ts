import { expect, test } from 'vitest'

import { parseCommandLine } from '../../src/cli/command-line.ts'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { knownTableOption } from '../../src/types/options.ts'
import { runbook, runbookLines, wordsOf } from '../support/runbook.ts'

test.each(runbookLines)('the runbook tells what the command line takes: %s', (line) => {
  expect(parseCommandLine(wordsOf(line)).command).not.toBeNull()
})

test('the runbook shows each command that keeps a table in order', () => {
  const shown = new Set(runbookLines.map((line) => parseCommandLine(wordsOf(line)).command?.name))
  const others = COMMANDS.map(({ name }) => name).filter((name) => !shown.has(name))
  expect(others).toEqual(NOT_SHOWN)
})

/** Those that load data, list, or are told in words. */
const NOT_SHOWN: readonly string[] = [
  'create',
  'tables',
  'databases',
  'truncate',
  'update',
  'merge',
  'buckets',
  'tag replace',
  'tag rename',
  'tag delete',
  'branch rename',
  'iceberg serve',
  'completion',
]

test('the runbook names options that there are', () => {
  const named = [...runbook.matchAll(/`((?!shop)[a-z]+(?:-[a-z]+)*(?:\.[a-z-]+)+)(?: = [^`]*)?`/g)]
  const names = named.map(([, name = '']) => name)
  expect(names.length).toBeGreaterThan(10)
  expect(
    names.filter((name) => knownTableOption(name) === undefined && !name.endsWith('.md')),
  ).toEqual([])
})
