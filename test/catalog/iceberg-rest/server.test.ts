import { once } from 'node:events'
import { Agent, get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { Catalog } from '../../../src/catalog/catalog.ts'
import {
  type IcebergServer,
  type IcebergServerOptions,
  serveIceberg,
  type ServedRequest,
} from '../../../src/catalog/iceberg-rest/server.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { intercept } from '../../support/intercept.ts'
import { servedWarehouse } from '../../support/served-warehouse.ts'

const TOKEN = 'canary-token-of-the-server'
const TABLE = '/v1/namespaces/shop/tables/a'

/** What the storage does first at each read. */
let before: () => Promise<void> | void = () => {}
let catalog: Catalog
beforeAll(async () => {
  catalog = await servedWarehouse((io) => intercept(io, { read: { before: () => before() } }))
})
afterAll(async () => await catalog.close())

interface Told {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function ask(
  server: IcebergServer,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Told> {
  return await new Promise((resolve, reject) => {
    const request = get({ port: server.port, path, headers, method, agent: false }, (response) => {
      const { statusCode: status = 0, headers: told } = response
      text(response).then((body) => resolve({ status, headers: told, body }), reject)
    })
    request.on('error', reject)
  })
}

async function serve(options: IcebergServerOptions = {}): Promise<IcebergServer> {
  return await serveIceberg(catalog, { port: 0, ...options })
}

describe('a server', () => {
  test('answers what it is asked, and tells of it', async () => {
    const served: ServedRequest[] = []
    await using server = await serve({ onRequest: (request) => served.push(request) })
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    const { status, headers, body } = await ask(server, `${TABLE}?snapshots=refs`)
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'application/json' })
    expect(JSON.parse(body)).toMatchObject({ metadata: { 'format-version': 2 } })
    const head = await ask(server, TABLE, {}, 'HEAD')
    expect(head).toMatchObject({ status: 204, body: '' })
    expect(served).toMatchObject([
      { method: 'GET', path: TABLE, status: 200, sizeBytes: body.length },
      { method: 'HEAD', path: TABLE, status: 204, sizeBytes: 0 },
    ])
  })

  test('asks for its token, and for nothing but it', async () => {
    await using server = await serve({ token: ` ${TOKEN}\n` })
    for (const authorization of ['', TOKEN, `Bearer ${TOKEN}x`, 'Bearer ', `Basic ${TOKEN}`]) {
      const { status, headers, body } = await ask(server, '/v1/config', { authorization })
      expect(status).toBe(401)
      expect(headers['www-authenticate']).toMatch(/^Bearer/)
      expect(JSON.parse(body)).toMatchObject({ error: { type: 'NotAuthorizedException' } })
      expect(body).not.toContain(TOKEN)
    }
    const headers = { authorization: `Bearer ${TOKEN}`, host: 'lake.example' }
    expect((await ask(server, '/v1/config', headers)).status).toBe(200)
  })

  test('is not asked without a token by a page that had its name lead here', async () => {
    await using server = await serve()
    for (const [host, status] of [
      ['localhost:8181', 200],
      ['127.0.0.1', 200],
      ['[::1]:1', 200],
      ['lake.example', 403],
      ['127.0.0.1.lake.example:80', 403],
    ] as const)
      expect([host, (await ask(server, '/v1/config', { host })).status]).toEqual([host, status])
  })

  test('refuses what is too long', async () => {
    await using server = await serve()
    expect((await ask(server, `/v1/${'x'.repeat(9000)}`)).status).toBe(414)
    expect((await ask(server, '/v1/config', { 'x-long': 'x'.repeat(20_000) })).status).toBe(431)
  })

  test.each([
    [503, 'that may pass', new LakeError('IO', 'the storage is slow', { retriable: true })],
    [500, 'that stays', new LakeError('CORRUPT', 'is damaged', { path: 'schema-0' })],
    [500, 'of its own, without what it is', new TypeError('secret')],
  ])('answers %i for a failure %s', async (status, _, error) => {
    const served: ServedRequest[] = []
    await using server = await serve({ onRequest: (request) => served.push(request) })
    before = () => {
      throw error
    }
    try {
      const { body, ...told } = await ask(server, TABLE)
      expect(told).toMatchObject({ status })
      expect(JSON.parse(body)).toMatchObject({ error: { code: status } })
      expect(body).not.toContain('secret')
      expect(served).toMatchObject([{ status, error }])
    } finally {
      before = () => {}
    }
  })

  test('answers what it was asked before it closes, and nothing afterwards', async () => {
    const server = await serve()
    const asked = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    before = async () => {
      asked.resolve()
      await goOn.promise
    }
    const answer = ask(server, TABLE)
    await asked.promise
    before = () => {}
    const closed = Promise.all([server.close(), server.close()])
    await expect(ask(server, TABLE)).rejects.toThrow('ECONNREFUSED')
    goOn.resolve()
    expect((await answer).status).toBe(200)
    await closed
  })

  test('lets those go at once that ask nothing when it closes', async () => {
    const server = await serve()
    const idle = connect(server.port, '127.0.0.1')
    await once(idle, 'connect')
    const agent = new Agent({ keepAlive: true })
    const request = get({ port: server.port, path: '/v1/config', agent })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    const gone = once(idle, 'close')
    // The time after which everybody is let go does not come.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      await server.close()
    } finally {
      vi.useRealTimers()
    }
    await gone
    agent.destroy()
    await expect(ask(server, TABLE)).rejects.toThrow('ECONNREFUSED')
  })

  test('takes no port, token or prefix that is none', async () => {
    await using server = await serve()
    await expect(serve({ port: server.port })).rejects.toMatchObject({
      code: 'IO',
      hint: expect.stringContaining('another port') as string,
    })
    for (const options of [{ port: 70_000 }, { token: 'short' }, { prefix: 'a/b' }])
      await expect(serve(options)).rejects.toMatchObject({ code: 'INVALID' })
  })
})
