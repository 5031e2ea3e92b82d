/**
 * Iceberg's own clients go back to what tables of this library were: to snapshots, tags and times, with deletes as vectors or as
 * positions, with other columns, and behind expiry. Spark, where it is asked for, also tells what changed in between.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import {
  chosenClients,
  type IcebergClient,
  icebergJar,
  installClients,
  pythonOf,
} from './support/iceberg-clients.ts'
import {
  type ExpectedState,
  makeTravelTables,
  type TravelRequest,
} from './support/iceberg-travel.ts'

const run = promisify(execFile)
const PROGRAMS = join(import.meta.dirname, 'iceberg')
const JARS = dirname(icebergJar)
const TRAVELLERS = ['pyiceberg', 'java', 'duckdb', 'spark'] as const

const clients = TRAVELLERS.filter((client) => chosenClients().includes(client))
const io = new LocalFileIO()
let warehouse: string
let states: ExpectedState[]

beforeAll(async () => {
  await installClients(clients)
  warehouse = await mkdtemp(join(tmpdir(), 'millrace-iceberg-travel-'))
  states = await makeTravelTables(io, warehouse)
})

afterAll(async () => {
  await io.close()
  await rm(warehouse, { recursive: true })
})

type Answer = { readonly rows: readonly (readonly unknown[])[] } | { readonly error: string }

async function ask(
  client: (typeof TRAVELLERS)[number],
  requests: readonly TravelRequest[],
): Promise<Answer[]> {
  const path = join(warehouse, `${client}.json`)
  await writeFile(path, JSON.stringify(requests))
  const [program, args] = commandOf(client)
  const { stdout } = await run(program, [...args, path], {
    env: { ...process.env, ICEBERG_HOME: dirname(JARS), TZ: 'UTC', PYTHONWARNINGS: 'ignore' },
    maxBuffer: 1 << 26,
  })
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => JSON.parse(line) as Answer)
}

function commandOf(client: (typeof TRAVELLERS)[number]): [string, string[]] {
  if (client !== 'java') return [pythonOf(client), ['-B', join(PROGRAMS, 'travel.py'), client]]
  const jars = [join(JARS, '*'), join(JARS, 'hadoop', '*')].join(':')
  const quick = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
  return ['java', [...quick, '-cp', jars, join(PROGRAMS, 'IcebergTravel.java')]]
}

const sorted = (rows: readonly (readonly unknown[])[]): string[] =>
  rows.map((row) => JSON.stringify(row)).toSorted()

const rowsOf = (answer: Answer | undefined): readonly (readonly unknown[])[] =>
  answer !== undefined && 'rows' in answer ? answer.rows : [[answer?.error]]

const REFUSED = 'refused'

/** It answers that there are no rows where the others say that there is no such snapshot. */
const saysNothing = (client: IcebergClient): boolean => client === 'duckdb'

test.each(clients)('%s reads each state of the past', async (client) => {
  const answers = await ask(
    client,
    states.map(({ request }) => request),
  )
  expect(answers).toHaveLength(states.length)
  const found = answers.map((answer, i) => ({
    of: states[i]!.request,
    rows: 'rows' in answer ? sorted(answer.rows) : REFUSED,
  }))
  const wanted = states.map(({ request, rows }) => {
    if (rows !== null) return { of: request, rows: sorted(rows) }
    const isTime = request.at !== undefined && 'timestamp' in request.at
    return { of: request, rows: saysNothing(client) && isTime ? [] : REFUSED }
  })
  expect(found).toEqual(wanted)
})

test.runIf(clients.includes('spark'))(
  "Spark's changelog view shows rows that were deleted, and its row ids are the table's",
  async () => {
    const table = join(warehouse, 'db.db', 'rewritten')
    const [changes, ids] = await ask('spark', [
      { table, changes: [1, 4] },
      { table, columns: ['id', '_row_id', '_last_updated_sequence_number'] },
    ])
    const seen = rowsOf(changes).map(([id, v, type, , snapshot]) => [id, v, type, snapshot])
    expect(sorted(seen)).toEqual(
      sorted([
        [3, 'b', 'INSERT', 2],
        [4, 'b', 'INSERT', 2],
        [5, 'b', 'INSERT', 2],
        [1, 'a', 'DELETE', 3],
        [4, 'b', 'DELETE', 3],
        [6, 'c', 'INSERT', 4],
      ]),
    )
    // Rows that were written anew keep their ids, and the snapshots that made them.
    expect(sorted(rowsOf(ids))).toEqual(
      sorted([
        [0, 0, 1],
        [2, 2, 1],
        [3, 3, 2],
        [5, 5, 2],
        [6, 6, 4],
      ]),
    )
  },
)
