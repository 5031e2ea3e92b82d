/** One line on a terminal that says how far a long command has come; nothing where stderr is no terminal. */
import type { Writable } from 'node:stream'

import { displayWidth, durationText, printable, shortened } from './printable.ts'
import { isTerminal, terminalWidth } from './streams.ts'

const INTERVAL_MS = 100
const BAR_WIDTH = 24
/** A rate of less time says little. */
const RATED_MS = 1000

export class Progress {
  readonly #stream: Writable
  readonly #isShown: boolean
  readonly #now: () => number
  #shownAt = -Infinity
  #isLineOpen = false
  /** What is counted, and where and when its counting began. */
  #counted: { readonly what: string; readonly from: number; readonly startMs: number } | null = null

  /** `now` tells milliseconds. */
  constructor(stream: Writable, now: () => number = () => performance.now()) {
    this.#stream = stream
    this.#isShown = isTerminal(stream)
    this.#now = now
  }

  /** Shows a bar of `done` of `total`, or only what was done where the total is not known, and how fast it goes. */
  show(what: string, done: number, total?: number): void {
    if (!this.#isShown) return
    const now = this.#now()
    if (this.#counted?.what !== what || done < this.#counted.from)
      this.#counted = { what, from: done, startMs: now }
    if (now - this.#shownAt < INTERVAL_MS && done !== total) return
    this.#shownAt = now
    this.#isLineOpen = true
    const figures = total === undefined ? `${done}` : `${done}/${total}`
    const rate = this.#rateText(done, total, now)
    const text = `${bar(done, total)}${figures} ${printable(what)}${rate}`
    // A line that wraps could not be taken back.
    const width = terminalWidth(this.#stream) - 1
    const line = displayWidth(text) > width ? shortened(text, width) : text
    this.#stream.write(`\r\u001b[K${line}`)
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isLineOpen) this.#stream.write('\r\u001b[K')
    this.#isLineOpen = false
  }

  /** `, 35/s, 8 s left` */
  #rateText(done: number, total: number | undefined, now: number): string {
    const { from, startMs } = this.#counted!
    const elapsedMs = now - startMs
    if (elapsedMs < RATED_MS || done <= from) return ''
    const perMs = (done - from) / elapsedMs
    const perSecond = perMs * 1000
    const rate = `, ${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`
    if (total === undefined || total <= done) return rate
    return `${rate}, ${durationText((total - done) / perMs)} left`
  }
}

function bar(done: number, total: number | undefined): string {
  if (total === undefined || total <= 0) return ''
  const filled = Math.round((Math.min(done, total) / total) * BAR_WIDTH)
  return `[${'#'.repeat(filled).padEnd(BAR_WIDTH, '.')}] `
}
