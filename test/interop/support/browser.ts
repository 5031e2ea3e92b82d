/**
 * A browser as the other side: Chromium without a window, told what to do over a pipe, in the DevTools protocol.
 *
 * Messages are JSON between zero bytes: those to the browser go to its file descriptor 3, those from it come from 4.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** The program of a browser; null where none is installed. The variable `CHROMIUM` names another. */
export function findBrowser(): string | null {
  const named = process.env['CHROMIUM']
  for (const program of named === undefined ? PROGRAMS : [named])
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' })
      return program
    } catch {
      // The next one may be there.
    }
  return null
}

type Json = Readonly<Record<string, unknown>>

export interface BrowserEvent {
  readonly method: string
  readonly params: Json
}

/** One page of a browser of its own. */
export class BrowserPage implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #waiting = new Map<number, PromiseWithResolvers<Json>>()
  readonly #heard = new Set<(event: BrowserEvent) => void>()
  #session: string | undefined
  #id = 0
  /** All that the page has told. */
  readonly events: BrowserEvent[] = []

  constructor(program: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'millrace-browser-'))
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run']
    this.#process = spawn(
      program,
      [...flags, '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    )
    let rest = ''
    const output = this.#process.stdio[4] as Readable
    output.setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0')
      rest = messages.pop()!
      for (const message of messages) this.#receive(JSON.parse(message) as Json)
    })
    this.#process.on('exit', () => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error('the browser ended'))
    })
  }

  /** Attaches to the page, and listens to what it does. */
  async start(): Promise<void> {
    const { targetInfos } = (await this.send('Target.getTargets')) as {
      targetInfos: { targetId: string; type: string }[]
    }
    const page = targetInfos.find(({ type }) => type === 'page')!
    const attached = await this.send('Target.attachToTarget', {
      targetId: page.targetId,
      flatten: true,
    })
    this.#session = attached['sessionId'] as string
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Accessibility'])
      await this.send(`${domain}.enable`)
  }

  async send(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.#id
    const waiting = Promise.withResolvers<Json>()
    this.#waiting.set(id, waiting)
    const message = { id, method, params, ...(this.#session && { sessionId: this.#session }) }
    ;(this.#process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`)
    return await waiting.promise
  }

  /** Opens the address, and waits until it is loaded. */
  async open(url: string): Promise<void> {
    const loaded = Promise.withResolvers<void>()
    const hear = ({ method }: BrowserEvent): void => {
      if (method === 'Page.loadEventFired') loaded.resolve()
    }
    this.#heard.add(hear)
    await this.send('Page.navigate', { url })
    await loaded.promise
    this.#heard.delete(hear)
  }

  /** The value of an expression in the page. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })) as { result: { value: Value }; exceptionDetails?: unknown }
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return result.value
  }

  /** Presses and releases keys, by the names that the DOM has for them. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys)
      for (const type of ['rawKeyDown', 'keyUp'])
        await this.send('Input.dispatchKeyEvent', {
          type,
          key,
          code: key,
          windowsVirtualKeyCode: KEY_CODES[key] ?? 0,
        })
  }

  #receive(message: Json): void {
    const waiting = this.#waiting.get(message['id'] as number)
    if (waiting === undefined) {
      const event = message as unknown as BrowserEvent
      this.events.push(event)
      for (const hear of this.#heard) hear(event)
      return
    }
    this.#waiting.delete(message['id'] as number)
    if (message['error'] === undefined) waiting.resolve(message['result'] as Json)
    else waiting.reject(new Error(JSON.stringify(message['error'])))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await ended
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

const KEY_CODES: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
}
