/** Metadata of data files whose keys are integers, as far as levels and compactions look at it. */
import type { DataFileMeta } from '../../src/snapshot/data-file-meta.ts'
import { serializeBinaryRow } from '../../src/types/binary-row.ts'
import type { DataField } from '../../src/types/data-type.ts'

export const KEY_FIELDS: readonly DataField[] = [
  { id: 0, name: 'k', type: { kind: 'INT', nullable: false } },
]

export interface FileShape {
  readonly name: string
  readonly level?: number
  readonly bytes?: number
  readonly min?: number
  readonly max?: number
  readonly sequence?: readonly [min: number, max: number]
  /** Null where it is not known. */
  readonly deletes?: number | null
}

function key(value: number): Uint8Array {
  return serializeBinaryRow([KEY_FIELDS[0]!.type], [value])
}

export function fileOf(shape: FileShape): DataFileMeta {
  const { name, level = 0, bytes = 1, min = 0, max = min, sequence = [0, 0], deletes = 0 } = shape
  const none = { minValues: key(0), maxValues: key(0), nullCounts: null }
  return {
    fileName: name,
    fileSize: bytes,
    rowCount: 1,
    minKey: key(min),
    maxKey: key(max),
    keyStats: none,
    valueStats: none,
    minSequenceNumber: BigInt(sequence[0]),
    maxSequenceNumber: BigInt(sequence[1]),
    schemaId: 0,
    level,
    extraFiles: [],
    creationTime: 0n,
    deleteRowCount: deletes,
    embeddedFileIndex: null,
    fileSource: 0,
    valueStatsCols: null,
    externalPath: null,
    firstRowId: null,
    writeCols: null,
  }
}

/** `name@level:min-max` apart by spaces, such as `a@0:1-9 b@5:3-3`; what is left out is 0. */
export function filesOf(text: string): DataFileMeta[] {
  if (text === '') return []
  return text.split(' ').map((word) => {
    const [, name = '', level = '0', min = '0', max = min] =
      /^(\w+)(?:@(\d+))?(?::(\d+)-(\d+))?$/.exec(word) ?? []
    return fileOf({ name, level: Number(level), min: Number(min), max: Number(max) })
  })
}

export const namesOf = (files: readonly DataFileMeta[]): string =>
  files.map(({ fileName, level }) => `${fileName}@${level}`).join(' ')
