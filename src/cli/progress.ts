/** One line on a terminal that says how far a long command has come; nothing where stderr is no terminal. */
import type { Writable } from 'node:stream'

import { isTerminal } from './streams.ts'

const INTERVAL_MS = 100
const BAR_WIDTH = 24

export class Progress {
  readonly #stream: Writable
  readonly #isShown: boolean
  #shownAt = 0
  #isLineOpen = false

  constructor(stream: Writable) {
    this.#stream = stream
    this.#isShown = isTerminal(stream)
  }

  /** Shows a bar of `done` of `total`, or only what was done where the total is not known. */
  show(what: string, done: number, total?: number): void {
    const now = performance.now()
    if (!this.#isShown || (now - this.#shownAt < INTERVAL_MS && done !== total)) return
    this.#shownAt = now
    this.#isLineOpen = true
    const figures = total === undefined ? `${done}` : `${done}/${total}`
    this.#stream.write(`\r\u001b[K${bar(done, total)}${figures} ${what}`)
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isLineOpen) this.#stream.write('\r\u001b[K')
    this.#isLineOpen = false
  }
}

function bar(done: number, total: number | undefined): string {
  if (total === undefined || total <= 0) return ''
  const filled = Math.round((Math.min(done, total) / total) * BAR_WIDTH)
  return `[${'#'.repeat(filled).padEnd(BAR_WIDTH, '.')}] `
}
