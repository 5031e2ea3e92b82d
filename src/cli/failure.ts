/** How a failure is told: two lines on stderr, or one line of JSON, and an exit code. */
import { LakeError, type LakeErrorCode } from '../util/errors.ts'
import type { Paint } from './colour.ts'
import { printable } from './printable.ts'
import { OutputClosed } from './streams.ts'

export const EXIT = { done: 0, failed: 1, usage: 2, notFound: 3, conflict: 4, interrupted: 130 }

/** The codes of the process, for the documentation. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.done, 'done'],
  [EXIT.failed, 'failed, or `check` found damage'],
  [EXIT.usage, 'wrong use: the command line, an option, a schema or a row is not right'],
  [EXIT.notFound, 'a database, table, snapshot or file is not there'],
  [
    EXIT.conflict,
    'conflict: another writer was faster, or something of that name is there already',
  ],
  [EXIT.interrupted, 'interrupted'],
]

const EXIT_OF: Readonly<Record<LakeErrorCode, number>> = {
  INVALID: EXIT.usage,
  CORRUPT: EXIT.failed,
  UNSUPPORTED: EXIT.failed,
  NOT_FOUND: EXIT.notFound,
  EXISTS: EXIT.conflict,
  CONFLICT: EXIT.conflict,
  OUTCOME_UNKNOWN: EXIT.failed,
  IO: EXIT.failed,
  ABORTED: EXIT.interrupted,
}

/** For errors that come without one. */
const HINT_OF: Readonly<Record<LakeErrorCode, string>> = {
  INVALID: 'millrace help tells what commands take',
  CORRUPT: 'millrace check DB.TABLE finds all that is damaged',
  UNSUPPORTED: 'use an engine that has it, such as Flink or Spark',
  NOT_FOUND: 'millrace databases and millrace tables DB list what is there',
  EXISTS: 'choose another name, or leave what is there alone with --if-not-exists',
  CONFLICT: 'run the command again',
  OUTCOME_UNKNOWN: 'run the command again with the same --user and --commit-id: it happens once',
  IO: 'look whether the storage can be reached, and run the command again',
  ABORTED: 'run the command again: nothing was committed',
}

export interface Failure {
  readonly exitCode: number
  /** The lines for stderr, each with its newline; empty when nobody is to be told. */
  readonly text: string
}

export interface FailureOptions {
  readonly verbose: boolean
  /** Whether it is told as one line of JSON. */
  readonly json: boolean
  readonly paint: Paint
  /** Takes what is secret out of a text. */
  readonly hide: (text: string) => string
  /** The command that was run, as far as the words tell. */
  readonly command: string | undefined
}

export function failureOf(error: unknown, options: FailureOptions): Failure {
  if (error instanceof OutputClosed) return { exitCode: EXIT.done, text: '' }
  const { code, exitCode, message, hint } = partsOf(error, options.command)
  const { hide, paint } = options
  if (options.json) {
    const stack = options.verbose ? { stack: stackOf(error).map(hide) } : {}
    const told = { code, exitCode, message: hide(message), hint: hide(hint), ...stack }
    return { exitCode, text: `${JSON.stringify({ error: told })}\n` }
  }
  // A condition that is wrong is shown with a mark below it, which takes lines of its own.
  const [first = '', ...rest] = message.split('\n')
  const lines = [`${paint.red(`error ${code}:`)} ${printable(first)}`, ...rest.map(printable)]
  lines.push(`${paint.cyan('hint:')} ${printable(hint)}`)
  if (options.verbose) lines.push(...stackOf(error))
  return { exitCode, text: hide(lines.map((line) => `${line}\n`).join('')) }
}

interface FailureParts {
  readonly code: string
  readonly exitCode: number
  readonly message: string
  readonly hint: string
}

function partsOf(error: unknown, command: string | undefined): FailureParts {
  if (error instanceof LakeError) {
    const { code, message, hint } = error
    const help =
      code === 'INVALID' && command !== undefined
        ? `millrace help ${command} tells what it takes`
        : HINT_OF[code]
    return { code, exitCode: EXIT_OF[code], message, hint: hint ?? help }
  }
  const message = error instanceof Error ? error.message || error.name : String(error)
  const hint = 'this is a mistake of millrace itself: --verbose shows where it happened'
  return { code: 'INTERNAL', exitCode: EXIT.failed, message, hint }
}

/** The stacks of the error and of what caused it. */
function stackOf(error: unknown): string[] {
  const lines: string[] = []
  let at: unknown = error
  for (let depth = 0; at instanceof Error && depth < 10; depth++) {
    const stack = (at.stack ?? at.message).split('\n').map(printable)
    lines.push(...(depth === 0 ? stack : ['caused by', ...stack]))
    at = at.cause
  }
  return lines
}
