/** Fresh bytes whose contents are not cleared first: for buffers that are filled to the end before anyone sees them. */
export function allocateBytes(sizeBytes: number): Uint8Array {
  // Not Buffer.allocUnsafe: a slice of its shared pool would hand the neighbours' bytes to whoever asks for `.buffer`.
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer, 0, sizeBytes)
}

/** Less is left to the garbage collector. */
const RELEASED_BYTES_MIN = 1 << 15

/**
 * Gives the memory of bytes back at once that nobody else holds; they must not be used again. The garbage collector would
 * come for them all the more often, the more of them there are.
 */
export function releaseBytes(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (bytes.length < RELEASED_BYTES_MIN || !(buffer instanceof ArrayBuffer)) return
  buffer.transfer(0)
}
