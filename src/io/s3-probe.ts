/**
 * Finds out whether a store honours `If-None-Match: *`. One that ignores it lets two writers create the same snapshot,
 * and the later one wipes out the commit of the earlier one, which was told that it succeeded.
 *
 * AWS documents that it does; its hosts are believed. Any other host is asked once per process, bucket and user, before the
 * first create: a scratch object next to the new one is created twice and then deleted. That needs no more than the
 * permissions on objects which every writer has.
 */
import { randomUUID } from 'node:crypto'

import { LakeError } from '../util/errors.ts'
import { S3Failure } from './s3-error.ts'

export interface ConditionProbe {
  /** What errors call the store. */
  readonly store: string
  /** Whose keys are used: what others may do in the store tells nothing about us. */
  readonly user: string
  readonly host: string | undefined
  /** The key prefix under which the scratch object may be, with its slash at the end. */
  readonly directory: string
  /** Creates the key if nothing is there; tries again by itself where that is safe. */
  readonly create: (key: string) => Promise<unknown>
  readonly remove: (key: string) => Promise<unknown>
}

/** The stores that were found to honour conditions, or are being asked. */
const asked = new Map<string, Promise<void>>()

/** Resolves when the store is known to honour conditions; UNSUPPORTED when it does not. */
export async function requireConditions(probe: ConditionProbe): Promise<void> {
  if (probe.host !== undefined && isAwsHost(probe.host)) return
  const name = JSON.stringify([probe.store, probe.user])
  let asking = asked.get(name)
  if (asking === undefined) {
    asking = ask(probe)
    asked.set(name, asking)
    // Whoever comes after a failure asks again.
    asking.catch(() => asked.delete(name))
  }
  await asking
}

/** AWS's S3 proper; not Outposts, which has an interface of its own. */
export function isAwsHost(host: string): boolean {
  return /(?:^|\.)s3(?:[.-](?:dualstack\.|fips\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/.test(host)
}

async function ask(probe: ConditionProbe): Promise<void> {
  const key = `${probe.directory}.conditional-put.${randomUUID()}.tmp`
  try {
    await createFirst(probe, key)
    if (await createAgain(probe, key)) return
  } finally {
    // What cannot be deleted is a temporary file that orphan cleaning finds.
    await probe.remove(key).catch(() => {})
  }
  throw new LakeError('UNSUPPORTED', `the store ${probe.store} ignores If-None-Match on writes`, {
    hint:
      'two writers would overwrite each other’s commits: use a store with conditional writes, or set ' +
      's3.allow-unconditional-commit=true as long as there is a single writer',
  })
}

async function createFirst(probe: ConditionProbe, key: string): Promise<void> {
  try {
    await probe.create(key)
  } catch (error) {
    // The second of two tries is refused because of the first: that is an answer as well.
    if (!isRefused(error)) throw error
  }
}

/** Whether the second create is refused. */
async function createAgain(probe: ConditionProbe, key: string): Promise<boolean> {
  try {
    await probe.create(key)
    return false
  } catch (error) {
    if (isRefused(error)) return true
    throw error
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof S3Failure && error.status === 412
}
