/** `iceberg serve`: answers Iceberg clients until it is interrupted. */
import { once } from 'node:events'

import { isLoopbackName } from '../../catalog/iceberg-rest/access.ts'
import { serveIceberg, type ServedRequest } from '../../catalog/iceberg-rest/server.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { readTextFile } from '../input-files.ts'
import { amount, bytesText } from '../printable.ts'
import { wantsJson } from '../report.ts'

const TOKEN_VARIABLE = 'MILLRACE_ICEBERG_TOKEN'
/** Of paths that clients think of, what is told. */
const PATH_LENGTH_MAX = 300

export async function icebergServeCommand(run: CommandRun): Promise<number> {
  const { flags, signal, streams } = run
  const { host, port } = flags
  const token = await tokenOf(run)
  const catalog = await run.openCatalog()
  // A storage that cannot be reached is told now, and not to the first client.
  await catalog.databases({ signal })
  let requestCount = 0
  const server = await serveIceberg(catalog, {
    host,
    port,
    token,
    onRequest(request) {
      requestCount++
      if (flags.verbose === true || request.error !== undefined) run.note(requestText(request))
    },
  })
  const { url } = server
  if (wantsJson(run)) streams.stdout.write(`${JSON.stringify({ url })}\n`)
  run.note(`serving the Iceberg tables of ${catalog.warehouse} at ${url}`)
  if (token === undefined && host !== undefined && !isLoopbackName(host))
    run.note('no token is asked for: whoever reaches this address learns what tables there are')
  if (!signal.aborted) await once(signal, 'abort')
  await server.close()
  run.note(`stopped serving, after ${amount(requestCount, 'request')}`)
  return EXIT.interrupted
}

/** Undefined where none is asked for. */
async function tokenOf({ flags, streams }: CommandRun): Promise<string | undefined> {
  const file = flags['token-file']
  if (file !== undefined) return await readTextFile(file, streams)
  const fromEnv = streams.env[TOKEN_VARIABLE]
  return fromEnv === '' ? undefined : fromEnv
}

/** `GET /v1/config: 200, 1.2 kB, 3 ms`; with what went wrong behind it. */
function requestText({ method, path, status, sizeBytes, elapsedMs, error }: ServedRequest): string {
  const what = `${method} ${path.slice(0, PATH_LENGTH_MAX)}: ${status}`
  const text = `${what}, ${bytesText(sizeBytes)}, ${elapsedMs.toFixed(0)} ms`
  if (error === undefined) return text
  return `${text}, ${error instanceof Error ? error.message : 'for an unknown reason'}`
}
