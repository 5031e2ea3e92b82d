/** Whether the options of a table that say where scans start go together. Follows `SchemaValidation.validateStartupMode`. */
import { invalid, type LakeError } from '../util/errors.ts'
import type { TableOptionName, TableOptionValues } from './options.ts'

/** By the mode of scans, the options of which one tells where they start. */
const SCAN_STARTS = {
  'from-timestamp': ['scan.timestamp-millis', 'scan.timestamp'],
  'from-snapshot': ['scan.snapshot-id', 'scan.tag-name', 'scan.watermark'],
  'from-snapshot-full': ['scan.snapshot-id'],
  'from-file-creation-time': ['scan.file-creation-time-millis'],
  incremental: ['incremental-between', 'incremental-between-timestamp', 'incremental-to-auto-tag'],
} as const

/** INVALID where a start is fixed by `scan.mode` and not told, or told twice. */
export function checkScanMode(options: TableOptionValues): void {
  const mode = options.get('scan.mode')
  if (mode === 'default') return
  const own: readonly TableOptionName[] =
    mode in SCAN_STARTS ? SCAN_STARTS[mode as keyof typeof SCAN_STARTS] : []
  const given = own.filter((name) => options.isSet(name))
  if (own.length > 0 && given.length !== 1)
    throw scanError(`scan.mode = ${mode} needs ${own.length > 1 ? 'one of ' : ''}${own.join(', ')}`)
  for (const name of new Set(Object.values(SCAN_STARTS).flat()))
    // The watermark alone goes with every mode.
    if (name !== 'scan.watermark' && !own.includes(name) && options.isSet(name))
      throw scanError(`${name} does not go with scan.mode = ${mode}`)
}

function scanError(message: string): LakeError {
  return invalid(message, {
    hint: 'leave scan.mode out: the option that tells the start is enough',
  })
}
