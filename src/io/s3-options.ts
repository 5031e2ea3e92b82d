/** The options of S3 storage under all the names that Paimon's engines give them. */
import { isIP } from 'node:net'

import { invalid, unsupported } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import type { RetryPolicy } from '../util/retry.ts'

export interface S3Config {
  /** A URL; without it the SDK finds AWS's own for the region. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  readonly pathStyle: boolean
  /** Without keys the SDK looks for them where it always does: environment, profile, instance. */
  readonly credentials?: S3Keys | undefined
  readonly connectionCountMax: number
  /** The size of the first parts of a large file. */
  readonly partSizeBytes: number
  /** Writes to a store that ignores conditions: safe only while there is a single writer. */
  readonly allowUnconditionalCommit: boolean
  /** How long a connection may be silent in the middle of a request. */
  readonly idleTimeoutMs: number
  /** How long a conditional write may still take after its caller's signal fired. */
  readonly abortGraceMs: number
  readonly retry: RetryPolicy
}

export interface S3Keys {
  readonly accessKey: string
  readonly secretKey: string
  readonly sessionToken?: string | undefined
}

export const DEFAULT_S3_CONFIG: S3Config = {
  pathStyle: false,
  connectionCountMax: 64,
  partSizeBytes: 8 << 20,
  allowUnconditionalCommit: false,
  idleTimeoutMs: 30_000,
  abortGraceMs: 2_000,
  retry: { delayMsBase: 50, delayMsMax: 1_000, tryCountMax: 12, deadlineMs: 60_000 },
}

/** The prefixes of Paimon's `S3FileIO` and of pypaimon. */
const PREFIXES = ['fs.s3a.', 'fs.s3.', 's3a.', 's3.']

/** Every option after its prefix, with dots read as dashes, and what it sets. */
const SETTINGS = {
  endpoint: 'endpoint',
  'endpoint-region': 'region',
  region: 'region',
  'access-key': 'accessKey',
  accessKeyId: 'accessKey',
  'secret-key': 'secretKey',
  accessKeySecret: 'secretKey',
  'session-token': 'sessionToken',
  'security-token': 'sessionToken',
  securityToken: 'sessionToken',
  'path-style-access': 'pathStyle',
  'connection-ssl-enabled': 'tls',
  'connection-maximum': 'connectionCountMax',
  'multipart-size': 'partSizeBytes',
  'allow-unconditional-commit': 'allowUnconditionalCommit',
} as const

type Setting = (typeof SETTINGS)[keyof typeof SETTINGS]

/** The least part size that S3 accepts. */
const PART_SIZE_MIN = 5 << 20
const PART_SIZE_MAX = 5 * 2 ** 30

/** Reads the S3 options among a catalog's options. An unknown or contradictory one is refused; no value is ever shown. */
export function parseS3Options(options: Readonly<Record<string, string>>): S3Config {
  const found = new Map<Setting, { option: string; value: string }>()
  for (const [option, value] of Object.entries(options)) {
    const setting = settingOf(option)
    if (setting === undefined) continue
    const other = found.get(setting)
    if (other !== undefined && other.value !== value) {
      throw invalid(`the options ${other.option} and ${option} contradict each other`)
    }
    found.set(setting, { option, value })
  }
  const text = (setting: Setting): string | undefined => {
    const value = found.get(setting)?.value.trim()
    return value === '' ? undefined : value
  }
  const parsed = <Value>(setting: Setting, parse: (value: string) => Value | undefined) => {
    const given = found.get(setting)
    if (given === undefined) return undefined
    const value = parse(given.value.trim())
    if (value === undefined) throw invalid(`the value of the option ${given.option} is not valid`)
    return value
  }
  const endpoint = endpointOf(text('endpoint'), parsed('tls', parseBoolean) ?? true)
  return {
    ...DEFAULT_S3_CONFIG,
    endpoint,
    region: text('region') ?? regionOf(endpoint),
    pathStyle: parsed('pathStyle', parseBoolean) ?? isAddress(endpoint),
    credentials: keysOf(text),
    connectionCountMax:
      parsed('connectionCountMax', parseCount) ?? DEFAULT_S3_CONFIG.connectionCountMax,
    partSizeBytes: parsed('partSizeBytes', parsePartSize) ?? DEFAULT_S3_CONFIG.partSizeBytes,
    allowUnconditionalCommit: parsed('allowUnconditionalCommit', parseBoolean) ?? false,
  }
}

function settingOf(option: string): Setting | undefined {
  const prefix = PREFIXES.find((each) => option.startsWith(each))
  if (prefix === undefined) return undefined
  const name = option.slice(prefix.length).replaceAll('.', '-')
  if (!Object.hasOwn(SETTINGS, name)) {
    throw unsupported(
      `the option ${option} is not known${didYouMean(name, Object.keys(SETTINGS))}`,
      {
        hint: `known are ${Object.keys(SETTINGS)
          .map((each) => `s3.${each}`)
          .join(', ')}`,
      },
    )
  }
  return SETTINGS[name as keyof typeof SETTINGS]
}

function keysOf(text: (setting: Setting) => string | undefined): S3Keys | undefined {
  const accessKey = text('accessKey')
  const secretKey = text('secretKey')
  const sessionToken = text('sessionToken')
  if (accessKey !== undefined && secretKey !== undefined) {
    return { accessKey, secretKey, sessionToken }
  }
  if (accessKey === undefined && secretKey === undefined && sessionToken === undefined) {
    return undefined
  }
  throw invalid('S3 keys come in pairs: s3.access-key and s3.secret-key', {
    hint: 'give both, or neither to use the environment, the profile or the instance role',
  })
}

/** A host name becomes a URL. What could hide a password in it is refused without being shown. */
function endpointOf(value: string | undefined, tls: boolean): string | undefined {
  if (value === undefined) return undefined
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value)
    ? value
    : `${tls ? 'https' : 'http'}://${value}`
  const parsed = URL.parse(url)
  const isWeb = parsed?.protocol === 'http:' || parsed?.protocol === 'https:'
  if (parsed === null || !isWeb || parsed.username !== '' || parsed.password !== '') {
    throw invalid('the option s3.endpoint is not the http or https URL of a host')
  }
  return url.replace(/\/+$/, '')
}

/** AWS's own endpoints name their region; other stores accept any. */
function regionOf(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined
  const { env } = process
  const match = /\bs3[.-](?:dualstack\.)?([a-z]+(?:-[a-z]+)+-\d)\.amazonaws\.com/.exec(endpoint)
  return match?.[1] ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
}

/** A bucket cannot be put before the name of a bare address or of this machine. */
function isAddress(endpoint: string | undefined): boolean {
  const host = URL.parse(endpoint ?? '')?.hostname.replaceAll(/^\[|\]$/g, '') ?? ''
  return host === 'localhost' || isIP(host) !== 0
}

function parseBoolean(value: string): boolean | undefined {
  const word = value.toLowerCase()
  if (word === 'true') return true
  return word === 'false' ? false : undefined
}

function parseCount(value: string): number | undefined {
  const count = Number(value)
  return Number.isInteger(count) && count >= 1 && count <= 10_000 ? count : undefined
}

/** `8388608`, `8m`, `8 mb`. */
function parsePartSize(value: string): number | undefined {
  const match = /^(\d{1,12})\s*([kmg]?)b?$/i.exec(value)
  if (match === null) return undefined
  const sizeBytes = Number(match[1]) * unitOf(match[2]?.toLowerCase() ?? '')
  return sizeBytes >= PART_SIZE_MIN && sizeBytes <= PART_SIZE_MAX ? sizeBytes : undefined
}

function unitOf(letter: string): number {
  return 1024 ** ['', 'k', 'm', 'g'].indexOf(letter)
}
