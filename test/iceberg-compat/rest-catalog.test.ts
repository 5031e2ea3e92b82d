/** Commits to an Iceberg REST catalog: what the server has afterwards, whatever it had before and whatever goes wrong. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { IcebergMetadata, IcebergRef } from '../../src/iceberg-compat/metadata.ts'
import { commitToRestCatalog } from '../../src/iceberg-compat/rest-catalog.ts'
import { restCatalogSettings } from '../../src/iceberg-compat/rest-settings.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { FakeIcebergCatalog } from '../support/fake-iceberg-catalog.ts'

const server = new FakeIcebergCatalog()

beforeEach(() => {
  vi.stubGlobal('fetch', server.fetch)
  server.tables.clear()
  server.requests.length = 0
  server.trouble = () => undefined
})

afterEach(() => {
  vi.unstubAllGlobals()
})

const DIRECTORY = '/lake/db.db/t/metadata'
const START_MS = 1_700_000_000_000

interface Shape {
  readonly uuid?: string
  readonly version?: 2 | 3
  /** How many columns each schema has. */
  readonly columns?: readonly number[]
  readonly tags?: Readonly<Record<string, number>>
  /** Told apart in the names of manifest lists. */
  readonly run?: string
  readonly lastColumnId?: number
}

/** Metadata with these snapshots, the last of them current. */
function metadataOf(ids: readonly number[], shape: Shape = {}): IcebergMetadata {
  const { uuid = 'ours', version = 2, columns = [2], tags = {}, run = 'a' } = shape
  const last = ids.at(-1)!
  const main: IcebergRef = { 'snapshot-id': last, type: 'branch' }
  const refs = Object.entries(tags).map(([name, id]) => [name, { 'snapshot-id': id, type: 'tag' }])
  return {
    'format-version': version,
    'table-uuid': uuid,
    location: '/lake/db.db/t',
    'last-sequence-number': last,
    'last-updated-ms': START_MS + last,
    'last-column-id': shape.lastColumnId ?? Math.max(...columns) - 1,
    schemas: columns.map((count, id) => ({
      type: 'struct',
      'schema-id': id,
      fields: Array.from({ length: count }, (_, field) => ({
        id: field,
        name: `c${field}`,
        required: false,
        type: 'int',
      })),
    })),
    'current-schema-id': columns.length - 1,
    'partition-specs': [{ 'spec-id': 0, fields: [] }],
    'default-spec-id': 0,
    'last-partition-id': 999,
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    'default-sort-order-id': 0,
    properties: { 'schema.name-mapping.default': '[]' },
    'current-snapshot-id': last,
    snapshots: ids.map((id) => ({
      'snapshot-id': id,
      'sequence-number': id,
      'timestamp-ms': START_MS + id,
      'manifest-list': `${DIRECTORY}/snap-${id}-${run}.avro`,
      summary: { operation: 'append' },
      'schema-id': columns.length - 1,
      ...(version === 3 ? { 'first-row-id': id * 10, 'added-rows': 10 } : {}),
    })),
    refs: { main, ...(Object.fromEntries(refs) as Record<string, IcebergRef>) },
    'snapshot-log': [],
    'metadata-log': [],
  }
}

const PREFIX = 'metadata.iceberg.rest.'

function schemaWith(options: Readonly<Record<string, string>>): TableSchema {
  const keys = { partitionKeys: [], primaryKeys: [] }
  return { version: 3, id: 0, fields: [], highestFieldId: 0, ...keys, options, timeMillis: 0 }
}

function settingsOf(rest: Readonly<Record<string, string>>, others = {}) {
  const named = Object.entries(rest).map(([name, value]) => [`${PREFIX}${name}`, value])
  return restCatalogSettings(
    '/lake/db.db/t',
    schemaWith({ ...Object.fromEntries(named), ...others }),
  )
}

const clock = { now: () => START_MS, sleep: async () => {} }

async function commit(
  metadata: IcebergMetadata,
  newest?: () => Promise<IcebergMetadata | null>,
  rest: Readonly<Record<string, string>> = {},
) {
  return commitToRestCatalog({
    metadata,
    metadataPath: `${DIRECTORY}/v1.metadata.json`,
    rest: settingsOf({ uri: `${server.uri}/`, ...rest }),
    newest,
    clock,
  })
}

/** What of the server's table readers see. */
function shown(): unknown {
  const { snapshots, refs, schemas } = server.table() as unknown as IcebergMetadata
  return {
    uuid: server.table()['table-uuid'] as string,
    schemas: schemas.map((schema) => schema.fields.length),
    columns: schemas.find((each) => each['schema-id'] === server.table()['current-schema-id'])!
      .fields.length,
    snapshots: snapshots.map((each) => each['manifest-list'].slice(DIRECTORY.length + 1)),
    refs: Object.fromEntries(Object.entries(refs).map(([name, ref]) => [name, ref['snapshot-id']])),
  }
}

function shownOf(metadata: IcebergMetadata): unknown {
  return {
    uuid: metadata['table-uuid'],
    schemas: [...new Set(metadata.schemas.map((schema) => schema.fields.length))],
    columns: metadata.schemas.at(-1)!.fields.length,
    snapshots: metadata.snapshots.map((each) => each['manifest-list'].slice(DIRECTORY.length + 1)),
    refs: Object.fromEntries(
      Object.entries(metadata.refs).map(([name, ref]) => [name, ref['snapshot-id']]),
    ),
  }
}

function schemaIds(): number[] {
  const { schemas } = server.table() as unknown as IcebergMetadata
  return schemas.map((schema) => schema['schema-id'])
}

function loggedIds(): number[] {
  const table = server.table() as unknown as IcebergMetadata
  return table['snapshot-log'].map((each) => each['snapshot-id'])
}

function isRemoval(update: Readonly<Record<string, unknown>>): boolean {
  return update['action'] === 'remove-schemas'
}

test('a new table has our columns by our ids, and each snapshot in its log', async () => {
  const metadata = metadataOf([1, 2, 3], { columns: [2, 2, 3], tags: { first: 1 } })
  await commit(metadata)
  expect(shown()).toEqual(shownOf(metadata))
  const table = server.table()
  expect(table['schemas'][1].fields.map((field: { id: number }) => field.id)).toEqual([0, 1, 2])
  expect(table['snapshots']).toMatchObject(metadata.snapshots)
  expect(loggedIds()).toEqual([1, 2, 3])
  expect(table['location']).toBe('s3://server/db.t')
  expect(table['properties']).toMatchObject({
    'gc.enabled': 'false',
    'schema.name-mapping.default': '[]',
  })
})

test('column ids that only data files have are reserved, and no schema of them stays', async () => {
  await commit(metadataOf([1], { lastColumnId: 1_073_741_823 }))
  expect(server.table()['last-column-id']).toBe(1_073_741_823)
  expect(server.table()['schemas']).toHaveLength(1)
})

test('schemas have our ids, which manifests name, also after changes of options alone', async () => {
  await commit(metadataOf([1], { columns: [2, 2, 3] }))
  expect(schemaIds()).toEqual([0, 2])
  await commit(metadataOf([1, 2], { columns: [2, 2, 3, 3, 3, 4, 5] }))
  expect(schemaIds()).toEqual([0, 2, 5, 6])
  expect(server.table()).toMatchObject({
    'current-schema-id': 6,
    snapshots: [{ 'schema-id': 2 }, { 'schema-id': 6 }],
  })
})

test('a server that cannot remove schemas goes without ids that are kept free', async () => {
  server.trouble = ({ body }) => (body['updates']?.some(isRemoval) ? { refuse: 400 } : undefined)
  const metadata = metadataOf([1], { columns: [2, 2, 3], lastColumnId: 1_073_741_823 })
  await commit(metadata)
  expect(shown()).toEqual(shownOf(metadata))
  const next = metadataOf([1, 2], { columns: [2, 2, 3, 3, 4] })
  await commit(next)
  expect(shown()).toEqual(shownOf(next))
})

test('what the server has already is asked for, and not committed again', async () => {
  await commit(metadataOf([1, 2]))
  server.requests.length = 0
  expect(await commit(metadataOf([1, 2]))).toEqual({ commitCount: 0, isReplaced: false })
  expect(server.requests.map(({ method }) => method)).toEqual(['GET'])
})

test('a snapshot, tags and what has expired come in one request', async () => {
  await commit(metadataOf([1, 2, 3], { tags: { old: 1, kept: 2 } }))
  server.requests.length = 0
  const next = metadataOf([2, 3, 4], { tags: { kept: 2, new: 3 } })
  await commit(next)
  expect(shown()).toEqual(shownOf(next))
  expect(server.changes).toEqual([
    'POST add-snapshot set-snapshot-ref set-snapshot-ref remove-snapshot-ref remove-snapshots',
  ])
})

test('a schema is added before the snapshot that has it', async () => {
  await commit(metadataOf([1]))
  server.requests.length = 0
  const next = metadataOf([1, 2], { columns: [2, 4] })
  await commit(next)
  expect(shown()).toEqual(shownOf(next))
  expect(server.changes).toEqual([
    'POST add-schema',
    'POST add-snapshot set-current-schema set-snapshot-ref',
  ])
})

test('many missing snapshots take a bounded number of requests', async () => {
  const ids = Array.from({ length: 100 }, (_, i) => i + 1)
  expect(await commit(metadataOf(ids))).toEqual({ commitCount: 33, isReplaced: false })
  expect(server.table()['snapshots']).toHaveLength(100)
  expect(loggedIds()).toEqual(ids.slice(-32))
})

test.each([-60_000, 60_000])(
  'a snapshot of a clock that differs by %i ms is current in a request after the one that adds it',
  async (skewMs) => {
    await commit(metadataOf([1, 2]))
    server.table()['snapshot-log'] = [{ 'timestamp-ms': START_MS + 2 }]
    server.requests.length = 0
    const { snapshots, ...others } = metadataOf([1, 2, 3])
    const skewed = snapshots.map((each) =>
      each['snapshot-id'] === 3 ? { ...each, 'timestamp-ms': START_MS + skewMs } : each,
    )
    await commit({ ...others, snapshots: skewed })
    expect(server.changes).toEqual(['POST add-snapshot', 'POST set-snapshot-ref'])
  },
)

test('a rollback is shown, and what is written after it replaces the table without its files', async () => {
  await commit(metadataOf([1, 2, 3]))
  await commit(metadataOf([1, 2]))
  expect(shown()).toEqual(shownOf(metadataOf([1, 2])))
  server.requests.length = 0
  const after = metadataOf([1, 2, 3], { run: 'b' })
  expect(await commit(after)).toMatchObject({ isReplaced: true })
  expect(shown()).toEqual(shownOf(after))
  const drop = server.requests.find(({ method }) => method === 'DELETE')
  expect(drop?.path).toContain('purgeRequested=false')
})

test.each<[string, IcebergMetadata]>([
  ['rebuilt metadata', metadataOf([1, 2], { run: 'b' })],
  ['a lower version of the format', metadataOf([1, 2])],
  ['another id of the same place', metadataOf([1, 2], { uuid: 'new', version: 3 })],
])('the table is made anew for %s', async (_, metadata) => {
  await commit(metadataOf([1, 2], { version: 3 }))
  expect(await commit(metadata)).toMatchObject({ isReplaced: true })
  expect(shown()).toEqual(shownOf(metadata))
})

test('a snapshot that the server dropped by itself stays away', async () => {
  await commit(metadataOf([1, 2, 3], { tags: { first: 1 } }))
  const table = server.table()
  table['snapshots'].shift()
  delete table['refs']['first']
  expect(await commit(metadataOf([1, 2, 3], { tags: { first: 1 } }))).toEqual({
    commitCount: 0,
    isReplaced: false,
  })
})

test('wherever an answer is lost or the server fails, the table comes out the same', async () => {
  const first = metadataOf([1, 2, 3], { tags: { a: 1 } })
  const second = metadataOf([2, 3, 4], { columns: [2, 3], tags: { b: 2 } })
  const third = metadataOf([2, 3, 4], { columns: [2, 3], run: 'b' })
  for (const kind of ['lost', 'refused'] as const) {
    for (let nth = 1; ; nth += kind === 'lost' ? 1 : 3) {
      const refused = { refuse: nth % 2 === 0 ? 503 : 409 }
      const trouble = kind === 'lost' ? 'lose the answer' : refused
      server.tables.clear()
      server.namespaces.clear()
      let count = 0
      server.trouble = ({ method }) => (method !== 'GET' && ++count === nth ? trouble : undefined)
      for (const metadata of [first, second, third]) {
        await commit(metadata)
        expect(shown()).toEqual(shownOf(metadata))
      }
      if (count < nth) break
    }
  }
})

test('what another process published meanwhile is not taken back', async () => {
  const newer = metadataOf([1, 2, 3])
  await commit(newer)
  await commit(metadataOf([1, 2]), async () => newer)
  expect(shown()).toEqual(shownOf(newer))

  let isFirst = true
  server.trouble = async ({ body }) => {
    if (!isFirst || body['updates'] === undefined) return undefined
    isFirst = false
    await commit(metadataOf([1, 2, 3, 4, 5]))
    return undefined
  }
  await commit(metadataOf([1, 2, 3, 4]), async () => metadataOf([1, 2, 3, 4, 5]))
  expect(shown()).toEqual(shownOf(metadataOf([1, 2, 3, 4, 5])))
})

test('another table of the name is refused, and so is what others wrote', async () => {
  await commit(metadataOf([1, 2]))
  const foreign = {
    'snapshot-id': 4_611_686_018_427,
    'sequence-number': 3,
    'manifest-list': 's3://server/db.t/metadata/snap.avro',
  }
  server.table()['snapshots'].push(foreign)
  await expect(commit(metadataOf([1, 2, 3]))).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('another program wrote snapshot 4611686018427') as string,
  })
  server.table()['table-uuid'] = 'theirs'
  await expect(commit(metadataOf([1, 2, 3]))).rejects.toMatchObject({ code: 'EXISTS' })
  server.table()['snapshots'] = []
  await expect(commit(metadataOf([1, 2, 3]))).rejects.toMatchObject({ code: 'EXISTS' })
  expect(server.changes.some((change) => change.startsWith('DELETE'))).toBe(false)
})

test('a token is got by the credential, kept, and renewed when it is refused', async () => {
  const rest = { credential: 'me:s3cret', audience: 'lake', 'header.X-Team': 'ours' }
  let isExpired = false
  server.trouble = ({ headers, path }) =>
    !path.includes('oauth') &&
    (headers['authorization'] !== `Bearer ${server.tokens.at(-1)}` || isExpired)
      ? { refuse: 401 }
      : undefined
  await commit(metadataOf([1]), undefined, rest)
  expect(server.tokens).toHaveLength(1)
  expect(server.tokenBody).toBe(
    'grant_type=client_credentials&client_id=me&client_secret=s3cret&scope=catalog&audience=lake',
  )
  expect(server.requests.every(({ headers }) => headers['X-Team'] === 'ours')).toBe(true)
  server.tokens.push('the old one is over')
  await commit(metadataOf([1, 2]), undefined, rest)
  expect(server.tokens).toHaveLength(3)
  isExpired = true
  await expect(commit(metadataOf([1, 2, 3]), undefined, rest)).rejects.toMatchObject({
    code: 'INVALID',
    hint: expect.stringContaining('credential') as string,
  })
})

test('no message has a secret, even where the server says it', async () => {
  const rest = { token: 'very-secret-token', 'header.X-Key': 'very-secret-key' }
  const said: string[] = []
  for (const secret of ['very-secret-token', 'very-secret-key']) {
    server.trouble = () => ({ refuse: 400 })
    server.refusal = `what is ${secret}?`
    const failure: unknown = await commit(metadataOf([1]), undefined, rest).catch((error) => error)
    said.push(`${String(failure)} ${JSON.stringify(failure)}`)
  }
  server.refusal = 'as the test says'
  expect(said.join('\n')).not.toContain('very-secret')
  expect(said[0]).toContain('what is ***?')
})

test('a server that cannot be reached, or that is none, says so', async () => {
  const lost = commit(metadataOf([1]), undefined, { uri: 'http://nowhere.test' })
  await expect(lost).rejects.toMatchObject({ code: 'IO', retriable: true })
  const none = commit(metadataOf([1]), undefined, { uri: `${server.uri}/elsewhere` })
  await expect(none).rejects.toMatchObject({ code: 'NOT_FOUND' })
})
