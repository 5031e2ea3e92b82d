/** Which requests of the test server go wrong, and how. */
import type { S3Request, S3Response } from './protocol.ts'

/** `applied` tells whether the request has its effect before it goes wrong; by default it has none. */
export type FaultAction =
  /** Answers late. */
  | { readonly kind: 'delay'; readonly ms: number; readonly applied?: boolean }
  /** Answers with an error. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly code?: string
      readonly applied?: boolean
    }
  /** Breaks the connection without an answer. */
  | { readonly kind: 'reset'; readonly applied?: boolean }
  /** Never answers. */
  | { readonly kind: 'drop'; readonly applied?: boolean }
  /** Sends the head and half of the body, then breaks the connection. */
  | { readonly kind: 'cut' }
  /** Sends the head and half of the body, then nothing more. */
  | { readonly kind: 'stall' }
  /** Sends another answer than the right one. */
  | { readonly kind: 'answer'; readonly change: (response: S3Response) => S3Response }

/** Chooses requests: by the name of the operation, or by anything about them. */
export type FaultTarget = string | ((request: S3Request) => boolean)

interface Fault {
  readonly target: FaultTarget
  readonly action: FaultAction
  timesLeft: number
}

export class Faults {
  #faults: Fault[] = []

  /** Puts the fault on the next `times` requests that match; faults that match the same request are used up in order. */
  add(target: FaultTarget, action: FaultAction, times = 1): void {
    this.#faults.push({ target, action, timesLeft: times })
  }

  clear(): void {
    this.#faults = []
  }

  /** The fault of this request, used up by it. */
  take(request: S3Request): FaultAction | undefined {
    const fault = this.#faults.find(
      ({ target, timesLeft }) =>
        timesLeft > 0 &&
        (typeof target === 'string' ? target === request.operation : target(request)),
    )
    if (fault !== undefined) fault.timesLeft--
    return fault?.action
  }
}
