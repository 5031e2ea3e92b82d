/** Pages of PLAIN strings, made by hand. */
import { PrefixedPage } from '../../src/format/prefixed-bytes.ts'

/** A page that holds `texts`. */
export function prefixedPage(texts: readonly string[], isOwn = false): PrefixedPage {
  const parts = texts.map((text) => {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(4)
    length.writeInt32LE(bytes.length)
    return Buffer.concat([length, bytes])
  })
  const bytes = new Uint8Array(Buffer.concat(parts))
  return new PrefixedPage({ bytes, from: 0, to: bytes.length, count: texts.length, isOwn })
}
