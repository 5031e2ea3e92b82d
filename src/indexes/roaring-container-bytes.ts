/** The stored bytes of containers: their values alone, little-endian, without form and cardinality. */
import { corrupt } from '../util/errors.ts'
import {
  arrayContainer,
  BITMAP_BYTES,
  type Container,
  CONTAINER_VALUES,
  countWords,
  runBytes,
} from './roaring-container.ts'

export function containerBytes(container: Container): number {
  switch (container.form) {
    case 'array':
      return 2 * container.cardinality
    case 'bitmap':
      return BITMAP_BYTES
    case 'run':
      return runBytes(container.runs.length / 2)
  }
}

export function writeContainer(bytes: Uint8Array, at: number, container: Container): void {
  if (container.form === 'run') {
    const count = container.runs.length / 2
    bytes[at] = count & 0xff
    bytes[at + 1] = count >> 8
    bytes.set(new Uint8Array(container.runs.buffer), at + 2)
  } else {
    const { buffer } = container.form === 'array' ? container.values : container.words
    bytes.set(new Uint8Array(buffer), at)
  }
}

/** The container whose bytes start at `at`. CORRUPT, naming no file, for bytes that are none of that cardinality. */
export function decodeContainer(
  view: DataView,
  at: number,
  form: Container['form'],
  cardinality: number,
): Container {
  switch (form) {
    case 'array': {
      const values = new Uint16Array(copyOf(view, at, 2 * cardinality))
      for (let i = 1; i < values.length; i++)
        if (values[i]! <= values[i - 1]!) throw corrupt('a bitmap has values out of order')
      return arrayContainer(values)
    }
    case 'bitmap': {
      const words = new Uint32Array(copyOf(view, at, BITMAP_BYTES))
      const count = countWords(words)
      if (count !== cardinality)
        throw corrupt(`a bitmap has a container of ${count} bits, and says ${cardinality}`)
      return { form, cardinality, words }
    }
    case 'run':
      return decodeRuns(view, at, cardinality)
  }
}

function decodeRuns(view: DataView, at: number, cardinality: number): Container {
  requireBytes(view, at, 2)
  const runs = new Uint16Array(copyOf(view, at + 2, 4 * view.getUint16(at, true)))
  let covered = 0
  let last = -1
  for (let i = 0; i < runs.length; i += 2) {
    if (runs[i]! <= last) throw corrupt('a bitmap has runs out of order')
    last = runs[i]! + runs[i + 1]!
    covered += runs[i + 1]! + 1
  }
  if (last >= CONTAINER_VALUES) throw corrupt('a bitmap has a run beyond its container')
  if (covered !== cardinality)
    throw corrupt(`a bitmap has runs of ${covered} values, and says ${cardinality}`)
  return { form: 'run', cardinality, runs }
}

/** The bytes in a buffer of their own, which typed arrays of any width can look at. */
function copyOf(view: DataView, at: number, sizeBytes: number): ArrayBuffer {
  requireBytes(view, at, sizeBytes)
  const copy = new Uint8Array(sizeBytes)
  copy.set(new Uint8Array(view.buffer, view.byteOffset + at, sizeBytes))
  return copy.buffer
}

/** CORRUPT unless so many bytes are there. */
export function requireBytes(view: DataView, at: number, sizeBytes: number): void {
  if (at + sizeBytes > view.byteLength) throw corrupt('a bitmap is cut short')
}
