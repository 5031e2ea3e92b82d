/** Snapshot files: what is kept, what is ignored, what is refused. */
import { expect, test } from 'vitest'

import {
  BATCH_IDENTIFIER,
  isSameSnapshot,
  parseSnapshot,
  snapshotText,
} from '../../src/snapshot/snapshot.ts'

const JSON_TEXT = `{
  "version" : 3,
  "id" : 7,
  "schemaId" : 2,
  "baseManifestList" : "manifest-list-a-0",
  "baseManifestListSize" : 1006,
  "deltaManifestList" : "manifest-list-a-1",
  "deltaManifestListSize" : 1107,
  "indexManifest" : "index-manifest-a-0",
  "commitUser" : "u",
  "commitIdentifier" : 9223372036854775807,
  "commitKind" : "COMPACT",
  "timeMillis" : 1795247710681,
  "totalRecordCount" : 30,
  "deltaRecordCount" : -24,
  "watermark" : -9223372036854775808,
  "properties" : {
    "a" : "b"
  },
  "nextRowId" : 0
}`

const parse = (text: string) => parseSnapshot(text, 'snapshot-7')
const withValue = (name: string, value: string): string =>
  JSON_TEXT.replace(new RegExp(`"${name}" : [^\\n]+?(,?)\\n`), `"${name}" : ${value}$1\n`)

test('identifiers and watermarks keep all 64 bits', () => {
  const snapshot = parse(JSON_TEXT)
  expect(snapshot.commitIdentifier).toBe(BATCH_IDENTIFIER)
  expect(snapshot.watermark).toBe(-(2n ** 63n))
  expect(snapshotText(snapshot)).toBe(JSON_TEXT)
})

test('what newer versions of Java add is kept in its place, other unknown properties are ignored', () => {
  const newer = JSON_TEXT.replace('"id" : 7', '"uuid" : "x-1",\n  "id" : 7')
    .replace('"commitIdentifier"', '"writerVersion" : "2.1",\n  "commitIdentifier"')
    .replace('"nextRowId" : 0', '"nextRowId" : 0,\n  "operation" : "WRITE"')
  expect(snapshotText(parse(newer))).toBe(newer)
  const unknown = JSON_TEXT.replace('"nextRowId" : 0', '"nextRowId" : 0,\n  "logOffsets" : { }')
  expect(snapshotText(parse(unknown))).toBe(JSON_TEXT)
})

test('nulls mean the same as absence', () => {
  const snapshot = parse(withValue('indexManifest', 'null'))
  expect(snapshot).not.toHaveProperty('indexManifest')
})

test.each([
  ['UNSUPPORTED', withValue('version', '4')],
  ['UNSUPPORTED', withValue('commitKind', '"REPLACE"')],
  ['UNSUPPORTED', withValue('commitKind', '"append"')],
  ['CORRUPT', withValue('id', '0')],
  ['CORRUPT', withValue('id', '"7"')],
  ['CORRUPT', withValue('id', '9007199254740993')],
  ['CORRUPT', withValue('schemaId', '-1')],
  ['CORRUPT', withValue('commitIdentifier', '9223372036854775808')],
  ['CORRUPT', withValue('commitIdentifier', '1.5')],
  ['CORRUPT', withValue('baseManifestList', '""')],
  ['CORRUPT', withValue('deltaManifestList', 'null')],
  ['CORRUPT', withValue('totalRecordCount', '1e300')],
  ['CORRUPT', withValue('commitUser', '{}')],
  ['CORRUPT', '[]'],
  ['CORRUPT', 'null'],
  ['CORRUPT', ''],
  ['CORRUPT', '['.repeat(10_000)],
])('%s: %s', (code, text) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code, path: 'snapshot-7' }))
})

test('a file that is cut anywhere is damaged', () => {
  for (let length = 0; length < JSON_TEXT.length - 1; length++)
    expect(() => parse(JSON_TEXT.slice(0, length))).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    )
})

test('snapshots of one id are the same when their manifest lists are', () => {
  const snapshot = parse(JSON_TEXT)
  expect(isSameSnapshot(snapshot, parse(JSON_TEXT))).toBe(true)
  const other = parse(withValue('deltaManifestList', '"manifest-list-b-1"'))
  expect(isSameSnapshot(snapshot, other)).toBe(false)
})
