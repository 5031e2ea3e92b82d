/** Conditional writes: the answer is right whatever happens to the request. */
import { expect, test } from 'vitest'

import { isAwsHost } from '../../src/io/s3-probe.ts'
import { startTestS3, type TestS3 } from '../support/s3-file-io.ts'
import type { FaultAction } from '../support/s3/faults.ts'
import type { S3Request } from '../support/s3/protocol.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const path = 's3://lake/t/snapshot/snapshot-1'
const key = 't/snapshot/snapshot-1'

/** A store that has been probed. */
async function probed(...options: Parameters<typeof startTestS3>): Promise<TestS3> {
  const s3 = await startTestS3(...options)
  await s3.io.create('s3://lake/t/schema/schema-0', text('{}'))
  s3.operations()
  return s3
}

const contents = (s3: TestS3): string => Buffer.from(s3.server.bytes('lake', key) ?? []).toString()

test.for<[string, FaultAction, string[]]>([
  ['a lost answer', { kind: 'reset', applied: true }, ['PutObject', 'GetObject']],
  ['a lost request', { kind: 'reset' }, ['PutObject', 'GetObject', 'PutObject']],
  [
    'a 500 after the write',
    { kind: 'status', status: 500, applied: true },
    ['PutObject', 'GetObject'],
  ],
  [
    'a 503 before the write',
    { kind: 'status', status: 503 },
    ['PutObject', 'GetObject', 'PutObject'],
  ],
  ['a timeout after the write', { kind: 'drop', applied: true }, ['PutObject', 'GetObject']],
  ['a timeout before the write', { kind: 'drop' }, ['PutObject', 'GetObject', 'PutObject']],
  [
    'a 412 for our own write, as a retry in between makes it',
    { kind: 'status', status: 412, code: 'PreconditionFailed', applied: true },
    ['PutObject', 'GetObject'],
  ],
  [
    'a 409',
    { kind: 'status', status: 409, code: 'ConditionalRequestConflict' },
    ['PutObject', 'PutObject'],
  ],
  ['a 429', { kind: 'status', status: 429, code: 'TooManyRequests' }, ['PutObject', 'PutObject']],
])('create succeeds after %s', async ([, action, operations]) => {
  await using s3 = await probed()
  s3.server.faults.add('PutObject', action)
  expect(await s3.io.create(path, text('ours'))).toBe(true)
  expect(s3.operations()).toEqual(operations)
  expect(contents(s3)).toBe('ours')
})

test.for<[string, FaultAction]>([
  ['nothing', { kind: 'delay', ms: 0 }],
  ['a lost answer', { kind: 'reset', applied: true }],
  ['a 500', { kind: 'status', status: 500 }],
  ['a timeout', { kind: 'drop' }],
  ['a 409', { kind: 'status', status: 409, code: 'ConditionalRequestConflict' }],
])('create says that another was first, after %s', async ([, action]) => {
  await using s3 = await probed()
  await s3.open().create(path, text('theirs'))
  s3.server.faults.add('PutObject', action)
  expect(await s3.io.create(path, text('ours'))).toBe(false)
  expect(contents(s3)).toBe('theirs')
})

test('a write that arrives after its timeout is found, not made twice', async () => {
  await using s3 = await probed({}, { idleTimeoutMs: 60 })
  s3.server.faults.add('PutObject', { kind: 'delay', ms: 120 })
  s3.server.faults.add('GetObject', { kind: 'delay', ms: 20 })
  expect(await s3.io.create(path, text('ours'))).toBe(true)
  expect(contents(s3)).toBe('ours')
})

test('a write that arrives after another was first is lost', async () => {
  await using s3 = await probed({}, { idleTimeoutMs: 100 })
  s3.server.faults.add('PutObject', { kind: 'delay', ms: 300 })
  const ours = s3.io.create(path, text('ours'))
  const theirs = await s3.open({ idleTimeoutMs: 5_000 }).create(path, text('theirs'))
  expect([theirs, await ours].filter(Boolean)).toHaveLength(1)
  expect(contents(s3)).toBe(theirs ? 'theirs' : 'ours')
})

test.for<[string, FaultAction]>([
  ['lost', { kind: 'reset', applied: true }],
  ['never sent', { kind: 'status', status: 500 }],
])('when the store is gone after an answer was %s the outcome is unknown', async ([, action]) => {
  await using s3 = await probed()
  s3.server.faults.add('PutObject', action)
  s3.server.faults.add('GetObject', { kind: 'reset' }, 100)
  const work = s3.io.create(path, text('ours'))
  await expect(work).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', path })
})

test('when no request ever left the outcome is known: nothing was written', async () => {
  await using s3 = await probed()
  await s3.server.close()
  // Over a connection that is open already a request might have left before it broke.
  await expect(s3.open().create(path, text('ours'))).rejects.toMatchObject({
    code: 'IO',
    retriable: true,
  })
})

test('when a read back is refused the outcome is unknown', async () => {
  await using s3 = await probed()
  s3.server.faults.add('PutObject', { kind: 'reset', applied: true })
  s3.server.faults.add('GetObject', { kind: 'status', status: 403, code: 'AccessDenied' })
  await expect(s3.io.create(path, text('ours'))).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
  })
})

test('a refusal after an uncertain try does not make the outcome known', async () => {
  await using s3 = await probed()
  s3.server.faults.add('PutObject', { kind: 'reset' })
  s3.server.faults.add('PutObject', { kind: 'status', status: 403, code: 'AccessDenied' })
  await expect(s3.io.create(path, text('ours'))).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
  })
})

test('a refusal at once is an IO error', async () => {
  await using s3 = await probed()
  s3.server.faults.add('PutObject', { kind: 'status', status: 403, code: 'AccessDenied' })
  await expect(s3.io.create(path, text('ours'))).rejects.toMatchObject({
    code: 'IO',
    retriable: false,
  })
})

test('a conflict that never ends is told after the last try', async () => {
  await using s3 = await probed()
  const action: FaultAction = { kind: 'status', status: 409, code: 'ConditionalRequestConflict' }
  s3.server.faults.add('PutObject', action, 100)
  await expect(s3.io.create(path, text('ours'))).rejects.toMatchObject({
    code: 'IO',
    retriable: true,
  })
  expect(s3.operations()).toHaveLength(5)
})

test('a signal that fires while the write is under way lets it finish', async () => {
  await using s3 = await probed({}, { idleTimeoutMs: 10_000 })
  s3.server.faults.add('PutObject', { kind: 'delay', ms: 150 })
  const signal = AbortSignal.timeout(40)
  expect(await s3.io.create(path, text('ours'), { signal })).toBe(true)
})

test('a signal that fires while the store hangs ends in what is there', async () => {
  await using s3 = await probed({}, { idleTimeoutMs: 60_000 })
  s3.server.faults.add('PutObject', { kind: 'drop', applied: true })
  const signal = AbortSignal.timeout(20)
  expect(await s3.io.create(path, text('ours'), { signal })).toBe(true)
  s3.server.faults.add('PutObject', { kind: 'drop' })
  const other = s3.io.create(`${path}0`, text('ours'), { signal: AbortSignal.timeout(20) })
  await expect(other).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
})

test('a signal that fires while the store hangs for good ends with an unknown outcome', async () => {
  await using s3 = await probed({}, { idleTimeoutMs: 60_000 })
  s3.server.faults.add(() => true, { kind: 'drop', applied: true }, 100)
  const work = s3.io.create(path, text('ours'), { signal: AbortSignal.timeout(20) })
  await expect(work).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
})

test.for<[string, FaultAction]>([
  ['a lost answer', { kind: 'reset', applied: true }],
  ['a lost request', { kind: 'reset' }],
  ['a 500 after the write', { kind: 'status', status: 500, applied: true }],
  ['a 409', { kind: 'status', status: 409, code: 'ConditionalRequestConflict' }],
])('replace succeeds after %s', async ([, action]) => {
  await using s3 = await probed()
  await s3.io.write(path, text('old'))
  const old = await s3.io.readVersioned(path)
  s3.server.faults.add('PutObject', action)
  expect(await s3.io.replace(path, text('new'), old?.version ?? '')).toBe(true)
  expect(contents(s3)).toBe('new')
  s3.server.faults.add('PutObject', action)
  expect(await s3.io.replace(path, text('newer'), old?.version ?? '')).toBe(false)
  expect(contents(s3)).toBe('new')
})

test('of 32 that create through a store that loses every fifth answer exactly one wins', async () => {
  await using s3 = await probed(
    {},
    { retry: { delayMsBase: 1, delayMsMax: 5, tryCountMax: 30, deadlineMs: 20_000 } },
  )
  const faulty = (kind: 'reset' | 'status', applied: boolean, every: number): void => {
    const action: FaultAction =
      kind === 'reset' ? { kind, applied } : { kind, status: 500, applied }
    s3.server.faults.add(
      ({ operation, number }) => operation === 'PutObject' && number % every === 0,
      action,
      1_000,
    )
  }
  faulty('reset', true, 5)
  faulty('status', false, 7)
  faulty('status', true, 3)
  for (let round = 0; round < 10; round++) {
    const target = `s3://lake/t/snapshot/snapshot-${100 + round}`
    const won = await Promise.all(
      Array.from({ length: 32 }, (_, index) => s3.io.create(target, text(`contender ${index}`))),
    )
    expect(won.filter(Boolean)).toHaveLength(1)
    const winner = Buffer.from(await s3.io.read(target)).toString()
    expect(winner).toBe(`contender ${won.indexOf(true)}`)
  }
})

test('a store that ignores conditions is refused before anything is written', async () => {
  await using s3 = await startTestS3({ ignoreConditions: true })
  for (let times = 0; times < 2; times++) {
    const error: unknown = await s3.io.create(path, text('ours')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('s3.allow-unconditional-commit'),
    })
  }
  await expect(s3.io.replace(path, text('ours'), null)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  })
  expect(s3.server.keys('lake')).toEqual([])
  // Only the object whose absence is a condition needs the store's help.
  await s3.io.write(path, text('hint'))
})

const isConditional = ({ headers }: S3Request): boolean => headers['if-none-match'] !== undefined

test('a store that does not implement conditions is refused', async () => {
  await using s3 = await startTestS3()
  const action: FaultAction = { kind: 'status', status: 501, code: 'NotImplemented' }
  s3.server.faults.add(isConditional, action, 100)
  await expect(s3.io.create(path, text('ours'))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  const unsafe = s3.open({ allowUnconditionalCommit: true })
  expect(await unsafe.create(path, text('ours'))).toBe(true)
  expect(await unsafe.create(path, text('other'))).toBe(false)
  expect(contents(s3)).toBe('ours')
})

test('who allows it writes to a store that ignores conditions, over nothing that is there', async () => {
  await using s3 = await startTestS3({ ignoreConditions: true }, { allowUnconditionalCommit: true })
  expect(await s3.io.create(path, text('ours'))).toBe(true)
  expect(await s3.io.create(path, text('other'))).toBe(false)
  expect(contents(s3)).toBe('ours')
  expect(s3.operations()).toEqual(['HeadObject', 'PutObject', 'HeadObject'])
})

test('a probe that fails is made again by the next create', async () => {
  await using s3 = await startTestS3()
  s3.server.faults.add('PutObject', { kind: 'status', status: 403, code: 'AccessDenied' })
  await expect(s3.io.create(path, text('ours'))).rejects.toMatchObject({ code: 'IO' })
  expect(await s3.io.create(path, text('ours'))).toBe(true)
  expect(s3.server.keys('lake')).toEqual([key])
})

test('creators that start together share one probe', async () => {
  await using s3 = await startTestS3()
  await Promise.all(
    Array.from({ length: 8 }, (_, index) => s3.io.create(`${path}${index}`, text('x'))),
  )
  expect(s3.operations()).toHaveLength(3 + 8)
})

test('a probe survives a store that loses answers', async () => {
  await using s3 = await startTestS3()
  s3.server.faults.add('PutObject', { kind: 'reset', applied: true }, 2)
  s3.server.faults.add('DeleteObject', { kind: 'status', status: 403, code: 'AccessDenied' })
  expect(await s3.io.create(path, text('ours'))).toBe(true)
})

test.for([
  ['s3.amazonaws.com', true],
  ['s3.eu-west-1.amazonaws.com', true],
  ['lake.s3.eu-west-1.amazonaws.com', true],
  ['my.lake.s3.dualstack.us-east-2.amazonaws.com', true],
  ['lake.s3-us-west-2.amazonaws.com', true],
  ['s3.cn-north-1.amazonaws.com.cn', true],
  ['s3.amazonaws.com.example.org', false],
  ['s3.example.org', false],
  ['evils3.amazonaws.com', false],
  ['ap-1.op-2.s3-outposts.us-east-1.amazonaws.com', false],
  ['127.0.0.1', false],
] as const)('the host %s is taken for AWS: %s', ([host, expected]) => {
  expect(isAwsHost(host)).toBe(expected)
})
