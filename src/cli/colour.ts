/** Colour on terminals, by the usual rules: `FORCE_COLOR`, `NO_COLOR`, `TERM=dumb`, and none where output is no terminal. */
import type { Writable } from 'node:stream'

import { isTerminal } from './streams.ts'

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  cyan: [36, 39],
} as const

/** Each style gives the text as it is shown; without colour it is the text itself. */
export type Paint = Readonly<Record<keyof typeof CODES, (text: string) => string>>

type Environment = Readonly<Record<string, string | undefined>>

/** How texts are painted that go to the stream. */
export function paintFor(stream: Writable, env: Environment): Paint {
  return hasColour(stream, env) ? COLOURED : PLAIN
}

/** `FORCE_COLOR` outdoes `NO_COLOR`, as in Node itself; an empty variable says nothing. */
function hasColour(stream: Writable, env: Environment): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused, TERM: kind } = env
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  if (refused !== undefined && refused !== '') return false
  return isTerminal(stream) && kind !== 'dumb'
}

function paint(styled: (style: keyof typeof CODES) => (text: string) => string): Paint {
  const [bold, dim, red] = [styled('bold'), styled('dim'), styled('red')]
  return { bold, dim, red, green: styled('green'), cyan: styled('cyan') }
}

const COLOURED = paint((style) => {
  const [on, off] = CODES[style]
  return (text) => (text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`)
})

export const PLAIN = paint(() => (text) => text)
