/**
 * The routes of a read-only Iceberg REST catalog: configuration, namespaces, tables, and the metadata of a table.
 *
 * A namespace is a database of the warehouse, and a table one that has Iceberg metadata. Source: the REST catalog
 * specification of Iceberg, `open-api/rest-catalog-open-api.yaml`.
 */
import { createHash } from 'node:crypto'

import type { IoOptions } from '../../io/file-io.ts'
import { nameOf } from '../../io/path.ts'
import { isNotFound } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import type { Catalog } from '../catalog.ts'
import { tableText } from './load-table.ts'
import {
  emptyResponse,
  errorResponse,
  jsonResponse,
  parseTarget,
  type RestRequest,
  type RestResponse,
} from './message.ts'
import { type Page, pageOf, takePage } from './pages.ts'
import { databasePath, isServed, loadServed, servedDatabases, servedTables } from './tables.ts'

/** Told to clients, so that they ask for nothing else. */
const ENDPOINTS = [
  'GET /v1/{prefix}/namespaces',
  'GET /v1/{prefix}/namespaces/{namespace}',
  'HEAD /v1/{prefix}/namespaces/{namespace}',
  'GET /v1/{prefix}/namespaces/{namespace}/tables',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
]

/** Parts the names of a namespace that has several. */
const SEPARATOR = '\u001f'

/** A request, taken apart. */
interface Asked {
  readonly catalog: Catalog
  readonly query: URLSearchParams
  readonly request: RestRequest
  readonly options: IoOptions
}

/** Answers a request. What the storage cannot do is thrown. */
export async function answer(
  catalog: Catalog,
  request: RestRequest,
  prefix?: string,
): Promise<RestResponse> {
  const target = parseTarget(request.target)
  if (target === null) return badRequest('the request names no path')
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return errorResponse(
      405,
      'UnsupportedOperationException',
      `this catalog is read-only: ${request.method.slice(0, 20)} is refused, and writers commit to the Paimon tables`,
      { allow: 'GET, HEAD' },
    )
  const { query } = target
  const asked = { catalog, query, request, options: { signal: request.signal } }
  const [version, ...path] = target.segments
  if (version !== 'v1') return noRoute()
  if (path.length === 1 && path[0] === 'config') return config(asked, prefix)
  if (prefix !== undefined && path.shift() !== prefix) return noRoute()
  const [collection, namespace, tables, table] = path
  if (collection !== 'namespaces' || path.length > 4) return noRoute()
  if (namespace === undefined) return await listNamespaces(asked)
  if (tables === undefined) return await loadNamespace(asked, namespace)
  if (tables !== 'tables') return noRoute()
  if (table === undefined) return await listTables(asked, namespace)
  return await loadTable(asked, namespace, table)
}

/** Clients send the warehouse that they are set up for: one that is not this one is a mistake of theirs. */
function config({ catalog, query }: Asked, prefix: string | undefined): RestResponse {
  const wanted = query.get('warehouse') ?? ''
  const name = nameOf(catalog.warehouse)
  if (!['', name, catalog.warehouse].includes(wanted.replace(/\/$/, '')))
    return errorResponse(
      404,
      'NoSuchWarehouseException',
      `this catalog is of another warehouse: name it ${name}, or leave the name out`,
    )
  const overrides = prefix === undefined ? {} : { prefix }
  return jsonResponse(200, JSON.stringify({ defaults: {}, overrides, endpoints: ENDPOINTS }))
}

async function listNamespaces({ catalog, query, options }: Asked): Promise<RestResponse> {
  const page = pageOf(query)
  if (page === null) return badPage()
  const parent = query.get('parent') ?? ''
  if (parent !== '') {
    const missing = await missingNamespace(catalog, parent, options)
    return missing ?? (await listResponse('namespaces', [], page, (name) => name))
  }
  const names = await servedDatabases(catalog, page.after, options)
  return await listResponse('namespaces', names, page, (name) => [name])
}

async function loadNamespace(
  { catalog, request, options }: Asked,
  namespace: string,
): Promise<RestResponse> {
  const missing = await missingNamespace(catalog, namespace, options)
  if (missing !== null) return missing
  if (request.method === 'HEAD') return emptyResponse(204)
  const properties = { location: databasePath(catalog, namespace) }
  return jsonResponse(200, JSON.stringify({ namespace: [namespace], properties }))
}

async function listTables(
  { catalog, query, options }: Asked,
  namespace: string,
): Promise<RestResponse> {
  const page = pageOf(query)
  if (page === null) return badPage()
  const missing = await missingNamespace(catalog, namespace, options)
  if (missing !== null) return missing
  try {
    const names = servedTables(catalog, namespace, page.after, options)
    return await listResponse('identifiers', names, page, (name) => ({
      namespace: [namespace],
      name,
    }))
  } catch (error) {
    // The database may be dropped meanwhile.
    if (isNotFound(error)) return noNamespace(namespace, [])
    throw error
  }
}

async function loadTable(
  { catalog, query, request, options }: Asked,
  namespace: string,
  table: string,
): Promise<RestResponse> {
  if (request.method === 'HEAD') {
    const isThere = await isServed(catalog, namespace, table, options)
    return isThere ? emptyResponse(204) : noTable(namespace, table)
  }
  const snapshots = query.get('snapshots') ?? 'all'
  if (snapshots !== 'all' && snapshots !== 'refs')
    return badRequest('the query snapshots takes all or refs')
  const served = await loadServed(catalog, namespace, table, options)
  if (served === null) return noTable(namespace, table)
  const text = tableText(served, snapshots)
  // The file of a version may be written anew, so its path alone does not tell what is in it.
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`
  const known = (request.headers['if-none-match'] ?? '').split(',').map((each) => each.trim())
  if (known.some((each) => each === '*' || each.replace(/^W\//, '') === etag))
    return emptyResponse(304, { etag })
  return jsonResponse(200, text, { etag })
}

async function listResponse(
  member: string,
  names: AsyncIterable<string> | Iterable<string>,
  page: Page,
  item: (name: string) => unknown,
): Promise<RestResponse> {
  const { taken, nextToken } = await takePage(names, page)
  const list = { [member]: taken.map(item), 'next-page-token': nextToken }
  return jsonResponse(200, JSON.stringify(list))
}

async function missingNamespace(
  catalog: Catalog,
  namespace: string,
  options: IoOptions,
): Promise<RestResponse | null> {
  const names = await servedDatabases(catalog, '', options)
  return names.includes(namespace) ? null : noNamespace(namespace, names)
}

function noNamespace(namespace: string, names: readonly string[]): RestResponse {
  const shown = shownName(namespace)
  const message = namespace.includes(SEPARATOR)
    ? `there is no namespace ${shown}: those of this catalog have one part`
    : `there is no namespace ${shown}${didYouMean(namespace, names)}`
  return errorResponse(404, 'NoSuchNamespaceException', message)
}

function noTable(namespace: string, table: string): RestResponse {
  return errorResponse(
    404,
    'NoSuchTableException',
    `there is no table ${shownName(namespace)}.${shownName(table)} with Iceberg metadata: a table has it from its first commit with the option metadata.iceberg.storage on, or from millrace iceberg emit`,
  )
}

function shownName(name: string): string {
  return name.slice(0, 200).replaceAll(SEPARATOR, '.')
}

function noRoute(): RestResponse {
  return errorResponse(404, 'NotFoundException', 'this catalog has no such route')
}

function badRequest(message: string): RestResponse {
  return errorResponse(400, 'BadRequestException', message)
}

function badPage(): RestResponse {
  return badRequest('pageToken or pageSize is not one that this catalog knows')
}
