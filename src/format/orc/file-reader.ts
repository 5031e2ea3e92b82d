/** Opens ORC files: the footer once, the statistics of the stripes when they are asked for. */
import type { FileIO } from '../../io/file-io.ts'
import { corrupt, decodingError, notFound } from '../../util/errors.ts'
import { ByteRanges } from '../byte-ranges.ts'
import { ChunkedBytes } from './chunks.ts'
import {
  type PostScript,
  readFooter,
  readPostScript,
  readStripeStatistics,
  type StoredStatistics,
  type Stripe,
} from './metadata.ts'
import { type TypeNode, typeTree } from './type-tree.ts'

export interface OrcFile {
  readonly io: FileIO
  readonly path: string
  readonly sizeBytes: number
  readonly postScript: PostScript
  readonly stripes: readonly Stripe[]
  readonly rowCount: number
  readonly root: TypeNode
  /** The file's last bytes. */
  readonly tail: Uint8Array
  /** Where the statistics of the stripes begin. */
  readonly statisticsOffset: number
}

/** Read at once from the end of a file: footers as a rule are smaller. */
const TAIL_BYTES = 1 << 14
/** A footer or statistics above this, stored or not, are refused. */
const SECTION_BYTES_MAX = 1 << 27
/** Java counts the rows of a stripe in 31 bits as well. */
const STRIPE_ROWS_MAX = 2 ** 31 - 1
const MAGIC_BYTES = 3

export async function openOrc(
  io: FileIO,
  path: string,
  options: { sizeBytes?: number | undefined; signal?: AbortSignal | undefined },
): Promise<OrcFile> {
  const { signal } = options
  const sizeBytes = options.sizeBytes ?? (await io.stat(path, { signal }))?.sizeBytes
  try {
    if (sizeBytes === undefined) throw notFound('the file is not there')
    if (sizeBytes < MAGIC_BYTES + 1) throw corrupt(`a file of ${sizeBytes} bytes is no ORC file`)
    const source = new ByteRanges(io, path, sizeBytes, { signal })
    const tailBytes = Math.min(sizeBytes, TAIL_BYTES)
    let tail = await source.read(sizeBytes - tailBytes, tailBytes)
    const postScriptBytes = tail.at(-1)!
    if (postScriptBytes + 1 > tail.length) throw corrupt('the file does not end as an ORC file')
    const postScript = readPostScript(tail.subarray(tail.length - 1 - postScriptBytes, -1))
    const { footerBytes, metadataBytes, compression } = postScript
    const footerEnd = sizeBytes - 1 - postScriptBytes
    const statisticsOffset = footerEnd - footerBytes - metadataBytes
    if (footerBytes > SECTION_BYTES_MAX || metadataBytes > SECTION_BYTES_MAX)
      throw corrupt(`a footer of ${footerBytes} bytes, and statistics of ${metadataBytes}`)
    if (statisticsOffset < MAGIC_BYTES) throw corrupt('the footer is longer than the file')
    const wanted = 1 + postScriptBytes + footerBytes
    if (wanted > tail.length)
      tail = Buffer.concat([await source.read(sizeBytes - wanted, wanted - tail.length), tail])
    const stored = tail.subarray(tail.length - wanted, tail.length - 1 - postScriptBytes)
    const footer = readFooter(new ChunkedBytes(stored, compression).rest(SECTION_BYTES_MAX))
    checkStripes(footer.stripes, footer.rowCount, statisticsOffset)
    const { stripes, rowCount } = footer
    const root = typeTree(footer.types)
    return { io, path, sizeBytes, postScript, stripes, rowCount, root, tail, statisticsOffset }
  } catch (error) {
    throw decodingError(path, error)
  }
}

/** Stripes lie one after another, so that no bytes are another's, and none are read twice. */
function checkStripes(stripes: readonly Stripe[], rowCount: number, end: number): void {
  let at = MAGIC_BYTES
  let rows = 0
  for (const { offset, indexBytes, dataBytes, footerBytes, rowCount: stripeRows } of stripes) {
    if (offset < at) throw corrupt('two stripes share bytes')
    at = offset + indexBytes + dataBytes + footerBytes
    if (at > end) throw corrupt('a stripe ends behind the data of the file')
    if (stripeRows > STRIPE_ROWS_MAX) throw corrupt(`a stripe has ${stripeRows} rows`)
    rows += stripeRows
  }
  if (rows !== rowCount)
    throw corrupt(`the stripes have ${rows} rows together, the file has ${rowCount}`)
}

/** The statistics of the columns by stripe; null for a file that has none, or not for each stripe and column. */
export async function stripeStatistics(
  file: OrcFile,
  signal?: AbortSignal,
): Promise<StoredStatistics[][] | null> {
  const { io, path, sizeBytes, tail, statisticsOffset, postScript, stripes } = file
  const { metadataBytes, compression } = postScript
  if (metadataBytes === 0) return null
  try {
    const source = new ByteRanges(io, path, sizeBytes, { tail, signal })
    const stored = await source.read(statisticsOffset, metadataBytes)
    const bytes = new ChunkedBytes(stored, compression).rest(SECTION_BYTES_MAX)
    const statistics = readStripeStatistics(bytes)
    return statistics.length === stripes.length ? statistics : null
  } catch (error) {
    throw decodingError(path, error)
  }
}
