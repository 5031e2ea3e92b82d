import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import type { Catalog } from '../../../src/catalog/catalog.ts'
import { answer } from '../../../src/catalog/iceberg-rest/routes.ts'
import { goldenRoot } from '../../support/golden-tables.ts'
import { servedWarehouse } from '../../support/served-warehouse.ts'

interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

let catalog: Catalog
beforeAll(async () => {
  catalog = await servedWarehouse()
})

async function ask(
  target: string,
  { method = 'GET', headers = {}, prefix }: AskOptions = {},
): Promise<Told> {
  const { status, headers: told, body } = await answer(catalog, { method, target, headers }, prefix)
  return { status, headers: told, body: body === '' ? null : JSON.parse(body) }
}

interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly prefix?: string
}

const failure = (code: number, type: string, message: RegExp): object => ({
  status: code,
  body: { error: { code, type, message: expect.stringMatching(message) as string } },
})

describe('the configuration', () => {
  test.each(['', '?warehouse=', '?warehouse=wh', '?warehouse=wh%2F'])(
    'names the reading routes alone, asked %s',
    async (query) => {
      const { status, body } = await ask(`/v1/config${query}`)
      expect(status).toBe(200)
      expect(body).toMatchObject({ defaults: {}, overrides: {} })
      const { endpoints } = body as { endpoints: string[] }
      expect(endpoints).toContain('GET /v1/{prefix}/namespaces/{namespace}/tables/{table}')
      expect(endpoints.filter((each) => !/^(?:GET|HEAD) /.test(each))).toEqual([])
    },
  )

  test('is not told to those who mean another warehouse', async () => {
    const told = await ask('/v1/config?warehouse=prod')
    expect(told).toMatchObject(failure(404, 'NoSuchWarehouseException', /another warehouse.* wh,/))
  })

  test('tells the prefix, which the other paths have then', async () => {
    const prefix = 'lake'
    expect(await ask('/v1/config', { prefix })).toMatchObject({ body: { overrides: { prefix } } })
    expect((await ask('/v1/lake/namespaces/shop', { prefix })).status).toBe(200)
    expect((await ask('/v1/namespaces/shop', { prefix })).status).toBe(404)
    expect((await ask('/v1/lake/namespaces/shop')).status).toBe(404)
  })
})

describe('namespaces', () => {
  test.each([
    ['all of them', '', [['empty'], ['shop']], null],
    ['all of them where only a size is given', '?pageSize=1', [['empty'], ['shop']], null],
    ['the first page', '?pageToken=&pageSize=1', [['empty']], 'ZW1wdHk'],
    ['the next one', '?pageToken=ZW1wdHk&pageSize=1', [['shop']], null],
    ['none below one', '?parent=shop', [], null],
  ])('are the databases: %s', async (_, query, namespaces, next) => {
    const body = { namespaces, 'next-page-token': next }
    expect(await ask(`/v1/namespaces${query}`)).toMatchObject({ status: 200, body })
  })

  test('have their place', async () => {
    const location = `${catalog.warehouse}/shop.db`
    const body = { namespace: ['shop'], properties: { location } }
    expect(await ask('/v1/namespaces/shop')).toMatchObject({ status: 200, body })
    expect(await ask('/v1/namespaces/shop', { method: 'HEAD' })).toMatchObject({ status: 204 })
  })

  test.each([
    ['/v1/namespaces/shpo', /no namespace shpo \(did you mean "shop"\?\)/],
    ['/v1/namespaces/shop%1Feu', /shop\.eu: .* one part/],
    ['/v1/namespaces/sys', /no namespace sys/],
    ['/v1/namespaces/..', /no namespace \.\./],
    ['/v1/namespaces/nope/tables', /no namespace nope/],
    ['/v1/namespaces?parent=nope', /no namespace nope/],
  ])('that are not there are told: %s', async (target, message) => {
    expect(await ask(target)).toMatchObject(failure(404, 'NoSuchNamespaceException', message))
  })
})

function identifiers(...names: string[]): object[] {
  return names.map((name) => ({ namespace: ['shop'], name }))
}

describe('tables', () => {
  test.each([
    ['all with Iceberg metadata', '', identifiers('a', 'b', 'c'), null],
    ['the first page', '?pageToken=&pageSize=2', identifiers('a', 'b'), 'Yg'],
    ['the last page', '?pageToken=Yg&pageSize=2', identifiers('c'), null],
    ['a page that ends with the last', '?pageToken=YQ&pageSize=2', identifiers('b', 'c'), null],
  ])('are listed: %s', async (_, query, told, next) => {
    const body = { identifiers: told, 'next-page-token': next }
    expect(await ask(`/v1/namespaces/shop/tables${query}`)).toMatchObject({ status: 200, body })
  })

  test.each(['?pageSize=0', '?pageSize=x', '?pageToken=%00', '?pageToken=Y'])(
    'are not listed by a page that is none: %s',
    async (query) => {
      const told = await ask(`/v1/namespaces/shop/tables${query}`)
      expect(told).toMatchObject(failure(400, 'BadRequestException', /pageToken or pageSize/))
    },
  )

  test('are loaded with what their metadata file says', async () => {
    const path = join(goldenRoot('iceberg_v2'), 'metadata/v7.metadata.json')
    const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    const { status, body } = await ask('/v1/namespaces/shop/tables/a')
    const { metadata, ...rest } = body as { metadata: Record<string, unknown> }
    const location = `${catalog.warehouse}/shop.db/a/metadata/v7.metadata.json`
    expect({ status, rest }).toEqual({
      status: 200,
      rest: { 'metadata-location': location, config: {} },
    })
    expect(metadata).toMatchObject(file)
    // Clients refuse a current snapshot without the branch that names it.
    expect(metadata['refs']).toEqual({ main: { 'snapshot-id': 7, type: 'branch' } })
  })

  test('are loaded with the snapshots of refs alone where these are enough', async () => {
    const { body } = await ask('/v1/namespaces/shop/tables/a?snapshots=refs')
    const { snapshots } = (body as { metadata: { snapshots: object[] } }).metadata
    expect(snapshots).toMatchObject([{ 'snapshot-id': 7 }])
    const told = await ask('/v1/namespaces/shop/tables/a?snapshots=none')
    expect(told).toMatchObject(failure(400, 'BadRequestException', /all or refs/))
  })

  test('are not told again to those who know what there is', async () => {
    const target = '/v1/namespaces/shop/tables/a'
    const { headers } = await ask(target)
    const etag = headers['etag']!
    for (const known of [etag, `"x", W/${etag}`, '*'])
      expect(await ask(target, { headers: { 'if-none-match': known } })).toMatchObject({
        status: 304,
        body: null,
      })
    const other = await ask(`${target}?snapshots=refs`, { headers: { 'if-none-match': etag } })
    expect(other.status).toBe(200)
  })

  test.each(['plain', 'd', 'a$snapshots', '..', '..%2Fshop.db%2Fa', 'a%00', 'a+b'])(
    'without Iceberg metadata are none: %s',
    async (name) => {
      const target = `/v1/namespaces/shop/tables/${name}`
      const told = await ask(target)
      expect(told).toMatchObject(failure(404, 'NoSuchTableException', /metadata\.iceberg\.storage/))
      expect((await ask(target, { method: 'HEAD' })).status).toBe(404)
    },
  )

  test('are there, or not', async () => {
    const target = '/v1/namespaces/shop/tables/a'
    expect(await ask(target, { method: 'HEAD' })).toMatchObject({ status: 204, body: null })
  })
})

describe('what is none of these', () => {
  test.each([
    ['POST', '/v1/namespaces'],
    ['POST', '/v1/namespaces/shop/tables/a'],
    ['DELETE', '/v1/namespaces/shop/tables/a'],
    ['POST', '/v1/oauth/tokens'],
  ])('writes are refused: %s %s', async (method, target) => {
    const told = await ask(target, { method })
    expect(told).toMatchObject(failure(405, 'UnsupportedOperationException', /read-only/))
    expect(told.headers['allow']).toBe('GET, HEAD')
  })

  test.each(['/', '/v1', '/v2/config', '/v1/namespaces/shop/views', '/v1/x/namespaces'])(
    'there is no route %s',
    async (target) => {
      expect(await ask(target)).toMatchObject(failure(404, 'NotFoundException', /no such route/))
    },
  )

  test.each(['http://elsewhere/v1/config', '/v1/namespaces/%E0%A4%A', '*'])(
    '%s is no path',
    async (target) => {
      expect(await ask(target)).toMatchObject(failure(400, 'BadRequestException', /no path/))
    },
  )
})
