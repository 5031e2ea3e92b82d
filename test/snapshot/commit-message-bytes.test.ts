import { expect, test } from 'vitest'

import {
  decodeJavaMessage,
  decodeMessages,
  encodeJavaMessage,
  encodeMessages,
} from '../../src/snapshot/commit-message-bytes.ts'
import type { CommitMessage } from '../../src/snapshot/commit-message.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { LakeError } from '../../src/util/errors.ts'
import { fileMeta, message } from '../support/commit-tables.ts'
import { goldenStore, goldenTables } from '../support/golden-tables.ts'
import { between, seeded } from '../support/random.ts'

const INDEX = {
  indexType: 'DELETION_VECTORS',
  fileName: 'index-1',
  fileSize: 2 ** 40,
  rowCount: 2,
  deletionVectors: [
    { dataFileName: 'x', offset: 1, length: 20, cardinality: 3 },
    { dataFileName: 'ü', offset: 29, length: 20, cardinality: null },
  ],
  externalPath: null,
  globalIndex: null,
}
const GLOBAL = {
  ...INDEX,
  deletionVectors: null,
  externalPath: 's3://other/index-1',
  globalIndex: {
    rowRangeStart: 0n,
    rowRangeEnd: 2n ** 40n,
    indexFieldId: 4,
    extraFieldIds: [1, 2],
    indexMeta: Uint8Array.of(1, 2, 3),
  },
}
const FULL = message({
  newFiles: [fileMeta(), fileMeta()],
  deletedFiles: [fileMeta({ level: 3 })],
  changelogFiles: [{ ...fileMeta(), extraFiles: ['a.index'], embeddedFileIndex: Uint8Array.of(7) }],
  newIndexFiles: [INDEX, GLOBAL],
  deletedIndexFiles: [GLOBAL],
  compactBefore: [{ ...fileMeta(), creationTime: null, deleteRowCount: null, fileSource: null }],
  compactAfter: [
    { ...fileMeta(), externalPath: 's3://x/y', firstRowId: 5n, writeCols: ['v', 'w'] },
  ],
  compactChangelog: [{ ...fileMeta(), valueStatsCols: null }],
  compactNewIndexFiles: [INDEX],
  compactDeletedIndexFiles: [INDEX, INDEX],
})

test('messages come back from their bytes as they were', () => {
  const messages = [FULL, message({ dt: 'b', bucket: -2, totalBuckets: -1 })]
  expect(decodeMessages(encodeMessages(messages))).toEqual(messages)
  expect(decodeMessages(encodeMessages([]))).toEqual([])
})

test('the files of all golden tables come back from their bytes as they were', async () => {
  let count = 0
  for (const table of goldenTables) {
    const store = goldenStore(table)
    const snapshot = await store.snapshots.readLatest()
    if (snapshot === null) continue
    const entries = await scanEntries(store.manifests, snapshot, 'all')
    const indexes = await store.manifests.readIndexEntries(snapshot)
    const whole = message({
      newFiles: entries.map(({ file }) => file),
      newIndexFiles: indexes.map(({ indexFile }) => indexFile),
    })
    expect(decodeJavaMessage(encodeJavaMessage(whole))).toEqual(whole)
    count += entries.length
  }
  expect(count).toBeGreaterThan(100)
})

function outcome(changed: Uint8Array, decode: (bytes: Uint8Array) => unknown): string {
  try {
    decode(changed)
    return 'read'
  } catch (error) {
    return error instanceof LakeError ? error.code : String(error)
  }
}

test('bytes that say too much or too little are CORRUPT, and those of another version UNSUPPORTED', () => {
  const bytes = encodeJavaMessage(FULL)
  expect(() => decodeJavaMessage(bytes, 10)).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }) as Error,
  )
  const random = seeded(5)
  for (let i = 0; i < 800; i++) {
    const changed = bytes.slice(0, random() < 0.2 ? between(random, 0, bytes.length) : undefined)
    if (random() < 0.9) changed[between(random, 0, changed.length)] = between(random, 0, 256)
    expect(outcome(changed, decodeJavaMessage)).toMatch(/^(?:read|CORRUPT)$/)
  }
  const whole = encodeMessages([FULL])
  for (let i = 0; i < 300; i++) {
    const changed = whole.slice()
    changed[between(random, 0, changed.length)]! ^= 1 << between(random, 0, 8)
    expect(outcome(changed, decodeMessages)).toMatch(/^(?:CORRUPT|UNSUPPORTED)$/)
  }
})

test('a message that does not tell the number of buckets has that of the table', () => {
  const given: CommitMessage = message({ totalBuckets: 7 })
  const bytes = encodeJavaMessage(given)
  const at = 4 + given.partition.length + 4
  const without = Uint8Array.of(...bytes.subarray(0, at), 0, ...bytes.subarray(at + 5))
  expect(decodeJavaMessage(without, 11, 3)).toEqual({ ...given, totalBuckets: 3 })
})
