/**
 * Absolute paths as Paimon writes them: `/dir/file`, `file:/dir/file`, `s3://bucket/key`, `memory://name/key`. The names
 * in them are taken as they are and never percent-decoded, as in Paimon's `Path`.
 */
import { resolve, sep } from 'node:path'

import { invalid } from '../util/errors.ts'

export interface ParsedPath {
  /** `file` for plain paths. */
  readonly scheme: string
  /** The bucket or the name of the memory store; empty for local files. */
  readonly authority: string
  /** What precedes the names, without the last slash: empty, `file:`, `s3://bucket`. */
  readonly prefix: string
  /** The names, free of slashes, `.` and `..`; none for the root. */
  readonly segments: readonly string[]
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/
/** What may stand before the path of a local file that is written as a URI. */
const LOCAL_AUTHORITIES: ReadonlySet<string> = new Set(['file:', 'file://', 'file://localhost'])
const DRIVE = /^[A-Za-z]:(?=\/)/

/** Takes a path apart; INVALID when it is relative, climbs (`..`), or has an empty name. One slash at the end is ignored. */
export function parsePath(path: string): ParsedPath {
  const { scheme, authority, prefix } = parsePrefix(path)
  const rest = path.slice(prefix.length)
  if (rest === '' && authority !== '') return { scheme, authority, prefix, segments: [] }
  if (!rest.startsWith('/')) {
    throw invalid(`${quoted(path)} is not an absolute path`, {
      hint: 'give a path that begins with / or with a scheme such as s3://',
    })
  }
  const segments = rest.slice(1).split('/')
  if (segments.at(-1) === '') segments.pop()
  for (const segment of segments) checkSegment(segment, path)
  return { scheme, authority, prefix, segments }
}

/** The path that the operating system knows: a plain path, or what a `file:` URI stands for. INVALID for any other. */
export function localPathOf(path: string): string {
  const { scheme, prefix, segments } = parsePath(path)
  const isUri = SCHEME.test(prefix)
  if (scheme !== 'file' || (isUri && !LOCAL_AUTHORITIES.has(prefix.toLowerCase()))) {
    throw invalid(`${quoted(path)} is not a file of this machine`)
  }
  return `${isUri ? '' : prefix}/${segments.join('/')}`
}

/** `base` and the names below it; each name is one level, so `..`, a slash or an empty name is INVALID. */
export function joinPath(base: string, ...segments: readonly string[]): string {
  for (const segment of segments) {
    checkSegment(segment, segment)
    if (segment.includes('/')) throw invalid(`${quoted(segment)} is not a single file name`)
  }
  return [base.endsWith('/') ? base.slice(0, -1) : base, ...segments].join('/')
}

/** The directory that holds `path`; INVALID for a root. */
export function parentOf(path: string): string {
  const { prefix, authority, segments } = parsePath(path)
  if (segments.length === 0) throw invalid(`${quoted(path)} has no parent`)
  const parents = segments.slice(0, -1)
  if (parents.length === 0 && authority !== '') return prefix
  return `${prefix}/${parents.join('/')}`
}

/** The last name of `path`; INVALID for a root. */
export function nameOf(path: string): string {
  const name = parsePath(path).segments.at(-1)
  if (name === undefined) throw invalid(`${quoted(path)} has no name`)
  return name
}

/** The scheme of a path or location; `file` where there is none. */
export function schemeOf(path: string): string {
  return SCHEME.exec(path)?.[1]?.toLowerCase() ?? 'file'
}

/**
 * What a user calls a place, as the one absolute path for it: a relative path starts at the working directory, `file:`
 * and doubled slashes go away, so does a slash at the end.
 */
export function resolveLocation(location: string): string {
  if (location === '') throw invalid('the location is empty')
  const { scheme, prefix } = parsePrefix(location)
  if (scheme === 'file') return resolveLocal(location, prefix)
  const rest = location.slice(prefix.length).replaceAll(/\/{2,}/g, '/')
  const { segments } = parsePath(prefix + rest)
  return [prefix, ...segments].join('/')
}

function resolveLocal(location: string, prefix: string): string {
  const isUri = SCHEME.test(prefix)
  const path = isUri ? location.slice(prefix.length) : location
  if (isUri && (!path.startsWith('/') || !LOCAL_AUTHORITIES.has(prefix.toLowerCase()))) {
    throw invalid(`${quoted(location)} does not name a file of this machine`, {
      hint: 'write file:///dir or the plain path',
    })
  }
  return resolve(path).replaceAll(sep, '/')
}

function parsePrefix(path: string): Omit<ParsedPath, 'segments'> {
  const drive = DRIVE.exec(path)?.[0]
  if (drive !== undefined) return { scheme: 'file', authority: '', prefix: drive }
  const scheme = schemeOf(path)
  const head = SCHEME.exec(path)?.[0] ?? ''
  if (!path.startsWith('//', head.length) || head === '')
    return { scheme, authority: '', prefix: head }
  const end = path.indexOf('/', head.length + 2)
  const prefix = end < 0 ? path : path.slice(0, end)
  return { scheme, authority: prefix.slice(head.length + 2), prefix }
}

function checkSegment(segment: string, path: string): void {
  if (segment === '') throw invalid(`${quoted(path)} has an empty file name`)
  if (segment === '.' || segment === '..')
    throw invalid(`${quoted(path)} has ${segment} as a file name`)
  if (segment.includes('\0') || segment.includes('\\'))
    throw invalid(`${quoted(path)} has a character that no file name may have`)
}

function quoted(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path)
}
