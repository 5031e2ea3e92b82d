/**
 * Lets Iceberg's clients read tables of this library: `node scripts/iceberg-clients.ts [--clients pyiceberg,java] [--only dv2_]
 * [--keep] [--write]`. All clients and tables unless told; they are installed first, which takes two gigabytes. Prints what a client
 * read wrong; the exit code is 1 where that is not known. `--write` makes the table of docs/iceberg.md.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { LocalFileIO } from '../src/io/local.ts'
import {
  ICEBERG_CLIENTS,
  installClients,
  readWithClients,
} from '../test/interop/support/iceberg-clients.ts'
import { ICEBERG_CASES } from '../test/interop/support/iceberg/all-cases.ts'
import { makeChecks } from '../test/interop/support/iceberg/checks.ts'
import { pageWithTable } from '../test/interop/support/iceberg/client-table.ts'
import {
  healedFailures,
  knownFailure,
  unknownFailures,
} from '../test/interop/support/iceberg/known-failures.ts'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: ICEBERG_CLIENTS.join(',') },
    only: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const wanted = values.clients.split(',')
const clients = ICEBERG_CLIENTS.filter((client) => wanted.includes(client))
const isWhole = values.only === '' && clients.length === ICEBERG_CLIENTS.length
if (values.write && !isWhole) throw new Error('the page is made of all tables and all clients')
const cases = ICEBERG_CASES.filter(({ name }) => new RegExp(values.only).test(name))

await installClients(clients)
const directory = await mkdtemp(join(tmpdir(), 'millrace-iceberg-'))
const io = new LocalFileIO()
const checks = await makeChecks(io, directory, cases)
const answers = await readWithClients(checks, clients, directory)
const unknown = unknownFailures(answers)
for (const text of unknown) print(text)
if (isWhole) for (const text of healedFailures(answers)) print(`no more: ${text}`)
for (const client of clients) {
  const own = answers.filter((each) => each.client === client)
  const right = own.filter(({ failure }) => failure === null).length
  const known = own.filter((each) => each.failure !== null && knownFailure(each)).length
  print(`${client}: ${right} of ${own.length} right, ${known} wrong as is known`)
}
if (values.write) {
  const page = join(import.meta.dirname, '../docs/iceberg.md')
  await writeFile(page, pageWithTable(await readFile(page, 'utf8'), checks, answers))
}
if (values.keep) print(directory)
else await rm(directory, { recursive: true })
await io.close()
process.exitCode = unknown.length > 0 ? 1 : 0
