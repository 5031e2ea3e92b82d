/** Translates the kernels of src/format/kernels to WebAssembly; a test fails when what stands there is stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import openWabt from 'wabt'

const FOLDER = join(import.meta.dirname, '../src/format/kernels')
const SOURCE = join(FOLDER, 'bytes.wat')
export const TARGET: string = join(FOLDER, 'bytes-module.ts')

/** The text of {@link TARGET}. */
export async function kernelModule(): Promise<string> {
  const wabt = await openWabt()
  const module = wabt.parseWat('bytes.wat', readFileSync(SOURCE, 'utf8'), { bulk_memory: true })
  module.resolveNames()
  module.validate()
  const { buffer } = module.toBinary({ write_debug_names: false })
  const lines = Buffer.from(buffer)
    .toString('base64')
    .match(/.{1,96}/g)!
    .map((line) => `  '${line}'`)
  return `/** The translation of bytes.wat, by scripts/build-kernels.ts; do not edit. */\nexport const BYTES_MODULE: string =\n${lines.join(' +\n')}\n`
}

if (import.meta.main) writeFileSync(TARGET, await kernelModule())
