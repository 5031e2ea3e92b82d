/** Who may ask an Iceberg REST catalog: those with the token, and without one those who mean this machine. */
import { createHash, timingSafeEqual } from 'node:crypto'

import { invalid } from '../../util/errors.ts'
import { errorResponse, type RestRequest, type RestResponse } from './message.ts'

export interface AccessRules {
  /** Undefined where none is asked for. */
  readonly token: string | undefined
  /** Whether only this machine can connect. */
  readonly isLoopback: boolean
}

const TOKEN = /^[\w.~+/-]+=*$/
const TOKEN_LENGTH_MIN = 16
const TOKEN_LENGTH_MAX = 4096

/** The token, without blanks around it. INVALID, without saying what it is, for what is short or cannot be sent. */
export function checkToken(text: string): string {
  const token = text.trim()
  if (token.length < TOKEN_LENGTH_MIN || token.length > TOKEN_LENGTH_MAX || !TOKEN.test(token))
    throw invalid(
      `the token of the server is not ${TOKEN_LENGTH_MIN} to ${TOKEN_LENGTH_MAX} letters, digits and - . _ ~ + /`,
      { hint: 'make one, for example with: openssl rand -hex 32' },
    )
  return token
}

/** The refusal of a request that may not be made; null for one that may. */
export function refusal(
  { headers }: RestRequest,
  { token, isLoopback }: AccessRules,
): RestResponse | null {
  if (token !== undefined) {
    if (isBearer(headers['authorization'] ?? '', token)) return null
    return errorResponse(
      401,
      'NotAuthorizedException',
      'this catalog asks for a token, and the request has none, or another one',
      { 'www-authenticate': 'Bearer realm="millrace"' },
    )
  }
  if (!isLoopback || isLoopbackName(hostOf(headers['host'] ?? ''))) return null
  // A web page whose name was made to lead to this machine would be let in by the address alone.
  return errorResponse(
    403,
    'ForbiddenException',
    'without a token this catalog is asked by the name localhost or 127.0.0.1 only',
  )
}

/** Hashes have one length, so that comparing them tells nothing of the token. */
function isBearer(header: string, token: string): boolean {
  const [, given = ''] = /^bearer +(\S+)$/i.exec(header) ?? []
  const [a, b] = [given, token].map((each) => createHash('sha256').update(each).digest())
  return timingSafeEqual(a!, b!)
}

/** `127.0.0.1` of `127.0.0.1:8181`, `::1` of `[::1]:8181` */
function hostOf(header: string): string {
  return header.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
}

/** Whether the name or address is of this machine alone. */
export function isLoopbackName(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|::1|(?:[\w-]+\.)*localhost)$/i.test(host)
}
