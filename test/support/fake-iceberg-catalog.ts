/** A small Iceberg REST catalog in place of `fetch`: what its specification demands of commits, and failures on request. */

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of any form, which tests look into
type Json = Record<string, any>

export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json
}

/** What happens to a request: it is refused with a status before anything is done, or done and its answer lost. */
export type FakeTrouble = { readonly refuse: number } | 'lose the answer' | undefined

export class FakeIcebergCatalog {
  readonly uri = 'http://catalog.test'
  readonly tables = new Map<string, Json>()
  readonly namespaces = new Set<string>()
  readonly requests: FakeRequest[] = []
  readonly tokens: string[] = []
  /** Asked before each request but those of configuration. */
  trouble: (request: FakeRequest) => FakeTrouble | Promise<FakeTrouble> = () => undefined
  prefix = 'lake/one'
  /** What a refusal says. */
  refusal = 'as the test says'
  tokenBody = ''

  table(name = 'db.t'): Json {
    return this.tables.get(name)!
  }

  /** Of the requests that change something: their method, and the actions of a commit. */
  get changes(): string[] {
    return this.requests
      .filter(({ method, path }) => method !== 'GET' && !path.includes('oauth'))
      .map(({ method, body }) =>
        [method, ...(body['updates'] ?? []).map((update: Json) => update['action'])].join(' '),
      )
  }

  /** In place of the global function. */
  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { origin, pathname, search } = new URL(url)
    if (origin !== this.uri)
      throw new TypeError('fetch failed', { cause: new Error('no such host') })
    const headers = init.headers as Record<string, string>
    const text = bodyText(init.body)
    const body = headers['content-type'] === 'application/json' ? (JSON.parse(text) as Json) : {}
    const told = { method: init.method!, path: `${pathname}${search}`, headers, body }
    this.requests.push(told)
    const trouble = pathname === '/v1/config' ? undefined : await this.trouble(told)
    if (pathname.startsWith('/elsewhere')) return new Response('<html>', { status: 404 })
    let status = 200
    let answer: Json | null
    try {
      if (typeof trouble === 'object') throw new Refusal(trouble.refuse, this.refusal)
      answer = this.#serve(told.method, pathname, body, text)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      status = error.status
      answer = { error: { message: error.message, type: 'Refusal', code: status } }
    }
    if (trouble === 'lose the answer')
      throw new TypeError('fetch failed', { cause: new Error('other side closed') })
    return new Response(answer === null ? '' : JSON.stringify(answer), { status })
  }

  #serve(method: string, pathname: string, body: Json, text: string): Json | null {
    if (pathname === '/v1/config') return { defaults: {}, overrides: { prefix: this.prefix } }
    if (pathname === '/v1/oauth/tokens') {
      this.tokenBody = text
      const token = `token-${this.tokens.length + 1}`
      this.tokens.push(token)
      return { access_token: token, token_type: 'bearer', expires_in: 3600 }
    }
    const start = `/v1/${this.prefix}/namespaces`
    if (!pathname.startsWith(start)) throw new Refusal(404, 'no such address')
    const names = pathname.slice(start.length).split('/').slice(1).map(decodeURIComponent)
    return this.#ofNames(method, names, body)
  }

  #ofNames(method: string, [namespace, , table]: string[], body: Json): Json | null {
    if (namespace === undefined) {
      this.namespaces.add((body['namespace'] as string[]).join('.'))
      return body
    }
    if (!this.namespaces.has(namespace)) throw new Refusal(404, 'no such namespace')
    const name = `${namespace}.${table ?? body['name']}`
    if (table === undefined && method === 'GET') return { namespace: [namespace] }
    if (table === undefined) return { metadata: { location: `s3://server/${name}` } }
    const current = this.tables.get(name)
    if (method === 'POST') return this.#commit(name, current, body)
    if (current === undefined) throw new Refusal(404, 'no such table')
    if (method === 'GET') return { metadata: current }
    this.tables.delete(name)
    return null
  }

  #commit(name: string, current: Json | undefined, body: Json): Json {
    const isCreation = body['requirements'].some((each: Json) => each['type'] === 'assert-create')
    if (current === undefined && !isCreation) throw new Refusal(404, 'no such table')
    if (current !== undefined) for (const each of body['requirements']) require(current, each)
    const next: Json = structuredClone(current ?? EMPTY)
    for (const update of body['updates']) apply(next, update)
    this.tables.set(name, next)
    return { metadata: next }
  }
}

function bodyText(body: RequestInit['body']): string {
  if (body instanceof URLSearchParams) return body.toString()
  return typeof body === 'string' ? body : ''
}

class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const EMPTY: Json = {
  'format-version': 2,
  'table-uuid': '',
  'last-sequence-number': 0,
  'last-column-id': 0,
  'current-schema-id': 0,
  schemas: [],
  'default-spec-id': 0,
  'partition-specs': [],
  properties: {},
  'current-snapshot-id': -1,
  snapshots: [],
  refs: {},
  'snapshot-log': [],
}

function require(table: Json, requirement: Json): void {
  const holds: Readonly<Record<string, () => boolean>> = {
    'assert-create': () => false,
    'assert-table-uuid': () => table['table-uuid'] === requirement['uuid'],
    'assert-ref-snapshot-id': () =>
      (table['refs'][requirement['ref']]?.['snapshot-id'] ?? null) === requirement['snapshot-id'],
    'assert-last-assigned-field-id': () =>
      table['last-column-id'] === requirement['last-assigned-field-id'],
    'assert-current-schema-id': () =>
      table['current-schema-id'] === requirement['current-schema-id'],
  }
  if (!holds[requirement['type']]!()) throw new Refusal(409, `not so: ${requirement['type']}`)
}

/** Ids of schemas are the server's: one for each that differs. */
function addSchema(table: Json, schema: Json): void {
  const text = JSON.stringify(schema['fields'])
  if (table['schemas'].some((each: Json) => JSON.stringify(each['fields']) === text)) return
  const highest = Math.max(-1, ...table['schemas'].map((each: Json) => each['schema-id'] as number))
  table['schemas'].push({ ...schema, 'schema-id': highest + 1 })
  const ids = schema['fields'].map((field: Json) => field['id'] as number)
  table['last-column-id'] = Math.max(table['last-column-id'], ...ids)
}

function addSnapshot(table: Json, snapshot: Json): void {
  if (snapshot['sequence-number'] <= table['last-sequence-number'])
    throw new Refusal(400, 'the sequence number is not newer')
  if (table['snapshots'].some((each: Json) => each['snapshot-id'] === snapshot['snapshot-id']))
    throw new Refusal(400, 'the snapshot is there')
  if (!table['schemas'].some((each: Json) => each['schema-id'] === snapshot['schema-id']))
    throw new Refusal(400, 'the schema is not there')
  table['snapshots'].push(snapshot)
  table['last-sequence-number'] = snapshot['sequence-number']
}

const UPDATES: Readonly<Record<string, (table: Json, update: Json) => void>> = {
  'assign-uuid': (table, { uuid }) => (table['table-uuid'] = uuid),
  'upgrade-format-version': (table, update) => (table['format-version'] = update['format-version']),
  'add-schema': (table, { schema }) => addSchema(table, schema),
  'remove-schemas': (table, update) =>
    (table['schemas'] = table['schemas'].filter(
      (each: Json) => !update['schema-ids'].includes(each['schema-id']),
    )),
  'set-current-schema': (table, update) =>
    (table['current-schema-id'] =
      update['schema-id'] === -1 ? table['schemas'].at(-1)['schema-id'] : update['schema-id']),
  'add-spec': (table, { spec }) => table['partition-specs'].push(spec),
  'set-default-spec': () => {},
  'add-sort-order': () => {},
  'set-default-sort-order': () => {},
  'set-location': (table, { location }) => (table['location'] = location),
  'set-properties': (table, { updates }) => Object.assign(table['properties'], updates),
  'add-snapshot': (table, { snapshot }) => addSnapshot(table, snapshot),
  'set-snapshot-ref': (table, { action: _action, 'ref-name': name, ...ref }) => {
    table['refs'][name] = ref
    if (name !== 'main') return
    table['current-snapshot-id'] = ref['snapshot-id']
    const id = ref['snapshot-id']
    const snapshot = table['snapshots'].find((each: Json) => each['snapshot-id'] === id)
    table['snapshot-log'].push({ 'snapshot-id': id, 'timestamp-ms': snapshot['timestamp-ms'] })
  },
  'remove-snapshot-ref': (table, update) => delete table['refs'][update['ref-name']],
  'remove-snapshots': (table, update) =>
    (table['snapshots'] = table['snapshots'].filter(
      (each: Json) => !update['snapshot-ids'].includes(each['snapshot-id']),
    )),
}

function apply(table: Json, update: Json): void {
  const change = UPDATES[update['action']]
  if (change === undefined) throw new Refusal(400, `no such update: ${update['action']}`)
  change(table, update)
}
