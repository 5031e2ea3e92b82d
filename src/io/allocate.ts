/** Fresh bytes whose contents are not cleared first: for buffers that are filled to the end before anyone sees them. */
export function allocateBytes(sizeBytes: number): Uint8Array {
  // Not Buffer.allocUnsafe: a slice of its shared pool would hand the neighbours' bytes to whoever asks for `.buffer`.
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer, 0, sizeBytes)
}
