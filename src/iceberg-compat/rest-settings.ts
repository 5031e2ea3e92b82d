/**
 * What the options say of the Iceberg REST catalog that a table is committed to: the server, the name there, and how to sign in.
 *
 * Names below `metadata.iceberg.rest.` are those of Iceberg's own REST client. Follows `IcebergOptions.icebergRestConfig` and
 * `IcebergRestMetadataCommitter` for the name of the table.
 */
import { nameOf, parentOf } from '../io/path.ts'
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { invalid, unsupported } from '../util/errors.ts'

export interface RestCatalogSettings {
  /** Without a slash at its end; what comes before `/v1`. */
  readonly uri: string
  /** Named to the server when it is asked for its configuration. */
  readonly warehouse: string | undefined
  /** Between `/v1/` and the rest of an address; the server's configuration goes before it. */
  readonly prefix: string | undefined
  readonly namespace: string
  readonly table: string
  readonly signIn: RestSignIn
  readonly headers: Readonly<Record<string, string>>
  /** Of one request, its answer included. */
  readonly timeoutMs: number
  /** What the table's properties say besides those of the metadata. */
  readonly properties: Readonly<Record<string, string>>
}

export type RestSignIn =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'credentials'
      /** Undefined where the credential is a secret alone. */
      readonly clientId: string | undefined
      readonly clientSecret: string
      /** An address, or a path below the server's; undefined: `v1/oauth/tokens` below it. */
      readonly tokenUri: string | undefined
      /** `scope`, `audience` and `resource`. */
      readonly parameters: Readonly<Record<string, string>>
    }

const PREFIX = 'metadata.iceberg.rest.'
const URI = `${PREFIX}uri`
const DEFAULT_TIMEOUT_MS = 30_000

/**
 * The settings of the table whose directory is `root`. INVALID where the address is missing or no address, where the sign-in is
 * incomplete, and for a table that is in no database when no name of one is set; UNSUPPORTED for a sign-in that is not known.
 */
export function restCatalogSettings(root: string, schema: TableSchema): RestCatalogSettings {
  const options = tableOptions(schema.options)
  const rest = restOptions(schema.options)
  return {
    uri: serverAddress(rest.get('uri') ?? options.get('metadata.iceberg.uri')),
    warehouse: rest.get('warehouse'),
    prefix: rest.get('prefix'),
    namespace: options.get('metadata.iceberg.database') || databaseOf(root),
    table: options.get('metadata.iceberg.table') || nameOf(root),
    signIn: signInOf(rest),
    headers: headersOf(rest),
    timeoutMs: timeoutOf(rest.get('rest.client.socket-timeout-ms')),
    properties: {
      // What snapshots and files there are is Paimon's to say: no client of the server may expire or delete any.
      'gc.enabled': 'false',
      'write.metadata.delete-after-commit.enabled': String(
        options.get('metadata.iceberg.delete-after-commit.enabled'),
      ),
      'write.metadata.previous-versions-max': String(
        Math.max(1, options.get('metadata.iceberg.previous-versions-max')),
      ),
    },
  }
}

/** Texts that must be in no message: tokens, passwords and headers. */
export function secretsOf(settings: RestCatalogSettings): string[] {
  const { signIn, headers } = settings
  const secrets = Object.values(headers)
  if (signIn.kind === 'token') secrets.push(signIn.token)
  if (signIn.kind === 'basic') secrets.push(signIn.password)
  if (signIn.kind === 'credentials') secrets.push(signIn.clientSecret)
  return secrets.filter((secret) => secret !== '')
}

function restOptions(options: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(
    Object.entries(options)
      .filter(([name, value]) => name.startsWith(PREFIX) && value !== '')
      .map(([name, value]) => [name.slice(PREFIX.length), value]),
  )
}

function serverAddress(text: string | undefined): string {
  const hint = `set ${URI} to the address of the catalog, such as https://catalog.example.com`
  if (text === undefined) throw invalid('the table has no address of a REST catalog', { hint })
  const url = URL.parse(text.trim())
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw invalid(`${URI} is no address of http or https`, { hint })
  if (url.username !== '' || url.password !== '')
    throw invalid(`${URI} holds a user or a password`, {
      hint: `set ${PREFIX}credential or ${PREFIX}token instead`,
    })
  if (url.search !== '' || url.hash !== '')
    throw invalid(`${URI} holds more than an address and a path`, { hint })
  return `${url.origin}${url.pathname}`.replace(/\/+(?:v1\/*)?$/, '')
}

function databaseOf(root: string): string {
  const name = nameOf(parentOf(root))
  if (name.endsWith('.db') && name !== '.db') return name.slice(0, -'.db'.length)
  throw invalid('the table is in no database of a warehouse, so it has no name in Iceberg', {
    path: root,
    hint: 'set metadata.iceberg.database',
  })
}

/** By `rest.auth.type`, or by what there is; a credential goes before a token, for a token comes to its end. */
function signInOf(rest: ReadonlyMap<string, string>): RestSignIn {
  const type = rest.get('rest.auth.type')?.toLowerCase()
  if (rest.get('rest.sigv4-enabled') === 'true') throw unknownSignIn('sigv4')
  if (type === 'none') return { kind: 'none' }
  if (type === 'basic') return basicOf(rest)
  if (type !== undefined && type !== 'oauth2') throw unknownSignIn(type)
  const credential = rest.get('credential')
  const token = rest.get('token')
  if (credential !== undefined) return credentialsOf(credential, rest)
  if (token !== undefined) return { kind: 'token', token }
  if (type === undefined) return { kind: 'none' }
  throw invalid('the sign-in to the REST catalog is OAuth2, without a credential or a token', {
    hint: `set ${PREFIX}credential or ${PREFIX}token`,
  })
}

function unknownSignIn(type: string): Error {
  return unsupported(`the sign-in ${JSON.stringify(type)} to a REST catalog is not supported`, {
    hint: `set ${PREFIX}rest.auth.type to none, basic or oauth2`,
  })
}

function basicOf(rest: ReadonlyMap<string, string>): RestSignIn {
  const username = rest.get('rest.auth.basic.username')
  const password = rest.get('rest.auth.basic.password')
  if (username !== undefined && password !== undefined) return { kind: 'basic', username, password }
  throw invalid('the sign-in to the REST catalog is basic, without a user or a password', {
    hint: `set ${PREFIX}rest.auth.basic.username and ${PREFIX}rest.auth.basic.password`,
  })
}

/** A credential is `ID:SECRET`, or a secret alone. */
function credentialsOf(credential: string, rest: ReadonlyMap<string, string>): RestSignIn {
  const colon = credential.indexOf(':')
  const parameters: Record<string, string> = { scope: rest.get('scope') ?? 'catalog' }
  for (const name of ['audience', 'resource']) {
    const value = rest.get(name)
    if (value !== undefined) parameters[name] = value
  }
  return {
    kind: 'credentials',
    clientId: colon < 0 ? undefined : credential.slice(0, colon),
    clientSecret: credential.slice(colon + 1),
    tokenUri: rest.get('oauth2-server-uri'),
    parameters,
  }
}

function headersOf(rest: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of rest) {
    if (!name.startsWith('header.')) continue
    const header = name.slice('header.'.length)
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(header) || /[\r\n\0]/.test(value))
      throw invalid(`${PREFIX}${name} is no header of a request`, {
        hint: 'a name has letters, digits and dashes; a value is one line',
      })
    headers[header] = value
  }
  return headers
}

function timeoutOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT_MS
  const timeoutMs = Number(text)
  if (Number.isSafeInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31) return timeoutMs
  throw invalid(`${PREFIX}rest.client.socket-timeout-ms is no number of milliseconds`, {
    hint: `write it as ${DEFAULT_TIMEOUT_MS}`,
  })
}
