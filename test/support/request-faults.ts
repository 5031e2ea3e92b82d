/** What goes wrong with single requests to an S3 server, where a test lets it go wrong with each request in turn. */
import type { FaultAction } from './s3/faults.ts'

type NamedFault = readonly [name: string, action: FaultAction]

/** The second half are those that leave more open. */
const FAULTS: readonly NamedFault[] = [
  ['a 503', { kind: 'status', status: 503, code: 'SlowDown' }],
  ['a 409', { kind: 'status', status: 409, code: 'ConditionalRequestConflict' }],
  ['a broken connection', { kind: 'reset' }],
  ['a 500 after the work was done', { kind: 'status', status: 500, applied: true }],
  ['a broken connection after the work was done', { kind: 'reset', applied: true }],
  ['half an answer', { kind: 'cut' }],
]

/**
 * The faults to try with the request of the number: all of them in a full run. Else one and another half in turn, so
 * that a run has every kind and every request; an odd `shift` has the other halves.
 */
export function faultsOfRequest(
  number: number,
  { isFull, shift }: { readonly isFull: boolean; readonly shift: number },
): readonly NamedFault[] {
  if (isFull) return FAULTS
  const half = FAULTS.length / 2
  return (number + shift) % 2 === 0 ? FAULTS.slice(0, half) : FAULTS.slice(half)
}
