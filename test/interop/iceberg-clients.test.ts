/** Iceberg's own clients read tables that this library writes: all rows of many states, and filters on each column. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import {
  chosenClients,
  type ClientAnswer,
  installClients,
  readWithClients,
} from './support/iceberg-clients.ts'
import { ICEBERG_CASES } from './support/iceberg/all-cases.ts'
import { type IcebergCheck, makeChecks } from './support/iceberg/checks.ts'
import { clientCells, pageCells } from './support/iceberg/client-table.ts'
import { healedFailures, unknownFailures } from './support/iceberg/known-failures.ts'

const PAGE = join(import.meta.dirname, '../../docs/iceberg.md')

const PLANTED = 'planted'

const clients = chosenClients()
const io = new LocalFileIO()
let directory: string
let checks: IcebergCheck[]
let answers: ClientAnswer[]

beforeAll(async () => {
  await installClients(clients)
  directory = await mkdtemp(join(tmpdir(), 'millrace-iceberg-'))
  checks = await makeChecks(io, directory, ICEBERG_CASES)
  answers = await readWithClients([...checks, await plantedCheck(checks[0]!)], clients, directory)
})

/** The check, whose table should have one row less. */
async function plantedCheck(check: IcebergCheck): Promise<IcebergCheck> {
  const lines = await readFile(check.expected, 'utf8')
  const expected = join(directory, 'planted.jsonl')
  await writeFile(expected, lines.slice(lines.indexOf('\n') + 1))
  return { ...check, label: PLANTED, expected }
}

afterAll(async () => {
  await io.close()
  await rm(directory, { recursive: true })
})

const of = (client: string): ClientAnswer[] =>
  answers.filter((each) => each.client === client && each.label !== PLANTED)

test.each(clients)('%s reads all rows of all tables and finds all rows by filters', (client) => {
  expect(of(client)).toHaveLength(checks.length)
  expect(checks.length).toBeGreaterThan(100)
  expect(unknownFailures(of(client))).toEqual([])
})

test.each(clients)('a row too many is told of %s', (client) => {
  const planted = answers.find((each) => each.client === client && each.label === PLANTED)
  expect(planted?.failure).toMatch(/^30 rows of 29; 0 missing, as \[\]; 1 that should not be/)
})

test.each(clients)('what %s cannot do is still so', (client) => {
  expect(healedFailures(of(client))).toEqual([])
})

test.each(clients)('the page of clients says what %s reads', async (client) => {
  const page = await readFile(PAGE, 'utf8')
  expect(pageCells(page, client)).toEqual(clientCells(checks, answers, client))
})
