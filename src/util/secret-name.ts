/** Which options and variables hold secrets. */

const SECRET_NAME =
  /secret|password|passwd|token|access[-._]?key|api[-._]?key|credential|authorization|\bheader\./i

/** Whether a value under this name is nobody's business. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}
